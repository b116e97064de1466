"""Secrets that are known by their own shape: the providers' tokens, webhook addresses, keys in PEM, JWTs.

The prefixes are facts from gitleaks' rules (MIT, https://github.com/gitleaks/gitleaks, config/gitleaks.toml). Their
tails are left open on purpose: in a log the next character may be a comma, a bracket or a Korean particle.
Not for secrets that only their name gives away; those are in `fields`.
"""

from typing import Final

from aiops_daemon.redaction import checks
from aiops_daemon.redaction.patterns import Check, Shape, compiled

_START: Final = rb"(?:^|[^A-Za-z0-9])"
_BASE64URL: Final = rb"[A-Za-z0-9_\-]"


def _token(hints: str, pattern: bytes, *, kind: str = "TOKEN", check: Check | None = None) -> Shape:
    return Shape(
        kind=kind, pattern=compiled(_START + b"(" + pattern + b")"), hints=tuple(hints.split()), check=check
    )


_PEM = Shape(
    kind="PRIVATE_KEY",
    hints=("private key",),
    # Whole, or cut off: then all that still looks like base64, over real and escaped line ends.
    pattern=compiled(
        rb"(-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----"
        rb"(?:(?:[A-Za-z0-9+/=\s:,.()\\]|-[A-Za-z0-9])*?-----END [A-Z0-9 ]*-----"
        rb"|(?:\\+[nr]|\s)*[A-Za-z0-9+/=]*(?:(?:\\+[nr]|\s)+[A-Za-z0-9+/=]{16,})*(?:(?:\\+[nr]|\s)+[A-Za-z0-9+/]+=+)?))"
    ),
)

_JWT = Shape(
    kind="JWT",
    hints=("eyj",),
    # The second form is a token cut off anywhere: its header begins with alg, typ, kid, enc, cty, zip, x5t or jku.
    pattern=compiled(
        rb"(eyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)*"
        rb"|eyJ(?:hbGci|0eXAi|raWQi|lbmMi|jdHki|6aXAi|4NXQi|qa3Ui)[A-Za-z0-9_\-]*(?:\.[A-Za-z0-9_\-]+)*)"
    ),
)

_WEBHOOKS = (
    Shape(
        kind="WEBHOOK",
        hints=("hooks.slack",),
        pattern=compiled(
            rb"(?i)hooks\.slack(?:-gov)?\.com\\*/((?:services|workflows|triggers|workflow_steps)[\\A-Za-z0-9+/_%\-]+)"
        ),
    ),
    Shape(
        kind="WEBHOOK",
        hints=("webhooks",),
        pattern=compiled(
            rb"(?i)discord(?:app)?\.com(?::443)?\\*/api\\*/(?:v[0-9]+\\*/)?webhooks\\*/([0-9]+\\*/[A-Za-z0-9_\-]+)"
        ),
    ),
    Shape(
        kind="WEBHOOK",
        hints=("webhook.office.com",),
        pattern=compiled(rb"(?i)webhook\.office\.com/(webhookb2/[A-Za-z0-9@/_\-]+)"),
    ),
)

_PROVIDERS = (
    _token("akia asia aida aroa abia", rb"(?:AKIA|ASIA|AIDA|AROA|ABIA)[A-Z0-9]{12,}", kind="API_KEY"),
    _token("ghp_ gho_ ghu_ ghs_ ghr_", rb"gh[pousr]_[A-Za-z0-9]{16,}"),
    _token("github_pat_", rb"github_pat_[A-Za-z0-9_]{16,}"),
    _token(
        "glpat- gldt- glrt- glcbt- glptt- glft- glimt- gloas- glsoat- glagent-",
        rb"gl(?:pat|dt|rt|cbt|ptt|ft|imt|oas|soat|agent)-[A-Za-z0-9_\-]{16,}(?:\.[A-Za-z0-9]+)*",
    ),
    _token("xox xapp-", rb"(?:xox[abceoprs][.\-][A-Za-z0-9.\-]{8,}|xapp-[0-9]-[A-Za-z0-9\-]{10,})"),
    _token(
        ".",
        rb"[MNO][A-Za-z0-9_\-]{23,27}\.[A-Za-z0-9_\-]{6,7}\.[A-Za-z0-9_\-]{27,}",  # a Discord bot
        check=checks.has_digit,
    ),
    _token(
        "sk_live_ sk_test_ rk_live_ rk_test_ whsec_",
        rb"(?:(?:sk|rk)_(?:live|test)|whsec)_[A-Za-z0-9+/=]{10,}",
        kind="API_KEY",
    ),
    _token("aiza", rb"AIza" + _BASE64URL + rb"{30,}", kind="API_KEY"),
    _token(
        "ya29. gocspx- 1//0",
        rb"(?:ya29\.[A-Za-z0-9_.\-]{16,}|GOCSPX-" + _BASE64URL + rb"{16,}|1//0" + _BASE64URL + rb"{20,})",
    ),
    _token("sk-", rb"sk-[A-Za-z0-9_\-]{16,}", kind="API_KEY", check=checks.has_digit),
    _token("npm_ pypi-", rb"(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_\-]{30,})"),
    _token("sg.", rb"SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}", kind="API_KEY"),
    _token("sk ac", rb"(?:SK|AC)[0-9a-f]{32}", kind="API_KEY"),
    Shape(
        kind="TOKEN", hints=(":aa",), pattern=compiled(rb"(?:^|[^0-9])([0-9]{8,10}:AA[A-Za-z0-9_\-]{30,})")
    ),
    _token("_v1_", rb"do[opr]_v1_[a-f0-9]{32,}"),
    _token("hf_ gsk_ r8_ sbp_ ntn_ xai-", rb"(?:hf_|gsk_|r8_|sbp_|ntn_|xai-)[A-Za-z0-9]{24,}"),
    _token(
        "glsa_ figd_ dckr_pat_ sntrys_ nrak- pmak- lin_api_",
        rb"(?:glsa_|figd_|dckr_pat_|sntrys_|NRAK-|PMAK-|lin_api_)[A-Za-z0-9_=\-]{20,}",
    ),
    _token("shpat_ shpca_ shppa_ shpss_", rb"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{24,}"),
    _token("sq0 eaaa", rb"(?:sq0[a-z]{3}-[A-Za-z0-9_\-]{20,}|EAAA[A-Za-z0-9_\-]{50,})"),
    # Mailgun; after a hyphen it is the end of some `cache-key-<md5>`.
    Shape(kind="API_KEY", hints=("key-",), pattern=compiled(rb"(?:^|[^A-Za-z0-9_\-])(key-[a-f0-9]{32})")),
    _token(
        "hvs. hvb. dp.pt. dapi", rb"(?:hv[sb]\.[A-Za-z0-9_\-]{20,}|dp\.pt\.[A-Za-z0-9]{30,}|dapi[a-f0-9]{32})"
    ),
    _token(
        "atatt3 atctt3 age-secret-key- ltai",
        rb"(?:AT[AC]TT3[A-Za-z0-9_=\-]{30,}|AGE-SECRET-KEY-1[A-Z0-9]{30,}|LTAI[A-Za-z0-9]{12,})",
    ),
)

TOKENS: Final = (_PEM, *_WEBHOOKS, *_PROVIDERS, _JWT)

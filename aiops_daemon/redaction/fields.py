"""Secrets that only what stands around them gives away: `key=value`, headers, cookies, user-info in URLs.

Not for JSON that parses; `structure` reads that. What is cut off, doubly escaped or written by a debug formatter
comes here, so nothing in these patterns asks for a closing quote.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiops_daemon.redaction import checks
from aiops_daemon.redaction.keys import PERSONAL_KINDS, is_code, is_harmless, kind_of_key
from aiops_daemon.redaction.patterns import Shape, Span, compiled
from aiops_daemon.redaction.placeholders import is_placeholder

_STEMS: Final = (
    "pass", "pwd", "pw", "secret", "token", "key", "auth", "cookie", "sess", "sid", "jwt", "bearer", "signature", "cred",
    "otp", "pin", "code", "cvv", "cvc", "card", "ssn", "rrn", "jumin", "resident", "social", "phone", "mobile", "tel",
    "mail", "birth", "dob", "account", "iban", "name", "addr", "webhook", "assertion", "verifier",
)  # fmt: skip
_KOREAN: Final = (
    "비밀번호", "패스워드", "암호", "토큰", "인증번호", "인증코드", "카드번호", "주민등록번호", "주민번호", "전화번호",
    "휴대폰", "연락처", "이메일", "계좌번호", "여권번호", "생년월일", "닉네임", "이름", "주소",
)  # fmt: skip
_COLOUR: Final = rb"(?:\x1b\[[0-9;]*m)*"
_QUOTED: Final = (
    rb"\[?[ \t]*(?:[A-Z][A-Za-z]*\()*[bru]?"
    rb"(?:\"((?:[^\"\\\n]|\\.)*)|'((?:[^'\\\n]|\\.)*)|`([^`\n]+)"
    rb"|\\+\"((?:[^\"\\\n]|\\+[^\"\\\n])*)|\\+'((?:[^'\\\n]|\\+[^'\\\n])*))"
)
_SCHEME: Final = rb"(?i:bearer|basic|token|bot|kakaoak|apikey|api-key|negotiate|ntlm|hmac)"
_FIELD = compiled(
    rb"((?i:[A-Za-z0-9_.\-]*(?:"
    + "|".join(_STEMS).encode()
    + rb")[A-Za-z0-9_.\-]*)|"
    + "|".join(_KOREAN).encode()
    + rb")"
    rb"(" + _COLOUR + rb"(?:\\*[\"'`])?[\])]?" + _COLOUR + rb"[ \t]*(?:=>|:=|==|[:=]|%3[dDaA])"
    rb"[ \t]*" + _COLOUR + rb"[ \t]*)"
    rb"(?:" + _QUOTED + rb"|\(?(?:Some\()?((?:" + _SCHEME + rb"[ \t]+)?[^\s\"'&\\`(][^\s\"'&\\`]*))"
)
AFTER_SCHEME = compiled(rb"^" + _SCHEME + rb"[ \t]+(.+)$")
_END_OF_FIELD = compiled(rb"[,;)}\]|]+(?:$|[A-Za-z_][A-Za-z0-9_.\-]*[\"']?[:=])")
_END_OF_WORD = compiled(rb"[,;)}\]|<>]|\.$")
_ALPHABETIC = compiled(rb"^[A-Za-z\x80-\xff_-]+[.!:]?$")
_PROSE_FOLLOWS = compiled(rb"^[ \t]+[a-z{\x80-\xff]")
_WEAK: Final = frozenset({"TOKEN", "SECRET", "SESSION", "API_KEY", "COOKIE", "CREDENTIAL", "PERSON"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The rule for `name=value`, `name: value` and their quoted and escaped forms; `keys` knows the names."""

    personal: bool = True
    hints: tuple[str, ...] = ("=", ":", "%3")

    def spans(self, data: bytes) -> Iterator[Span]:
        """What has to go, from left to right, without overlap."""
        position = 0
        # Not `finditer`: a name that means nothing must not swallow the value, which may begin with one that does.
        while (match := _FIELD.search(data, position)) is not None:
            position = match.end(2)
            kind = kind_of_key(match[1].decode())
            start = match.start(1)
            if (
                kind is None
                or (kind in PERSONAL_KINDS and not self.personal)
                or data[start - 1 : start] == b":"
            ):
                continue
            group = next(number for number in range(3, 9) if match.span(number) != (-1, -1))
            start, end = match.span(group)
            start, end = _value(kind, data, start, end, quoted=group < 8, named_by=match[2])  # noqa: PLR2004
            if start < end:
                yield Span(start, end, kind)
                position = end


def _value(kind: str, data: bytes, start: int, end: int, *, quoted: bool, named_by: bytes) -> tuple[int, int]:
    value = data[start:end]
    scheme = AFTER_SCHEME.search(value)
    if scheme is not None and (kind in {"CREDENTIAL", "TOKEN", "API_KEY"}):
        start += scheme.start(1)
    elif scheme is not None and not quoted:
        end = start + value.find(b" ")
    if not quoted:
        end = _end_of_bare(kind, data, start, end)
    value = data[start:end]
    if is_placeholder(value) or is_harmless(kind, value):
        return start, start
    if kind == "COOKIE" and b"=" in value:
        return start, start  # `COOKIES` keeps their names
    if not quoted and (is_code(value) or (b":" in named_by and _is_prose(kind, value, data[end : end + 8]))):
        return start, start
    return start, end


def _end_of_bare(kind: str, data: bytes, start: int, end: int) -> int:
    """Where a value without quotes ends; a password may hold what would end anything else."""
    value = data[start:end]
    names = 0
    while value[names : names + 1] == b"<" and (close := value.find(b">", names)) > 0:
        if not is_placeholder(value[names : close + 1]):
            break
        names = close + 1
    stop = (_END_OF_FIELD if kind == "PASSWORD" else _END_OF_WORD).search(value, names)
    return start + stop.start() if stop is not None else end


def _is_prose(kind: str, value: bytes, after: bytes) -> bool:
    """Whether `password: must not be empty` or `token: unexpected` is a sentence rather than a value."""
    return _ALPHABETIC.search(value) is not None and (
        kind in _WEAK or _PROSE_FOLLOWS.search(after) is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """The rule for cookie headers: every value goes, the names of the cookies stay."""

    hints: tuple[str, ...] = ("cookie",)

    def spans(self, data: bytes) -> Iterator[Span]:
        """What has to go, from left to right, without overlap."""
        for header in _COOKIE_HEADER.finditer(data):
            yield from pairs_of_cookies(data, header.start(1), header.end(1))


def pairs_of_cookies(data: bytes, start: int, end: int) -> Iterator[Span]:
    """The values in `a=b; c=d`, without those of the attributes that a server adds."""
    for pair in _COOKIE_PAIR.finditer(data, start, end):
        if pair[1].strip().lower() not in _COOKIE_ATTRIBUTES and not is_placeholder(pair[2]):
            yield Span(pair.start(2), pair.end(2), "COOKIE")


_COOKIE_HEADER = compiled(
    rb"(?i)cookies?\d?"
    + _COLOUR
    + rb"\\*[\"']?"
    + _COLOUR
    + rb"[ \t]*[:=][ \t]*"
    + _COLOUR
    + rb"(?:\[?[ \t]*\\*[\"'])?"
    rb"([^=;\s\"'\\,]+=[^;\s\"'\\,]*(?:;[ \t]*[^=;\s\"'\\,]+(?:=[^;\s\"'\\,]*)?)*)"
)
_COOKIE_PAIR = compiled(rb"([^=;\s\"']+)=([^;\s\"'\\,]+)")
_COOKIE_ATTRIBUTES: Final = frozenset(
    {b"path", b"domain", b"expires", b"max-age", b"samesite", b"version", b"priority"}
)

_CREDENTIALS = (
    Shape(
        kind="CREDENTIAL",
        hints=("digest", "aws4-hmac"),
        pattern=compiled(
            rb"(?i)(?:\bdigest[ \t]+|\bAWS4-HMAC-SHA256[ \t]+)((?:username|realm|credential|nonce)=[^\r\n]*)"
        ),
    ),
    Shape(
        kind="CREDENTIAL",
        hints=("bearer", "basic", "kakaoak", "authorization"),
        pattern=compiled(
            rb"(?i)(?:\b(?:bearer|basic|kakaoak)(?:[ \t]+|%20|\+)|authorization[ \t]*[:=][ \t]*(?:token|bot)[ \t]+)"
            rb"([A-Za-z0-9._~+/=\-]{8,}|[A-Za-z0-9._~+/=\-]*<JWT[0-9_]*>[A-Za-z0-9._~+/=\-]*)"
        ),
        check=checks.looks_random,
    ),
    Shape(
        kind="PASSWORD",
        hints=("://",),
        pattern=compiled(
            rb"(?i)(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?)://[^\s:@/\"'<>]*:([^\s\"'<>]+)@"
        ),
        check=checks.is_password_of_url,
    ),
    Shape(
        kind="PASSWORD",
        hints=("://",),
        pattern=compiled(rb"://[^\s:@/\"'<>]*:([^\s\"'<>@/]+(?:@[^\s\"'<>@/]+)*)@"),
    ),
    Shape(
        kind="TOKEN",
        hints=("://",),
        pattern=compiled(rb"://([A-Za-z0-9_\-]{16,})@"),
        check=checks.has_digit,
    ),
    Shape(
        kind="PASSWORD",
        hints=("@tcp(", "@unix("),
        pattern=compiled(rb"[A-Za-z0-9_.\-]+:([^\s:\"'<>]+)@(?:tcp|unix)\("),
    ),
    Shape(
        kind="TOKEN",
        hints=("=",),
        pattern=compiled(
            rb"(?i)[?&;](?:amp;)?(?:code|state|sig|signature|x-amz-signature|x-amz-credential|x-amz-security-token|key|hmac|ticket)"
            rb"=([^\s&\"'#<>\\,)]+)"
        ),
        check=checks.is_long_and_random,
    ),
    Shape(
        kind="PASSWORD",
        hints=("passw", "identified by"),
        pattern=compiled(rb"(?i)(?:\bpassw(?:or)?d|\bidentified by)[ \t]+'([^'\n]+)'"),
    ),
    Shape(
        kind="PASSWORD",
        hints=("--pass", "--token", "--secret", "--api-key", "--apikey"),
        pattern=compiled(
            rb"(?i)--(?:password|passwd|pass|token|secret|api-?key)[ \t]+[\"']?([^\s\"'\-][^\s\"']*)"
        ),
    ),
    Shape(
        kind="PASSWORD",
        hints=(" -u", "--user"),
        pattern=compiled(rb"(?:\s-u|--user)[ =]*[\"']?[A-Za-z0-9_.@\-]+:([^\s\"':/]{4,})"),
    ),
    Shape(
        kind="PASSWORD",
        hints=("password", "passwd", "비밀번호", "패스워드"),
        pattern=compiled(
            rb"(?:(?i:\bpassw(?:or)?d)[ \t]+(?:is|was)[ \t]+"
            rb"|(?:" + "비밀번호|패스워드".encode() + b")(?:" + "은|는|이|가|를|을".encode() + rb")?[ \t]+)"
            rb"[\"'`]?([!-~]*[0-9][!-&(-~]*)"
        ),
    ),
    Shape(
        kind="OTP",
        hints=("인증", "otp", "pin", "code", "passcode"),
        pattern=compiled(
            rb"(?:(?:" + "인증 ?번호|인증 ?코드".encode() + rb")(?:" + "는|은".encode() + rb")?"
            rb"|\b(?i:otp|pin|verification code|passcode)(?:[ \t]+is)?)[ \t]*[:=]?[ \t]*[\[(\"'<]?([0-9]{4,8})\b"
        ),
    ),
    Shape(
        kind="PASSWORD",
        hints=("</",),
        pattern=compiled(
            rb"(?i)<(?:[a-z0-9]+:)?(?:password|passwd|pwd|secret|token|accesstoken|apikey|api_key)[^<>]*>([^<>]+)</"
        ),
    ),
)

CREDENTIALS: Final = (*_CREDENTIALS, Cookies())

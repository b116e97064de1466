"""Credentials by the words around them: schemes, user-info in URLs, query parameters, command lines, sentences.

Not for `key=value`, whose keys are looked up; that is `fields`.
"""

from typing import Final

from aiops_daemon.redaction import checks
from aiops_daemon.redaction.keys import is_harmless
from aiops_daemon.redaction.patterns import Shape, compiled

_SHORTEST_IN_PROSE: Final = 4


def _is_told(data: bytes, start: int, end: int) -> bool:
    return not is_harmless("PASSWORD", data[start:end])


def _is_told_in_prose(data: bytes, start: int, end: int) -> bool:
    # A rule about passwords names a length: `비밀번호는 8자 이상`.
    return end - start >= _SHORTEST_IN_PROSE and _is_told(data, start, end)


IN_URLS: Final = (
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
)

CREDENTIALS: Final = (
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
            rb"(?i)(?:\b(?:bearer|basic|kakaoak)(?:[ \t]+(?:auth|token|credentials?))?(?:[ \t]+|%20|\+)|authorization[ \t]*[:=][ \t]*(?:token|bot)[ \t]+)"
            rb"([A-Za-z0-9._~+/=\-]{8,}|[A-Za-z0-9._~+/=\-]*<JWT[0-9_]*>[A-Za-z0-9._~+/=\-]*)"
        ),
        check=checks.looks_random,
    ),
    *IN_URLS,
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
        check=_is_told,
    ),
    Shape(
        kind="PASSWORD",
        hints=("--pass", "--token", "--secret", "--api-key", "--apikey"),
        pattern=compiled(
            rb"(?i)--(?:password|passwd|pass|token|secret|api-?key)[ \t]+[\"']?([^\s\"'\-][^\s\"']*)"
        ),
        check=_is_told,
    ),
    Shape(
        kind="PASSWORD",
        hints=("curl",),
        pattern=compiled(
            rb"\bcurl[ \t](?:[^\n]*?[ \t])??(?:-u|--user)[ =]*[\"']?[A-Za-z0-9_.@\-]+:([^\s\"':/]{4,})"
        ),
    ),
    Shape(
        kind="PASSWORD",
        hints=("password", "passwd", "비밀번호", "패스워드"),
        pattern=compiled(
            rb"(?:(?i:\bpassw(?:or)?d)[ \t]+(?:is|was)[ \t]+"
            rb"|(?:" + "비밀번호|패스워드".encode() + b")(?:" + "은|는|이|가|를|을".encode() + rb")?[ \t]+)"
            rb"[\"'`]?([!-~]*[0-9][!-&(-~]*)"
        ),
        check=_is_told_in_prose,
    ),
    Shape(
        kind="PASSWORD",
        hints=("비밀번호(", "패스워드("),
        pattern=compiled("(?:비밀번호|패스워드)".encode() + rb"\(([!-'*-~]{4,})\)"),
        check=checks.has_digit,
    ),
    Shape(
        kind="TOKEN",
        hints=("token", "api", "secret", "password"),
        pattern=compiled(
            rb"(?i)\b(?:api[ _-]?key|token|secret|password)(?:[ \t]+provided)?(?:[ \t]+is)?:?[ \t]+\\*[\"'`(]?"
            rb"([A-Za-z0-9_+=~\-]{10,})"
        ),
        check=checks.is_drawn,
    ),
    Shape(
        kind="PASSWORD",
        hints=("$",),
        # https://passlib.readthedocs.io/en/stable/modular_crypt_format.html
        pattern=compiled(
            rb"(\$(?:argon2(?:id|i|d)|2[abxy]?|5|6|y|scrypt|pbkdf2[a-z0-9\-]*)\$[A-Za-z0-9./=,$+_\-]{16,}"
            rb"|pbkdf2_sha(?:1|256)\$[0-9]+\$[A-Za-z0-9./=$+]{16,})"
        ),
    ),
    Shape(
        kind="ACCOUNT",
        hints=("계좌",),
        pattern=compiled(
            "계좌(?:번호)?".encode() + rb"[ :=]*([0-9]{2,6}-[0-9]{2,6}-[0-9]{2,8}(?:-[0-9]{1,3})?)"
        ),
    ),
    Shape(
        kind="TOKEN",
        hints=("key", "token", "secret"),
        pattern=compiled(
            rb"(?i)[\"'](?:x-[a-z\-]*(?:key|token|secret)|api-key)[\"'],[ \t]*b?[\"']([^\"'\n]+)"
        ),
        check=_is_told,
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
        check=_is_told,
    ),
)

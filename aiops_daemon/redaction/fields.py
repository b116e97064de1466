"""Secrets that only what stands around them gives away: `key=value`, `key: value`, cookies.

Not for JSON that parses; `structure` reads that. What is cut off, doubly escaped or written by a debug formatter
comes here, so nothing in these patterns asks for a closing quote.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiops_daemon.redaction.keys import PERSONAL_KINDS, is_code, is_harmless, kind_of_key
from aiops_daemon.redaction.patterns import Span, compiled
from aiops_daemon.redaction.placeholders import is_placeholder

_STEMS: Final = (
    "pass", "pwd", "pw", "secret", "token", "key", "auth", "cookie", "sess", "sid", "jwt", "bearer", "signature", "cred",
    "otp", "pin", "code", "cvv", "cvc", "card", "ssn", "rrn", "jumin", "resident", "social", "phone", "mobile", "tel",
    "mail", "birth", "dob", "account", "iban", "name", "addr", "webhook", "assertion", "verifier",
)  # fmt: skip
_KOREAN: Final = (
    "비밀번호", "패스워드", "암호", "토큰", "인증번호", "인증코드", "카드번호", "주민등록번호", "주민번호", "전화번호",
    "휴대폰", "연락처", "이메일", "계좌번호", "여권번호", "생년월일", "닉네임", "주소",
)  # fmt: skip
_COLOUR: Final = rb"(?:\x1b\[[0-9;]*m)*"
_SCHEME: Final = rb"(?i:bearer|basic|token|bot|kakaoak|apikey|api-key|negotiate|ntlm|hmac)"
_NAME = compiled(
    rb"((?i:[A-Za-z0-9_.\-]*(?:"
    + "|".join(_STEMS).encode()
    + rb")[A-Za-z0-9_.\-]*)|"
    + "|".join(_KOREAN).encode()
    + rb")"
    rb"(" + _COLOUR + rb"(?:\\*[\"'`])?[\])]?" + _COLOUR + rb"[ \t]*(?:=>|:=|==|[:=]|%3[dDaA])"
    rb"[ \t]*" + _COLOUR + rb"[ \t]*)"
)
_QUOTED: Final = (
    rb"\[?[ \t]*(?:[A-Z][A-Za-z]*\()*[bru]?"
    rb"(?:\"((?:[^\"\\\n]|\\.)*)|'((?:[^'\\\n]|\\.)*)|`([^`\n]+)"
    rb"|\\+\"((?:[^\"\\\n]|\\+[^\"\\\n])*)|\\+'((?:[^'\\\n]|\\+[^'\\\n])*))"
)
# Names given earlier belong to the value they stand in; any other `<` ends it.
_WORD: Final = (
    rb"\(?(?:Some\()?((?:" + _SCHEME + rb"[ \t]+)?(?:<[A-Z][A-Z_]*(?:_[0-9]+)?>|[^\s\"'&\\`,;()}\]|<>])"
    rb"(?:<[A-Z][A-Z_]*(?:_[0-9]+)?>|[^\s\"'&\\`,;)}\]|<>])*)"
)
# A password may hold what would end anything else.
_RUN: Final = rb"\(?(?:Some\()?([^\s\"'&\\`(][^\s\"'&\\`]*)"
# Groups 1 to 5 are a value in quotes, group 6 is one without.
_QUOTED_OR_WORD = compiled(rb"(?:" + _QUOTED + rb"|" + _WORD + rb")")
_QUOTED_OR_RUN = compiled(rb"(?:" + _QUOTED + rb"|" + _RUN + rb")")
_BARE: Final = 6
_END_OF_FIELD = compiled(rb"[,;)}\]|]+(?:$|[A-Za-z_][A-Za-z0-9_.\-]*[\"']?[:=])")
AFTER_SCHEME = compiled(rb"^" + _SCHEME + rb"[ \t]+(.+)$")
_SCHEMED: Final = frozenset({"CREDENTIAL", "TOKEN", "API_KEY"})
_ALPHABETIC = compiled(rb"^[A-Za-z\x80-\xff_-]+[.!:]?$")
_PROSE_FOLLOWS = compiled(rb"^[ \t]+[a-z{\x80-\xff]")
_ANOTHER_FIELD = compiled(rb"^[A-Za-z_][A-Za-z_.\-]*=[^=]")
_WEAK: Final = frozenset({"TOKEN", "SECRET", "SESSION", "API_KEY", "COOKIE", "CREDENTIAL", "PERSON"})
# A value is first looked for within this: a run without an end must not be read again for every name in it.
_WINDOW_BYTES: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """The rule for `name=value`, `name: value` and their quoted and escaped forms; `keys` knows the names."""

    personal: bool = True
    hints: tuple[str, ...] = ("=", ":", "%3")

    def spans(self, data: bytes) -> Iterator[Span]:
        """What has to go, from left to right, without overlap."""
        position = 0
        # Not `finditer`: a name that means nothing must not swallow the value, which may begin with one that does.
        while (match := _NAME.search(data, position)) is not None:
            start, behind = match.span(1)
            position = match.end()
            kind = kind_of_key(data[start:behind].decode())
            if kind is None or (kind in PERSONAL_KINDS and not self.personal):
                continue
            if data[max(0, start - 2) : start] == b"::":
                continue  # the last part of a Rust path
            span = _value(kind, data, position, named_by=data[behind:position])
            if span is not None:
                yield span
                position = span.end


def _value(kind: str, data: bytes, position: int, *, named_by: bytes) -> Span | None:
    pattern = _QUOTED_OR_RUN if kind == "PASSWORD" else _QUOTED_OR_WORD
    match = pattern.match(data, position, position + _WINDOW_BYTES)
    if match is not None and match.end() == position + _WINDOW_BYTES:
        match = pattern.match(data, position)
    if match is None:
        return None
    start, end = match.span(_BARE)
    quoted = start < 0
    if quoted:
        start, end = next(span for span in map(match.span, range(1, _BARE)) if span[0] >= 0)
    value = data[start:end]
    if len(value) < _WINDOW_BYTES:
        if _is_kept(kind, value):
            return None
        start = _behind_scheme(kind, data, start, end)
        end = end if quoted else _trimmed(kind, data, start, end)
        trimmed = data[start:end]
        if trimmed != value and _is_kept(kind, trimmed):
            return None
        if not quoted and not _stands_for_itself(kind, trimmed, named_by, data[end : end + 8]):
            return None
    return Span(start, end, kind)


def _behind_scheme(kind: str, data: bytes, start: int, end: int) -> int:
    scheme = AFTER_SCHEME.search(data[start:end]) if kind in _SCHEMED else None
    return start if scheme is None else start + scheme.start(1)


def _trimmed(kind: str, data: bytes, start: int, end: int) -> int:
    value = data[start:end]
    if value.isalnum():
        return end
    if kind == "PASSWORD":
        stop = _END_OF_FIELD.search(value)
        return end if stop is None else start + int(stop.start())
    if kind not in _SCHEMED and b" " in value:
        return start + value.find(b" ")
    return end - value.endswith(b".")


def _is_kept(kind: str, value: bytes) -> bool:
    if kind == "COOKIE" and b"=" in value:
        return True  # `Cookies` keeps the names in it
    return is_placeholder(value) or is_harmless(kind, value)


def _stands_for_itself(kind: str, value: bytes, named_by: bytes, after: bytes) -> bool:
    """Whether a value without quotes is neither code nor the first word of a sentence (`password: must not be`)."""
    if is_code(value):
        return False
    if b":" in named_by and kind != "PASSWORD" and _ANOTHER_FIELD.search(value) is not None:
        return False
    if b":" not in named_by or _ALPHABETIC.search(value) is None:
        return True
    return kind not in _WEAK and _PROSE_FOLLOWS.search(after) is None


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
_COOKIE_ATTRIBUTES: Final = frozenset(
    {b"path", b"domain", b"expires", b"max-age", b"samesite", b"version", b"priority"}
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
    for pair in data[start:end].split(b";"):
        name, equals, value = pair.partition(b"=")
        if equals and value and name.strip().lower() not in _COOKIE_ATTRIBUTES:
            yield Span(start + len(name) + 1, start + len(pair), "COOKIE")
        start += len(pair) + 1

"""Data of people that is known by its shape: e-mail, telephone, resident registration number, card, address.

Not for names of people, which have no shape; `keys` lists the fields that hold them.
"""

from typing import Final

from aiops_daemon.redaction import checks
from aiops_daemon.redaction.patterns import Shape, compiled

# One Hangul syllable, U+AC00 to U+D7A3, in UTF-8.
_HANGUL: Final = rb"[\xea-\xed][\x80-\xbf][\x80-\xbf]"
_PROVINCES: Final = (
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충북", "충남", "충청", "전북", "전남",
    "전라", "경북", "경남", "경상", "제주",
)  # fmt: skip


def _one_of(words: tuple[str, ...]) -> bytes:
    return b"(?:" + "|".join(words).encode() + b")"


_DOMAIN: Final = (
    rb"(?:[A-Za-z0-9\x80-\xff](?:[A-Za-z0-9\x80-\xff-]*)\.)+(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]+|"
    + "한국".encode()
    + rb")"
)

_EMAIL = Shape(
    kind="EMAIL",
    hints=("@", "%40"),
    check=checks.is_email,
    pattern=compiled(
        rb"((?:[A-Za-z0-9_*][A-Za-z0-9._+*'=-]*|[\x80-\xff]+)(?:@|%40)" + _DOMAIN + rb")",
    ),
)

_PHONES = (
    # https://en.wikipedia.org/wiki/Telephone_numbers_in_South_Korea
    Shape(
        kind="PHONE",
        hints=("01",),
        check=checks.is_phone,
        pattern=compiled(rb"(?:^|[^0-9A-Za-z])(01[016789][-. ]?[0-9]{3,4}[-. ]?[0-9]{4})"),
    ),
    Shape(
        kind="PHONE",
        hints=("-",),
        check=checks.is_phone,
        pattern=compiled(rb"(?:^|[^0-9A-Za-z])(0(?:2|[3-6][1-5]|70|50[0-9]?)(?:-|\) ?)[0-9]{3,4}-[0-9]{4})"),
    ),
    Shape(
        kind="PHONE",
        hints=("+",),
        check=checks.is_phone,
        pattern=compiled(
            rb"(?:^|[\s\"'=:(\[,;<>/\x80-\xff])"
            rb"(\+[1-9][0-9]{0,2}[ .-]?(?:\([0-9]{1,4}\)[ .-]?)?[0-9]{1,5}(?:[ .-]?[0-9]{2,5}){1,4})"
        ),
    ),
    Shape(
        kind="PHONE",
        hints=("-",),
        check=checks.is_phone,
        pattern=compiled(
            rb"(?:^|[^0-9A-Za-z+-])((?:1[ .-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}-)[2-9][0-9]{2}-[0-9]{4})"
        ),
    ),
)

_RRN = Shape(
    kind="RRN",
    check=checks.is_rrn,
    pattern=compiled(rb"(?:^|[^0-9A-Za-z])([0-9]{6}-?[1-8][0-9]{6}|[0-9]{6}-[1-8]\*{6})"),
)

_CARD = Shape(
    kind="CARD",
    check=checks.is_card,
    pattern=compiled(
        rb"(?:^|[^0-9A-Za-z])"
        rb"((?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|6[0245][0-9]{2}|35[0-9]{2}|9[0-9]{3})(?:[ -]?[0-9]{4}){3}"
        rb"|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5})"
    ),
)

_ADDRESSES = (
    Shape(
        kind="IP",
        hints=(".",),
        check=checks.is_public_ipv4,
        pattern=compiled(rb"(?:^|[^0-9A-Za-z.])([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})"),
    ),
    Shape(
        kind="IP",
        hints=(":",),
        check=checks.is_ipv6,
        # Only 2000::/3 is given to people: https://www.iana.org/assignments/ipv6-address-space
        pattern=compiled(rb"(?:^|[^0-9A-Za-z:.])([23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]*(?:[0-9A-Fa-f]|::))"),
    ),
    Shape(
        kind="ADDRESS",
        hints=_PROVINCES,
        pattern=compiled(
            b"(" + _one_of(_PROVINCES) + b"(?:" + _HANGUL + b")*[ ]+"
            b"(?:(?:" + _HANGUL + b")+" + _one_of(("시", "군", "구", "읍", "면")) + b"[ ]+)+"
            b"(?:"
            + _HANGUL
            + b"|[0-9.])+"
            + _one_of(("로", "길", "동", "가", "리"))
            + rb"[ ]*[0-9]+(?:-[0-9]+)?"
            b"(?:"
            + "번지|번길 ?[0-9]+".encode()
            + b")?(?:[, ]+[0-9A-Za-z]+"
            + _one_of(("동", "호", "층"))
            + b")*)"
        ),
    ),
)

PERSONAL: Final = (_EMAIL, _RRN, _CARD, *_PHONES, *_ADDRESSES)

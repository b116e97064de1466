"""What a pattern cannot say: checksums, dates, address ranges, and whether a string looks made by chance.

Every check takes the bytes and the stretch found in them, so that it may look at what stands around it.
"""

import ipaddress
from typing import Final

from aiops_daemon.redaction.patterns import compiled

_DIGITS: Final = frozenset(b"0123456789")
_WORD: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_VERSION_BEFORE = compiled(
    rb"(?i)(?:\bv|\bver\.?|version|release|build|driver|revision|schema|[a-z]/)[ \t:=\"'(]*$"
)
_ISO_DATE = compiled(rb"^\+?[0-9]{4}-[01][0-9]-[0-3][0-9]")
_ALPHABETIC = compiled(rb"^[A-Z]?[a-z]+$|^[A-Z]+$")
# What follows the last dot of these is a unit, a file or a package, never a top-level domain.
_NO_DOMAIN_ENDS: Final = frozenset(
    b"service socket target timer mount automount slice scope path device swap js ts tsx jsx mjs cjs json py rs java kt"
    b" rb php jar tgz gz zip lock toml yaml yml xml html css so dll exe log txt png jpg jpeg gif svg webp".split()
)


def luhn(digits: str) -> bool:
    """Whether the digits end in a right Luhn check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        digit = int(character)
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2  # noqa: PLR2004 - above 4 the double has two digits
        total += digit
    return total % 10 == 0


def digits_of(value: bytes) -> str:
    """Only the ASCII digits of a value."""
    return bytes(byte for byte in value if byte in _DIGITS).decode("ascii")


def is_card(data: bytes, start: int, end: int) -> bool:
    """A payment card: right length for its network, right check digit, and not part of a longer number."""
    digits = digits_of(data[start:end])
    amex = digits.startswith(("34", "37"))
    return (
        len(digits) == (15 if amex else 16)
        and len(set(digits)) > 1
        and luhn(digits)
        and stands_alone(data, start, end)
    )


def is_rrn(data: bytes, start: int, end: int) -> bool:
    """A Korean resident registration number: a date that exists in front, and a century digit behind it."""
    value = data[start:end]
    if not stands_alone(data, start, end):
        return False
    month, day = int(value[2:4]), int(value[4:6])
    if not (1 <= month <= 12 and 1 <= day <= 31):  # noqa: PLR2004 - a calendar
        return False
    # Without the hyphen it is also the shape of milliseconds since 1970, so the check digit has to agree. Numbers
    # given out since October 2020 have none: https://www.law.go.kr (주민등록법 시행규칙, 2020-10-05).
    return b"-" in value or (not value.startswith(b"1") and rrn_check_digit(digits_of(value)))


def rrn_check_digit(digits: str) -> bool:
    """Whether thirteen digits end in the check digit that registration numbers had until 2020."""
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False))
    return (11 - total % 11) % 10 == int(digits[12])


def is_phone(data: bytes, start: int, end: int) -> bool:
    """A telephone number that is no date and no part of a longer identifier."""
    value = data[start:end]
    digits = digits_of(value)
    if value.startswith(b"+") and value[1:].isdigit() and len(digits) < 10:  # noqa: PLR2004 - as likely a difference
        return False
    return 8 <= len(digits) <= 15 and _ISO_DATE.search(value) is None and stands_alone(data, start, end)  # noqa: PLR2004 - E.164


def is_email(data: bytes, start: int, end: int) -> bool:
    """An address of a person rather than a login on a host, a unit, a file or a package."""
    value = data[start:end]
    if value.rpartition(b".")[2].lower() in _NO_DOMAIN_ENDS:
        return False
    return not (data[max(0, start - 3) : start] == b"://" or value.startswith(b"git@"))


def is_public_ipv4(data: bytes, start: int, end: int) -> bool:
    """An address that may belong to a person: neither private nor special, and not the number of a version."""
    try:
        address = ipaddress.IPv4Address(data[start:end].decode("ascii"))
    except ValueError:
        return False
    first, second = address.packed[0], address.packed[1]
    private = (
        first in {0, 10, 127}
        or first >= 224  # noqa: PLR2004 - multicast and above
        or (first == 172 and 16 <= second <= 31)  # noqa: PLR2004 - RFC 1918
        or (first, second) in {(192, 168), (169, 254)}
    )
    if private or not stands_alone(data, start, end) or data[end : end + 1] == b"%":
        return False
    return _VERSION_BEFORE.search(data[max(0, start - 16) : start]) is None


def is_ipv6(data: bytes, start: int, end: int) -> bool:
    """A global unicast address; a path of Rust or a time of day is none."""
    if not stands_alone(data, start, end):
        return False
    try:
        ipaddress.IPv6Address(data[start:end].decode("ascii"))
    except ValueError:
        return False
    return True


def looks_random(data: bytes, start: int, end: int) -> bool:
    """Whether a stretch is more likely a credential than a word of prose."""
    value = data[start:end]
    return _ALPHABETIC.search(value) is None and (any(byte in _DIGITS for byte in value) or mixes_case(value))


def is_long_and_random(data: bytes, start: int, end: int) -> bool:
    """For parameters whose names are ordinary words (`code`, `state`): only what nobody would type."""
    value = data[start:end]
    return len(value) >= 16 and any(byte in _DIGITS for byte in value) and looks_random(data, start, end)  # noqa: PLR2004


def has_digit(data: bytes, start: int, end: int) -> bool:
    """Whether at least one digit is in it."""
    return any(byte in _DIGITS for byte in data[start:end])


def is_drawn(data: bytes, start: int, end: int) -> bool:
    """For words of prose (`token`, `secret`) before it: letters and at least three digits, as no name has them."""
    digits = len(digits_of(data[start:end]))
    return digits >= 3 and digits < end - start and stands_alone(data, start, end)  # noqa: PLR2004


def is_password_of_url(data: bytes, start: int, end: int) -> bool:
    """Whether what stands between `user:` and `@` is a password and not a port with a path behind it."""
    value = data[start:end]
    head, slash, _ = value.partition(b"/")
    return not (slash and (head.isdigit() or not head))


def mixes_case(value: bytes) -> bool:
    """Whether capitals occur behind small letters, as in what a machine has drawn."""
    small = next((place for place, byte in enumerate(value) if 97 <= byte <= 122), None)  # noqa: PLR2004 - ASCII a-z
    return small is not None and any(65 <= byte <= 90 for byte in value[small:])  # noqa: PLR2004 - ASCII A-Z


def stands_alone(data: bytes, start: int, end: int) -> bool:
    """Whether neither side continues an identifier, a decimal number or a dotted name."""
    before, after, beyond = (
        data[start - 1 : start] if start else b"",
        data[end : end + 1],
        data[end + 1 : end + 2],
    )
    if before and (before[0] in _WORD or before in {b"-", b"."}):
        return False
    if not after:
        return True
    return not (after[0] in _WORD or after == b"-" or (after == b"." and bool(beyond) and beyond[0] in _WORD))

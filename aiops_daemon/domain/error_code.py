"""Error codes: `{DOMAIN}{SEVERITY DIGIT}{NUMBER}`, such as AI5001, AUTH4003 or COMMON500.

The written standard asks for 2-4 letters and two further digits; the codes in use are wider (RETRO4041, COMMON500),
so what is accepted here is what is in use: two or more letters, then three or four digits, the first a 4 or a 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import re2

MAX_CODE_CHARACTERS = 64
"""A longer value of a code field is no code at all."""

_CODE = re2.compile(r"^[A-Z]{2,40}[45][0-9]{2,3}$")
_BRACKETED = re2.compile(r"\[([A-Z]{2,40}[45][0-9]{2,3})\]")
_AT_HEAD = re2.compile(
    r"^\s*(?:[Ee]rror:\s*)?(?:\[([A-Z]{2,40}[45][0-9]{2,3})\]|([A-Z]{2,40}[45][0-9]{2,3})\s*[:|-])"
)


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A well-formed code."""

    value: str

    @property
    def is_server_fault(self) -> bool:
        """Whether the severity digit is 5 (the server's fault) rather than 4 (the client's)."""
        return self.value.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ").startswith("5")

    def __str__(self) -> str:
        return self.value


def parse(text: str | None) -> ErrorCode | None:
    """The code that `text` is, or None for a malformed one (`5001`, 5,000 characters, nothing)."""
    if not text or len(text) > MAX_CODE_CHARACTERS:
        return None
    return ErrorCode(text) if _CODE.match(text) else None


@dataclass(frozen=True, slots=True)
class TextCode:
    """A code found in a message. At its head the program wrote it; elsewhere a user's text may have brought it."""

    code: ErrorCode
    at_head: bool


def find(message: str) -> TextCode | None:
    """The code that stands in a message in brackets, or at its head before a colon."""
    message = message[:2000]
    if head := _AT_HEAD.match(message):
        return TextCode(ErrorCode(head.group(1) or head.group(2)), at_head=True)
    if anywhere := _BRACKETED.search(message):
        return TextCode(ErrorCode(anywhere.group(1)), at_head=False)
    return None

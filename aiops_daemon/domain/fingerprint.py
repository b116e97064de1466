"""Which events are the same fault: a hash of error code, target and the *shape* of the message.

The shape is the message without what differs from one occurrence to the next: ids, numbers, UUIDs, addresses, quoted
values. Two events with one fingerprint are one incident; nothing else ever merges two.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import re2

VERSION = 1
"""Rises when a shape is computed differently; a fingerprint carries the version it was made with."""

MAX_SHAPES = 50
"""Shapes that one code and target may have; the rest share one, so that a user's text in a message can't make
an incident of every line."""

OVERFLOW_SHAPE = "<any other message>"

_SHAPED_CHARACTERS = 2000
_SHAPE_CHARACTERS = 300

# One pass, leftmost alternative first. RE2, so a hostile message costs linear time.
_VARIABLE = re2.compile(
    r"(?P<url>[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>]+)"
    r"|(?P<mail>[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,})"
    r"|(?P<id>[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})"
    r"|(?P<address>[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?|\[?[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,7}\]?)"
    r"|(?P<quoted>\"(?:[^\"\\]|\\.)*\"|\\\"(?:[^\"\\]|\\[^\"])*\\\"|(?:^|[\s=(\[{:,])'[^'\n]*')"
    r"|(?P<hex>\b(?:0x)?[0-9a-fA-F]*[0-9][0-9a-fA-F]*[a-fA-F][0-9a-fA-F]*\b)"
    r"|(?P<number>[0-9]+(?:[.,:_][0-9]+)*)"
)
_BLANKS = re2.compile(r"\s+")
_NAMES = {
    "url": "<url>",
    "mail": "<mail>",
    "id": "<id>",
    "address": "<address>",
    "quoted": "<text>",
    "hex": "<id>",
    "number": "<n>",
}
_SHORTEST_HEX = 6


def shape(message: str) -> str:
    """The message without its variable parts, on one line."""

    def name(match: re2.Match) -> str:
        kind = match.lastgroup
        found: str = match.group(0)
        if kind == "hex" and len(found) < _SHORTEST_HEX:
            return _NAMES["number"]
        lead = found[0] if kind == "quoted" and found[0] not in "\"'\\" else ""
        return lead + _NAMES[kind]

    text = message[:_SHAPED_CHARACTERS]
    return str(_BLANKS.sub(" ", _VARIABLE.sub(name, text)).strip()[:_SHAPE_CHARACTERS])


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The identity of a fault.

    Attributes:
        value: version and hash, such as `1:9f86d081884c7d65`.
        family: what it shares with the other shapes of its code and target.
    """

    value: str
    family: str

    @property
    def fault_id(self) -> str:
        """Eight characters that issues and branches bear.

        They come from the hash alone, so that a lost state finds the same issue again.
        """
        return self.value.partition(":")[2][:8]


def fingerprint_of(code: str | None, target: str, message: str) -> Fingerprint:
    """The fingerprint of an event with this code, target and message (for a panic: its place as the target)."""
    return _fingerprint(code, target, shape(message))


def overflow_of(code: str | None, target: str) -> Fingerprint:
    """The one fingerprint shared by every shape of a code and target beyond the first `MAX_SHAPES`."""
    return _fingerprint(code, target, OVERFLOW_SHAPE)


def _fingerprint(code: str | None, target: str, message_shape: str) -> Fingerprint:
    family = _hash(code or "", target)
    return Fingerprint(f"{VERSION}:{_hash(code or '', target, message_shape)}", family)


def _hash(*parts: str) -> str:
    joined = "\x1f".join(parts).encode("utf-8", "replace")
    return hashlib.sha256(joined).hexdigest()[:16]

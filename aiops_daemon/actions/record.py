"""The JSON of a record as kept -> its values, also where the record was cut off in the middle."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_HALF_AN_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")
_WRAPPERS = ("log", "MESSAGE")
"""Docker's and journald's own records hold the program's in these."""

_TRIES = 3


def values_of(text: str) -> Mapping[str, Any] | None:
    """The values of a JSON object, or None for any other text."""
    values = _object(text.strip())
    if values is None:
        return None
    for key in _WRAPPERS:
        inner = values.get(key)
        if isinstance(inner, str) and inner.lstrip().startswith("{") and "fields" not in values:
            return _object(inner.strip()) or values
    return values


def _object(text: str) -> Mapping[str, Any] | None:
    if not text.startswith("{"):
        return None
    for candidate in (text, *_closed(text)):
        try:
            values = json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
        return values if isinstance(values, dict) else None
    return None


def _closed(text: str) -> list[str]:
    """What a text that was cut off may have begun: closed where it ends, or behind one of its last whole values."""
    closers: list[str] = []
    ends: list[tuple[int, str]] = []
    in_string = is_escaped = False
    for position, letter in enumerate(text):
        if in_string:
            in_string = is_escaped or letter != '"'
            is_escaped = letter == "\\" and not is_escaped
        elif letter == '"':
            in_string = True
        elif letter in "{[":
            closers.append("}" if letter == "{" else "]")
        elif letter in "}]":
            if not closers:
                return []
            closers.pop()
        elif letter == ",":
            ends.append((position, "".join(reversed(closers))))
    if not closers:
        return []
    whole = _HALF_AN_ESCAPE.sub("", text) if in_string else text
    first = whole + '"' * in_string + "".join(reversed(closers))
    return [first, *(text[:position] + closing for position, closing in reversed(ends[-_TRIES:]))]

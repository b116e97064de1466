"""JSON in a line: where it stands, and which of its strings are names, values, or values under a telling name.

The line is edited in place and never written anew: numbers, spaces, the order of keys and keys that occur twice
stay as they were. Not for deciding what goes; `redactor` does that with `keys` and the rules.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiops_daemon.redaction.keys import kind_of_key

# A line that opens braces without end must not be tried from each of them.
_FAILED_ATTEMPTS: Final = 4
_SPACE: Final = " \t\r\n"
_END_OF_SCALAR: Final = frozenset(",]} \t\r\n")
_NAMING: Final = frozenset({"name", "key", "field", "header", "param"})
_NAMES_OF_THE_THING: Final = frozenset({"id", "value", "key"})


def _kept(literal: str) -> Any:
    return literal


# Numbers are not read: an integer of more than 4,300 digits would raise.
_READER: Final = json.JSONDecoder(strict=False, parse_int=_kept, parse_float=_kept, parse_constant=_kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One string or scalar of a JSON text: its place (quotes included), what it says, and what its name makes it."""

    start: int
    end: int
    value: str
    kind: str | None
    quoted: bool
    name: str | None = None


def objects(text: str) -> Iterator[tuple[int, int]]:
    """The places of the JSON objects in a text, each within one line, from left to right."""
    position = text.find("{")
    while position >= 0:
        start = text.rfind("\n", 0, position) + 1
        end = text.find("\n", position)
        end = len(text) if end < 0 else end
        for opened, closed in _objects_in(text[start:end]):
            yield start + opened, start + closed
        position = text.find("{", end)


def _objects_in(line: str) -> Iterator[tuple[int, int]]:
    failed, position = 0, line.find("{")
    while position >= 0 and failed < _FAILED_ATTEMPTS:
        end = position + 1
        if line[position + 1 : position + 9].lstrip()[:1] == '"':
            try:
                _, end = _READER.raw_decode(line, position)
            except (ValueError, RecursionError):
                failed += 1
            else:
                yield position, end
        position = line.find("{", end)


def tokens(line: str, start: int, end: int) -> Iterator[Token]:
    """The strings of one valid JSON object, and the scalars that stand under a telling name."""
    secret: str | None = None  # the kind that a container hands down to what is in it
    depth, opened = 0, 0
    position = start
    name: str | None = None
    neighbour: str | None = None  # a string that may name the one after it
    while position < end:
        character = line[position]
        if character == '"':
            close = _end_of_string(line, position)
            value = _said(line, position, close)
            after = _skip_space(line, close, end)
            if after < end and line[after] == ":":
                yield Token(start=position, end=close, value=value, kind=None, quoted=True)
                name, position = value, _skip_space(line, after + 1, end)
                continue
            kind = _kind(name, secret) or _kind_by_neighbour(name, neighbour)
            yield Token(start=position, end=close, value=value, kind=kind, quoted=True, name=name)
            neighbour = value if name is None or name.lower() in _NAMING else neighbour
            name, position = None, close
        elif character in "{[":
            depth += 1
            own = kind_of_key(name) if name is not None else None
            if secret is None and own is not None:
                secret, opened = own, depth
            # Inside an array every element answers to the array's own name; inside an object its own name counts.
            name, neighbour, position = None, None, position + 1
        elif character in "}]":
            if depth == opened:
                secret = None
            depth -= 1
            name, neighbour, position = None, None, position + 1
        elif character in _END_OF_SCALAR:
            position += 1
        else:
            close = _end_of_scalar(line, position, end)
            if (kind := _kind(name, secret)) is not None:
                yield Token(start=position, end=close, value=line[position:close], kind=kind, quoted=False)
            name, position = None, close


def _kind(name: str | None, inherited: str | None) -> str | None:
    if name is None:
        return inherited
    own = kind_of_key(name)
    if own is None and inherited in {"SESSION", "ADDRESS", "PERSON"}:
        return inherited if name.lower() in _NAMES_OF_THE_THING else None
    return own or inherited


def _kind_by_neighbour(name: str | None, neighbour: str | None) -> str | None:
    """What `{"name": "x-api-key", "value": ..}` and the pair `["x-api-key", ..]` say of their second string.

    A pair counts only for names of headers: an array of strings may as well list the names of fields.
    """
    if neighbour is None:
        return None
    header = name is None and ("-" in neighbour or neighbour.lower() in {"authorization", "cookie"})
    return (
        kind_of_key(neighbour) if header or (name is not None and name.lower() in {"value", "val"}) else None
    )


def _end_of_string(line: str, start: int) -> int:
    """The place behind the quote that closes the string which opens at `start`."""
    position = line.index('"', start + 1)
    while line[position - 1] == "\\":
        backslash = position - 1
        while line[backslash - 1] == "\\":
            backslash -= 1
        if (position - backslash) % 2 == 0:
            break
        position = line.index('"', position + 1)
    return position + 1


def _end_of_scalar(line: str, position: int, end: int) -> int:
    while position < end and line[position] not in _END_OF_SCALAR:
        position += 1
    return position


def _said(line: str, start: int, end: int) -> str:
    value = line[start + 1 : end - 1]
    if "\\" in value:
        value = str(_READER.decode(line[start:end]))
    return value


def _skip_space(line: str, position: int, end: int) -> int:
    while position < end and line[position] in _SPACE:
        position += 1
    return position


def written(value: str) -> str:
    """A string as JSON writes it, readable where that is possible."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return json.dumps(value, ensure_ascii=False)

"""A record as kept (redacted) -> the few lines of it that a person wants to read at night."""

from __future__ import annotations

import json
from typing import Any

EXCERPT_CHARACTERS = 1200
_VALUE_CHARACTERS = 200
_FIELDS = 12
_ENVELOPE = frozenset(
    {
        "timestamp",
        "level",
        "target",
        "span",
        "spans",
        "fields",
        "message",
        "error_code",
        "time",
        "msg",
        "v",
        "pid",
        "hostname",
    }
)


def excerpt_of(text: str) -> str:
    """The message, then the other fields a line each; text that is no record stays as it is."""
    values = _values(text)
    if values is None:
        return _cut(text.strip(), EXCERPT_CHARACTERS)
    fields = values["fields"] if isinstance(values.get("fields"), dict) else values
    message = fields.get("message", fields.get("msg", ""))
    lines = [str(message)] if message not in ("", None) else []
    others = [(key, value) for key, value in fields.items() if key not in _ENVELOPE]
    lines.extend(f"{key} = {_cut(_plain(value), _VALUE_CHARACTERS)}" for key, value in others[:_FIELDS])
    return _cut("\n".join(lines), EXCERPT_CHARACTERS) or _cut(text, EXCERPT_CHARACTERS)


def headline_of(text: str, characters: int = 160) -> str:
    """One line of it."""
    return _cut(excerpt_of(text).partition("\n")[0], characters)


def _values(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        values = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"

"""One JSON object a line: `tracing` nested and flattened, pino, bunyan, structlog, logback and their like.

A whole line is decoded by msgspec. Anything else goes the slow way: records glued together or behind other text,
prefixes of other programs, control characters, torn records. Limits cut fields, never the envelope: of a record that
can't be decoded at all, the level and the code are still looked for.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from aiops_daemon.domain.event import Level
from aiops_daemon.sources.formats.levels import level_of
from aiops_daemon.sources.formats.part import Part, Record, Text

# The writers known put these first and may repeat the keys later for a field of the same name, which then wins in any
# JSON parser. So the first one counts.
_HEAD = re.compile(
    rb'\A\{"timestamp":"(?P<timestamp>[^"\\]{10,40})","level":"(?P<level>[A-Z]{4,5})",|\A\{"level":(?P<number>\d{1,3}),"time":'
)
_QUIET_HEAD = re.compile(rb'\{"timestamp":"[^"\\]{10,40}","level":"(INFO|DEBUG|TRACE)",')
_QUIET = {level.value.encode(): level for level in (Level.INFO, Level.DEBUG, Level.TRACE)}
_LEVEL_KEYS = frozenset({"level", "severity", "lvl", "loglevel", "log.level", "levelname", "level_name"})
_TIME_KEYS = frozenset({"timestamp", "time", "ts", "@timestamp", "datetime", "date"})
_RECORD_START = re.compile(r'\{\s*"(?=(?:timestamp|time|ts|@timestamp|level)"\s*:)', re.IGNORECASE)
_RECORD_START_BYTES = re.compile(rb'\{\s*"(?i:timestamp|time|ts|@timestamp|level)"\s*:')
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_SALVAGE_LEVEL = re.compile(
    r"""["'](?:level|severity|lvl)["']\s*:\s*["']?([A-Za-z]{3,11}|\d\d)\b""", re.IGNORECASE
)
_SALVAGE_FIELD = {
    key: re.compile(rf"""["']{key}["']\s*:\s*["']([^"']{{1,400}})""")
    for key in ("timestamp", "error_code", "message", "target")
}
_SALVAGED_CHARACTERS = 262_144
_MOST_TRIES = 16
_INTEGER_DIGITS = 20


class JsonLines:
    """Reads lines that should each be a JSON object."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(dict[str, Any])

    def parts(self, line: bytes) -> tuple[Part, ...]:
        """What stands on the line."""
        if line.startswith(b"{"):
            try:
                values = self._decoder.decode(line)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                pass
            else:
                return (_record(0, values, line),)
        if not line.strip(b" \t\r\0"):
            return ()
        return tuple(_recover(line))

    def quiet_level(self, line: bytes) -> Level | None:
        """The level of a record below WARN that fills its line: by its head, if no other record begins behind it.

        Even where such a line is torn, `parts` would read that same level of it.
        """
        head = _QUIET_HEAD.match(line)
        if head is None or not line.endswith((b"}", b"}\r")) or _RECORD_START_BYTES.search(line, 1):
            return None
        return _QUIET[head[1]]


def _record(start: int, values: dict[str, Any], raw: bytes) -> Record:
    level = None
    if head := _HEAD.match(raw):
        level = level_of(int(head["number"]) if head["number"] else head["level"].decode())
        if head["timestamp"]:
            values["timestamp"] = head["timestamp"].decode("ascii", "replace")
    if level is None:
        level = level_of(_value(values, _LEVEL_KEYS))
    return Record(start, level, values, raw.decode("utf-8", "replace"))


def _value(values: dict[str, Any], names: frozenset[str]) -> Any:
    for key in ("level", "timestamp"):
        if key in names and key in values:
            return values[key]
    return next((value for key, value in values.items() if key.lower() in names), None)


def _recover(line: bytes) -> list[Part]:
    text = _ANSI.sub("", line.replace(b"\0", b"").decode("utf-8", "replace")).replace("\ufeff", "").rstrip()
    parts: list[Part] = []
    at = behind = 0
    for _ in range(_MOST_TRIES):
        start = _next_start(text, at)
        if start is None:
            break
        found = _decode(text, start)
        if found is None or not _is_record(found[0], whole=start == 0):
            at = start + 1
            continue
        values, end = found
        if text[behind:start].strip():
            parts.append(Text(behind, text[behind:start]))
        parts.append(_record(start, values, text[start:end].encode("utf-8", "replace")))
        at = behind = end
    if not parts:
        return [_torn(text) or Text(0, text)]
    if text[behind:].strip(" }"):
        parts.append(Text(behind, text[behind:]))
    return parts


def _next_start(text: str, at: int) -> int | None:
    if at == 0 and text.lstrip().startswith("{"):
        return len(text) - len(text.lstrip())
    found = _RECORD_START.search(text, at)
    return found.start() if found else None


def _decode(text: str, start: int) -> tuple[dict[str, Any], int] | None:
    try:
        values, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return (values, end) if isinstance(values, dict) else None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else math.inf


_DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


def _is_record(values: dict[str, Any], *, whole: bool) -> bool:
    """Behind other text or indented, an object is a record only if it bears both a time and a level.

    A panic's message may quote a JSON object; a record of the log always has the two.
    """
    if whole:
        return True
    keys = {key.lower() for key in values}
    return bool(keys & _LEVEL_KEYS) and bool(keys & _TIME_KEYS)


def _torn(text: str) -> Record | None:
    """What can still be read of a record that no parser takes."""
    if not text.startswith("{") or (level := _salvaged_level(text)) is None:
        return None
    values: dict[str, Any] = {}
    for key, pattern in _SALVAGE_FIELD.items():
        found = pattern.search(text[:_SALVAGED_CHARACTERS]) or pattern.search(text[-_SALVAGED_CHARACTERS:])
        if found:
            values[key] = found.group(1)
    return Record(0, level, values, text, is_damaged=True)


def _salvaged_level(text: str) -> Level | None:
    found = _SALVAGE_LEVEL.search(text[:_SALVAGED_CHARACTERS])
    return level_of(found.group(1)) if found else None

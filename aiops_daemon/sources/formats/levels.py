"""The names and numbers that loggers use for levels -> the six of this program."""

from __future__ import annotations

import re
from typing import Any

from aiops_daemon.domain.event import Level

_NAMES = {
    Level.TRACE: ("trace", "trc", "t", "finest", "finer"),
    Level.DEBUG: ("debug", "dbg", "d", "fine", "verbose", "v"),
    Level.INFO: ("info", "inf", "i", "information", "informational", "notice", "success", "log", "config"),
    Level.WARN: ("warn", "warning", "wrn", "w"),
    Level.ERROR: ("error", "err", "e", "severe"),
    Level.FATAL: ("fatal", "f", "critical", "crit", "c", "panic", "dpanic", "emerg", "emergency", "alert"),
}
_BY_NAME = {name: level for level, names in _NAMES.items() for name in names}
# https://getpino.io/#/docs/api?id=loggerlevel-string-gettersetter ; bunyan uses the same numbers.
_BY_NUMBER = {
    10: Level.TRACE,
    20: Level.DEBUG,
    30: Level.INFO,
    40: Level.WARN,
    50: Level.ERROR,
    60: Level.FATAL,
}
_EXACT = {level.value: level for level in Level}
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST = 40


def level_of(value: Any) -> Level | None:
    """The level that a field's value names, or None."""
    if isinstance(value, str):
        exact = _EXACT.get(value)
        if exact is not None or len(value) > _LONGEST:
            return exact
        name = _ANSI.sub("", value).strip().lower()
        return _BY_NAME.get(name) or (
            _BY_NUMBER.get(int(name)) if name.isascii() and name.isdigit() else None
        )
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _BY_NUMBER.get(int(value)) if value == int(value) else None
    return None

"""A line -> records and text. A format knows lines; it knows nothing of files, panics or incidents.

A new format is a class with the one method of `Format`, and a row in `format_for`.
"""

from __future__ import annotations

from typing import Protocol

from aiops_daemon.domain.event import Level
from aiops_daemon.sources.formats.part import Part


class Format(Protocol):
    """Reads single lines."""

    def parts(self, line: bytes) -> tuple[Part, ...]:
        """What stands on a line, in order: usually one record; text and several records on a damaged one."""
        ...

    def quiet_level(self, line: bytes) -> Level | None:
        """The level of a line that is one record below WARN, where that is sure without decoding it.

        Nearly all lines are of that kind, and nobody wants more of them than to be counted.
        """
        ...


READABLE = frozenset({"auto", "tracing", "json"})
"""The values of `logs.format` that this version reads; the others are accepted and said to be read as `auto`."""


def format_for(name: str) -> Format:
    """The reader for a value of `logs.format`."""
    from aiops_daemon.sources.formats.json_lines import JsonLines

    del name  # every format that is read so far is JSON by the line
    return JsonLines()

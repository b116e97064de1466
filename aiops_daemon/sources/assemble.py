"""Lines -> events: gathers the lines of a panic's raw text, which records of other threads may interrupt.

A panic's lines are one event, and until its last line is seen the file's position stays before its first: after a crash
half a traceback is read again. Records that stand behind it go on at once.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from aiops_daemon.domain.cursor import Unparsed
from aiops_daemon.domain.event import Event, Level, Panic
from aiops_daemon.sources.formats import Format
from aiops_daemon.sources.formats.envelope import event_of
from aiops_daemon.sources.formats.part import Record, Text
from aiops_daemon.sources.lines import Line

_PANIC = re.compile(
    r"^\s*thread '[^']{0,200}'(?: \(\d+\))? panicked at (?:'(?P<old>.*)', )?(?P<place>[^\s:]{1,300}:\d+:\d+):?\s*$"
)
_NOTED = frozenset({Level.WARN, Level.ERROR, Level.FATAL})
_MAX_GROUP_CHARACTERS = 65_536
_KEPT_UNPARSED_A_READ = 20
_KEPT_UNPARSED_CHARACTERS = 2_000
_MAX_GROUP_SPAN_BYTES = 1_048_576
"""A panic ends when so much of the file was read since it began: what is behind it must get a position some time."""

RECORDS_BETWEEN_LINES = 500
"""So many records without a further line of text end a panic: its writer was done, or died."""


@dataclass(slots=True)
class _Group:
    line_offset: int
    offset: int
    location: str
    lines: list[str]
    logged_at: datetime | None
    characters: int = 0
    lines_seen: int = 1
    records_since: int = 0


@dataclass(slots=True)
class Tally:
    """What was read, for `replay` and `status`."""

    lines: int = 0
    unparsed: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)


class Assembler:
    """Makes events of one file's lines, in order.

    Attributes:
        tally: counts over everything that was fed.
    """

    def __init__(self, log_format: Format) -> None:
        self.tally = Tally()
        self._format = log_format
        self._group: _Group | None = None
        self._last_logged_at: datetime | None = None
        self._events: list[Event] = []
        self._unparsed: list[Unparsed] = []
        self._unparsed_count = 0

    @property
    def open_since(self) -> int | None:
        """Where the line begins on which the panic does that may still have lines to come, or None."""
        return self._group.line_offset if self._group else None

    @property
    def open_lines(self) -> int:
        """How many lines that panic has so far."""
        return self._group.lines_seen if self._group else 0

    def feed(self, line: Line) -> None:
        """Take one line."""
        self.tally.lines += 1
        if self._group is None:
            if (level := self._format.quiet_level(line.data)) is not None:
                self.tally.levels[str(level)] += 1
                return
        elif line.offset - self._group.line_offset > _MAX_GROUP_SPAN_BYTES:
            self.close_group()
        parts = self._format.parts(line.data)
        has_record = any(isinstance(part, Record) for part in parts)
        belongs = has_record
        for part in parts:
            if isinstance(part, Record):
                self._take_record(part, line.offset + part.start)
            else:
                belongs |= self._take_text(part, line.offset)
        if parts and not belongs:
            self._unparsed_count += 1
            if len(self._unparsed) < _KEPT_UNPARSED_A_READ:
                text = " ".join(part.text for part in parts)[:_KEPT_UNPARSED_CHARACTERS]
                self._unparsed.append(Unparsed(offset=line.offset, text=text))

    def close_group(self) -> None:
        """The panic that was open has all its lines."""
        group, self._group = self._group, None
        if group is None:
            return
        message = "\n".join(_message_of(group.lines[1:])).strip()
        old = _PANIC.match(group.lines[0])
        self._events.append(
            Event(
                offset=group.offset,
                level=Level.FATAL,
                message=(old["old"] if old and old["old"] else message) or "panicked",
                target="",
                logged_at=group.logged_at,
                panic=Panic(location=group.location, is_raw_text=True),
                text="\n".join(group.lines),
            )
        )

    def take(self) -> tuple[tuple[Event, ...], tuple[Unparsed, ...], int]:
        """What came of the lines since the last call: events, lines kept for people, and how many there were of those."""
        taken = (tuple(self._events), tuple(self._unparsed), self._unparsed_count)
        self.tally.unparsed += self._unparsed_count
        self._events, self._unparsed, self._unparsed_count = [], [], 0
        return taken

    def _take_record(self, record: Record, offset: int) -> None:
        if record.level is not None:
            self.tally.levels[str(record.level)] += 1
        if record.level in _NOTED:
            event = event_of(record, offset)
            self._last_logged_at = event.logged_at or self._last_logged_at
            self._events.append(event)
            if record.level.is_error and event.code:
                self.tally.codes[event.code] += 1
        if self._group is not None:
            self._group.records_since += 1
            if self._group.records_since > RECORDS_BETWEEN_LINES:
                self.close_group()

    def _take_text(self, part: Text, line_offset: int) -> bool:
        """Whether the text belongs to a panic."""
        if found := _PANIC.match(part.text):
            self.close_group()
            self._group = _Group(
                line_offset=line_offset,
                offset=line_offset + part.start,
                location=found["place"],
                lines=[part.text],
                logged_at=self._last_logged_at,
            )
            return True
        group = self._group
        if group is None:
            return False
        group.records_since = 0
        group.lines_seen += 1
        if group.characters < _MAX_GROUP_CHARACTERS:
            group.lines.append(part.text)
            group.characters += len(part.text)
        if part.text.startswith("note: "):
            self.close_group()
        return True


def _message_of(lines: list[str]) -> list[str]:
    message = []
    for line in lines:
        if line.startswith(("stack backtrace:", "note: ")):
            break
        message.append(line)
    return message

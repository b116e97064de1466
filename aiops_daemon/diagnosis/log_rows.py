"""The records of a log, of every level, with the values that stand in them: what the evidence is read from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from aiops_daemon.domain.event import Event, Level
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.sources.assemble import Assembler
from aiops_daemon.sources.formats import Format
from aiops_daemon.sources.formats.envelope import event_of
from aiops_daemon.sources.formats.part import Record, Text
from aiops_daemon.sources.lines import LineSplitter


@dataclass(frozen=True, slots=True)
class Row:
    """A record of any level, and what it is a part of."""

    event: Event
    values: Mapping[str, Any]
    sighting: Sighting | None
    number: int

    @property
    def is_bad(self) -> bool:
        """Whether it is of WARN or above."""
        return self.event.level in {Level.WARN, Level.ERROR, Level.FATAL} or self.event.panic is not None


def read_rows(
    paths: Iterable[tuple[Path, int, int | None]],
    log_format: Format,
    classify: Callable[[Event], Sighting | None],
) -> Iterator[Row]:
    """The records of some parts of files: path, first byte, last byte (None: to the end).

    Raises:
        OSError: a file can't be read.
    """
    numbers = count(1)
    for path, first, last in paths:
        # Only for the raw text of panics: records are taken whole, whatever their level.
        panics = Assembler(log_format)
        for line in _lines(path, first, last):
            parts = log_format.parts(line.data)
            if panics.open_since is not None or any(isinstance(part, Text) for part in parts):
                panics.feed(line)
                yield from (Row(event, {}, classify(event), next(numbers)) for event in _raw_panics(panics))
            for part in parts:
                if isinstance(part, Record):
                    event = event_of(part, line.offset + part.start)
                    yield Row(event, part.values, classify(event), next(numbers))
        panics.close_group()
        yield from (Row(event, {}, classify(event), next(numbers)) for event in _raw_panics(panics))


def _raw_panics(panics: Assembler) -> list[Event]:
    events, _, _ = panics.take()
    return [event for event in events if event.panic is not None and event.panic.is_raw_text]


def _lines(path: Path, first: int, last: int | None) -> Iterator[Any]:
    splitter = LineSplitter(first, 1 << 20)
    with path.open("rb") as file:
        file.seek(max(0, first))
        if first > 0:
            skipped = file.readline()
            splitter = LineSplitter(first + len(skipped), 1 << 20)
        while chunk := file.read(1 << 19):
            yield from splitter.feed(chunk)
            if last is not None and file.tell() >= last:
                return
    if rest := splitter.rest():
        yield rest

"""What a line holds: records, and text between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiops_daemon.domain.event import Level


@dataclass(frozen=True, slots=True)
class Record:
    """A structured record.

    Attributes:
        start: where it begins on its line, in characters of the line as decoded; tells two records of a line apart.
        level: normalised, None where there is none that is known.
        values: the record itself.
        text: as written.
        is_damaged: only the envelope could be read.
    """

    start: int
    level: Level | None
    values: dict[str, Any]
    text: str
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Anything else: a panic's lines, or a stranger's."""

    start: int
    text: str


Part = Record | Text

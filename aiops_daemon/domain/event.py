"""An event: something a log said, once.

Readers (`sources/`) make events; everything after them decides on events alone and never looks at a log line again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Level(StrEnum):
    """The six levels every log's own are mapped to."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    FATAL = "FATAL"

    @property
    def is_error(self) -> bool:
        """ERROR and FATAL open incidents whatever else they say."""
        return self in {Level.ERROR, Level.FATAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request an event belongs to, as the log tells it: all three come from the client and prove nothing."""

    id: str
    method: str | None = None
    path: str | None = None

    @property
    def key(self) -> str:
        """What two records of one request have in common."""
        return f"{self.id}\x1f{self.method or ''}\x1f{self.path or ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panic:
    """A Rust panic: where, and whether this is the raw text of stderr rather than a structured record."""

    location: str
    is_raw_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One record of a log.

    Attributes:
        offset: where its record begins in its file, in bytes; with the file it identifies the event.
        level: None where the log named none that is known.
        code: the value of the `error_code` field as written, None where there is none or an empty one.
        other_code: the value of a code field under another name (`code`, `errorCode`).
        message: what happened, in the log's words; for a panic, what it said.
        target: the place in the program that logged, such as `server::utils::error`.
        logged_at: the log's own time, aware and in UTC; a stranger's claim, never trusted for windows of time.
        text: the record as written, cut to a bounded length.
        is_damaged: the record was cut off or broken, and what could be read of it was kept.
    """

    offset: int
    level: Level | None
    code: str | None = None
    other_code: str | None = None
    message: str = ""
    target: str = ""
    logged_at: datetime | None = None
    request: Request | None = None
    panic: Panic | None = None
    text: str = ""
    is_damaged: bool = False

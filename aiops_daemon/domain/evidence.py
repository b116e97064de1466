"""The evidence: what was found out about an incident without a model, as people and a model get to see it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PieceKind(StrEnum):
    """What a piece of evidence is of."""

    INCIDENT = "incident"
    LOG = "log"
    SOURCE = "source"
    SETTING = "setting"
    COMMIT = "commit"
    HISTORY = "history"
    MEMORY = "memory"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece, with the reason why it is there.

    Attributes:
        id: how an answer cites it, such as `S3`.
        path, start_line, end_line: of a piece of source.
        sha: of a commit.
        has_diff: whether the commit's changes are shown, or only that it was there.
    """

    id: str
    kind: PieceKind
    title: str
    why: str
    text: str
    path: str | None = None
    start_line: int = 0
    end_line: int = 0
    sha: str | None = None
    has_diff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPlace:
    """Where the fault may be, for people: a function of the deployed source."""

    path: str
    line: int
    function: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSuspect:
    """A commit that may have brought it, for people."""

    sha: str
    subject: str
    author: str
    committed_at: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedIncident:
    """An incident that was like this one."""

    id: int
    title: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The evidence report: what people get on the alert and in `show`. Evidence only, no AI.

    Attributes:
        commit: the deployed commit that was looked at; empty where there was no source to look at.
        began: one sentence on when it began and what happened before.
        routes: which requests fail, in words.
        gaps: what could not be looked at, and why.
    """

    commit: str = ""
    places: tuple[NamedPlace, ...] = ()
    suspects: tuple[NamedSuspect, ...] = ()
    similar: tuple[NamedIncident, ...] = ()
    began: str = ""
    routes: str = ""
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that was gathered: the pieces, the most important first, and the report made of them."""

    pieces: tuple[Piece, ...]
    report: Report
    tokens: int

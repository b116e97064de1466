"""A GitHub issue as it is there, and what the state keeps of the one that a fault has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MARKED_BY = "ai-generated"
"""The label by which the daemon finds its issues again; it is on every one, whatever the configuration adds."""
REGRESSION = "regression"
SAYS_RIGHT, SAYS_WRONG = "diagnosis:correct", "diagnosis:wrong"


class Closing(StrEnum):
    """Why an issue is closed, as GitHub has it (https://docs.github.com/en/rest/issues/issues)."""

    COMPLETED = "completed"
    NOT_PLANNED = "not_planned"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteIssue:
    """An issue, as GitHub shows it now.

    Attributes:
        closing: why it is closed; None while it is open. GitHub gives no reason for old ones: those count as completed.
        thumbs: thumbs up and thumbs down.
    """

    number: int
    is_open: bool
    body: str = ""
    closing: Closing | None = None
    closed_at: datetime | None = None
    labels: frozenset[str] = frozenset()
    thumbs: tuple[int, int] = (0, 0)

    @property
    def is_unwanted(self) -> bool:
        """People closed it and want to hear no more of it."""
        return not self.is_open and self.closing in {Closing.NOT_PLANNED, Closing.DUPLICATE}

    @property
    def verdict(self) -> str | None:
        """What people say of the diagnosis: a label counts for more than thumbs, which anybody can give."""
        said = {SAYS_RIGHT: "right", SAYS_WRONG: "wrong"}
        by_label = [said[label] for label in sorted(self.labels) if label in said]
        if by_label:
            return by_label[0] if len(by_label) == 1 else None
        up, down = self.thumbs
        return None if up == down else "right" if up > down else "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledIssue:
    """The issue of an incident, as the state has it.

    Attributes:
        closed_count: the incident's count when its closing was noticed.
        confirmed_at: when it was found to be gone for as long as a fixed fault is watched.
        is_gone: people deleted or moved it: there will be no other.
        reopened: how often the daemon opened it again.
        shown_count, written_at: what its body was last made to say, and when.
        commented_at, commented_count: when people last got a message of it (its making, or a comment), and the count then.
        verdict: what people said of the diagnosis when last looked.
    """

    incident_id: int
    repository: str
    number: int
    is_open: bool
    filed_at: datetime
    closing: Closing | None = None
    closed_at: datetime | None = None
    closed_count: int = 0
    confirmed_at: datetime | None = None
    is_gone: bool = False
    reopened: int = 0
    shown_count: int = 0
    written_at: datetime
    commented_at: datetime
    commented_count: int = 0
    verdict: str | None = None

    @property
    def is_left_alone(self) -> bool:
        """Nothing more is written to it, unless people open it again."""
        return self.is_gone or (not self.is_open and self.closing in {Closing.NOT_PLANNED, Closing.DUPLICATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIssue:
    """An issue to be made."""

    title: str
    body: str
    labels: tuple[str, ...]
    assignees: tuple[str, ...] = field(default=())

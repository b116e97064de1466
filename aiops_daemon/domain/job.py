"""A job: durable work, a row. And what a handler makes of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol


class JobKind(StrEnum):
    """What is to be done."""

    ALERT = "alert"
    """Post or edit the message of an incident."""
    QUIET = "quiet"
    """See whether an incident has been quiet for long enough to be resolved."""
    EVIDENCE = "evidence"
    """Find out what can be found out about an incident without a model."""
    DIAGNOSIS = "diagnosis"
    """Ask a model for the cause of an incident."""
    ISSUE = "issue"
    """Make the GitHub issue of an incident what it should be."""
    NOTICE = "notice"
    """Tell people about the daemon itself."""


class JobState(StrEnum):
    """Where a job is in its life."""

    TODO = "todo"
    DOING = "doing"
    DONE = "done"
    BURIED = "buried"


class Priority:
    """Among the jobs that are due, the smaller number goes first."""

    POST = 10
    NOTICE = 20
    EDIT = 30
    UPKEEP = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job that a decision leads to. Emitting one twice is harmless: `key` is unique and ends in a revision."""

    key: str
    kind: JobKind
    reason: str
    due_at: datetime
    priority: int
    incident_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A row of `jobs`.

    Attributes:
        attempts: how often it was claimed; rises *before* it is tried, so that a job which kills the process is seen.
        retries: how many of the attempts ended in an orderly way, to be tried again.
        maybe_done: an earlier attempt may have had its effect although we never heard of it.
    """

    id: int
    key: str
    kind: JobKind
    reason: str
    state: JobState
    priority: int
    due_at: datetime
    created_at: datetime
    incident_id: int | None = None
    text: str = ""
    attempts: int = 0
    retries: int = 0
    maybe_done: bool = False
    error: str | None = None


Change = Callable[[Any], None]
"""Applied to the open transaction in which the job is finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a handler made of a job: written in one transaction with the end of the job itself."""

    changes: tuple[Change, ...] = ()
    jobs: tuple[NewJob, ...] = field(default=())


class Handler(Protocol):
    """Turns one job into an outcome. May run again for the same job: make that harmless."""

    kind: ClassVar[JobKind]
    deadline: ClassVar[timedelta]

    async def handle(self, job: Job) -> Outcome:
        """Do the job, or raise one of `domain.errors`."""
        ...

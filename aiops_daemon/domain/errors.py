"""The ways in which a job may fail, classed by what can be done about it.

`worker.py` turns each of them into a decision; a client or a handler only says which of them happened.
"""

from __future__ import annotations

from datetime import datetime, timedelta


class JobError(Exception):
    """A failure whose way out is known. Its text goes to people: no secret may stand in it."""


class Permanent(JobError):  # noqa: N818 - named for what the worker does with it
    """Trying again can't help: the job is buried and people are told."""


class Transient(JobError):  # noqa: N818
    """It may work later: the job is retried.

    Args:
        reason: one line for people.
        retry_after: the least time to wait, where the other side said so.
        ambiguous: the other side may have done it although we heard nothing; a repeat must be marked as one.
    """

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, ambiguous: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.ambiguous = ambiguous


class Paused(JobError):  # noqa: N818
    """Nothing of this lane can be done now, whichever job is tried: the whole lane waits and no job is at fault.

    Args:
        reason: one line for people.
        wait: how long, or None: until the configuration is loaded again.
    """

    def __init__(self, reason: str, *, wait: timedelta | None) -> None:
        super().__init__(reason)
        self.wait = wait


class OverBudget(JobError):  # noqa: N818
    """The ledger allows no more at present: the job waits until the time given."""

    def __init__(self, reason: str, *, until: datetime) -> None:
        super().__init__(reason)
        self.until = until

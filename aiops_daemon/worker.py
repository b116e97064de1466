"""THE LOOP: claim, handle, then finish, retry or bury. The one place where an error becomes a decision.

    Permanent   buried, and people are told
    Transient   tried again, later and later
    Paused      the lane waits, and no job is at fault
    OverBudget  waits until the ledger allows it
    a time-out  as Transient, and it may have been done
    other       a bug: loud, and tried again a bounded number of times

Jobs of one lane are done one after the other, the most urgent first; lanes don't wait for each other.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

import structlog
from structlog.contextvars import bound_contextvars

from aiops_daemon.clock import Clock
from aiops_daemon.domain import notice
from aiops_daemon.domain.errors import OverBudget, Paused, Permanent, Transient
from aiops_daemon.domain.flow import NEW_MESSAGE, AlertReason
from aiops_daemon.domain.job import Handler, Job, JobKind, Outcome
from aiops_daemon.failpoint import failpoint
from aiops_daemon.state_trouble import StateTrouble
from aiops_daemon.store import incidents, jobs
from aiops_daemon.store.database import Database

log = structlog.get_logger()

MAX_LIVES = 5
"""Attempts that ended in a crash or a bug before a job is buried."""

MAX_AGE = timedelta(days=7)
"""A job that only ever fails in an orderly way is given up after this."""

POLL_SECONDS = 1.0
"""Rows can be written by other processes, which ring no bell."""

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=5)
_BRIEF = timedelta(seconds=3)
_ROUTINE = frozenset({AlertReason.COUNTED, "quiet"})
"""The reasons of jobs whose success is not worth a line in the journal."""


class Lane:
    """Does the jobs of some kinds, one at a time.

    Attributes:
        paused: why nothing can be done now, or None.
    """

    def __init__(
        self,
        name: str,
        handlers: Iterable[Handler],
        database: Database,
        trouble: StateTrouble,
        clock: Clock,
        on_health: Callable[[str | None], Callable[[sqlite3.Connection], None]] | None = None,
    ) -> None:
        self.name = name
        self.paused: str | None = None
        self._due_at = time.monotonic()
        self._handlers: Mapping[JobKind, Handler] = {handler.kind: handler for handler in handlers}
        self._database = database
        self._trouble = trouble
        self._clock = clock
        self._on_health = on_health
        self._paused_until: float | None = None
        self._doing: asyncio.Task[None] | None = None
        self._doorbell = asyncio.Event()

    def ring(self) -> None:
        """There may be a job."""
        self._doorbell.set()

    def cut_short(self) -> None:
        """Leave the job in hand: it is `doing`, and done anew after the next start."""
        if self._doing is not None:
            self._doing.cancel()

    def resume(self) -> None:
        """Whatever paused the lane may be mended."""
        self._paused_until = None
        self.paused = None
        self.ring()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until asked to stop; the job in hand is finished first."""
        while not stopping.is_set():
            self._move_within(timedelta(0))
            if self._is_paused() or (job := await self._claim()) is None:
                await self._wait(stopping)
                continue
            failpoint("after_claim")
            self._doing = asyncio.create_task(self._do(job))
            try:
                await asyncio.shield(self._doing)
            except asyncio.CancelledError:
                if not (stopping.is_set() and self._doing.cancelled()):
                    raise

    def stuck_for(self) -> float:
        """Seconds since it was to have moved; a job has its deadline."""
        return time.monotonic() - self._due_at

    def _move_within(self, wait: timedelta) -> None:
        self._due_at = time.monotonic() + wait.total_seconds()

    async def _claim(self) -> Job | None:
        kinds = tuple(self._handlers)
        try:
            due_at = await self._database.read(lambda connection: jobs.next_due_at(connection, kinds))
            if due_at is None:
                return None
            return await self._database.write(lambda tx: jobs.claim(tx, kinds, self._clock()))
        except self._trouble.errors as error:
            await self._trouble.wait(error)
            return None

    async def _do(self, job: Job) -> None:
        handler = self._handlers[job.kind]
        self._move_within(handler.deadline)
        with bound_contextvars(job=job.key, job_kind=job.kind.value, incident=job.incident_id):
            await self._handle(handler, job)

    async def _handle(self, handler: Handler, job: Job) -> None:
        if job.attempts - job.retries > MAX_LIVES:
            await self._settle(
                lambda tx: self._bury(
                    tx, job, f"died {MAX_LIVES} times: {job.error or 'the process was killed'}"
                )
            )
            return
        try:
            async with asyncio.timeout(handler.deadline.total_seconds()):
                outcome = await handler.handle(job)
        except Paused as pause:
            await self._pause(job, pause)
        except OverBudget as budget:
            error, until = str(budget), budget.until
            await self._settle(
                lambda tx: jobs.put_back(tx, job, due_at=until, error=error, orderly=True, maybe_done=False)
            )
        except Permanent as failure:
            error = str(failure)
            await self._settle(lambda tx: self._bury(tx, job, error))
        except Transient as failure:
            await self._retry(job, str(failure), least=failure.retry_after, maybe_done=failure.ambiguous)
        except TimeoutError:
            await self._retry(job, f"took longer than {handler.deadline}", maybe_done=True)
        except Exception as bug:
            log.exception("daemon.failed", part=self.name)
            await self._retry(job, f"{type(bug).__name__}: {bug}", orderly=False, maybe_done=True)
        else:
            await self._settle(lambda tx: self._finish(tx, job, outcome))
            if job.reason not in _ROUTINE:
                log.info("job.done", reason=job.reason, attempts=job.attempts)

    def _finish(self, tx: sqlite3.Connection, job: Job, outcome: Outcome) -> None:
        now = self._clock()
        for change in outcome.changes:
            change(tx)
        jobs.emit(tx, outcome.jobs, now)
        jobs.finish(tx, job, now)
        self._note_health(tx, None)

    def _bury(self, tx: sqlite3.Connection, job: Job, error: str) -> None:
        now = self._clock()
        jobs.bury(tx, job, error, now)
        jobs.emit(tx, notice.after_burial(job, error, now=now), now)
        if job.kind is JobKind.ALERT and job.reason not in NEW_MESSAGE and job.incident_id is not None:
            incidents.skip_edit(tx, job.incident_id)
        log.error("job.buried", why=error)

    async def _retry(
        self,
        job: Job,
        error: str,
        *,
        least: timedelta | None = None,
        orderly: bool = True,
        maybe_done: bool = False,
    ) -> None:
        now = self._clock()
        if now - job.created_at > MAX_AGE:
            await self._settle(lambda tx: self._bury(tx, job, error))
            return
        due_at = now + max(_backoff(job.attempts), least or timedelta(0))
        log.warning(
            "job.failed",
            why=error,
            attempts=job.attempts,
            again_at=due_at.isoformat(timespec="seconds"),
        )
        await self._settle(
            lambda tx: jobs.put_back(
                tx, job, due_at=due_at, error=error, orderly=orderly, maybe_done=maybe_done
            )
        )

    async def _pause(self, job: Job, pause: Paused) -> None:
        """The lane waits; the job keeps its place in the order."""
        reason = str(pause)
        for_good = pause.wait is None
        is_brief = pause.wait is not None and pause.wait < _BRIEF
        if reason != self.paused and not is_brief:
            log.log(
                40 if for_good else 30,
                "lane.paused",
                lane=self.name,
                why=reason,
                until="reload" if pause.wait is None else f"{pause.wait.total_seconds():.1f}s",
            )
        self.paused = None if is_brief else reason
        self._paused_until = (
            float("inf") if pause.wait is None else time.monotonic() + pause.wait.total_seconds()
        )

        def put_back(tx: sqlite3.Connection) -> None:
            jobs.put_back(tx, job, due_at=job.due_at, error=reason, orderly=True, maybe_done=False)
            if not is_brief:  # waiting out an empty bucket is how things should be
                self._note_health(tx, reason)

        await self._settle(put_back)

    def _note_health(self, tx: sqlite3.Connection, problem: str | None) -> None:
        if self._on_health is not None:
            self._on_health(problem)(tx)

    async def _settle(self, change: Callable[[sqlite3.Connection], None]) -> None:
        """Write what came of a job, however long the state can't be written: it was done, and must not be done again."""
        while True:
            try:
                await self._database.write(change)
            except self._trouble.errors as error:
                self._move_within(timedelta(0))  # it waits, and knows for what
                await self._trouble.wait(error)
            else:
                return

    def _is_paused(self) -> bool:
        if self._paused_until is None:
            return False
        if time.monotonic() < self._paused_until:
            return True
        self._paused_until = None
        if self.paused is not None:
            log.info("lane.resumed", lane=self.name)
        self.paused = None
        return False

    async def _wait(self, stopping: asyncio.Event) -> None:
        seconds = POLL_SECONDS
        if self._paused_until is not None:
            seconds = min(seconds, max(0.0, self._paused_until - time.monotonic()))
        else:
            due_at = await self._next_due_at()
            if due_at is not None:
                seconds = min(seconds, max(0.0, (due_at - self._clock()).total_seconds()))
        if stopping.is_set():
            return
        try:
            async with asyncio.timeout(seconds):
                await self._doorbell.wait()
        except TimeoutError:
            pass
        self._doorbell.clear()

    async def _next_due_at(self) -> datetime | None:
        kinds = tuple(self._handlers)
        try:
            return await self._database.read(lambda connection: jobs.next_due_at(connection, kinds))
        except self._trouble.errors:
            return None


def _backoff(attempts: int) -> timedelta:
    """Twice as long each time, with jitter so that a crowd doesn't come back at once."""
    wait = min(_FIRST_RETRY * (1 << min(attempts - 1, 12)), _LONGEST_RETRY)
    return wait * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it

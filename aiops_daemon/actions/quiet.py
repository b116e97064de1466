"""The job that looks whether an incident has been quiet for long enough to be resolved."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import ClassVar

from aiops_daemon.clock import Clock
from aiops_daemon.domain import flow
from aiops_daemon.domain.flow import AlertReason
from aiops_daemon.domain.job import Job, JobKind, Outcome
from aiops_daemon.live import Live
from aiops_daemon.store import incidents, jobs


class QuietHandler:
    """Resolves quiet incidents."""

    kind: ClassVar[JobKind] = JobKind.QUIET
    deadline: ClassVar[timedelta] = timedelta(seconds=30)

    def __init__(self, live: Live, clock: Clock) -> None:
        self._live = live
        self._clock = clock

    async def handle(self, job: Job) -> Outcome:
        """Decide inside the transaction, so that no event comes in between."""
        assert job.incident_id is not None
        incident_id = job.incident_id
        return Outcome(changes=(lambda tx: self._look(tx, incident_id),))

    def _look(self, tx: sqlite3.Connection, incident_id: int) -> None:
        incident = incidents.by_id(tx, incident_id)
        if incident is None:
            return
        now = self._clock()
        consequence = flow.after_quiet(incident, rules=self._live.terms.rules, now=now)
        incidents.update(tx, consequence.incident)
        incidents.add_notes(tx, incident_id, consequence.notes, now)
        jobs.emit(tx, consequence.jobs, now)
        posted = incidents.posted(tx, incident_id)
        if consequence.reason is AlertReason.RESOLVED and posted is not None:
            edit = flow.after_message(consequence.incident, posted, now=now, reason=AlertReason.RESOLVED)
            jobs.emit(tx, (edit,) if edit else (), now)

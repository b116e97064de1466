"""THE SEAM: takes batches off the queue and has them admitted, several in one transaction.

What is on the queue may be lost at any moment without harm: the file has it, and the position that is committed with the
events is where reading begins again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import structlog

from aiops_daemon.clock import Clock
from aiops_daemon.domain.cursor import Batch
from aiops_daemon.domain.event import Event
from aiops_daemon.domain.playbook import Action
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.failpoint import failpoint
from aiops_daemon.live import Live
from aiops_daemon.state_trouble import StateTrouble
from aiops_daemon.store.admit import Admission, Admitted, Terms, admit
from aiops_daemon.store.database import Database
from aiops_daemon.triage.classify import classify

log = structlog.get_logger()

MOST_BATCHES = 16
"""In one transaction: enough to catch up quickly, few enough that a transaction stays short."""

_TURNS = {
    "opened": "incident.opened",
    "escalated": "incident.escalated",
    "regressed": "incident.regressed",
}
"""What a note of an incident's history is called in the journal."""

UNCLASSIFIED = "a record that aiops-daemon could not classify"


class Intake:
    """Admits what the watcher read."""

    def __init__(
        self,
        queue: asyncio.Queue[Batch],
        database: Database,
        live: Live,
        trouble: StateTrouble,
        clock: Clock,
        ring: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._database = database
        self._live = live
        self._trouble = trouble
        self._clock = clock
        self._ring = ring
        self._busy_since: float | None = None

    def stuck_for(self) -> float:
        """Seconds since it took up what it is busy with."""
        return 0.0 if self._busy_since is None else time.monotonic() - self._busy_since

    @property
    def terms(self) -> Terms:
        """What admission goes by now."""
        return self._live.terms

    async def run(self) -> None:
        """Admit until cancelled."""
        while True:
            batches = [await self._queue.get()]
            while len(batches) < MOST_BATCHES and not self._queue.empty():
                batches.append(self._queue.get_nowait())
            self._busy_since = time.monotonic()
            admitted = await self.admit(batches)
            self._busy_since = None
            if admitted.jobs:
                self._ring()

    async def admit(self, batches: list[Batch]) -> Admitted:
        """Admit these batches, however long the state can't be written: nothing more is read meanwhile."""
        admissions = [self._admission(batch) for batch in batches]
        failpoint("before_admit")
        terms = self._live.terms
        while True:
            try:
                admitted = await self._database.write(lambda tx: admit(tx, admissions, terms, self._clock()))
            except self._trouble.errors as error:
                await self._trouble.wait(error)
                self._busy_since = time.monotonic()  # it waits, and knows for what
                continue
            await self._trouble.over()
            failpoint("after_admit")
            for what, incident in admitted.turns:
                if what not in _TURNS:
                    continue
                log.log(
                    logging.WARNING if Action.ALERT in incident.actions else logging.INFO,
                    _TURNS[what],
                    incident=incident.id,
                    code=incident.code,
                    severity=incident.severity.value,
                    title=incident.title,
                )
            return admitted

    def _admission(self, batch: Batch) -> Admission:
        sightings = (self._classified(event, batch.cursor.name) for event in batch.events)
        return Admission(
            batch=batch, sightings=tuple(sighting for sighting in sightings if sighting is not None)
        )

    def _classified(self, event: Event, file: str) -> Sighting | None:
        """What triage makes of an event. A record that trips it is told as an unknown error, not met again for ever."""
        try:
            return classify(event, self._live.catalogue)
        except Exception:
            log.exception("event.unclassified", file=file, offset=event.offset)
            plain = Event(offset=event.offset, level=event.level, message=UNCLASSIFIED, text=event.text)
            return classify(plain, self._live.catalogue)

"""The jobs that speak to people: an incident's message, and notices about the daemon itself."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from structlog.contextvars import bind_contextvars

from aiops_daemon.actions.message import Fact, Message
from aiops_daemon.actions.render import message_for
from aiops_daemon.actions.sinks import Sink
from aiops_daemon.actions.texts import words
from aiops_daemon.clients.discord import MessageLost
from aiops_daemon.clock import Clock
from aiops_daemon.domain import flow
from aiops_daemon.domain.flow import NEW_MESSAGE, AlertReason
from aiops_daemon.domain.incident import Card, Incident, Posted
from aiops_daemon.domain.job import Job, JobKind, Outcome
from aiops_daemon.domain.notice import NoticeReason
from aiops_daemon.domain.playbook import Severity
from aiops_daemon.failpoint import failpoint
from aiops_daemon.settings import Settings
from aiops_daemon.store import incidents, jobs, tally
from aiops_daemon.store.database import Database


@dataclass(slots=True)
class Outlet:
    """The sink in use and the settings it speaks by; a reload replaces both."""

    sink: Sink
    settings: Settings


_LASTING = frozenset({AlertReason.ESCALATED, AlertReason.REGRESSED})


class AlertHandler:
    """Posts an incident's message, or edits the newest one."""

    kind: ClassVar[JobKind] = JobKind.ALERT
    deadline: ClassVar[timedelta] = timedelta(seconds=45)

    def __init__(self, database: Database, outlet: Outlet, clock: Clock) -> None:
        self._database = database
        self._outlet = outlet
        self._clock = clock

    async def handle(self, job: Job) -> Outcome:
        """Say what the job's incident is now."""
        assert job.incident_id is not None
        incident_id = job.incident_id
        card, before = await self._database.read(
            lambda connection: (
                incidents.card(connection, incident_id, self._clock()),
                incidents.posted(connection, incident_id),
            )
        )
        if card is None:
            return Outcome()
        bind_contextvars(code=card.incident.code)
        reason = AlertReason(job.reason)
        sink = self._outlet.sink
        if reason in NEW_MESSAGE:
            posted = await self._post(card, reason, sink, possible_repeat=job.maybe_done)
            waited = posted.posted_at - _heard_of(card.incident, job)
            return Outcome(
                changes=(
                    lambda tx: self._settle(tx, incident_id, posted),
                    lambda tx: tally.note_told(tx, waited, posted.posted_at),
                )
            )
        if before is None:
            return Outcome()  # its first message is still to come, and will show this
        posted = await self._edit(card, job, sink, before)
        return Outcome(changes=(lambda tx: self._settle(tx, incident_id, posted),))

    async def _post(
        self, card: Card, reason: AlertReason, sink: Sink, *, possible_repeat: bool = False
    ) -> Posted:
        message = message_for(card, reason, self._outlet.settings, possible_repeat=possible_repeat)
        failpoint("before_post")
        message_id = await sink.post(message)
        failpoint("after_post")
        return Posted(
            sink=sink.name,
            reason=reason,
            message_id=message_id,
            posted_at=self._clock(),
            shown_revision=card.incident.revision,
            edits=0,
        )

    async def _edit(self, card: Card, job: Job, sink: Sink, before: Posted) -> Posted:
        told_for = AlertReason(before.reason)
        # What was said to be worse, or back, stays so while it goes on; "new" wears off.
        reason = told_for if told_for in _LASTING else AlertReason(job.reason)
        if before.sink != sink.name:
            return await self._post(card, told_for, sink, possible_repeat=job.maybe_done)
        try:
            await sink.edit(before.message_id, message_for(card, reason, self._outlet.settings))
        except MessageLost:
            return await self._post(card, told_for, sink, possible_repeat=job.maybe_done)
        failpoint("after_edit")
        return replace(before, shown_revision=card.incident.revision, edits=before.edits + 1)

    def _settle(self, tx: sqlite3.Connection, incident_id: int, posted: Posted) -> None:
        """Store the message, and go on editing if more happened while it was sent."""
        previous = incidents.posted(tx, incident_id)
        if previous is not None and posted.edits <= previous.edits:
            posted = replace(posted, edits=previous.edits + 1)  # the key of an edit is never used twice
        incidents.save_posted(tx, incident_id, posted)
        incident = incidents.by_id(tx, incident_id)
        if incident is not None:
            now = self._clock()
            edit = flow.after_message(incident, posted, now=now)
            jobs.emit(tx, (edit,) if edit else (), now)


_OLD = timedelta(hours=1)


def _heard_of(incident: Incident, job: Job) -> datetime:
    """When what people are told happened: by the log's clock, unless the log was read long after it was written."""
    logged_at = incident.first_seen_at if job.reason == AlertReason.OPENED else incident.last_seen_at
    return logged_at if timedelta(0) <= job.created_at - logged_at < _OLD else job.created_at


_WEIGHT = {
    NoticeReason.BURIED: Severity.HIGH,
    NoticeReason.CRASHING: Severity.CRITICAL,
    NoticeReason.RESTORED: Severity.HIGH,
    NoticeReason.LOST: Severity.CRITICAL,
    NoticeReason.REFUSED: Severity.HIGH,
    NoticeReason.BACKUP: Severity.HIGH,
    NoticeReason.BUDGET: Severity.HIGH,
    NoticeReason.CLAUDE: Severity.HIGH,
    NoticeReason.MODEL: Severity.HIGH,
    NoticeReason.GITHUB: Severity.HIGH,
    NoticeReason.SCORECARD: Severity.INFO,
}


class NoticeHandler:
    """Tells people about the daemon itself."""

    kind: ClassVar[JobKind] = JobKind.NOTICE
    deadline: ClassVar[timedelta] = timedelta(seconds=45)

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    async def handle(self, job: Job) -> Outcome:
        """Say it."""
        settings = self._outlet.settings
        text = words(settings.language)
        reason = NoticeReason(job.reason)
        advice = text[f"{reason}_advice"]
        if job.maybe_done:
            advice = f"{advice} {text['possible_repeat']}"
        message = notice(settings, text[f"notice_{reason}"], job.text, advice, _WEIGHT[reason])
        await self._outlet.sink.post(message)
        return Outcome()


def notice(
    settings: Settings,
    headline: str,
    what: str,
    advice: str,
    severity: Severity = Severity.HIGH,
    *,
    calls: bool = False,
) -> Message:
    """A message about the daemon itself."""
    mark = "🔴" if severity is Severity.CRITICAL else "🟠" if severity is Severity.HIGH else "✅"
    return Message(
        severity=severity,
        headline=f"{mark} {headline}",
        status=advice,
        facts=(Fact(label=words(settings.language)["what"], value=what, is_quoted=True),),
        calls=calls,
        is_resolved=severity is Severity.INFO,
        footer=f"{settings.service.name} · {settings.service.environment}",
    )

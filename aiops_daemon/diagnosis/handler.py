"""The job that looks into an incident: has the evidence gathered, keeps it, and has the message edited."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import ClassVar

from structlog.contextvars import bind_contextvars

from aiops_daemon.clock import Clock
from aiops_daemon.diagnosis.apart import Apart
from aiops_daemon.diagnosis.look import Known, read
from aiops_daemon.domain import flow
from aiops_daemon.domain.evidence import Evidence
from aiops_daemon.domain.filing import FilingReason
from aiops_daemon.domain.job import Job, JobKind, Outcome
from aiops_daemon.live import Live, files_issues
from aiops_daemon.redaction import Placeholders
from aiops_daemon.settings import Mode
from aiops_daemon.store import incidents, issues, jobs, knowledge, reports
from aiops_daemon.store.database import Database


class EvidenceHandler:
    """Gathers the evidence of an incident."""

    kind: ClassVar[JobKind] = JobKind.EVIDENCE
    deadline: ClassVar[timedelta] = timedelta(seconds=60)

    def __init__(self, database: Database, live: Live, clock: Clock) -> None:
        self._database = database
        self._live = live
        self._clock = clock

    async def handle(self, job: Job) -> Outcome:
        """Look, and keep what was found."""
        assert job.incident_id is not None
        incident_id = job.incident_id
        if self._live.settings.mode is Mode.OBSERVE:
            return Outcome()
        known = await self._database.read(lambda connection: read(connection, incident_id, self._clock()))
        if known is None:
            return Outcome()
        bind_contextvars(code=known.incident.code)
        inquiry = Apart(known, self._live.loaded)
        evidence = await inquiry.evidence()
        return Outcome(changes=(lambda tx: self._settle(tx, incident_id, known, inquiry.names, evidence),))

    def _settle(
        self, tx: sqlite3.Connection, incident_id: int, known: Known, names: Placeholders, evidence: Evidence
    ) -> None:
        incident = incidents.by_id(tx, incident_id)
        if incident is None:
            return
        now = self._clock()
        reports.save(tx, incident_id, evidence.report, evidence.tokens, now)
        places = [f"{place.path} {place.function}" for place in evidence.report.places]
        knowledge.remember(tx, incident, [*known.texts, *places])
        incidents.save_placeholders(tx, incident_id, names.known())
        settings = self._live.settings
        may_ask = settings.mode is not Mode.OBSERVE and settings.secrets.anthropic_api_key is not None
        consequence = flow.after_evidence(incident, now=now, may_ask=may_ask)
        incident = consequence.incident
        incidents.update(tx, incident)
        jobs.emit(tx, consequence.jobs, now)
        if not may_ask and files_issues(settings):
            issues.after_finding(tx, incident, FilingReason.EXPLAINED, now=now)
        posted = incidents.posted(tx, incident_id)
        edit = (
            flow.after_message(incident, posted, now=now, reason=flow.AlertReason.EXPLAINED)
            if posted
            else None
        )
        jobs.emit(tx, (edit,) if edit else (), now)

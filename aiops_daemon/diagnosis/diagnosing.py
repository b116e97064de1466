"""The job that has an incident diagnosed: recalls an answer that still holds, or asks, and has the message edited.

An alert never waits for it. Whatever stands in the way (no key, no budget, no network, no answer) ends in the evidence that people
have already, and one line that says why there is no more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from structlog.contextvars import bind_contextvars

from aiops_daemon.clients.claude import Claude
from aiops_daemon.clients.claude_failures import NoAnswer, Trouble
from aiops_daemon.clock import Clock
from aiops_daemon.diagnosis.apart import Apart
from aiops_daemon.diagnosis.diagnose import Diagnostician, without
from aiops_daemon.diagnosis.look import Known, read
from aiops_daemon.diagnosis.paying import Payer
from aiops_daemon.domain import flow
from aiops_daemon.domain.diagnosis import Diagnosis, Source
from aiops_daemon.domain.errors import OverBudget, Transient
from aiops_daemon.domain.evidence import Piece
from aiops_daemon.domain.filing import FilingReason
from aiops_daemon.domain.job import Job, JobKind, NewJob, Outcome
from aiops_daemon.domain.notice import after_claude_refused, after_news_of_model
from aiops_daemon.failpoint import failpoint
from aiops_daemon.live import Live, files_issues, limits_of
from aiops_daemon.redaction import Placeholders, Redaction
from aiops_daemon.settings import Mode, Settings
from aiops_daemon.store import diagnoses, incidents, issues, jobs, knowledge
from aiops_daemon.store.database import Database
from aiops_daemon.store.purse import Purpose

_PATIENCE = timedelta(hours=2)
"""How long an answer is worth waiting for; a limit of an hour is waited for longer."""
_PATIENCE_WITH_LIMITS = timedelta(hours=6)
_NEEDS_SOMEBODY = frozenset({Trouble.KEY, Trouble.CREDIT, Trouble.MODEL})
_FOR_NOW = frozenset({Trouble.LATER, Trouble.OVERLOADED, Trouble.GARBLED})
_SHUT_FOR = timedelta(minutes=10)


class DiagnosisHandler:
    """Diagnoses an incident."""

    kind: ClassVar[JobKind] = JobKind.DIAGNOSIS
    deadline: ClassVar[timedelta] = timedelta(minutes=15)

    def __init__(self, database: Database, live: Live, clock: Clock) -> None:
        self._database = database
        self._live = live
        self._clock = clock
        self._claude: tuple[tuple[str, ...], Claude] | None = None
        self._shut: tuple[datetime, str] | None = None

    async def handle(self, job: Job) -> Outcome:
        """Recall or ask, and keep what was said."""
        assert job.incident_id is not None
        incident_id = job.incident_id
        settings = self._live.settings
        key = settings.secrets.anthropic_api_key
        if settings.mode is Mode.OBSERVE or key is None:
            return Outcome()
        now = self._clock()
        known, kept, is_new = await self._database.read(
            lambda connection: (
                read(connection, incident_id, now),
                diagnoses.recallable(connection, _fingerprint(connection, incident_id), now),
                diagnoses.is_new(connection, incident_id),
            )
        )
        if known is None:
            return Outcome()
        bind_contextvars(code=known.incident.code)
        looks = Apart(known, self._live.loaded)
        evidence = await looks.evidence() if kept is not None else None
        if kept is not None and looks.blobs(kept.blobs) == dict(kept.blobs):
            recalled = replace(kept.diagnosis, source=Source.RECALLED, usd=0.0, rounds=0)
            return self._outcome(known, looks, recalled)
        purpose = Purpose(
            key=job.key,
            incident_id=incident_id,
            is_new=is_new,
            most_usd=settings.claude.max_usd_per_diagnosis,
        )
        payer = Payer(self._database, purpose, lambda: limits_of(self._live.settings), self._clock)
        claude = await self._open(key.get_secret_value(), settings)
        if why := await self._obstacle(job, payer):
            return self._outcome(known, looks, await without(why, payer))
        evidence = evidence or await looks.evidence()
        redaction = Redaction(self._live.terms.redactor, looks.names)
        asking = Diagnostician(claude, payer, settings, redaction, attempt=job.attempts)
        try:
            diagnosis = await asking.diagnose(looks, evidence)
        except NoAnswer as failure:
            notices = self._given_up(job, failure)
            return self._outcome(known, looks, await asking.without(str(failure)), notices)
        except sqlite3.OperationalError as error:
            raise Transient(f"the ledger can't be written: {error}") from error
        failpoint("after_diagnosis")
        return self._outcome(known, looks, diagnosis, self._news(diagnosis))

    def _news(self, diagnosis: Diagnosis) -> tuple[NewJob, ...]:
        """That another model than the configured one answered."""
        wanted = self._live.settings.claude.model
        if not diagnosis.model or diagnosis.model == wanted:
            return ()
        news = f"model {wanted} can't be had; {diagnosis.model} answered instead"
        return after_news_of_model(wanted, news, now=self._clock())

    async def _obstacle(self, job: Job, payer: Payer) -> str | None:
        """Why nobody is asked; None where the diagnosis was counted, and may be made.

        Raises:
            OverBudget: this hour's are used up, and waiting is worth it.
        """
        now = self._clock()
        if self._shut is not None and now < self._shut[0]:
            return self._shut[1]
        refused = await payer.begin()
        if refused is None:
            return None
        if refused.until is not None and now - job.created_at < _PATIENCE_WITH_LIMITS:
            raise OverBudget(refused.reason, until=refused.until)
        return refused.reason

    async def close(self) -> None:
        """Close the connections."""
        if self._claude is not None:
            await self._claude[1].close()

    async def _open(self, key: str, settings: Settings) -> Claude:
        """The client of the account in force. A reload may bring another one, or other models: then what was refused is tried anew."""
        claude = settings.claude
        account = (key, claude.base_url, claude.model, claude.fallback_model)
        if self._claude is None or self._claude[0] != account:
            await self.close()
            self._claude = account, Claude(key, claude.base_url)
            self._shut = None
        return self._claude[1]

    def _given_up(self, job: Job, failure: NoAnswer) -> tuple[NewJob, ...]:
        """What people are told where there will be no answer.

        Raises:
            Transient: there may be one later.
        """
        now = self._clock()
        if failure.trouble in _FOR_NOW and now - job.created_at < _PATIENCE:
            raise Transient(str(failure), retry_after=failure.retry_after, ambiguous=failure.may_be_paid)
        if failure.trouble not in _NEEDS_SOMEBODY:
            return ()
        self._shut = now + _SHUT_FOR, str(failure)
        return after_claude_refused(failure.trouble, str(failure), now=now)

    def _outcome(
        self, known: Known, looks: Apart, diagnosis: Diagnosis, notices: tuple[NewJob, ...] = ()
    ) -> Outcome:
        blobs = looks.blobs(rests_on(diagnosis, looks.shown))
        return Outcome(
            changes=(
                lambda tx: keep(tx, known, looks.names, diagnosis, blobs, self._clock()),
                lambda tx: self._have_filed(tx, known.incident.id),
            ),
            jobs=notices,
        )

    def _have_filed(self, tx: sqlite3.Connection, incident_id: int) -> None:
        incident = incidents.by_id(tx, incident_id)
        if incident is not None and files_issues(self._live.settings):
            issues.after_finding(tx, incident, FilingReason.DIAGNOSED, now=self._clock())


def keep(
    tx: sqlite3.Connection,
    known: Known,
    names: Placeholders,
    diagnosis: Diagnosis,
    blobs: Mapping[str, str],
    now: datetime,
) -> None:
    """Keep what was said of an incident, and have its message edited."""
    incident = incidents.by_id(tx, known.incident.id)
    if incident is None:
        return
    diagnoses.save(tx, incident, diagnosis, blobs, now)
    if diagnosis.root_cause:
        knowledge.remember(tx, incident, [*known.texts, diagnosis.root_cause, diagnosis.file or ""])
    incidents.save_placeholders(tx, incident.id, names.known())
    incident, note = flow.after_diagnosis(incident, diagnosis)
    incidents.add_notes(tx, incident.id, (note,), now)
    incidents.update(tx, incident)
    posted = incidents.posted(tx, incident.id)
    edit = (
        flow.after_message(incident, posted, now=now, reason=flow.AlertReason.DIAGNOSED) if posted else None
    )
    jobs.emit(tx, (edit,) if edit else (), now)


def rests_on(diagnosis: Diagnosis, shown: Iterable[Piece]) -> list[str]:
    """The files that a diagnosis stands or falls with: the one at fault, and those that it cites."""
    cited = {citation.ref for citation in diagnosis.evidence if citation.verified}
    paths = {piece.path for piece in shown if piece.id in cited and piece.path}
    return sorted(paths | ({diagnosis.file} if diagnosis.file else set()))


def _fingerprint(connection: sqlite3.Connection, incident_id: int) -> str:
    incident = incidents.by_id(connection, incident_id)
    return "" if incident is None else incident.fingerprint

"""The job that makes the GitHub issue of a fault what it should be: there, once, with its counts, open where the fault is back.

It may run again at any point of it. So it always looks first, creates last, and what GitHub can't do once by itself bears a marker.
When the issues can't be listed, none is made.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

import structlog
from structlog.contextvars import bind_contextvars

from aiops_daemon.actions import issue_body, issue_comments
from aiops_daemon.actions.github_account import GithubAccount
from aiops_daemon.clients.github import GitHub
from aiops_daemon.clients.github_failures import NeedsSomebody, Refused
from aiops_daemon.clock import Clock
from aiops_daemon.domain import filing, flow
from aiops_daemon.domain.errors import OverBudget, Permanent
from aiops_daemon.domain.filing import Act, Looked
from aiops_daemon.domain.flow import AlertReason, Note
from aiops_daemon.domain.incident import Card, Incident
from aiops_daemon.domain.issue import MARKED_BY, REGRESSION, FiledIssue, NewIssue, RemoteIssue
from aiops_daemon.domain.job import Job, JobKind, Outcome
from aiops_daemon.domain.notice import after_github_refused
from aiops_daemon.live import Live
from aiops_daemon.redaction import Redactor
from aiops_daemon.settings import Settings
from aiops_daemon.store import diagnoses, incidents, issues, jobs, tally
from aiops_daemon.store.database import Database
from aiops_daemon.store.tally import What

log = structlog.get_logger()

MOST_AN_HOUR = 50
"""New issues: far more than any night needs, and far below what GitHub takes for abuse (500 an hour)."""
_HOUR = timedelta(hours=1)
_LAG_SECONDS = 5.0
"""A list may be behind by a moment: where an issue may have just been made, it is looked at again after this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the state has, as the job begins."""

    card: Card
    filed: FiledIssue | None
    filed_of: dict[int, int]
    per_hour: float | None


class IssueHandler:
    """Files and keeps up issues."""

    kind: ClassVar[JobKind] = JobKind.ISSUE
    deadline: ClassVar[timedelta] = timedelta(minutes=3)

    def __init__(self, database: Database, live: Live, account: GithubAccount, clock: Clock) -> None:
        self._database = database
        self._live = live
        self._account = account
        self._clock = clock

    async def handle(self, job: Job) -> Outcome:
        """Look, and do what is to be done."""
        assert job.incident_id is not None
        incident_id = job.incident_id
        settings = self._live.settings
        github = await self._account.client(settings)
        if github is None:
            return Outcome()
        known = await self._database.read(
            lambda connection: self._read(connection, incident_id, github.repository)
        )
        if known is None or not filing.wants_issue(known.card.incident):
            return Outcome()
        bind_contextvars(code=known.card.incident.code)
        try:
            if known.filed is None:
                return await self._file(github, known, job, settings)
            return await self._keep_up(github, known, known.filed, job, settings)
        except NeedsSomebody as pause:
            why = str(pause)
            notices = after_github_refused(why, now=self._clock())
            await self._database.write(lambda tx: jobs.emit(tx, notices, self._clock()))
            raise
        except Refused as refusal:
            raise Permanent(str(refusal)) from refusal

    def _read(self, connection: sqlite3.Connection, incident_id: int, repository: str) -> _Known | None:
        now = self._clock()
        card = incidents.card(connection, incident_id, now)
        if card is None:
            return None
        filed = issues.of(connection, incident_id)
        if filed is not None and filed.repository != repository:
            filed = None  # the configuration names another repository now
        return _Known(
            card=card,
            filed=filed,
            filed_of=issues.numbers(connection),
            per_hour=incidents.rate_since(connection, incident_id, filed.closed_at, now)
            if filed is not None and filed.closed_at is not None
            else None,
        )

    # The first time

    async def _file(self, github: GitHub, known: _Known, job: Job, settings: Settings) -> Outcome:
        incident = known.card.incident
        found = await self._find(github, incident, is_doubtful=job.maybe_done)
        if found is not None:
            log.info("issue.found", issue=found.number)
            adopted = self._adopted(incident, found, github.repository)
            return await self._keep_up(github, known, adopted, job, settings, found=found)
        await self._within_the_hour()
        new = self._masked_issue(known, settings)
        await github.make_labels(issue_body.descriptions_of(new.labels, settings.language))
        try:
            made = await github.create_issue(new)
        except Refused as refusal:
            if "assignees" not in refusal.fields or not new.assignees:
                raise
            made = await github.create_issue(replace(new, assignees=()))
        now = self._clock()
        filed = replace(
            self._adopted(incident, made, github.repository),
            shown_count=incident.count,
            written_at=now,
            commented_at=now,
            commented_count=incident.count,
        )
        notes = [Note(what="issue filed", why=f"#{made.number}")]
        if MARKED_BY not in made.labels:
            notes.append(
                Note(what="issue without labels", why="the token may not set them; it needs Issues: write")
            )
        log.info("issue.filed", issue=made.number)
        return self._outcome(incident.id, Looked(filed=filed, notes=tuple(notes)), What.ISSUES_FILED)

    async def _find(self, github: GitHub, incident: Incident, *, is_doubtful: bool) -> RemoteIssue | None:
        """The fault's issue, if there is one: by its marker, over open and closed ones."""
        mark = issue_body.marker(incident.fault_id)
        for is_last in (False, True) if is_doubtful else (True,):
            async for each in github.issues_with(MARKED_BY):
                if mark in each.body:
                    return each
            if not is_last:
                await asyncio.sleep(_LAG_SECONDS)
        return None

    async def _within_the_hour(self) -> None:
        """Raises OverBudget where so many issues were made that something else must be wrong."""
        now = self._clock()
        made = await self._database.read(lambda connection: issues.filed_since(connection, now - _HOUR))
        if len(made) >= MOST_AN_HOUR:
            raise OverBudget(
                f"{MOST_AN_HOUR} issues were made within the hour", until=made[-MOST_AN_HOUR] + _HOUR
            )

    def _adopted(self, incident: Incident, remote: RemoteIssue, repository: str) -> FiledIssue:
        now = self._clock()
        return FiledIssue(
            incident_id=incident.id,
            repository=repository,
            number=remote.number,
            is_open=remote.is_open,
            filed_at=now,
            closing=remote.closing,
            closed_at=remote.closed_at,
            closed_count=0,
            shown_count=0,
            written_at=now,
            commented_at=now,
            commented_count=0,
        )

    def _masked_issue(self, known: _Known, settings: Settings) -> NewIssue:
        """What leaves the machine bears none of the daemon's own secrets, whoever wrote them where."""
        new = issue_body.new_issue(known.card, settings, known.filed_of)
        mask = self._redactor.mask_own
        return replace(new, title=mask(new.title), body=mask(new.body))

    @property
    def _redactor(self) -> Redactor:
        return self._live.terms.redactor

    # Every further time

    async def _keep_up(
        self,
        github: GitHub,
        known: _Known,
        filed: FiledIssue,
        job: Job,
        settings: Settings,
        *,
        found: RemoteIssue | None = None,
    ) -> Outcome:
        incident = known.card.incident
        remote = found or await github.issue(filed.number)
        grace = settings.github.reopen_after
        looked = filing.after_look(filed, remote, incident, grace=grace, now=self._clock())
        if found is not None:
            note = Note(what="issue found", why=f"#{found.number} was there already")
            looked = replace(looked, notes=(note, *looked.notes))
        act = filing.act_for(looked.filed, incident, grace=grace, now=self._clock())
        if remote is None or act is Act.NOTHING:
            return self._outcome(incident.id, looked)
        if act is Act.REOPEN:
            return await self._reopen(github, known, looked, remote, settings)
        looked = await self._write_block(github, known, looked, remote, settings)
        if act is Act.COMMENT:
            words = issue_comments.comment_again(incident, looked.filed, settings)
            await self._comment(
                github, filed.number, f"again:{incident.fault_id}:{job.id}", words, job.created_at
            )
            looked = _commented(looked, incident, self._clock())
        return self._outcome(incident.id, looked)

    async def _write_block(
        self, github: GitHub, known: _Known, looked: Looked, remote: RemoteIssue, settings: Settings
    ) -> Looked:
        """Bring the daemon's part of the body up to date, where people left it in."""
        incident = known.card.incident
        block = issue_body.block_of(known.card, settings, known.filed_of, looked.filed)
        body = issue_body.with_block(remote.body, self._redactor.mask_own(block))
        if body is not None and body != remote.body.replace("\r\n", "\n"):
            await github.edit_issue(remote.number, body=body)
        filed = replace(looked.filed, shown_count=incident.count, written_at=self._clock())
        return replace(looked, filed=filed)

    async def _reopen(
        self, github: GitHub, known: _Known, looked: Looked, remote: RemoteIssue, settings: Settings
    ) -> Outcome:
        """Say why, then open it. In this order: while it is closed, whoever dies on the way comes here again."""
        incident, filed = known.card.incident, looked.filed
        assert filed.closed_at is not None
        why = issue_comments.comment_reopened(incident, filed, known.per_hour, settings)
        await github.make_labels(issue_body.descriptions_of((), settings.language))
        await github.add_labels(filed.number, (REGRESSION,))
        key = f"reopened:{incident.fault_id}:{filed.closed_at:%Y%m%dT%H%M%S}"
        await self._comment(github, filed.number, key, why, filed.closed_at)
        opened = replace(
            filed, is_open=True, closing=None, closed_at=None, confirmed_at=None, reopened=filed.reopened + 1
        )
        block = issue_body.block_of(known.card, settings, known.filed_of, opened)
        body = issue_body.with_block(remote.body, self._redactor.mask_own(block))
        await github.edit_issue(filed.number, body=body, is_open=True)
        log.info("issue.reopened", issue=filed.number, why=why)
        now = self._clock()
        opened = replace(opened, shown_count=incident.count, written_at=now)
        note = Note(what="issue reopened", why=f"#{filed.number}: {why}")
        after = _commented(replace(looked, filed=opened, notes=(*looked.notes, note)), incident, now)
        return self._outcome(incident.id, after, What.ISSUES_REOPENED)

    async def _comment(self, github: GitHub, number: int, key: str, words: str, since: datetime) -> None:
        """Comment once."""
        mark = issue_comments.comment_marker(key)
        if await github.has_comment(number, mark, since - timedelta(minutes=5)):
            return
        await github.comment(number, self._redactor.mask_own(f"{mark}\n{words}"))

    # What is kept

    def _outcome(self, incident_id: int, looked: Looked, counted: What | None = None) -> Outcome:
        def change(tx: sqlite3.Connection) -> None:
            keep(tx, incident_id, looked, self._clock, counted)

        return Outcome(changes=(change,))


def keep(
    tx: sqlite3.Connection, incident_id: int, looked: Looked, clock: Clock, counted: What | None = None
) -> Incident | None:
    """Keep what was seen of an issue or done to it, and have the incident's message tell it."""
    incident = incidents.by_id(tx, incident_id)
    if incident is None:
        return None
    now = clock()
    before = issues.of(tx, incident_id)
    issues.save(tx, looked.filed)
    if looked.verdict is not None:
        diagnoses.mark(tx, incident_id, looked.verdict)
    if counted is not None:
        tally.add(tx, counted, 1, now)
    if looked.filed.confirmed_at is not None and (before is None or before.confirmed_at is None):
        tally.add(tx, What.FIXES_CONFIRMED, 1, now)
    if looked.notes:
        incidents.add_notes(tx, incident_id, looked.notes, now)
        incident = replace(incident, revision=incident.revision + 1)
        incidents.update(tx, incident)
        posted = incidents.posted(tx, incident_id)
        edit = flow.after_message(incident, posted, now=now, reason=AlertReason.FILED) if posted else None
        jobs.emit(tx, (edit,) if edit else (), now)
    return incident


def _commented(looked: Looked, incident: Incident, now: datetime) -> Looked:
    filed = replace(looked.filed, commented_at=now, commented_count=incident.count)
    return replace(looked, filed=filed)

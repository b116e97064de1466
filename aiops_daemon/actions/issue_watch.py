"""Asks after the issues: what people did to them, whether what they closed is gone, and what they say of the diagnosis.

It only reads from GitHub. What follows is a job, so that nothing is lost that was seen. A look that fails is made again later.
"""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime

import structlog

from aiops_daemon.actions.github_account import GithubAccount
from aiops_daemon.actions.issue import keep
from aiops_daemon.clients.github import GitHub
from aiops_daemon.clients.github_failures import NeedsSomebody
from aiops_daemon.clock import Clock
from aiops_daemon.domain import filing
from aiops_daemon.domain.errors import JobError
from aiops_daemon.domain.filing import FilingReason
from aiops_daemon.domain.issue import FiledIssue, RemoteIssue
from aiops_daemon.domain.notice import after_github_refused
from aiops_daemon.live import Live
from aiops_daemon.store import incidents, issues, jobs
from aiops_daemon.store.database import Database

log = structlog.get_logger()


class IssueWatch:
    """Follows every issue that people may still do something to."""

    def __init__(self, database: Database, live: Live, account: GithubAccount, clock: Clock) -> None:
        self._database = database
        self._live = live
        self._account = account
        self._clock = clock

    async def run(self) -> None:
        """Look at all of them every `github.poll_interval`, until cancelled."""
        while True:
            try:
                await self._look()
            except sqlite3.OperationalError:
                pass  # who writes events or jobs tells people
            except Exception:  # an odd answer must not take the daemon with it
                log.exception("daemon.failed", part="issues")
            await asyncio.sleep(self._live.settings.github.poll_interval.total_seconds())

    async def _look(self) -> None:
        github = await self._account.client(self._live.settings)
        if github is None:
            return
        known = await self._database.read(issues.all_of)
        now = self._clock()
        for filed in known:
            if filed.repository != github.repository or not filing.is_followed(filed, now):
                continue
            try:
                await self._look_at(github, filed)
            except JobError as error:
                log.warning("issues.unseen", why=str(error))
                if isinstance(error, NeedsSomebody):
                    notices = after_github_refused(str(error), now=now)
                    await self._database.write(lambda tx, notices=notices: jobs.emit(tx, notices, now))  # type: ignore[misc]
                return  # the next one would fail the same way

    async def _look_at(self, github: GitHub, filed: FiledIssue) -> None:
        remote = await github.issue(filed.number)
        await self._database.write(lambda tx: self._take_over(tx, filed, remote, self._clock()))

    def _take_over(
        self, tx: sqlite3.Connection, seen: FiledIssue, remote: RemoteIssue | None, now: datetime
    ) -> None:
        filed = issues.of(tx, seen.incident_id)
        incident = incidents.by_id(tx, seen.incident_id)
        if filed is None or incident is None or filed.number != seen.number:
            return
        if filed.written_at != seen.written_at or filed.is_open != seen.is_open:
            return  # a job was faster, and knows better
        grace = self._live.settings.github.reopen_after
        looked = filing.after_look(filed, remote, incident, grace=grace, now=now)
        if looked.filed == filed and not looked.is_due:
            return
        after = keep(tx, incident.id, looked, self._clock)
        if looked.is_due and after is not None:
            issues.look_after(tx, after, FilingReason.FOLLOWED, due_at=now, now=now)

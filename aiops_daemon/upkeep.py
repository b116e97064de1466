"""Looking after itself: what `status` shows, what systemd is told, the watchdog, the hourly backup, forgetting what is old."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from aiops_daemon import __version__
from aiops_daemon.actions.scorecard import lines_of
from aiops_daemon.clock import Clock
from aiops_daemon.domain import notice
from aiops_daemon.domain.job import NewJob
from aiops_daemon.lifecycle import Systemd
from aiops_daemon.live import Live
from aiops_daemon.sources.watch import LogWatch
from aiops_daemon.store import backup, files, incidents, jobs, ledger, runs, score, tally
from aiops_daemon.store.backup import Backup, BackupError
from aiops_daemon.store.database import Database
from aiops_daemon.worker import Lane

log = structlog.get_logger()

STATUS_SECONDS = 10.0
NEWS_SECONDS = 0.5
HOURLY = timedelta(hours=1)
MONDAY = 0
MORNING_HOUR = 9
STUCK_SECONDS = 20.0
"""A part that was to move so long ago, and has not, is stuck."""


class Upkeep:
    """Runs beside everything else and touches none of it.

    Args:
        parts: for how many seconds each part has not moved although it should have, by its name.
    """

    def __init__(
        self,
        database: Database,
        live: Live,
        watch: LogWatch,
        lanes: tuple[Lane, ...],
        parts: Mapping[str, Callable[[], float]],
        systemd: Systemd,
        clock: Clock,
    ) -> None:
        self._database = database
        self._live = live
        self._watch = watch
        self._lanes = lanes
        self._parts = parts
        self._systemd = systemd
        self._clock = clock
        self._forgot_at = clock()
        self._problems: dict[str, str] = {}
        self._doorbell = asyncio.Event()
        self._stuck: list[str] = []

    async def run(self) -> None:
        """Look after things until cancelled."""
        while True:
            with contextlib.suppress(sqlite3.OperationalError):  # who writes events or jobs tells people
                await self._look_after()
            await self._wait(STATUS_SECONDS)

    async def feed(self) -> None:
        """Feed the watchdog until cancelled; nothing else is waited for here."""
        pause = min(STATUS_SECONDS, (self._systemd.watchdog_seconds or 4 * STATUS_SECONDS) / 4)
        while True:
            self._feed_watchdog()
            await asyncio.sleep(pause)

    async def back_up(self) -> None:
        """Copy the state every hour until cancelled. When it was tried last is in the state: a restart begins no new copy."""
        while True:
            with contextlib.suppress(sqlite3.OperationalError):
                await self._back_up_if_due()
            await asyncio.sleep(STATUS_SECONDS)

    async def _back_up_if_due(self) -> None:
        now = self._clock()
        noted = await self._database.read(lambda connection: files.fact(connection, "backup")) or {}
        tried_at = datetime.fromisoformat(noted["at"]) if noted.get("at") else None
        newest = next((each for each in backup.kept(self._database.path, now) if each.made_at <= now), None)
        is_tried = tried_at is not None and not self._is_an_hour_since(tried_at)
        is_made = newest is not None and not self._is_an_hour_since(newest.made_at)
        if not is_tried and not is_made:
            await self._back_up(now, failing_since=noted.get("failing_since"))

    def ring(self) -> None:
        """There is something new to show."""
        self._doorbell.set()

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._doorbell.wait()
                await asyncio.sleep(NEWS_SECONDS)  # what else is new comes right behind it
        self._doorbell.clear()

    def _feed_watchdog(self) -> None:
        """Say that all is well, if it is: a part that stands still starves the watchdog, and systemd starts anew."""
        stuck = [name for name, stuck_for in self._parts.items() if stuck_for() > STUCK_SECONDS]
        if stuck != self._stuck and stuck:
            log.error("daemon.stuck", parts=", ".join(stuck))
        self._stuck = stuck
        if not stuck:
            self._systemd.alive()

    async def _look_after(self) -> None:
        if self._problems != self._watch.problems:
            problems = dict(self._watch.problems)
            await self._database.write(lambda tx: files.save_fact(tx, "watch_problems", problems))
            self._problems = problems
        if self._is_an_hour_since(self._forgot_at):
            self._forgot_at = self._clock()
            await self._database.write(self._forget)
            await self._database.write(self._score)
        self._systemd.status(await self.status_line())

    def _is_an_hour_since(self, moment: datetime) -> bool:
        """Whether it is so long ago; a clock that was set back makes it so, too."""
        return not timedelta(0) <= self._clock() - moment < HOURLY

    def _forget(self, tx: sqlite3.Connection) -> None:
        now = self._clock()
        jobs.prune(tx, now)
        incidents.prune(tx, now - self._live.settings.state.retention)
        ledger.prune(tx, now)
        tally.prune(tx, now - ledger.KEPT)

    def _score(self, tx: sqlite3.Connection) -> None:
        """On Monday mornings people hear how the last week went, if there was anything in it."""
        now = self._clock()
        settings = self._live.settings
        local = now.astimezone(settings.service.zone)
        if local.weekday() != MONDAY or local.hour < MORNING_HOUR:
            return
        found = score.since(tx, now - timedelta(days=7))
        if not found.is_blank:
            told = "\n".join(lines_of(found, settings.language))
            jobs.emit(tx, notice.after_week(local, told, now=now), now)

    async def _back_up(self, now: datetime, *, failing_since: str | None) -> None:
        """Make a copy, and tell people once where none can be made."""
        path = self._database.path
        note = {
            "at": now.isoformat(),
            "error": "it was begun and not finished",
            "failing_since": failing_since,
        }
        await self._database.write(lambda tx: files.save_fact(tx, "backup", note))
        notices: tuple[NewJob, ...] = ()
        try:
            made = await _to_its_end(path, now)
            backup.forget_old(path, now)
        except BackupError as failure:
            note |= {"error": str(failure), "failing_since": failing_since or now.isoformat()}
            log.error("backup.failed", why=str(failure))  # noqa: TRY400 - the reason says it all
            notices = () if failing_since else notice.after_failed_backup(str(failure), now=now)
        else:
            note |= {"error": None, "failing_since": None}
            log.info("backup.made", path=str(made.path))

        def settle(tx: sqlite3.Connection) -> None:
            files.save_fact(tx, "backup", note)
            jobs.emit(tx, notices, now)

        await self._database.write(settle)

    async def note_start(self, sink: str) -> None:
        """Write down who runs, for `status`; people are told where that happens again and again after crashes."""
        now = self._clock()
        self._problems = dict(self._watch.problems)
        run = {"version": __version__, "started_at": now.isoformat(), "mode": self._live.settings.mode}

        def note(tx: sqlite3.Connection) -> runs.Crashes:
            crashes = runs.note_start(tx, run, now)
            files.save_fact(tx, "watch_problems", self._problems)
            files.save_fact(tx, "config", self._config(None))
            jobs.forget_sink(tx, jobs.GITHUB)
            jobs.save_sink(tx, jobs.SinkHealth(name=sink, ok=True, error=None, at=now))
            notices = notice.after_crash(crashes.at, told_at=crashes.told_at, now=now)
            if notices:
                runs.note_told(tx, now)
            jobs.emit(tx, notices, now)
            return crashes

        crashes = await self._database.write(note)
        if crashes.is_after_one:
            log.warning("daemon.crashed", crashes_lately=len(crashes.at))

    async def note_end(self) -> None:
        """Write down that the end was asked for; where that can't be written, the next start takes it for a crash."""
        try:
            await self._database.write(lambda tx: runs.note_end(tx, self._clock()))
        except (sqlite3.OperationalError, OSError) as error:
            log.warning("state.failed", why=str(error))

    async def note_config(self, problem: str | None) -> None:
        """Write down how the last reload went, and tell people of one that was refused."""
        now = self._clock()

        def note(tx: sqlite3.Connection) -> None:
            before = files.fact(tx, "config") or {}
            new = self._config(None) if problem is None else {**before, "error": problem}
            files.save_fact(tx, "config", new)
            run = files.fact(tx, "run") or {}
            files.save_fact(tx, "run", {**run, "mode": self._live.settings.mode})
            if problem is not None:
                jobs.emit(tx, notice.after_refusal(problem, now=now), now)

        await self._database.write(note)

    def _config(self, problem: str | None) -> dict[str, str | None]:
        path = self._live.loaded.path
        return {"path": str(path) if path else None, "loaded_at": self._clock().isoformat(), "error": problem}

    async def status_line(self) -> str:
        """One line for `systemctl status`."""
        month = ledger.month_of(self._clock())
        try:
            (open_incidents, _), usd = await self._database.read(
                lambda connection: (incidents.counts(connection), ledger.spent_usd(connection, month))
            )
        except sqlite3.OperationalError as error:
            return f"the state can't be read: {error}"
        watched = len(self._watch.file_names())
        parts = [
            f"watching {watched} file{'' if watched == 1 else 's'}",
            f"{open_incidents} open incident{'' if open_incidents == 1 else 's'}",
            f"${usd:.2f} of ${self._live.settings.claude.monthly_budget_usd:g}",
        ]
        parts += [f"{what}: {why}" for what, why in list(self._watch.problems.items())[:1]]
        parts += [f"paused: {lane.paused}" for lane in self._lanes if lane.paused]
        parts += [f"stuck: {name}" for name in self._stuck]
        return ", ".join(parts)


async def _to_its_end(path: Path, now: datetime) -> Backup:
    """Copy in a thread. Where the waiting is cancelled the copy is broken off, and waited for: it holds the state open."""
    reading: list[sqlite3.Connection] = []
    task = asyncio.ensure_future(asyncio.to_thread(backup.take, path, now, opened=reading.append))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        for connection in reading:
            connection.interrupt()
        with contextlib.suppress(BackupError):
            await task
        raise

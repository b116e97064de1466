"""Looking after itself: what `status` shows, what systemd is told, the watchdog, the hourly backup, and forgetting what is old."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from aiops_daemon import __version__
from aiops_daemon.clock import Clock
from aiops_daemon.domain import notice
from aiops_daemon.lifecycle import Systemd
from aiops_daemon.live import Live
from aiops_daemon.sources.watch import LogWatch
from aiops_daemon.store import backup, files, incidents, jobs, ledger, runs
from aiops_daemon.store.backup import Backup, BackupError
from aiops_daemon.store.database import Database
from aiops_daemon.worker import Lane

log = structlog.get_logger()

STATUS_SECONDS = 10.0
NEWS_SECONDS = 0.5
HOURLY = timedelta(hours=1)
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
        self._tried_at = datetime.min.replace(tzinfo=UTC)
        self._problems: dict[str, str] = {}
        self._doorbell = asyncio.Event()
        self._stuck: list[str] = []

    async def run(self) -> None:
        """Look after things until cancelled."""
        pause = min(STATUS_SECONDS, (self._systemd.watchdog_seconds or 2 * STATUS_SECONDS) / 3)
        while True:
            self._feed_watchdog()
            with contextlib.suppress(
                sqlite3.OperationalError
            ):  # who writes events or jobs tells people of it
                await self._look_after()
            await self._wait(pause)

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
            self._problems = dict(self._watch.problems)
            await self._database.write(lambda tx: files.save_fact(tx, "watch_problems", self._problems))
        if self._is_an_hour_since(self._forgot_at):
            self._forgot_at = self._clock()
            await self._database.write(self._forget)
        newest = next(iter(backup.kept(self._database.path)), None)
        if self._is_an_hour_since(max(newest.made_at, self._tried_at) if newest else self._tried_at):
            self._tried_at = self._clock()
            await self._back_up()
        self._systemd.status(await self.status_line())

    def _is_an_hour_since(self, moment: datetime) -> bool:
        """Whether it is so long ago; a clock that was set back makes it so, too."""
        return not timedelta(0) <= self._clock() - moment < HOURLY

    def _forget(self, tx: sqlite3.Connection) -> None:
        now = self._clock()
        jobs.prune(tx, now)
        incidents.prune(tx, now - self._live.settings.state.retention)
        ledger.prune(tx, now)

    async def _back_up(self) -> None:
        now, path, error = self._clock(), self._database.path, None
        try:
            made = await _to_its_end(asyncio.to_thread(backup.take, path, now))
            backup.forget_old(path, now)
        except BackupError as failure:
            error = str(failure)
            log.error("backup.failed", why=error)  # noqa: TRY400 - the reason says it all
        else:
            log.info("backup.made", path=str(made.path))
        note = {"at": now.isoformat(), "error": error}
        await self._database.write(lambda tx: files.save_fact(tx, "backup", note))

    async def note_start(self, sink: str) -> None:
        """Write down who runs, for `status`; people are told where that happens again and again after crashes."""
        now = self._clock()
        self._problems = dict(self._watch.problems)
        run = {"version": __version__, "started_at": now.isoformat(), "mode": self._live.settings.mode}

        def note(tx: sqlite3.Connection) -> runs.Crashes:
            crashes = runs.note_start(tx, run, now)
            files.save_fact(tx, "watch_problems", self._problems)
            files.save_fact(tx, "config", self._config(None))
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
        """Write down that the end was asked for."""
        await self._database.write(lambda tx: runs.note_end(tx, self._clock()))

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
        (open_incidents, _), usd = await self._database.read(
            lambda connection: (incidents.counts(connection), ledger.spent_usd(connection, month))
        )
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


async def _to_its_end(work: Coroutine[None, None, Backup]) -> Backup:
    """Wait for it even where the waiting is cancelled: a thread goes on, and would hold the state open."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise

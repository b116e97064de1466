"""Looking after itself: what `status` shows, what systemd is told, the watchdog, and forgetting what is old."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from datetime import timedelta

from aiops_daemon import __version__
from aiops_daemon.clock import Clock
from aiops_daemon.lifecycle import Systemd
from aiops_daemon.live import Live
from aiops_daemon.sources.watch import LogWatch
from aiops_daemon.store import files, incidents, jobs
from aiops_daemon.store.database import Database
from aiops_daemon.worker import Lane

STATUS_SECONDS = 10.0
PRUNE_EVERY = timedelta(hours=1)
STUCK_SECONDS = 90.0
"""A lane that shows no sign of life for so long is stuck; its longest job may take 45 s."""


class Upkeep:
    """Runs beside everything else and touches none of it."""

    def __init__(
        self,
        database: Database,
        live: Live,
        watch: LogWatch,
        lanes: Sequence[Lane],
        systemd: Systemd,
        clock: Clock,
    ) -> None:
        self._database = database
        self._live = live
        self._watch = watch
        self._lanes = lanes
        self._systemd = systemd
        self._clock = clock
        self._pruned_at = clock()
        self._problems: dict[str, str] = {}

    async def run(self) -> None:
        """Look after things until cancelled."""
        pause = min(STATUS_SECONDS, (self._systemd.watchdog_seconds or 2 * STATUS_SECONDS) / 2)
        while True:
            await asyncio.sleep(pause)
            if all(time.monotonic() - lane.moved_at < STUCK_SECONDS for lane in self._lanes):
                self._systemd.alive()
            try:
                await self._look_after()
            except sqlite3.OperationalError:
                continue  # whoever writes events or jobs tells people of it; here nothing is lost

    async def _look_after(self) -> None:
        if self._problems != self._watch.problems:
            self._problems = dict(self._watch.problems)
            await self._database.write(lambda tx: files.save_fact(tx, "watch_problems", self._problems))
        if self._clock() - self._pruned_at > PRUNE_EVERY:
            self._pruned_at = self._clock()
            await self._database.write(self._prune)
        self._systemd.status(await self.status_line())

    def _prune(self, tx: sqlite3.Connection) -> None:
        now = self._clock()
        jobs.prune(tx, now)
        incidents.prune(tx, now - self._live.settings.state.retention)

    async def note_start(self, sink: str) -> None:
        """Write down who runs, for `status`."""
        now = self._clock()

        def note(tx: sqlite3.Connection) -> None:
            self._problems = dict(self._watch.problems)
            files.save_fact(
                tx,
                "run",
                {"version": __version__, "started_at": now.isoformat(), "mode": self._live.settings.mode},
            )
            files.save_fact(tx, "watch_problems", self._problems)
            files.save_fact(tx, "config", self._config(None))
            jobs.save_sink(tx, jobs.SinkHealth(name=sink, ok=True, error=None, at=now))

        await self._database.write(note)

    async def note_config(self, problem: str | None) -> None:
        """Write down how the last reload went."""

        def note(tx: sqlite3.Connection) -> None:
            before = files.fact(tx, "config") or {}
            new = self._config(None) if problem is None else {**before, "error": problem}
            files.save_fact(tx, "config", new)
            run = files.fact(tx, "run") or {}
            files.save_fact(tx, "run", {**run, "mode": self._live.settings.mode})

        await self._database.write(note)

    def _config(self, problem: str | None) -> dict[str, str | None]:
        path = self._live.loaded.path
        return {"path": str(path) if path else None, "loaded_at": self._clock().isoformat(), "error": problem}

    async def status_line(self) -> str:
        """One line for `systemctl status`."""
        open_incidents, _ = await self._database.read(incidents.counts)
        watched = len(self._watch.file_names())
        parts = [
            f"watching {watched} file{'' if watched == 1 else 's'}",
            f"{open_incidents} open incident{'' if open_incidents == 1 else 's'}",
        ]
        parts += [f"{what}: {why}" for what, why in list(self._watch.problems.items())[:1]]
        parts += [f"paused: {lane.paused}" for lane in self._lanes if lane.paused]
        return ", ".join(parts)

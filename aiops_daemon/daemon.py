"""The daemon: builds every part and joins them, in the order of the path an event takes.

    LogWatch -> queue -> Intake -> one transaction -> jobs -> Lanes -> Discord or the terminal

Read `domain/flow.py` next: it says what leads to what.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from aiops_daemon import __version__, telemetry
from aiops_daemon.actions.alert import AlertHandler, NoticeHandler, Outlet
from aiops_daemon.actions.github_account import GithubAccount
from aiops_daemon.actions.issue import IssueHandler
from aiops_daemon.actions.issue_watch import IssueWatch
from aiops_daemon.actions.quiet import QuietHandler
from aiops_daemon.actions.sinks import DiscordSink, JournalSink, Sink, TerminalSink
from aiops_daemon.clients.discord import DiscordWebhook
from aiops_daemon.clock import Clock, wall_clock
from aiops_daemon.diagnosis.diagnosing import DiagnosisHandler
from aiops_daemon.diagnosis.handler import EvidenceHandler
from aiops_daemon.diagnosis.model_watch import ModelWatch
from aiops_daemon.domain.cursor import Batch
from aiops_daemon.failpoint import failpoint
from aiops_daemon.intake import Intake
from aiops_daemon.lifecycle import StateLock, Systemd, on_signals
from aiops_daemon.live import Live, live_from
from aiops_daemon.recovery import open_state
from aiops_daemon.reload import reload
from aiops_daemon.settings import Loaded, Settings, StartAt
from aiops_daemon.sources.formats import READABLE
from aiops_daemon.sources.scan import Pattern
from aiops_daemon.sources.watch import LogWatch
from aiops_daemon.state_trouble import StateTrouble
from aiops_daemon.store import files, jobs
from aiops_daemon.store.admit import Admission, admit
from aiops_daemon.store.database import FILE_NAME, Database
from aiops_daemon.upkeep import Upkeep
from aiops_daemon.worker import Lane

log = structlog.get_logger()

QUEUED_BATCHES = 32
"""Batches read but not admitted. A full queue stops the watcher: the log is the queue then."""

STOP_SECONDS = 5.0
"""For the job in hand after a signal; less than systemd's own patience."""


async def run(loaded: Loaded, config_path: Path | None, clock: Clock = wall_clock) -> None:
    """Run until a signal asks for the end.

    Raises:
        StateHeldError, StateDirectoryError, StateError: the state can't be used.
    """
    live = live_from(loaded)
    settings = live.settings
    telemetry.configure(lambda text: live.terms.redactor.mask(text), settings.journal.format)  # noqa: PLW0108 - a reload brings another redactor
    systemd = Systemd()
    with StateLock(settings.state.directory, clock()):
        database = Database(settings.state.directory / FILE_NAME)
        outlet = Outlet(make_sink(settings), settings)
        async with systemd.patience():
            await open_state(database, settings, StateTrouble(outlet), clock)
        try:
            await Daemon(live, config_path, database, outlet, systemd, clock).run()
        finally:
            async with systemd.patience():
                await database.close()
            systemd.close()
            log.info("daemon.stopped")


class Daemon:
    """Every part of it, joined."""

    def __init__(
        self,
        live: Live,
        config_path: Path | None,
        database: Database,
        outlet: Outlet,
        systemd: Systemd,
        clock: Clock,
    ) -> None:
        settings = live.settings
        self._live, self._config_path, self._database, self._systemd, self._clock = (
            live,
            config_path,
            database,
            systemd,
            clock,
        )
        self._stopping = asyncio.Event()
        self._reloads: set[asyncio.Task[None]] = set()

        # In: files -> queue -> intake -> the state
        queue: asyncio.Queue[Batch] = asyncio.Queue(QUEUED_BATCHES)
        self._watch = LogWatch(
            settings.logs.directory,
            Pattern(include=settings.logs.include, exclude=settings.logs.exclude),
            log_format=settings.logs.format,
            max_line_bytes=settings.logs.max_line_bytes,
            queue=queue,
        )
        self._outlet = outlet
        trouble = self._trouble = StateTrouble(self._outlet)
        self._intake = Intake(queue, database, live, trouble, clock, ring=self._ring)

        # Out: jobs -> lanes -> people
        self._alerts = Lane(
            "alerts",
            (AlertHandler(database, self._outlet, clock), NoticeHandler(self._outlet)),
            database,
            trouble,
            clock,
            on_health=self._sink_health,
        )
        upkeep_lane = Lane("upkeep", (QuietHandler(live, clock),), database, trouble, clock)
        looking = Lane("evidence", (EvidenceHandler(database, live, clock),), database, trouble, clock)
        self._diagnoses = DiagnosisHandler(database, live, clock)
        self._models = ModelWatch(database, live, clock)
        asking = Lane("diagnosis", (self._diagnoses,), database, trouble, clock)
        self._github = GithubAccount()
        self._issues = IssueWatch(database, live, self._github, clock)
        self._filing = Lane(
            "github",
            (IssueHandler(database, live, self._github, clock),),
            database,
            trouble,
            clock,
            on_health=self._github_health,
        )
        self._lanes = (self._alerts, looking, asking, self._filing, upkeep_lane)
        self._patient = (looking, asking, self._filing)  # what they do takes long, and is done anew as well
        moving = {"watch": self._watch.stuck_for, "intake": self._intake.stuck_for}
        moving |= {f"lane {lane.name}": lane.stuck_for for lane in self._lanes}
        self._upkeep = Upkeep(database, live, self._watch, self._lanes, moving, systemd, clock)

    async def run(self) -> None:
        """Start everything, wait for a signal, stop everything."""
        on_signals(self._stopping.set, self._start_reload)
        for warning in self._live.loaded.warnings:
            log.warning("config.warning", what=warning)
        if (log_format := self._live.settings.logs.format) not in READABLE:
            what = f"logs.format: {log_format} is not read yet; lines that are no JSON will be counted as unparsed"
            log.warning("config.warning", what=what)
        async with (
            self._systemd.patience()
        ):  # a full disk, or a foreign lock, may keep the state from being written
            await self._trouble.through(self._take_up)
            await self._trouble.through(partial(self._upkeep.note_start, self._outlet.sink.name))
        self._say_started()
        self._systemd.ready(await self._upkeep.status_line())

        reading = [
            asyncio.create_task(self._watch.run(), name="watch"),
            asyncio.create_task(self._intake.run(), name="intake"),
            asyncio.create_task(self._upkeep.run(), name="upkeep"),
            asyncio.create_task(self._upkeep.feed(), name="watchdog"),
            asyncio.create_task(self._upkeep.back_up(), name="backup"),
            asyncio.create_task(self._models.run(), name="models"),
            asyncio.create_task(self._issues.run(), name="issues"),
        ]
        working = [
            asyncio.create_task(lane.run(self._stopping), name=f"lane {lane.name}") for lane in self._lanes
        ]
        try:
            await _until_stopped(self._stopping, [*reading, *working])
        finally:
            is_asked = self._stopping.is_set()
            log.info("daemon.stopping")
            self._systemd.stopping()
            self._stopping.set()
            self._ring()
            for task in reading:
                task.cancel()
            for lane in self._patient:
                lane.cut_short()
            _, late = await asyncio.wait([*reading, *working], timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            if is_asked:
                await self._upkeep.note_end()
            await self._outlet.sink.close()
            await self._diagnoses.close()
            await self._github.close()

    async def _take_up(self) -> None:
        """Find out where to read on before anything is read; what was being done when the process died is to be done.

        A directory that was never watched counts as a very first start, whatever else is in the state.
        """
        first_scan = f"first_scan_at:{self._live.settings.logs.directory.absolute()}"
        cursors, past, first_scan_at = await self._database.read(
            lambda connection: (
                files.cursors(connection),
                files.finished_cursors(connection),
                files.fact(connection, first_scan),
            )
        )
        from_end = first_scan_at is None and self._live.settings.logs.start_at == StartAt.END
        batches = self._watch.first_scan(cursors, past, from_end=from_end)

        def store(tx: sqlite3.Connection) -> int:
            admit(
                tx,
                (Admission(batch=batch, sightings=()) for batch in batches),
                self._live.terms,
                self._clock(),
            )
            if first_scan_at is None:
                files.save_fact(tx, first_scan, self._clock().isoformat())
            return jobs.recover(tx)

        recovered = await self._database.write(store)
        failpoint("after_first_scan")
        if recovered:
            log.warning("job.recovered", jobs=recovered)

    def _start_reload(self) -> None:
        task = asyncio.create_task(self._reload(), name="reload")
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload(self) -> None:
        self._systemd.reloading()
        refusal = await reload(self._config_path, self._live, self._outlet, make_sink)
        if refusal is None:
            log.info("config.reloaded", mode=self._live.settings.mode.value, sink=self._outlet.sink.name)
            for lane in (self._alerts, self._filing):
                lane.resume()
        else:
            for problem in refusal.problems:
                log.error("config.refused", problem=problem)
        try:
            await self._trouble.through(
                partial(self._upkeep.note_config, str(refusal) if refusal else None), most=3
            )
        finally:
            self._systemd.ready(await self._upkeep.status_line())

    def _ring(self) -> None:
        for part in (*self._lanes, self._upkeep):
            part.ring()

    def _sink_health(self, problem: str | None) -> Callable[[sqlite3.Connection], None]:
        health = jobs.SinkHealth(
            name=self._outlet.sink.name, ok=problem is None, error=problem, at=self._clock()
        )
        return lambda tx: jobs.save_sink(tx, health)

    def _github_health(self, problem: str | None) -> Callable[[sqlite3.Connection], None]:
        health = jobs.SinkHealth(name=jobs.GITHUB, ok=problem is None, error=problem, at=self._clock())
        return lambda tx: jobs.save_sink(tx, health)

    def _say_started(self) -> None:
        settings = self._live.settings
        log.info(
            "daemon.started",
            version=__version__,
            mode=settings.mode.value,
            logs=str(settings.logs.directory),
            state=str(settings.state.directory),
            sink=self._outlet.sink.name,
            config=str(self._live.loaded.path) if self._live.loaded.path else "defaults",
        )


async def _until_stopped(stopping: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for a signal. A part that ends by itself has failed, and takes the daemon with it: systemd starts it anew."""
    stop = asyncio.create_task(stopping.wait(), name="stop")
    ended, _ = await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    for task in ended - {stop}:
        if stopping.is_set():
            continue
        error = task.exception() if not task.cancelled() else None
        log.critical("daemon.failed", part=task.get_name(), why=repr(error), exc_info=error)
        raise RuntimeError(f"{task.get_name()} ended: {error!r}") from error


def make_sink(settings: Settings) -> Sink:
    """Discord where there is a webhook, else the terminal, or the journal where a program collects it."""
    url = settings.secrets.discord_webhook_url
    if url is None:
        return (
            JournalSink()
            if telemetry.is_for_machines(settings.journal.format)
            else TerminalSink(lambda: sys.stdout)
        )
    return DiscordSink(DiscordWebhook(url.get_secret_value()), settings.discord.mention_on_critical)

"""The daemon: builds every part and joins them, in the order of the path an event takes.

    LogWatch -> queue -> Intake -> one transaction -> jobs -> Lanes -> Discord or the terminal

Read `domain/flow.py` next: it says what leads to what.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import structlog

from aiops_daemon import __version__, telemetry
from aiops_daemon.actions.alert import AlertHandler, NoticeHandler, Outlet
from aiops_daemon.actions.quiet import QuietHandler
from aiops_daemon.actions.sinks import DiscordSink, Sink, TerminalSink
from aiops_daemon.clients.discord import DiscordWebhook
from aiops_daemon.clock import Clock, wall_clock
from aiops_daemon.domain.cursor import Batch
from aiops_daemon.failpoint import failpoint
from aiops_daemon.intake import Intake
from aiops_daemon.lifecycle import StateLock, Systemd, on_signals
from aiops_daemon.live import live_from
from aiops_daemon.reload import reload
from aiops_daemon.settings import Loaded, Settings
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

STOP_SECONDS = 8.0
"""For the job in hand after a signal; less than systemd's own patience."""


async def run(loaded: Loaded, config_path: Path | None, clock: Clock = wall_clock) -> None:
    """Run until a signal asks for the end.

    Raises:
        StateHeldError, StateDirectoryError, StateError: the state can't be used.
    """
    live = live_from(loaded)
    telemetry.configure(lambda text: live.terms.redactor.mask(text))
    systemd = Systemd()
    stopping = asyncio.Event()
    settings = live.settings
    with StateLock(settings.state.directory, clock()):
        database = Database(settings.state.directory / FILE_NAME)
        await database.open()

        # In: files -> queue -> intake -> the state
        queue: asyncio.Queue[Batch] = asyncio.Queue(QUEUED_BATCHES)
        pattern = Pattern(include=settings.logs.include, exclude=settings.logs.exclude)
        watch = LogWatch(
            settings.logs.directory,
            pattern,
            log_format=settings.logs.format,
            max_line_bytes=settings.logs.max_line_bytes,
            queue=queue,
        )
        # Out: jobs -> lanes -> people
        outlet = Outlet(make_sink(settings), settings)
        trouble = StateTrouble(outlet)
        alerts = Lane(
            "alerts",
            (AlertHandler(database, outlet, clock), NoticeHandler(outlet)),
            database,
            trouble,
            clock,
            on_health=lambda problem: _sink_health(outlet, problem, clock),
        )
        lanes = (alerts, Lane("upkeep", (QuietHandler(live, clock),), database, trouble, clock))

        def ring() -> None:
            for lane in lanes:
                lane.ring()

        intake = Intake(queue, database, live, trouble, clock, ring=ring)
        upkeep = Upkeep(database, live, watch, lanes, systemd, clock)

        async def on_reload() -> None:
            systemd.reloading()
            refusal = await reload(config_path, live, outlet, make_sink)
            if refusal is None:
                log.info("config.reloaded", mode=live.settings.mode.value)
                alerts.resume()
            else:
                for problem in refusal.problems:
                    log.error("config.refused", problem=problem)
            await upkeep.note_config(str(refusal) if refusal else None)
            systemd.ready(await upkeep.status_line())

        reloads: set[asyncio.Task[None]] = set()
        on_signals(stopping.set, lambda: reloads.add(asyncio.ensure_future(on_reload())))
        for warning in loaded.warnings:
            log.warning("config.warning", what=warning)
        await _recover(database, watch, live.settings, intake, clock)
        await upkeep.note_start(outlet.sink.name)
        log.info(
            "daemon.started",
            version=__version__,
            mode=live.settings.mode.value,
            logs=str(settings.logs.directory),
            state=str(settings.state.directory),
            sink=outlet.sink.name,
            config=str(loaded.path) if loaded.path else "defaults",
        )
        systemd.ready(await upkeep.status_line())

        tasks = [
            asyncio.create_task(watch.run(), name="watch"),
            asyncio.create_task(intake.run(), name="intake"),
            asyncio.create_task(upkeep.run(), name="upkeep"),
        ]
        working = [asyncio.create_task(lane.run(stopping), name=f"lane {lane.name}") for lane in lanes]
        try:
            await _until_stopped(stopping, [*tasks, *working])
        finally:
            log.info("daemon.stopping")
            systemd.stopping()
            stopping.set()
            ring()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
            _, late = await asyncio.wait(working, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await outlet.sink.close()
            await database.close()
            log.info("daemon.stopped")


async def _until_stopped(stopping: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for a signal. A part that ends by itself has failed, and takes the daemon with it: systemd starts it anew."""
    stop = asyncio.create_task(stopping.wait(), name="stop")
    ended, _ = await asyncio.wait([stop, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    for task in ended - {stop}:
        if stopping.is_set():
            continue
        error = task.exception() if not task.cancelled() else None
        log.critical("daemon.failed", part=task.get_name(), why=repr(error))
        raise RuntimeError(f"{task.get_name()} ended: {error!r}") from error


async def _recover(
    database: Database, watch: LogWatch, settings: Settings, intake: Intake, clock: Clock
) -> None:
    """Take up what was being done, and find out where to read on before anything is read."""
    cursors, past, started_before = await database.read(
        lambda connection: (
            files.cursors(connection),
            files.finished_cursors(connection),
            files.fact(connection, "first_scan_at"),
        )
    )
    from_end = started_before is None and settings.logs.start_at == "end"
    batches = watch.first_scan(cursors, past, from_end=from_end)

    def store(tx: sqlite3.Connection) -> int:
        admit(tx, (Admission(batch=batch, sightings=()) for batch in batches), intake.terms, clock())
        if started_before is None:
            files.save_fact(tx, "first_scan_at", clock().isoformat())
        return jobs.recover(tx)

    recovered = await database.write(store)
    failpoint("after_first_scan")
    if recovered:
        log.warning("job.recovered", jobs=recovered)


def make_sink(settings: Settings) -> Sink:
    """Discord where there is a webhook, else the terminal."""
    url = settings.secrets.discord_webhook_url
    if url is None:
        return TerminalSink(lambda: sys.stdout)
    return DiscordSink(DiscordWebhook(url.get_secret_value()), settings.discord.mention_on_critical)


def _sink_health(outlet: Outlet, problem: str | None, clock: Clock) -> Callable[[sqlite3.Connection], None]:
    health = jobs.SinkHealth(name=outlet.sink.name, ok=problem is None, error=problem, at=clock())
    return lambda tx: jobs.save_sink(tx, health)

"""What wakes the watcher before its second is over: inotify, else watchfiles, else nothing.

A wake-up is a hint. The rescan every second is what finds everything, so the daemon does the same things without any of
these, only later; `AIOPS_WAKE=none` (or `inotify`, `watchfiles`) chooses, for tests and for odd file systems.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog

from aiops_daemon.sources.inotify import Inotify

log = structlog.get_logger()


class Wake:
    """Rings when something happened in a directory.

    Attributes:
        names_changed: files may have come, gone or been renamed; the one who looks sets it back.
    """

    def __init__(self, directory: Path) -> None:
        self.names_changed = False
        self._directory = directory
        self._doorbell = asyncio.Event()
        self._inotify: Inotify | None = None
        self._watchfiles: asyncio.Task[None] | None = None
        self._is_told = False
        self._kind = os.environ.get("AIOPS_WAKE", "")

    async def wait(self, seconds: float) -> None:
        """Wait until something happened, at most so long."""
        self.attach()
        try:
            async with asyncio.timeout(seconds):
                await self._doorbell.wait()
        except TimeoutError:
            pass
        self._doorbell.clear()

    def attach(self) -> None:
        """Begin to watch, or watch again what was lost; a directory that isn't there is tried again next time."""
        if self._kind not in {"watchfiles", "none"}:
            try:
                self._attach_inotify()
            except OSError as error:
                if self._directory.is_dir() and not self._is_told:
                    self._is_told = True
                    log.warning(
                        "watch.degraded", why=str(error), instead="watchfiles and the rescan every second"
                    )
                    self._kind = "watchfiles"
            else:
                return
        if (
            self._kind == "watchfiles"
            and self._directory.is_dir()
            and (self._watchfiles is None or self._watchfiles.done())
        ):
            self._watchfiles = asyncio.create_task(self._ring_by_watchfiles(), name="watchfiles")

    def close(self) -> None:
        """Stop watching."""
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fd)
            self._inotify.close()
            self._inotify = None
        if self._watchfiles is not None:
            self._watchfiles.cancel()

    def _attach_inotify(self) -> None:
        if self._inotify is None:
            self._inotify = Inotify()
            asyncio.get_running_loop().add_reader(self._inotify.fd, self._on_readable)
        if not self._inotify.is_watching:
            self._inotify.watch(self._directory)

    def _on_readable(self) -> None:
        if self._inotify is not None:
            self.names_changed |= self._inotify.drain()
            self._doorbell.set()

    async def _ring_by_watchfiles(self) -> None:
        from watchfiles import awatch

        try:
            async for _ in awatch(self._directory, watch_filter=None, debounce=50, step=10, recursive=False):
                self.names_changed = True
                self._doorbell.set()
        except (OSError, RuntimeError) as error:
            log.warning("watch.degraded", why=str(error), instead="the rescan every second")

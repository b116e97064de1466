"""The watcher: finds the log files of a directory, reads what is new in them, and puts it on the queue.

A rescan every second is the truth; what wakes it earlier only shortens the wait. It never holds more than the queue
allows: where nothing is admitted (a full disk), nothing more is read, and the log is the queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

import structlog

from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.sources.content import name_of
from aiops_daemon.sources.roster import Followed, Roster
from aiops_daemon.sources.scan import Entry, Pattern, scan
from aiops_daemon.sources.tail import ReplacedError
from aiops_daemon.sources.wake import Wake

log = structlog.get_logger()

RESCAN_SECONDS = 1.0


class LogWatch:
    """Watches one directory."""

    def __init__(
        self,
        directory: Path,
        pattern: Pattern,
        *,
        log_format: str,
        max_line_bytes: int,
        queue: asyncio.Queue[Batch],
    ) -> None:
        self._directory = directory
        self._pattern = pattern
        self._queue = queue
        self._moved_at = time.monotonic()
        self._wake = Wake(directory)
        self._roster = Roster(log_format=log_format, max_line_bytes=max_line_bytes)

    @property
    def problems(self) -> dict[str, str]:
        """What keeps a file, or the directory, from being read: name -> why."""
        return self._roster.problems

    def stuck_for(self) -> float:
        """Seconds since it last moved; a full queue stops it rightly."""
        return 0.0 if self._queue.full() else time.monotonic() - self._moved_at

    def file_names(self) -> tuple[str, ...]:
        """The files in use."""
        return tuple(sorted(followed.tail.name for followed in self._roster.followed.values()))

    def first_scan(self, cursors: Iterable[Cursor], past: Iterable[Cursor], *, from_end: bool) -> list[Batch]:
        """Find the files that are there at the start, and where to read on in each.

        Args:
            cursors: the places that are stored.
            past: places of files read to their end; a copy of one of them is not read again.
            from_end: on the very first start, skip what was written before.

        Returns:
            What has to be stored before anything is read.
        """
        self._wake.attach()
        listed = self._scan() or []
        self._roster.remember(tuple(cursors), tuple(past), skipped=listed if from_end else ())
        return self._roster.update(listed)

    async def run(self) -> None:
        """Read until cancelled."""
        next_scan = 0.0
        try:
            while True:
                now = self._moved_at = time.monotonic()
                if now >= next_scan or self._wake.names_changed:
                    self._wake.names_changed = False
                    await self._rescan()
                    next_scan = now + RESCAN_SECONDS
                if not await self._read_once():
                    await self._wake.wait(max(0.0, next_scan - time.monotonic()))
        finally:
            self.close()

    def close(self) -> None:
        """Let go of everything."""
        self._wake.close()
        self._roster.close()

    async def _rescan(self) -> None:
        listed = self._scan()
        for batch in self._roster.update(listed) if listed is not None else ():
            await self._queue.put(batch)
        for batch in self._roster.let_go(listed):
            await self._queue.put(batch)

    def _scan(self) -> list[Entry] | None:
        """The files that are listed, each once however many names it has; None where no list can be had."""
        directory, problems = str(self._directory), self.problems
        try:
            entries = {entry.key: entry for entry in scan(self._directory, self._pattern)}
        except OSError as error:
            why = (
                "there is no such directory yet; waiting for it"
                if isinstance(error, FileNotFoundError)
                else f"can't be listed: {error.strerror}"
            )
            self._roster.tell(directory, why)
            return None
        if problems.pop(directory, None):
            log.info("watch.directory_found", directory=directory)
        for name in problems.keys() - {name_of(entry.path) for entry in entries.values()}:
            del problems[name]
        return list(entries.values())

    async def _read_once(self) -> bool:
        """One chunk of each file that has one; says whether there may be more."""
        more = False
        for key, followed in list(self._roster.followed.items()):
            try:
                for batch in self._read(followed):
                    more = True
                    await self._queue.put(batch)
            except OSError as error:
                self._roster.lose(key, error)
        await asyncio.sleep(0)
        return more

    def _read(self, followed: Followed) -> Iterable[Batch]:
        tail = followed.tail
        if not tail.has_changed():
            if (batch := tail.close_idle_group()) is not None:
                yield batch
            return
        followed.changed_at = time.monotonic()
        if followed.is_new:
            if not self._roster.begin(followed):
                return
            if tail.read_to:
                yield Batch(cursor=tail.cursor())
        try:
            batch = tail.read()
        except ReplacedError:
            log.info("file.truncated", file=tail.name, read_to=tail.read_to, size=tail.size())
            if (listed := self._scan()) is not None:  # where there is a copy, it was made before
                yield from self._roster.update(listed)
            yield from self._roster.replaced(followed)
            batch = tail.read()
        if batch is not None:
            yield batch

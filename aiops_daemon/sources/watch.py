"""The watcher: finds the log files of a directory, reads what is new in them, and puts it on the queue.

A rescan every second is the truth; what wakes it earlier only shortens the wait. It keeps reading old files to their
end after a rotation, lets go of files that have been still for long, and never holds more than the queue allows: where
nothing is admitted (a full disk), nothing more is read, and the log is the queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.sources.scan import Entry, Pattern, copied_from, cursor_for, scan
from aiops_daemon.sources.tail import Tail, end_of_last_line
from aiops_daemon.sources.wake import Wake

log = structlog.get_logger()

RESCAN_SECONDS = 1.0
DOZE_SECONDS = 600.0
"""A file that nobody wrote for so long is let go of; the rescan opens it again when it grows."""

UNLINKED_SECONDS = 5.0
"""A deleted file at its end is kept so long for what its writer may still add."""


@dataclass(slots=True)
class _Followed:
    tail: Tail
    changed_at: float
    is_listed: bool = True


@dataclass(slots=True)
class _Dozing:
    cursor: Cursor
    size: int
    modified_ns: int


class LogWatch:
    """Watches one directory.

    Attributes:
        problems: what keeps a file, or the directory, from being read: name -> why.
    """

    def __init__(
        self,
        directory: Path,
        pattern: Pattern,
        *,
        log_format: str,
        max_line_bytes: int,
        queue: asyncio.Queue[Batch],
    ) -> None:
        self.problems: dict[str, str] = {}
        self._directory = directory
        self._pattern = pattern
        self._log_format = log_format
        self._max_line_bytes = max_line_bytes
        self._queue = queue
        self._wake = Wake(directory)
        self._followed: dict[tuple[int, int], _Followed] = {}
        self._dozing: dict[tuple[int, int], _Dozing] = {}
        self._unclaimed: list[Cursor] = []
        self._past: list[Cursor] = []

    def first_scan(self, cursors: Iterable[Cursor], past: Iterable[Cursor], *, from_end: bool) -> list[Batch]:
        """Find the files that are there at the start, and where to read on in each.

        Args:
            cursors: the places that are stored.
            past: places of files read to their end; a copy of one of them is not read again.
            from_end: on the very first start, skip what was written before.

        Returns:
            What has to be stored before anything is read.
        """
        self._unclaimed = list(cursors)
        self._past = list(past)
        self._wake.attach()
        batches = []
        entries = self._scan()
        for entry in entries:
            position = None
            if from_end and cursor_for(entry, self._unclaimed) is None:
                try:
                    position = end_of_last_line(entry.path)
                except OSError:
                    position = entry.size
            if (followed := self._follow(entry, position)) is not None:
                batches.append(Batch(cursor=followed.tail.cursor()))
        if entries:
            batches.extend(self._finish_gone())
        return batches

    def _finish_gone(self) -> Iterable[Batch]:
        """Files that went while nobody watched are over, unless they only can't be opened now."""
        for cursor in [cursor for cursor in self._unclaimed if cursor.name not in self.problems]:
            self._unclaimed.remove(cursor)
            self._past.append(cursor)
            yield Batch(cursor=replace(cursor, is_finished=True))

    async def run(self) -> None:
        """Read until cancelled."""
        next_scan = 0.0
        try:
            while True:
                now = time.monotonic()
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
        for followed in self._followed.values():
            followed.tail.close()
        self._followed.clear()

    def file_names(self) -> tuple[str, ...]:
        """The files in use."""
        return tuple(sorted(followed.tail.name for followed in self._followed.values()))

    # Reading

    async def _read_once(self) -> bool:
        """One chunk of each file that has one; says whether there may be more."""
        more = False
        for key, followed in list(self._followed.items()):
            try:
                for batch in self._read(followed):
                    more = True
                    await self._queue.put(batch)
            except OSError as error:
                self._tell(followed.tail.name, f"can't be read: {error.strerror or error}")
                self._dozing[key] = _Dozing(followed.tail.cursor(), -1, -1)
                self._drop(key)
        await asyncio.sleep(0)
        return more

    def _read(self, followed: _Followed) -> Iterable[Batch]:
        tail = followed.tail
        if not tail.has_changed():
            if (batch := tail.close_idle_group()) is not None:
                yield batch
            return
        followed.changed_at = time.monotonic()
        if tail.was_replaced():
            log.info("file.truncated", file=tail.name, read_to=tail.read_to, size=tail.size())
            self._past.append(tail.cursor())
            yield tail.finish()
            tail.restart()
            yield Batch(cursor=tail.cursor())
        if (batch := tail.read()) is not None:
            yield batch

    # Which files there are

    async def _rescan(self) -> None:
        listed = self._scan()
        keys = {entry.key for entry in listed}
        for entry in listed:
            if (followed := self._followed.get(entry.key)) is not None:
                if followed.tail.path != entry.path:
                    log.info("file.renamed", was=followed.tail.name, now=entry.path.name)
                    followed.tail.path = entry.path
            elif not self._sleeps_on(entry):
                known = self._dozing.pop(entry.key, None)
                if known:
                    self._unclaimed.append(known.cursor)
                if (new := self._follow(entry, None)) is not None:
                    await self._queue.put(Batch(cursor=new.tail.cursor()))
        for key, followed in list(self._followed.items()):
            await self._let_go(key, followed, is_listed=key in keys)
        for key in [key for key in self._dozing if key not in keys]:
            self._past.append(self._dozing.pop(key).cursor)
        del self._past[:-200]

    def _scan(self) -> list[Entry]:
        try:
            entries = scan(self._directory, self._pattern)
        except OSError as error:
            why = (
                "there is no such directory yet; waiting for it"
                if isinstance(error, FileNotFoundError)
                else f"can't be listed: {error.strerror}"
            )
            self._tell(str(self._directory), why)
            return []
        if self.problems.pop(str(self._directory), None):
            log.info("watch.directory_found", directory=str(self._directory))
        return entries

    def _sleeps_on(self, entry: Entry) -> bool:
        dozing = self._dozing.get(entry.key)
        return dozing is not None and (dozing.size, dozing.modified_ns) == (entry.size, entry.modified_ns)

    def _follow(self, entry: Entry, position: int | None) -> _Followed | None:
        """Open a file at its stored place, behind what a copied file already gave, or at its beginning."""
        try:
            cursor = cursor_for(entry, self._unclaimed)
            if cursor is None and position is None:
                twin = copied_from(entry, [*(f.tail.cursor() for f in self._followed.values()), *self._past])
                position = twin.position if twin else 0
            tail = Tail(
                entry.path,
                cursor=cursor,
                position=cursor.position if cursor else position or 0,
                log_format=self._log_format,
                max_line_bytes=self._max_line_bytes,
            )
        except OSError as error:
            self._tell(entry.path.name, f"can't be opened: {error.strerror or error}")
            return None
        self.problems.pop(entry.path.name, None)
        if cursor is not None:
            self._unclaimed.remove(cursor)
        age = max(0.0, time.time() - entry.modified_ns / 1e9)
        followed = _Followed(tail, time.monotonic() - age)
        self._followed[tail.key] = followed
        log.info("file.followed", file=tail.name, position=tail.read_to, resumed=cursor is not None)
        return followed

    async def _let_go(self, key: tuple[int, int], followed: _Followed, *, is_listed: bool) -> None:
        tail = followed.tail
        still = time.monotonic() - followed.changed_at
        if tail.size() != tail.read_to:
            return
        if not is_listed:
            if still > (UNLINKED_SECONDS if tail.is_unlinked() else DOZE_SECONDS):
                await self._queue.put(tail.finish())
                self._past.append(tail.cursor())
                log.info("file.finished", file=tail.name, position=tail.read_to)
                self._drop(key)
        elif still > DOZE_SECONDS and tail.is_between_records:
            size, modified_ns = tail.stamp()
            self._dozing[key] = _Dozing(tail.cursor(), size, modified_ns)
            self._drop(key)

    def _drop(self, key: tuple[int, int]) -> None:
        followed = self._followed.pop(key, None)
        if followed is not None:
            followed.tail.close()

    def _tell(self, name: str, why: str) -> None:
        if self.problems.get(name) != why:
            self.problems[name] = why
            log.warning("watch.problem", what=name, why=why)

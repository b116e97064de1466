"""A directory of logs being watched, and a store in memory that admits as `store/admit.py` does."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.domain.event import Event
from aiops_daemon.sources.scan import Pattern
from aiops_daemon.sources.watch import LogWatch

PATTERN = Pattern(include=("*.log", "*.log.*"), exclude=("*.gz",))


def record(message: str, level: str = "ERROR", code: str = "AI5001") -> bytes:
    """One line as `tracing` writes it."""
    fields = {"message": message, "error_code": code}
    head = f'{{"timestamp":"2026-11-22T03:04:05.678901Z","level":"{level}",'
    rest = json.dumps({"fields": fields, "target": "server::utils::error"}, ensure_ascii=False)
    return (head + rest.lstrip("{") + "\n").encode()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


class Store:
    """What admission remembers: the cursor of each generation, and which records were read ahead of it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.cursors: dict[str, Cursor] = {}
        self.unparsed = 0
        self._ahead: dict[str, set[int]] = {}

    def admit(self, batch: Batch) -> None:
        cursor = batch.cursor
        ahead = self._ahead.setdefault(cursor.generation, set())
        for event in batch.events:
            if event.offset not in ahead:
                self.events.append(event)
                ahead.add(event.offset)
        self._ahead[cursor.generation] = {offset for offset in ahead if offset >= cursor.position}
        self.cursors[cursor.generation] = cursor
        self.unparsed += batch.unparsed_count

    def stored(self, *, is_finished: bool) -> list[Cursor]:
        return [cursor for cursor in self.cursors.values() if cursor.is_finished == is_finished]

    def moved_to_another_device(self) -> None:
        for generation, cursor in self.cursors.items():
            self.cursors[generation] = replace(cursor, device=cursor.device + 1, inode=cursor.inode + 1)

    @property
    def messages(self) -> Counter[str]:
        return Counter(event.message for event in self.events)


class Watched:
    """Watches a directory as the daemon does; `settle` ends when there is nothing left to read."""

    def __init__(self, directory: Path, store: Store | None = None, max_line_bytes: int = 65_536) -> None:
        self.directory = directory
        self.store = store or Store()
        self.watch: LogWatch | None = None
        self._max_line_bytes = max_line_bytes
        self._queue: asyncio.Queue[Batch] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, from_end: bool = False, in_background: bool = True) -> None:
        self._queue = asyncio.Queue()
        self.watch = LogWatch(
            self.directory, PATTERN, log_format="auto", max_line_bytes=self._max_line_bytes, queue=self._queue
        )
        batches = self.watch.first_scan(
            self.store.stored(is_finished=False), self.store.stored(is_finished=True), from_end=from_end
        )
        for batch in batches:
            self.store.admit(batch)
        if in_background:
            self._task = asyncio.create_task(self.watch.run())

    async def stop(self) -> None:
        """As a kill does it: what is on the queue is lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        elif self.watch is not None:
            self.watch.close()
        self.watch = None

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Admit what the watcher finds by itself until the condition holds."""
        until = time.monotonic() + seconds
        while not condition():
            assert self._task is None or not self._task.done(), self._task
            batch = await asyncio.wait_for(self._queue.get(), until - time.monotonic())
            self.store.admit(batch)

    async def until_read(self, *messages: str) -> None:
        await self.until(lambda: all(self.store.messages[message] for message in messages))

    async def settle(self) -> Counter[str]:
        """Rescan and read until nothing comes any more; what was admitted in all, by message."""
        idle = 0
        while idle < 6:  # files may have to wait for others to be let go of
            await self.watch._rescan()
            idle += 1
            while await self.watch._read_once():
                idle = 0
        while not self._queue.empty():
            self.store.admit(self._queue.get_nowait())
        return self.store.messages

    @property
    def open_files(self) -> int:
        return len(self.watch._roster.followed)

"""H1: whatever happens to the files in whatever order, each line counts exactly once."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from watched import Watched, append, record

from aiops_daemon.sources import roster, tail

SETTINGS = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class LogMachine(RuleBasedStateMachine):
    """A server, its logs, logrotate, and a daemon that is killed now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.base = Path(tempfile.mkdtemp())
        self.directory = self.base / "logs"
        self.directory.mkdir()
        self.logs = Watched(self.directory)
        self.written: Counter[str] = Counter()
        self.current = self.directory / "server.log"
        self.count = 0
        self.rotations = 0
        self.partial = b""
        self.finished_partial = ""
        self.has_unread = False

    def do(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def line(self, length: int) -> bytes:
        self.count += 1
        message = f"{self.count} " + "x" * length
        self.finished_partial = message
        return record(message)

    @initialize()
    def start(self) -> None:
        self.do(self.logs.start(in_background=False))

    @rule(lengths=st.lists(st.integers(0, 900), min_size=1, max_size=4))
    def append_lines(self, lengths) -> None:
        self.complete()
        for length in lengths:
            self.append(self.line(length))
            self.written[self.finished_partial] += 1
        self.has_unread = True

    @precondition(lambda self: not self.partial)
    @rule(length=st.integers(0, 900), cut=st.integers(1, 80))
    def append_part(self, length, cut) -> None:
        line = self.line(length)
        self.partial = line[cut:]
        self.append(line[:cut])
        self.has_unread = True

    def append(self, data: bytes) -> None:
        append(self.current, data)

    def complete(self) -> None:
        if self.partial:
            self.append(self.partial)
            self.partial = b""
            self.written[self.finished_partial] += 1
            self.has_unread = True

    @rule()
    def append_the_rest(self) -> None:
        self.complete()

    @rule()
    def panic(self) -> None:
        """Raw text with a record of another thread between its lines."""
        self.complete()
        self.count += 1
        head = f"thread 'main' panicked at src/a.rs:{self.count}:2:\npanic {self.count}\n".encode()
        self.append(head + self.line(3) + b"note: run with RUST_BACKTRACE=1\n")
        self.written[self.finished_partial] += 1
        self.written[f"panic {self.count - 1}"] += 1
        self.has_unread = True

    @rule()
    def rotate_by_rename(self) -> None:
        self.complete()
        self.rotations += 1
        if self.current.exists():
            self.current.rename(self.directory / f"old.log.{self.count}.{self.rotations}")

    @precondition(lambda self: not self.partial)
    @rule(is_seen=st.booleans(), is_in_pattern=st.booleans())
    def copytruncate(self, is_seen, is_in_pattern) -> None:
        """With the copy out of sight only of what was read: what is truncated unread is then lost by nature."""
        if not self.current.exists() or (self.has_unread and not is_in_pattern):
            return
        self.rotations += 1
        name = f"copy.log.{self.count}.{self.rotations}"
        shutil.copy(self.current, self.directory / name if is_in_pattern else self.base / name)
        if is_seen:
            self.do(self.logs.settle())
        os.truncate(self.current, 0)

    @rule(number=st.integers(0, 5))
    def new_daily_file(self, number) -> None:
        self.complete()
        self.current = self.directory / f"server.{number}.log"

    @precondition(lambda self: not self.has_unread and not self.partial)
    @rule(number=st.integers(0, 10))
    def delete(self, number) -> None:
        """Retention takes one that was read."""
        files = sorted(self.directory.iterdir())
        if files:
            files[number % len(files)].unlink()

    @rule()
    def read(self) -> None:
        assert self.do(self.logs.settle()) == self.written
        self.has_unread = False

    @rule()
    def read_a_little(self) -> None:
        """One turn of the loop, and what it found may not reach the store before the next rule."""
        self.do(self.logs.watch._rescan())
        self.do(self.logs.watch._read_once())

    @rule()
    def restart(self) -> None:
        """A kill: what is on the queue is lost."""
        self.do(self.logs.stop())
        self.do(self.logs.start(in_background=False))

    @invariant()
    def nothing_twice(self) -> None:
        assert not self.logs.store.messages - self.written

    def teardown(self) -> None:
        try:
            self.complete()
            self.read()
            self.restart()
            self.read()
        finally:
            self.do(self.logs.stop())
            self.loop.close()
            shutil.rmtree(self.base)


class AgedLogMachine(LogMachine):
    """All that is written was written long ago, and no two times are the same."""

    stamp = 0

    def append(self, data: bytes) -> None:
        super().append(data)
        self.stamp += 1
        os.utime(self.current, (self.stamp, self.stamp))


@pytest.mark.parametrize("wake", ["inotify", "none"])
def test_each_line_counts_exactly_once(wake, monkeypatch):
    monkeypatch.setenv("AIOPS_WAKE", wake)
    run_state_machine_as_test(LogMachine, settings=SETTINGS)


def test_each_line_counts_exactly_once_where_everything_happens_soon(monkeypatch):
    """Few files stay open, nothing is waited for, and chunks end in the middle of lines."""
    monkeypatch.setenv("AIOPS_WAKE", "none")
    monkeypatch.setattr(roster, "KEPT_OPEN", 2)
    monkeypatch.setattr(roster, "STILL_SECONDS", 0)
    monkeypatch.setattr(roster, "UNLINKED_SECONDS", 0)
    monkeypatch.setattr(tail, "CHUNK_BYTES", 700)
    monkeypatch.setattr(tail, "STAMP_SECONDS", 0)
    run_state_machine_as_test(AgedLogMachine, settings=SETTINGS)

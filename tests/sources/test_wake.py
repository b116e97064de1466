from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from watched import Watched, append, record

from aiops_daemon.sources import watch
from aiops_daemon.sources.inotify import Inotify
from aiops_daemon.sources.wake import Wake


@pytest.fixture(params=["inotify", "watchfiles"])
def early(request, monkeypatch):
    """A way of being woken long before the next rescan."""
    monkeypatch.setenv("AIOPS_WAKE", request.param)
    monkeypatch.setattr(watch, "RESCAN_SECONDS", 3600.0)
    return request.param


async def test_appends_and_new_files_are_found_without_a_rescan(early, log):
    append(log, record("first"))
    watched = Watched(log.parent)
    await watched.start()
    await watched.until_read("first")
    for n in range(5):
        append(log, record(f"{n}"))
        await watched.until_read(f"{n}")
    append(log.with_name("new.log"), record("new"))
    await watched.until_read("new")
    log.rename(log.with_name("server.log.1"))
    append(log, record("rotated"))
    await watched.until_read("rotated")
    await watched.stop()


async def test_with_watchfiles_rotation_and_truncation_lose_nothing(monkeypatch, log):
    monkeypatch.setenv("AIOPS_WAKE", "watchfiles")
    monkeypatch.setattr(watch, "RESCAN_SECONDS", 0.2)
    watched = Watched(log.parent)
    await watched.start()
    append(log, record("one"))
    await watched.until_read("one")
    log.rename(log.with_name("server.log.1"))
    append(log, record("two"))
    await watched.until_read("two")
    log.write_bytes(record("three") * 3)
    await watched.until_read("three")
    assert await watched.settle() == {"one": 1, "two": 1, "three": 3}
    await watched.stop()


@pytest.mark.parametrize("kind", ["", "inotify", "watchfiles", "none"])
async def test_waiting_for_a_directory_that_is_not_there_only_takes_its_time(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_WAKE", kind)
    wake = Wake(tmp_path / "later")
    started = time.monotonic()
    await wake.wait(0.05)
    assert 0.04 < time.monotonic() - started < 2
    wake.close()


async def test_inotify_watches_again_what_was_lost(tmp_path, monkeypatch):
    monkeypatch.setenv("AIOPS_WAKE", "inotify")
    directory = tmp_path / "logs"
    wake = Wake(directory)
    for _ in range(3):
        await wake.wait(0)
        directory.mkdir()
        await wake.wait(0)
        wake.names_changed = False
        (directory / "a.log").touch()
        await wake.wait(10)
        assert wake.names_changed
        (directory / "a.log").unlink()
        directory.rmdir()
        async with asyncio.timeout(10):
            while wake._inotify.is_watching:
                await wake.wait(10)
    wake.close()


async def test_too_many_events_are_told_as_changed_names(tmp_path):
    """The kernel drops what doesn't fit its queue; then nothing that was told can be trusted."""
    files = [(tmp_path / str(n)).open("wb", buffering=0) for n in range(2)]
    inotify = Inotify()
    inotify.watch(tmp_path)
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(most // 2 + 1):  # two files in turn, for equal events in a row are one
        for file in files:
            file.write(b"x")
    assert any(inotify.drain() for _ in range(most))
    assert not inotify.drain()
    for file in files:
        file.close()
    inotify.close()

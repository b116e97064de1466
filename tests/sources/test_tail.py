from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from watched import append, record

from aiops_daemon.sources import tail as tail_module
from aiops_daemon.sources.content import HEAD_BYTES, MARKER_BYTES, NotAFileError, end_of_last_line, matches
from aiops_daemon.sources.tail import ReplacedError, Tail


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "server.log"
    path.touch()
    return path


@pytest.fixture
def tail(path):
    tail = open_tail(path)
    yield tail
    tail.close()


def open_tail(path, cursor=None, position=0, max_line_bytes=65_536):
    position = cursor.position if cursor else position
    return Tail(path, cursor=cursor, position=position, log_format="auto", max_line_bytes=max_line_bytes)


def read_all(tail):
    events = []
    while (batch := tail.read()) is not None:
        events += batch.events
    return events


def messages(tail):
    return [event.message for event in read_all(tail)]


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 8, 40])
def test_a_cursor_knows_its_content_whatever_the_length(path, tail, lines):
    """Also before there is a whole head or a whole marker to take a hash of."""
    append(path, b"".join(record(str(n)) for n in range(lines)) + b'{"timestamp":')
    read_all(tail)
    cursor = tail.cursor()
    assert cursor.position == path.stat().st_size - len(b'{"timestamp":')
    assert cursor.head_length == min(HEAD_BYTES, cursor.position)
    assert matches(path, cursor)
    append(path, b"more")
    assert matches(path, cursor)
    data = bytearray(path.read_bytes())
    for at in (0, cursor.position - 1):
        data[at] ^= 1
        path.write_bytes(data)
        assert not matches(path, cursor)
        data[at] ^= 1
    path.write_bytes(data[: cursor.position - 1])
    assert not matches(path, cursor)


@pytest.mark.parametrize("rest", [b"", record("partial")[:99]], ids=["at a line's end", "in a line"])
def test_a_cursor_says_what_was_read_not_what_stands_there_now(path, tail, rest):
    """After a truncation the place must still be the old content's: a copy of it is known by that."""
    lines = b"".join(record(str(n)) for n in range(30))
    append(path, lines + rest)
    read_all(tail)
    before = tail.cursor()
    path.write_bytes(record("new") * 50)
    assert tail.cursor() == before
    with pytest.raises(ReplacedError):
        tail.read()
    copy = path.with_name("copy.log")
    copy.write_bytes(lines + rest)
    assert matches(copy, before)
    assert matches(copy, tail.finish().cursor)


def test_a_partial_line_waits_and_counts_when_the_file_is_over(path, tail):
    append(path, record("one") + record("two").rstrip(b"\n"))
    assert messages(tail) == ["one"]
    assert tail.cursor().position == len(record("one"))
    assert not tail.is_at_rest()
    assert [event.message for event in tail.finish().events] == ["two"]


def test_truncation_and_growth_past_the_old_place_is_noticed(path, tail):
    append(path, record("one") * 10)
    read_all(tail)
    path.write_bytes(record("two") * 50)
    with pytest.raises(ReplacedError):
        tail.read()
    assert tail.finish().events == ()
    tail.restart()
    assert messages(tail) == ["two"] * 50


def test_a_rewrite_of_the_same_size_is_noticed(path, tail):
    append(path, record("one"))
    read_all(tail)
    tail.has_changed()
    assert not tail.has_changed()
    path.write_bytes(record("two"))
    os.utime(path, ns=(1, 1))
    assert tail.has_changed()
    with pytest.raises(ReplacedError):
        tail.read()


def test_a_rewrite_that_ends_like_what_was_there_is_noticed_by_its_head(path, tail):
    append(path, record("one" + "x" * 2 * MARKER_BYTES))
    read_all(tail)
    path.write_bytes(record("two" + "x" * 2 * MARKER_BYTES) + record("more"))
    assert tail.has_changed()
    with pytest.raises(ReplacedError):
        tail.read()


def test_a_rewrite_of_the_same_size_in_one_tick_of_the_clock_is_noticed(path, tail):
    """As when a log is truncated and written again within a few milliseconds of the last look."""
    append(path, record("one"))
    os.utime(path, ns=(1, 1))
    assert tail.has_changed()
    read_all(tail)
    assert not tail.has_changed()
    path.write_bytes(record("two"))
    os.utime(path, ns=(1, 1))
    assert tail.has_changed()
    with pytest.raises(ReplacedError):
        tail.read()


def test_a_hole_of_a_gibibyte_is_stepped_over(path):
    """What a writer without O_APPEND leaves after copytruncate: time and memory for what was written only."""
    with path.open("wb") as file:
        file.seek(1 << 30)
        file.write(record("behind"))
    started = time.process_time()
    tail = open_tail(path, max_line_bytes=4096)
    assert messages(tail) == ["behind"]
    assert time.process_time() - started < 1
    assert tail.cursor().position == path.stat().st_size
    assert matches(path, tail.cursor())
    tail.close()


def test_zeros_in_front_of_a_line_push_nothing_out_of_it(path):
    path.write_bytes(b"\0" * 10_000 + record("behind"))
    tail = open_tail(path, max_line_bytes=4096)
    (event,) = read_all(tail)
    assert (event.message, event.offset, event.is_damaged) == ("behind", 10_000, False)
    tail.close()


def test_a_file_of_nothing_but_hole_is_read_on_when_it_grows(path, tail):
    os.truncate(path, 5_000_000)
    assert messages(tail) == []
    append(path, record("behind"))
    assert messages(tail) == ["behind"]


def test_a_line_of_100_megabytes_without_end_is_held_in_bounded_memory(path, tail):
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
    assert read_all(tail) == []
    splitter = tail._splitter
    assert len(splitter._head) + len(splitter._tail) <= 65_536
    assert (len(tail._head), len(tail._marker)) == (HEAD_BYTES, MARKER_BYTES)
    append(path, b"\n" + record("next"))
    assert messages(tail) == ["next"]


def test_chunks_end_anywhere(path, tail, monkeypatch):
    lines = [str(n) * (n % 7) + "회고" for n in range(60)]
    append(path, b"".join(record(line) for line in lines))
    for size in (1, 7, 64, 1000):
        monkeypatch.setattr(tail_module, "CHUNK_BYTES", size)
        assert messages(tail) == lines
        tail.restart()


def test_a_panic_is_over_when_its_lines_stop_coming(path, tail, monkeypatch):
    """Each further line renews the time that is waited for the next."""
    monkeypatch.setattr(tail_module, "GROUP_IDLE_SECONDS", 3600)
    append(path, b"thread 'main' panicked at src/a.rs:1:2:\n")
    assert messages(tail) == []
    since = tail._text_at
    append(path, b"it broke\n")
    assert messages(tail) == []
    assert tail._text_at > since
    since = tail._text_at
    append(path, record("other"))
    assert messages(tail) == ["other"]
    assert tail._text_at == since
    assert tail.close_idle_group() is None
    assert tail.cursor().position == 0
    monkeypatch.setattr(tail_module, "GROUP_IDLE_SECONDS", 0)
    batch = tail.close_idle_group()
    assert [event.message for event in batch.events] == ["it broke"]
    assert batch.cursor.position == path.stat().st_size
    assert tail.close_idle_group() is None


def test_only_regular_files_are_opened(tmp_path, path):
    (tmp_path / "directory.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "link.log").symlink_to(path)
    for name in ("directory.log", "pipe.log"):
        with pytest.raises(NotAFileError):
            open_tail(tmp_path / name)
    with pytest.raises(OSError, match="symbolic link"):
        open_tail(tmp_path / "link.log")


def test_a_file_that_shrank_below_its_place_is_not_opened_there(path):
    """And no descriptor is left open by the attempts."""
    append(path, record("one"))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for position in (200_000, len(record("one")) + 1):
        with pytest.raises(ReplacedError):
            open_tail(path, position=position)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_end_of_the_last_line(path):
    for content, end in (
        (b"", 0),
        (b"part", 0),
        (b"one\npart", 4),
        (b"one\ntwo\n", 8),
        (b"one\n" + b"x" * 2_000_000, 4),
    ):
        path.write_bytes(content)
        assert end_of_last_line(path, len(content)) == end
    path.write_bytes(b"one\ntwo\n")
    assert end_of_last_line(path, 7) == 4

"""The cases of TAILING.md; each is named there by its letter. L: nothing is lost. D: nothing is read twice."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter

import pytest
from watched import Watched, append, record

from aiops_daemon.sources import roster, tail

once = Counter


def many(prefix: str, count: int = 40) -> tuple[list[str], bytes]:
    names = [f"{prefix}{n}" for n in range(count)]
    return names, b"".join(record(name) for name in names)


async def test_g1_a_restart_reads_on_exactly_where_the_store_says(logs, log):
    names, lines = many("a")
    log.write_bytes(lines)
    await logs.start()
    await logs.until_read(names[-1])
    await logs.stop()
    append(log, record("while stopped"))
    await logs.start()
    append(log, record("after"))
    await logs.until_read("after")
    assert await logs.settle() == once([*names, "while stopped", "after"])


async def test_g1_what_was_only_on_the_queue_is_read_again(logs, log):
    log.write_bytes(record("one"))
    await logs.start()
    while logs._queue.empty():
        await asyncio.sleep(0)
    await logs.restart()
    await logs.until_read("one")
    assert await logs.settle() == once(["one"])


async def test_a1_a_renamed_file_is_read_on_while_its_writer_holds_it(logs, log):
    await logs.start()
    with log.open("ab", buffering=0) as writer:
        writer.write(record("before"))
        await logs.until_read("before")
        log.rename(log.with_name("server.log.1"))
        writer.write(record("late"))
        append(log, record("new"))
        await logs.until_read("late", "new")
        writer.write(record("later"))
        await logs.until_read("later")
    assert await logs.settle() == once(["before", "late", "new", "later"])
    assert logs.watch.file_names() == ("server.log", "server.log.1")


async def test_a1_a_line_may_be_cut_by_the_rotation(logs, log):
    await logs.start()
    line = record("cut")
    with log.open("ab", buffering=0) as writer:
        writer.write(record("before") + line[:50])
        await logs.until_read("before")
        log.rename(log.with_name("server.log.1"))
        append(log, record("new"))
        await logs.until_read("new")
        writer.write(line[50:])
        await logs.until_read("cut")
    assert await logs.settle() == once(["before", "new", "cut"])


async def test_a2_several_rotations_between_two_reads(logs, log):
    append(log, record("0"))
    await logs.start()
    await logs.until_read("0")
    names = ["server.log", *(f"server.log.{n}" for n in range(1, 5))]
    for n in range(1, 5):
        for old in range(n, 0, -1):
            log.with_name(names[old - 1]).rename(log.with_name(names[old]))
        append(log, record(str(n)))
    await logs.until_read("4")
    assert await logs.settle() == once("01234")


async def test_a3_a_file_moved_out_of_sight_is_finished_through_its_descriptor(logs, log, monkeypatch):
    """However long the log had been silent before: only silence after the move counts."""
    append(log, record("before"))
    os.utime(log, ns=(1, 1))
    await logs.start()
    await logs.until_read("before")
    for followed in logs.watch._roster.followed.values():
        followed.changed_at -= 10_000
    with log.open("ab", buffering=0) as writer:
        log.rename(log.parent.parent / "archive")
        await logs.settle()
        writer.write(record("late"))
        await logs.until_read("late")
    await logs.settle()
    assert logs.open_files == 1
    monkeypatch.setattr(roster, "STILL_SECONDS", 0)
    assert await logs.settle() == once(["before", "late"])
    assert logs.open_files == 0
    assert [cursor.is_finished for cursor in logs.store.cursors.values()] == [True]


async def test_a4_rotated_while_stopped(logs, log):
    append(log, record("read"))
    await logs.start()
    await logs.until_read("read")
    await logs.stop()
    append(log, record("unread"))
    log.rename(log.with_name("server.log.1"))
    append(log, record("new"))
    await logs.start()
    await logs.until_read("unread", "new")
    assert await logs.settle() == once(["read", "unread", "new"])


async def test_a4_rotated_between_the_list_and_the_opening(logs, log):
    """The name then leads to another file than the one that was listed; its place is not taken for the new one's."""
    append(log, record("read"))
    await logs.start(in_background=False)
    await logs.settle()
    await logs.stop()
    append(log, record("unread"))
    await logs.start(in_background=False)
    listed = logs.watch._scan()
    logs.watch.close()
    log.rename(log.with_name("server.log.1"))
    append(log, record("new") * 9)
    logs.watch._roster.remember(logs.store.stored(is_finished=False), (), ())
    assert logs.watch._roster.update(listed) == []
    assert await logs.settle() == Counter(read=1, unread=1, new=9)


async def test_a5_a_new_daily_file_and_late_lines_in_yesterdays(logs, log):
    old, new = (log.with_name(f"server.2026-11-{day}.log") for day in (18, 19))
    append(old, record("yesterday"))
    await logs.start()
    await logs.until_read("yesterday")
    append(new, record("today"))
    append(old, record("late"))
    await logs.until_read("today", "late")
    assert await logs.settle() == once(["yesterday", "today", "late"])


async def test_a6_a_file_deleted_before_it_was_read_is_read_to_its_end(logs, log):
    await logs.start()
    with log.open("ab", buffering=0) as writer:
        writer.write(record("first"))
        await logs.until_read("first")
        names, lines = many("x", 5000)
        writer.write(lines)
        log.unlink()
        writer.write(record("last"))
        await logs.until_read("last")
    assert await logs.settle() == once(["first", *names, "last"])


async def test_d3_the_last_line_of_a_deleted_file_counts_without_its_end(logs, log):
    append(log, record("whole") + record("no end").rstrip(b"\n"))
    await logs.start()
    await logs.until_read("whole")
    log.unlink()
    await logs.until_read("no end")
    await logs.until(lambda: logs.store.stored(is_finished=True) != [])
    assert await logs.settle() == once(["whole", "no end"])
    assert logs.open_files == 0


async def test_b1_copytruncate_out_of_the_pattern(logs, log):
    names, lines = many("a")
    append(log, lines)
    await logs.start()
    await logs.until_read(names[-1])
    shutil.copy(log, log.parent.parent / "server.old")
    os.truncate(log, 0)
    append(log, record("new"))
    await logs.until_read("new")
    assert await logs.settle() == once([*names, "new"])


async def test_b2_truncated_and_grown_past_the_old_place(logs, log):
    append(log, record("old"))
    await logs.start()
    await logs.until_read("old")
    names, lines = many("new")
    with log.open("r+b") as writer:
        writer.truncate(0)
        writer.write(lines)
    await logs.until_read(names[-1])
    assert await logs.settle() == once(["old", *names])


@pytest.mark.parametrize("is_copied", [True, False], ids=["copy in the pattern", "copy elsewhere"])
async def test_b3_copytruncate_while_stopped(logs, log, is_copied):
    names, lines = many("old")
    append(log, lines)
    await logs.start()
    await logs.until_read(names[-1])
    await logs.stop()
    shutil.copy(log, log.with_name("server.log.1") if is_copied else log.parent.parent / "server.log.1")
    news, lines = many("new", 100)
    log.write_bytes(lines)
    await logs.start()
    await logs.until_read(news[-1])
    assert await logs.settle() == once([*names, *news])


@pytest.mark.parametrize("size", [1, 40], ids=["a short log", "a long log"])
async def test_b4_a_copy_in_the_pattern_is_not_read_again(logs, log, size):
    """Seen before the truncation, or only after it; and whatever happens to it and to the log later on."""
    names, lines = many("a", size)
    append(log, lines)
    await logs.start()
    await logs.until_read(names[-1])
    copy = log.with_name("server.log.1")
    shutil.copy(log, copy)
    assert await logs.settle() == once(names)
    os.truncate(log, 0)
    assert await logs.settle() == once(names)
    append(log, record("new"))
    await logs.until_read("new")
    second = log.with_name("server.log.2")
    shutil.copy(log, second)
    os.truncate(log, 0)
    append(log, record("newest"))
    await logs.until_read("newest")
    assert await logs.settle() == once([*names, "new", "newest"])
    await logs.restart()
    append(second, record("by hand"))
    await logs.until_read("by hand")
    assert await logs.settle() == once([*names, "new", "newest", "by hand"])


async def test_b4_what_was_not_read_yet_is_read_in_the_copy(logs, log):
    names, lines = many("a")
    append(log, lines)
    await logs.start(in_background=False)
    await logs.settle()
    append(log, record("unread"))
    shutil.copy(log, log.with_name("server.log.1"))
    os.truncate(log, 0)
    append(log, record("new"))
    assert await logs.settle() == once([*names, "unread", "new"])


@pytest.mark.parametrize("is_seen", [True, False])
async def test_b4_a_copy_carries_on_what_was_half_read(logs, log, monkeypatch, is_seen):
    """Truncated when the reader was in the middle of a panic and of a line: each record counts once, and whole."""
    panic = b"thread 'main' panicked at src/a.rs:1:2:\nit broke\n"
    lines = record("before") + panic + record("between") + record("cut")
    monkeypatch.setattr(tail, "CHUNK_BYTES", len(lines) - 20)
    append(log, lines + record("unread") + b"note: run with RUST_BACKTRACE=1\n")
    await logs.start(in_background=False)
    await logs.watch._read_once()
    copy = log.with_name("server.log.1")
    shutil.copy(log, copy)
    if is_seen:
        await logs.watch._rescan()
    os.truncate(log, 0)
    for followed in logs.watch._roster.followed.values():
        if followed.tail.path == copy:  # its turn comes before the log's, and it has to wait for that
            assert list(logs.watch._read(followed)) == []
    append(log, record("new"))
    assert await logs.settle() == once(["before", "between", "cut", "unread", "new", "it broke"])
    assert not any(event.is_damaged for event in logs.store.events)


async def test_b4_a_copy_seen_while_it_is_made_is_not_read(logs, log):
    names, lines = many("a")
    append(log, lines)
    await logs.start()
    await logs.until_read(names[-1])
    copy = log.with_name("server.log.1")
    for start in range(0, len(lines), 1000):
        append(copy, lines[start : start + 1000])
        assert await logs.settle() == once(names)
    os.truncate(log, 0)
    assert await logs.settle() == once(names)


async def test_b4_a_copy_made_while_stopped_takes_nothing_from_the_log(logs, log):
    """By its age the copy comes first, but the log's own inode counts for more than like content."""
    names, lines = many("a")
    append(log, lines)
    await logs.start()
    await logs.until_read(names[-1])
    await logs.stop()
    copy = log.with_name("server.log.bak")
    shutil.copy(log, copy)
    os.utime(copy, ns=(1, 1))
    append(log, record("after"))
    await logs.start()
    await logs.until_read("after")
    assert await logs.settle() == once([*names, "after"])
    assert [cursor.name for cursor in logs.store.stored(is_finished=False) if cursor.position] == [
        "server.log"
    ]


async def test_b4_two_new_files_of_one_content_are_read_once(logs, log):
    names, lines = many("a")
    append(log, lines)
    shutil.copy(log, log.with_name("server.log.1"))
    await logs.start()
    await logs.until_read(names[-1])
    append(log, record("more"))
    await logs.until_read("more")
    assert await logs.settle() == once([*names, "more"])


async def test_b5_a_writer_without_append_leaves_a_hole(logs, log):
    with log.open("wb", buffering=0) as writer:
        writer.write(record("old") * 100)
        await logs.start()
        await logs.until(lambda: logs.store.messages["old"] == 100)
        os.truncate(log, 0)
        writer.seek(1 << 30)
        writer.write(record("new"))
        await logs.until_read("new")
    assert await logs.settle() == Counter(old=100, new=1)
    assert logs.store.unparsed == 0


async def test_b7_rewritten_in_the_same_size(logs, log):
    append(log, record("one"))
    await logs.start()
    await logs.until_read("one")
    with log.open("r+b") as writer:
        writer.write(record("two"))
    os.utime(log, ns=(10**18, 10**18))
    await logs.until_read("two")
    assert await logs.settle() == once(["one", "two"])


async def test_c1_an_inode_is_given_to_another_file(logs, log):
    """Played by other content in the same inode, shorter and longer than the place that is stored."""
    append(log, record("old") * 20)
    await logs.start()
    await logs.until(lambda: logs.store.messages["old"] == 20)
    for name, count in (("shorter", 3), ("longer", 300)):
        await logs.stop()
        log.write_bytes(record(name) * count)
        await logs.start()
        await logs.until(lambda name=name, count=count: logs.store.messages[name] == count)
    assert await logs.settle() == Counter(old=20, shorter=3, longer=300)


async def test_c2_files_that_begin_alike_are_both_read(logs, log):
    """Also when one of them is known and the other one comes later."""
    other = log.with_name("other.log")
    header = record("head", "INFO") * 20
    append(log, header + record("one"))
    append(other, header + record("two"))
    await logs.start()
    await logs.until_read("one", "two")
    append(log.with_name("third.log"), header + record("three"))
    await logs.until_read("three")
    append(log, record("more"))
    append(other, record("even more"))
    await logs.until_read("more", "even more")
    assert await logs.settle() == once(["one", "two", "three", "more", "even more"])


async def test_c4_a_remounted_disk_has_other_numbers(logs, log):
    append(log, record("one"))
    await logs.start()
    await logs.until_read("one")
    await logs.stop()
    logs.store.moved_to_another_device()
    append(log, record("two"))
    await logs.start()
    await logs.until_read("two")
    assert await logs.settle() == once(["one", "two"])


async def test_d1_a_partial_line_across_a_restart_counts_once(logs, log):
    line = record("partial")
    append(log, record("one") + line[:30])
    await logs.start()
    await logs.until_read("one")
    await logs.restart()
    append(log, line[30:60])
    assert await logs.settle() == once(["one"])
    await logs.restart()
    append(log, line[60:])
    await logs.until_read("partial")
    assert await logs.settle() == once(["one", "partial"])


async def test_d1_a_partial_line_is_held_for_long(logs, log, monkeypatch):
    """Nothing ages it: neither the stillness of the file nor that many others are open."""
    monkeypatch.setattr(roster, "STILL_SECONDS", 0)
    monkeypatch.setattr(roster, "KEPT_OPEN", 0)
    line = record("partial")
    append(log, line[:30])
    os.utime(log, ns=(1, 1))
    await logs.start()
    for _ in range(5):
        assert await logs.settle() == once([])
    assert logs.open_files == 1
    append(log, line[30:])
    await logs.until_read("partial")


async def test_d9_a_restart_in_the_middle_of_a_panic_counts_everything_once(logs, log):
    head, tail = b"thread 'main' panicked at src/a.rs:1:2:\nit broke\n", b"note: run with RUST_BACKTRACE=1\n"
    append(log, record("before") + head + record("between") + b"   0: core\n")
    await logs.start()
    await logs.until_read("between")
    await logs.restart()
    append(log, record("after") + tail)
    await logs.until_read("after")
    await logs.until(lambda: len(logs.store.events) == 4)
    await logs.settle()
    assert [event.text.count("\n") for event in logs.store.events if event.panic] == [3]
    assert logs.store.messages == once(["before", "between", "after", "it broke\n   0: core"])


async def test_e1_links_are_not_followed(logs, log, tmp_path):
    append(log, record("log"))
    secret = tmp_path / "secret"
    secret.write_bytes(record("secret"))
    (log.parent / "link.log").symlink_to(secret)
    (log.parent / "current.log").symlink_to(log)
    os.link(log, log.parent / "hard.log")
    await logs.start()
    await logs.until_read("log")
    assert await logs.settle() == once(["log"])
    assert logs.open_files == 1
    assert logs.watch.problems == {}


async def test_e2_deleted_and_made_again(logs, log):
    append(log, record("old"))
    await logs.start()
    await logs.until_read("old")
    for n in range(3):
        log.unlink()
        append(log, record(f"new{n}"))
        await logs.until_read(f"new{n}")
    assert await logs.settle() == once(["old", "new0", "new1", "new2"])


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "moved away"])
async def test_e3_the_directory_goes_and_comes(logs, log, is_deleted):
    append(log, record("old"))
    await logs.start()
    await logs.until_read("old")
    if is_deleted:
        shutil.rmtree(log.parent)
    else:
        log.parent.rename(log.parent.parent / "elsewhere")
    await logs.settle()
    assert str(log.parent) in logs.watch.problems
    log.parent.mkdir()
    append(log, record("new"))
    await logs.until_read("new")
    assert logs.watch.problems == {}
    append(log, record("newer"))
    await logs.until_read("newer")
    assert await logs.settle() == once(["old", "new", "newer"])


async def test_e3_a_directory_moved_away_and_back_is_not_read_again(logs, log, monkeypatch):
    """Not even when its files were given up meanwhile."""
    append(log, record("old"))
    await logs.start()
    await logs.until_read("old")
    elsewhere = log.parent.parent / "elsewhere"
    log.parent.rename(elsewhere)
    log.parent.mkdir()
    monkeypatch.setattr(roster, "STILL_SECONDS", 0)
    await logs.settle()
    await logs.settle()
    assert logs.open_files == 0
    append(elsewhere / "server.log", record("meanwhile"))
    log.parent.rmdir()
    elsewhere.rename(log.parent)
    await logs.until_read("meanwhile")
    assert await logs.settle() == once(["old", "meanwhile"])


@pytest.mark.parametrize("from_end", [True, False])
async def test_e4_a_directory_that_is_not_there_at_the_start(logs, log, from_end):
    """What comes into it later is new, whatever `start_at` says."""
    log.parent.rmdir()
    await logs.start(from_end=from_end)
    assert "no such directory yet" in logs.watch.problems[str(log.parent)]
    log.parent.mkdir()
    append(log, record("one"))
    await logs.until_read("one")
    append(log, record("two"))
    await logs.until_read("two")
    assert await logs.settle() == once(["one", "two"])


async def test_e4_an_empty_directory_makes_nothing_forget_its_place(logs, log):
    """A disk that isn't mounted yet shows an empty directory."""
    append(log, record("one"))
    await logs.start()
    await logs.until_read("one")
    await logs.stop()
    log.rename(log.parent.parent / "kept")
    await logs.start()
    await logs.settle()
    assert logs.store.stored(is_finished=True) == []
    (log.parent.parent / "kept").rename(log)
    append(log, record("two"))
    await logs.until_read("two")
    assert await logs.settle() == once(["one", "two"])


async def test_e6_a_file_that_may_not_be_read_is_tried_again(logs, log, modes_count):
    append(log, record("one"))
    log.chmod(0)
    await logs.start()
    await logs.settle()
    assert "can't be opened" in logs.watch.problems["server.log"]
    log.chmod(0o600)
    await logs.until_read("one")
    assert logs.watch.problems == {}


async def test_e6_directories_and_pipes_named_like_logs_are_let_be(logs, log):
    """One of them may take a log's place, and give it back."""
    log.mkdir()
    os.mkfifo(log.with_name("pipe.log"))
    append(log.with_name("good.log"), record("good"))
    await logs.start()
    await logs.until_read("good")
    log.rmdir()
    append(log, record("file"))
    await logs.until_read("file")
    assert logs.watch.problems == {}
    assert await logs.settle() == once(["good", "file"])


async def test_e7_a_file_replaced_by_another_renamed_over_it(logs, log):
    append(log, record("old"))
    await logs.start()
    await logs.until_read("old")
    with log.open("ab", buffering=0) as writer:
        new = log.parent.parent / "new"
        new.write_bytes(record("new"))
        new.rename(log)
        writer.write(record("late"))
        await logs.until_read("new", "late")
    assert await logs.settle() == once(["old", "new", "late"])


async def test_e7_a_log_that_is_rewritten_into_a_file_of_its_own_is_read_on(logs, log):
    """`cp log new; mv new log`, and then the writer goes on in the copy."""
    names, lines = many("a")
    append(log, lines)
    await logs.start()
    await logs.until_read(names[-1])
    new = log.parent.parent / "new"
    shutil.copy(log, new)
    new.rename(log)
    append(log, record("more"))
    await logs.until_read("more")
    assert await logs.settle() == once([*names, "more"])


async def test_e8_of_very_many_files_the_stillest_are_let_go_of(logs, log, monkeypatch):
    """And are read on when they grow, are renamed, or are copied."""
    monkeypatch.setattr(tail, "STAMP_SECONDS", 0)
    monkeypatch.setattr(roster, "KEPT_OPEN", 4)
    monkeypatch.setattr(roster, "MOST_OPEN", 12)
    paths = [log.with_name(f"server.{n:02}.log") for n in range(40)]
    for n, path in enumerate(paths):
        append(path, record(f"old{n}"))
        os.utime(path, (n, n))
    append(log, record("live"))
    await logs.start(in_background=False)
    assert logs.open_files == 12
    assert "server.log" in logs.watch.file_names()
    for _ in range(5):
        await logs.settle()
    everything = [*(f"old{n}" for n in range(40)), "live"]
    assert logs.store.messages == once(everything)
    assert logs.open_files == 4
    assert logs.watch.file_names()[-1] == "server.log"
    append(paths[3], record("grown"))
    paths[4].rename(log.with_name("server.04.log.1"))
    shutil.copy(paths[5], log.with_name("server.05.log.1"))
    paths[6].write_bytes(record("replaced"))
    paths[7].unlink()
    for _ in range(3):
        await logs.settle()
    assert logs.store.messages == once([*everything, "grown", "replaced"])
    finished = {cursor.name for cursor in logs.store.stored(is_finished=True)}
    assert finished == {"server.06.log", "server.07.log"}
    await logs.stop()
    await logs.start(in_background=False)
    for _ in range(5):
        await logs.settle()
    assert logs.store.messages == once([*everything, "grown", "replaced"])


async def test_e8_a_file_is_not_let_go_of_in_the_shape_of_what_nobody_looked_at(logs, log, monkeypatch):
    """Rewritten in its size after the last look: what would be kept of it is the place in what was there before."""
    monkeypatch.setattr(tail, "STAMP_SECONDS", 0)
    monkeypatch.setattr(roster, "KEPT_OPEN", 0)
    append(log, record("one"))
    await logs.start(in_background=False)
    while await logs.watch._read_once():
        pass
    await logs.watch._read_once()
    log.write_bytes(record("two"))
    os.utime(log, (1, 1))
    assert await logs.settle() == once(["one", "two"])
    assert logs.open_files == 0


async def test_start_at_end_skips_only_what_was_there_first(logs, log):
    line = record("partial")
    append(log, record("old") + line[:40])
    await logs.start(from_end=True)
    append(log, line[40:] + record("new"))
    append(log.with_name("other.log"), record("other"))
    await logs.until_read("partial", "new", "other")
    assert await logs.settle() == once(["partial", "new", "other"])
    await logs.restart()
    assert await logs.settle() == once(["partial", "new", "other"])


async def test_start_at_end_holds_for_a_file_that_could_not_be_opened_then(logs, log, monkeypatch):
    """What it held at the first scan is old; what was written since is not."""
    monkeypatch.setattr(roster, "MOST_OPEN", 0)
    append(log, record("old"))
    await logs.start(from_end=True, in_background=False)
    append(log, record("since"))
    assert await logs.settle() == once([])
    monkeypatch.setattr(roster, "MOST_OPEN", 1)
    assert await logs.settle() == once(["since"])


async def test_start_at_beginning_reads_what_is_there(logs, log):
    append(log, record("old"))
    await logs.start(from_end=False)
    await logs.until_read("old")
    assert await logs.settle() == once(["old"])


async def test_what_nobody_admits_is_not_read(wake, log):
    """Where the queue is full the log is the queue, and the watcher waits."""
    watched = Watched(log.parent)
    names, lines = many("a", 30_000)
    append(log, lines)
    await watched.start(in_background=False)
    watched.watch._queue = asyncio.Queue(1)
    task = asyncio.create_task(watched.watch.run())
    while not watched.watch._queue.full():
        await asyncio.sleep(0)
    for _ in range(100):
        await asyncio.sleep(0)
    (followed,) = watched.watch._roster.followed.values()
    assert followed.tail.read_to <= 2 * 512 * 1024 < len(lines)
    while len(watched.store.events) < len(names):
        watched.store.admit(await watched.watch._queue.get())
    task.cancel()
    await asyncio.wait([task])
    assert watched.store.messages == once(names)


async def test_a_file_that_fails_while_it_is_read_is_taken_up_again(logs, log):
    """The descriptor goes bad, as on a network file system: reading goes on at the place that was reached."""
    append(log, record("one"))
    await logs.start()
    await logs.until_read("one")
    (followed,) = logs.watch._roster.followed.values()
    pipe, writer = os.pipe()
    os.dup2(pipe, followed.tail._fd)
    append(log, record("two"))
    await logs.until_read("two")
    os.close(pipe)
    os.close(writer)
    assert await logs.settle() == once(["one", "two"])
    assert logs.watch.problems == {}


async def test_the_list_of_past_places_is_bounded(logs, log):
    await logs.start(in_background=False)
    for n in range(roster._KEPT_PAST + 50):
        log.write_bytes(record(str(n)))
        await logs.settle()
    assert len(logs.watch._roster._past) <= roster._KEPT_PAST
    assert len(logs.store.messages) == roster._KEPT_PAST + 50

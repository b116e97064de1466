"""Copies of the state: taken while it is written, checked, kept for a while, and put back."""

import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aiops_daemon.store import backup, database, files
from aiops_daemon.store.backup import BackupError
from aiops_daemon.store.database import FILE_NAME, StateDamagedError, connect

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def state(tmp_path):
    connection = connect(tmp_path / FILE_NAME)
    files.save_fact(connection, "which", 1)
    yield tmp_path / FILE_NAME
    connection.close()


def fact(path):
    connection = connect(path)
    try:
        return files.fact(connection, "which")
    finally:
        connection.close()


def test_a_copy_holds_what_was_committed_and_is_one_private_file(state):
    made = backup.take(state, NOW)
    assert made.path.name == "state-20261125T030000Z.db"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in made.path.parent.iterdir()) == [made.path.name]
    assert backup.problem_of(made.path) is None
    with sqlite3.connect(made.path) as copy:
        assert files.fact(as_rows(copy), "which") == 1


def as_rows(connection):
    connection.row_factory = sqlite3.Row
    return connection


def test_a_copy_is_whole_while_another_writes(state):
    """Two facts that are always equal are equal in every copy."""
    stopping = threading.Event()

    def write():
        connection = connect(state)
        number = 0
        while not stopping.is_set():
            number += 1
            connection.execute("BEGIN IMMEDIATE")
            files.save_fact(connection, "one", number)
            files.save_fact(connection, "two", number)
            connection.execute("COMMIT")
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for second in range(10):
            made = backup.take(state, NOW + timedelta(seconds=second))
            with sqlite3.connect(made.path) as copy:
                assert files.fact(as_rows(copy), "one") == files.fact(copy, "two")
    finally:
        stopping.set()
        writer.join()


def test_a_day_of_hours_and_two_weeks_of_days_are_kept(state):
    made = backup.take(state, NOW)
    for hours in range(1, 24 * 20):
        moment = NOW - timedelta(hours=hours)
        made.path.with_name(f"state-{moment:%Y%m%dT%H%M%SZ}.db").write_bytes(b"")
    backup.forget_old(state, NOW)
    kept = [found.made_at for found in backup.kept(state, NOW)]
    assert kept[:24] == [NOW - timedelta(hours=hours) for hours in range(24)]
    days = [moment.date() for moment in kept[24:]]
    assert len(days) == len(set(days)) == 13
    assert min(kept) > NOW - timedelta(days=14)


def test_only_its_own_files_are_forgotten(state):
    backup.take(state, NOW)
    mine = state.parent / "backups" / "by-hand.db"
    mine.write_bytes(b"mine")
    backup.forget_old(state, NOW + timedelta(days=100))
    assert mine.exists()


def test_what_is_put_back_is_what_was_copied_and_what_was_there_is_kept(state):
    made = backup.take(state, NOW)
    connection = connect(state)
    files.save_fact(connection, "which", 2)
    connection.close()
    aside = backup.put_back(made.path, state, NOW)
    assert fact(state) == 1
    assert fact(aside) == 2


@pytest.mark.parametrize(
    "damage", [lambda content: content[:5000], lambda content: b"x" * 100, lambda content: b""]
)
def test_a_damaged_copy_is_refused_and_the_state_stays(state, damage):
    made = backup.take(state, NOW)
    made.path.write_bytes(damage(made.path.read_bytes()))
    with pytest.raises(BackupError, match="can't be used"):
        backup.put_back(made.path, state, NOW)
    assert fact(state) == 1


def test_where_there_is_no_room_it_says_so_and_leaves_nothing(state, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(backup, "copy_to", full)
    with pytest.raises(BackupError, match="disk is full"):
        backup.take(state, NOW)
    assert list((state.parent / "backups").iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, but long enough to be looked at" * 50, b"SQLite format 3\0" + b"\xff" * 9000],
)
def test_a_damaged_state_is_told_from_one_that_can_not_be_opened(tmp_path, content):
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(StateDamagedError):
        connect(tmp_path / FILE_NAME)


def test_a_state_of_an_older_version_is_copied_before_it_is_brought_up_to_date(tmp_path):
    state = tmp_path / FILE_NAME
    older = sorted((Path(database.__file__).parent / "migrations").glob("*.sql"))[:2]
    with sqlite3.connect(state) as connection:
        connection.executescript("".join(each.read_text("utf-8") for each in older))
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    connect(state).close()
    (kept,) = backup.kept(state, datetime.now(UTC))
    with sqlite3.connect(kept.path) as copy:
        assert copy.execute("PRAGMA user_version").fetchone()[0] == 2

"""Jobs: emitted once, claimed in order, never lost."""

from datetime import timedelta

import pytest

from aiops_daemon.domain.job import JobKind, JobState, NewJob
from aiops_daemon.store import jobs
from aiops_daemon.store.database import StateError, connect, connect_to_read
from tests.builders import NOON


@pytest.fixture
def tx(tmp_path):
    connection = connect(tmp_path / "state.db")
    yield connection
    connection.close()


def new(key, *, kind=JobKind.ALERT, due_at=NOON, priority=10):
    return NewJob(key=key, kind=kind, reason="opened", due_at=due_at, priority=priority)


def claim(tx, now=NOON, kinds=(JobKind.ALERT,)):
    return jobs.claim(tx, kinds, now)


def test_emitting_a_job_twice_makes_one(tx):
    assert jobs.emit(tx, [new("a"), new("a")], NOON) == 1
    assert jobs.emit(tx, [new("a")], NOON) == 0


def test_the_most_urgent_job_goes_first_then_the_one_that_is_due_longest(tx):
    jobs.emit(
        tx, [new("edit", priority=30), new("late"), new("early", due_at=NOON - timedelta(seconds=1))], NOON
    )
    assert [claim(tx).key for _ in range(3)] == ["early", "late", "edit"]
    assert claim(tx) is None


def test_a_job_that_is_not_due_waits_and_other_kinds_are_left_alone(tx):
    jobs.emit(tx, [new("later", due_at=NOON + timedelta(seconds=5)), new("quiet", kind=JobKind.QUIET)], NOON)
    assert claim(tx) is None
    assert jobs.next_due_at(tx, (JobKind.ALERT,)) == NOON + timedelta(seconds=5)


def test_attempts_rise_when_a_job_is_claimed(tx):
    jobs.emit(tx, [new("a")], NOON)
    assert claim(tx).attempts == 1


def test_what_was_being_done_at_death_is_to_be_done_and_may_have_been_done(tx):
    jobs.emit(tx, [new("a")], NOON)
    claim(tx)
    assert jobs.recover(tx) == 1
    again = claim(tx)
    assert (again.attempts, again.maybe_done) == (2, True)


def test_an_orderly_retry_is_told_from_a_crash(tx):
    jobs.emit(tx, [new("a")], NOON)
    jobs.put_back(tx, claim(tx), due_at=NOON, error="busy", orderly=True, maybe_done=False)
    again = claim(tx)
    assert (again.attempts, again.retries, again.maybe_done, again.error) == (2, 1, False, "busy")


def test_a_clock_set_back_by_a_day_mutes_nothing(tx):
    jobs.emit(tx, [new("a", due_at=NOON + timedelta(seconds=2))], NOON)
    assert claim(tx, NOON - timedelta(days=1)).key == "a"


def test_done_and_buried_jobs_are_counted_and_forgotten_in_time(tx):
    jobs.emit(tx, [new("a"), new("b")], NOON)
    jobs.finish(tx, claim(tx), NOON)
    jobs.bury(tx, claim(tx), "no use", NOON)
    assert jobs.counts(tx) == {JobState.TODO: 0, JobState.DOING: 0, JobState.DONE: 1, JobState.BURIED: 1}
    jobs.prune(tx, NOON + timedelta(days=2))
    assert jobs.counts(tx)[JobState.DONE] == 0
    assert jobs.counts(tx)[JobState.BURIED] == 1


def test_a_state_that_is_no_database_is_said_to_be_none(tmp_path):
    path = tmp_path / "state.db"
    path.write_bytes(b"this is no database, and never was one" * 100)
    with pytest.raises(StateError, match="not a database"):
        connect(path)


def test_a_state_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "state.db"
    connection = connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateError, match="newer version"):
        connect(path)


def test_reading_makes_no_state(tmp_path):
    assert connect_to_read(tmp_path / "state.db") is None
    assert list(tmp_path.iterdir()) == []

"""The ladder: where an error becomes a decision."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from aiops_daemon.clock import wall_clock
from aiops_daemon.domain.errors import OverBudget, Paused, Permanent, Transient
from aiops_daemon.domain.job import JobKind, JobState, NewJob, Outcome
from aiops_daemon.store import jobs
from aiops_daemon.store.database import Database
from aiops_daemon.worker import MAX_LIVES, Lane


class Scripted:
    """A handler that does what it is told, one after the other, and is content from then on."""

    kind = JobKind.ALERT
    deadline = timedelta(seconds=0.2)

    def __init__(self, *script):
        self.script = list(script)
        self.seen = []
        self.called = asyncio.Event()

    async def handle(self, job):
        self.seen.append(job)
        self.called.set()
        step = self.script.pop(0) if self.script else None
        if isinstance(step, BaseException):
            raise step
        if step == "hang":
            await asyncio.Event().wait()
        return Outcome()


class NoTrouble:
    errors = ()


@asynccontextmanager
async def working(tmp_path, handler):
    database = Database(tmp_path / "state.db")
    await database.open()
    lane = Lane("test", (handler,), database, NoTrouble(), wall_clock)
    stopping = asyncio.Event()
    now = wall_clock()
    job = NewJob(key="alert:1:opened:1", kind=JobKind.ALERT, reason="opened", due_at=now, priority=10)
    await database.write(lambda tx: jobs.emit(tx, (job,), now))
    task = asyncio.create_task(lane.run(stopping))
    yield database, lane
    stopping.set()
    lane.ring()
    await task
    await database.close()


async def row(database, wanted, timeout=15):
    """The job's row, once it is in a state that `wanted` likes."""
    async with asyncio.timeout(timeout):
        while True:
            found = await database.read(
                lambda connection: dict(
                    connection.execute("SELECT * FROM jobs WHERE kind = 'alert'").fetchone()
                )
            )
            if wanted(found):
                return found
            await asyncio.sleep(0.01)


def is_in(state):
    return lambda found: found["state"] == state


async def test_a_job_that_is_done_is_done(tmp_path):
    async with working(tmp_path, Scripted()) as (database, _):
        assert (await row(database, is_in("done")))["attempts"] == 1


async def test_permanent_is_buried_and_people_are_told(tmp_path):
    async with working(tmp_path, Scripted(Permanent("refused"))) as (database, _):
        assert (await row(database, is_in("buried")))["error"] == "refused"
        keys = await database.read(
            lambda connection: [each[0] for each in connection.execute("SELECT key FROM jobs")]
        )
        assert keys == ["alert:1:opened:1", "notice:buried:1:1"]


async def test_transient_is_tried_again_and_is_no_crash(tmp_path):
    async with working(tmp_path, Scripted(Transient("busy"))) as (database, _):
        found = await row(database, is_in("done"))
        assert (found["attempts"], found["retries"], found["maybe_done"]) == (2, 1, 0)


async def test_what_may_have_been_done_is_marked_for_the_repeat(tmp_path):
    handler = Scripted(Transient("reset", ambiguous=True))
    async with working(tmp_path, handler) as (database, _):
        await row(database, is_in("done"))
        assert [job.maybe_done for job in handler.seen] == [False, True]


async def test_retry_after_is_the_least_wait(tmp_path):
    async with working(tmp_path, Scripted(Transient("busy", retry_after=timedelta(hours=1)))) as (
        database,
        _,
    ):
        found = await row(database, lambda each: each["retries"] == 1)
        assert found["due_at"] - found["created_at"] >= 3_600_000_000


async def test_taking_too_long_may_have_been_done(tmp_path):
    async with working(tmp_path, Scripted("hang")) as (database, _):
        found = await row(database, is_in("done"))
        assert (found["attempts"], found["maybe_done"]) == (2, 1)


async def test_a_pause_is_nobodys_fault_and_ends(tmp_path):
    async with working(tmp_path, Scripted(Paused("rate limit", wait=timedelta(milliseconds=50)))) as (
        database,
        lane,
    ):
        found = await row(database, is_in("done"))
        assert (found["attempts"] - found["retries"], lane.paused) == (1, None)


async def test_a_pause_without_end_lasts_until_the_next_reload(tmp_path):
    handler = Scripted(Paused("webhook gone", wait=None))
    async with working(tmp_path, handler) as (database, lane):
        await row(database, lambda each: each["error"] == "webhook gone")
        assert lane.paused == "webhook gone"
        lane.resume()
        await row(database, is_in("done"))
    assert len(handler.seen) == 2


async def test_over_budget_waits_until_it_may(tmp_path):
    until = wall_clock() + timedelta(hours=1)
    async with working(tmp_path, Scripted(OverBudget("10 an hour", until=until))) as (database, _):
        found = await row(database, lambda each: each["retries"] == 1)
        assert found["state"] == "todo"
        assert found["error"] == "10 an hour"


@pytest.mark.parametrize("attempts", [MAX_LIVES, MAX_LIVES - 1])
async def test_a_job_that_kills_the_process_is_buried_after_some_lives(tmp_path, attempts):
    """Each life claimed it and died; the next one looks before it tries."""
    database = Database(tmp_path / "state.db")
    await database.open()
    now = wall_clock()
    job = NewJob(key="alert:1:opened:1", kind=JobKind.ALERT, reason="opened", due_at=now, priority=10)
    await database.write(lambda tx: jobs.emit(tx, (job,), now))
    await database.write(lambda tx: tx.execute("UPDATE jobs SET attempts = ?", (attempts,)))
    handler = Scripted()
    stopping = asyncio.Event()
    lane = Lane("test", (handler,), database, NoTrouble(), wall_clock)
    task = asyncio.create_task(lane.run(stopping))
    expected = "buried" if attempts == MAX_LIVES else "done"
    await row(database, is_in(expected))
    assert len(handler.seen) == (0 if expected == "buried" else 1)
    stopping.set()
    lane.ring()
    await task
    await database.close()


async def test_a_bug_is_loud_and_tried_again(tmp_path):
    async with working(tmp_path, Scripted(ValueError("bug"))) as (database, _):
        found = await row(database, is_in("done"))
        assert (found["attempts"], found["retries"]) == (2, 0)


def test_every_job_state_is_counted(tmp_path):
    assert {state.value for state in JobState} == {"todo", "doing", "done", "buried"}

"""Looking after itself: the watchdog starves where a part stands still, and the state is copied every hour."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from aiops_daemon import upkeep
from aiops_daemon.clock import wall_clock
from aiops_daemon.live import live_from
from aiops_daemon.settings import Loaded, Settings
from aiops_daemon.store import backup, files
from aiops_daemon.store.database import Database
from aiops_daemon.upkeep import STUCK_SECONDS, Upkeep


class Manager:
    """What a service manager hears."""

    watchdog_seconds = 0.03

    def __init__(self):
        self.meals = 0
        self.statuses = []

    def alive(self):
        self.meals += 1

    def status(self, line):
        self.statuses.append(line)


class Nothing:
    def __init__(self):
        self.problems = {}

    def file_names(self):
        return ()


class Clock:
    def __init__(self):
        self.ahead = timedelta(0)

    def __call__(self):
        return wall_clock() + self.ahead


@asynccontextmanager
async def upkeep_of(tmp_path, parts):
    database = Database(tmp_path / "state.db")
    await database.open()
    manager, clock = Manager(), Clock()
    live = live_from(Loaded(settings=Settings(), path=None))
    looking_after = Upkeep(database, live, Nothing(), (), parts, manager, clock)
    tasks = [
        asyncio.create_task(work()) for work in (looking_after.run, looking_after.feed, looking_after.back_up)
    ]
    yield database, manager, clock, looking_after
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await database.close()


@pytest.fixture(autouse=True)
def busy(monkeypatch):
    """It looks after things all the time."""
    monkeypatch.setattr(upkeep, "STATUS_SECONDS", 0.02)


async def until(condition, timeout=10):
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.01)


async def test_the_watchdog_is_fed_while_every_part_moves_and_starves_while_one_does_not(tmp_path):
    stuck = {"intake": 0.0}
    async with upkeep_of(tmp_path, {"watch": lambda: 0.0, "intake": lambda: stuck["intake"]}) as (
        _,
        manager,
        _,
        _,
    ):
        await until(lambda: manager.meals > 2)
        stuck["intake"] = STUCK_SECONDS + 1
        looks = len(manager.statuses)
        await until(lambda: len(manager.statuses) > looks + 2)
        meals = manager.meals
        assert "stuck: intake" in manager.statuses[-1]
        await until(lambda: len(manager.statuses) > looks + 6)
        assert manager.meals == meals
        stuck["intake"] = 0.0
        await until(lambda: manager.meals > meals)


async def test_the_state_is_copied_at_once_and_then_every_hour(tmp_path):
    async with upkeep_of(tmp_path, {}) as (database, manager, clock, _):
        await until(lambda: len(backup.kept(database.path, clock())) == 1)
        looks = len(manager.statuses)
        await until(lambda: len(manager.statuses) > looks + 5)
        assert len(backup.kept(database.path, clock())) == 1
        clock.ahead = timedelta(minutes=61)
        await until(lambda: len(backup.kept(database.path, clock())) == 2)


async def test_a_restart_within_the_hour_makes_no_copy(tmp_path):
    async with upkeep_of(tmp_path, {}) as (database, _, clock, _):
        await until(lambda: len(backup.kept(database.path, clock())) == 1)
    async with upkeep_of(tmp_path, {}) as (database, manager, clock, _):
        await until(lambda: len(manager.statuses) > 5)
        assert len(backup.kept(database.path, clock())) == 1


async def test_a_copy_that_fails_is_said_in_the_status_and_tried_again_in_an_hour(tmp_path):
    (tmp_path / backup.DIRECTORY).write_text("in the way")
    async with upkeep_of(tmp_path, {}) as (database, _, clock, _):

        async def noted():
            return await database.read(lambda connection: files.fact(connection, "backup"))

        async with asyncio.timeout(10):
            while not (await noted() or {}).get("error"):
                await asyncio.sleep(0.01)
        (tmp_path / backup.DIRECTORY).unlink()
        clock.ahead = timedelta(minutes=61)
        await until(lambda: len(backup.kept(database.path, clock())) == 1)
        async with asyncio.timeout(10):
            while (await noted())["error"]:
                await asyncio.sleep(0.01)

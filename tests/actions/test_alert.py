"""An incident's message: one, that lives; a new one where it must be."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops_daemon.actions.alert import AlertHandler, NoticeHandler, Outlet
from aiops_daemon.actions.sinks import DiscordSink, TerminalSink
from aiops_daemon.clients.discord import DiscordWebhook
from aiops_daemon.domain.errors import Transient
from aiops_daemon.domain.job import Job, JobKind, JobState
from aiops_daemon.store import incidents, jobs
from aiops_daemon.store.admit import admit
from aiops_daemon.store.database import Database
from tests.builders import NOON, TERMS, admission, event
from tests.fakes.discord import FakeDiscord, Fault

NOW = NOON + timedelta(seconds=1)


class Told:
    """One incident in a real state, and people who are told of it."""

    def __init__(self, database, outlet):
        self.database = database
        self.outlet = outlet
        self.handler = AlertHandler(database, outlet, lambda: NOW)

    async def happens(self, times=1):
        await self.database.write(
            lambda tx: admit(tx, [admission(*(event() for _ in range(times)))], TERMS, NOON)
        )

    async def tell(self, reason, **rest):
        outcome = await self.handler.handle(a_job(reason, **rest))

        def change(tx):
            for each in outcome.changes:
                each(tx)

        await self.database.write(change)

    async def posted(self):
        return await self.database.read(lambda connection: incidents.posted(connection, 1))

    async def edit_keys(self):
        found = await self.database.read(lambda connection: jobs.of_incident(connection, 1))
        return [job.key for job in found if ":edit:" in job.key]


def a_job(reason, **rest):
    return Job(
        id=1, key="alert:1:x:1", kind=JobKind.ALERT, reason=reason, state=JobState.DOING, priority=10, due_at=NOON,
        created_at=NOON, incident_id=1, **rest,
    )  # fmt: skip


@pytest.fixture
async def discord():
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
async def told(tmp_path, discord, english):
    database = Database(tmp_path / "state.db")
    await database.open()
    sink = DiscordSink(DiscordWebhook(discord.url), "")
    yield Told(database, Outlet(sink, english))
    await sink.close()
    await database.close()


async def test_a_message_is_posted_once_and_then_lives(told, discord):
    await told.happens()
    await told.tell("opened")
    await told.happens(4)
    await told.tell("counted")
    assert len(discord.posts) == 1
    assert "5 (4 held back)" in discord.edits[0].text
    assert (await told.posted()).message_id == discord.posts[0].message_id


async def test_what_happened_while_it_was_sent_is_an_edit_to_come(told, discord):
    await told.happens()
    outcome = await told.handler.handle(a_job("opened"))
    await told.happens()
    await told.database.write(lambda tx: [change(tx) for change in outcome.changes])
    assert await told.edit_keys() == ["alert:1:edit:1"]


async def test_an_edit_before_the_first_message_leaves_it_to_that_one(told, discord):
    await told.happens()
    await told.tell("counted")
    assert discord.requests == []


@pytest.mark.parametrize("fault", [None, Fault.too_many_edits()])
async def test_a_message_that_is_lost_is_posted_anew_and_that_one_lives_on(told, discord, fault):
    await told.happens()
    await told.tell("opened")
    if fault is None:
        discord.forget(discord.posts[0].message_id)
    else:
        discord.script(fault)
    await told.happens()
    await told.tell("counted")
    assert len(discord.posts) == 2
    await told.happens()
    await told.tell("counted")
    assert discord.edits[0].message_id == discord.posts[1].message_id
    assert "possible repeat" not in discord.posts[1].text


async def test_a_message_of_another_sink_is_posted_anew(told, discord, english, capsys):
    await told.happens()
    discord_sink, told.outlet.sink = told.outlet.sink, TerminalSink()
    await told.tell("opened")
    told.outlet.sink = discord_sink
    await told.happens()
    await told.tell("counted")
    assert len(discord.posts) == 1
    assert (await told.posted()).sink == "discord"


@pytest.mark.parametrize("fault", [Fault.reset_after_accept(), Fault.status(502)])
async def test_a_post_that_may_have_arrived_is_repeated_with_a_mark(told, discord, fault):
    await told.happens()
    discord.script(fault)
    with pytest.raises(Transient) as raised:
        await told.tell("opened")
    assert raised.value.ambiguous
    await told.tell("opened", maybe_done=True)
    assert "possible repeat" in discord.posts[-1].text


async def test_an_edit_that_became_a_post_and_may_have_arrived_is_marked_as_well(told, discord):
    await told.happens()
    await told.tell("opened")
    discord.forget(discord.posts[0].message_id)
    await told.happens()
    discord.script(Fault.status(404, {"code": 10008}), Fault.reset_after_accept())
    with pytest.raises(Transient) as raised:
        await told.tell("counted")
    assert raised.value.ambiguous
    await told.tell("counted", maybe_done=True)
    assert "possible repeat" in discord.posts[-1].text


async def test_the_key_of_an_edit_is_never_used_twice(told, discord):
    await told.happens()
    await told.tell("opened")
    for _ in range(2):
        await told.happens()
        await told.tell("counted")
    await told.happens()
    await told.tell("escalated")
    assert (await told.posted()).edits == 3


async def test_an_incident_that_is_gone_needs_no_message(told, discord):
    await told.tell("opened")
    assert discord.requests == []


@pytest.mark.parametrize("language", ["english", "korean"])
async def test_a_burial_is_told(told, discord, request, language):
    told.outlet.settings = request.getfixturevalue(language)
    job = replace(a_job("buried"), kind=JobKind.NOTICE, text="alert:7:opened:1: died 5 times `@everyone`")
    await NoticeHandler(told.outlet).handle(job)
    assert "alert:7:opened:1: died 5 times" in discord.posts[0].text
    assert "aiops-daemon" in discord.posts[0].title

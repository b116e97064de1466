"""Where messages go."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest

from aiops_daemon.actions.alert import notice
from aiops_daemon.actions.render import message_for
from aiops_daemon.actions.sinks import DiscordSink, TerminalSink
from aiops_daemon.clients.discord import DiscordWebhook, MessageLost
from aiops_daemon.domain.errors import Paused, Permanent, Transient
from aiops_daemon.domain.flow import AlertReason
from aiops_daemon.domain.incident import Card, IncidentState
from aiops_daemon.domain.playbook import Severity
from tests.builders import NOON, incident
from tests.fakes.discord import FakeDiscord, Fault


def message(settings, reason=AlertReason.OPENED, **rest):
    card = Card(incident=incident(**rest), last_minutes=(5, 1), excerpt="it failed", companions=("too",))
    return message_for(card, reason, settings)


@pytest.fixture
async def discord():
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
async def sink(discord):
    made = DiscordSink(DiscordWebhook(discord.url), "77")
    yield made
    await made.close()


async def test_a_message_is_posted_calls_once_and_is_edited_without_calling(discord, sink, english):
    message_id = await sink.post(message(english))
    await sink.edit(message_id, message(english, AlertReason.COUNTED, count=2, suppressed=1))
    assert [each.json["allowed_mentions"] for each in discord.requests] == [
        {"parse": [], "roles": ["77"]},
        {"parse": []},
    ]
    assert discord.posts[0].payload["content"].startswith("<@&77> ")
    assert "<@" not in discord.edits[0].payload["content"]
    assert "2 (1 held back)" in discord.edits[0].text


async def test_what_discord_refuses_is_said_in_the_plainest_form(discord, sink, english):
    discord.script(Fault.malformed())
    message_id = await sink.post(message(english))
    (posted,) = discord.posts
    assert posted.payload["embeds"] == []
    assert "AI5003" in posted.payload["content"]
    assert "it failed" not in posted.payload["content"]

    await sink.edit(message_id, message(english, AlertReason.COUNTED, count=2))
    assert discord.edits[0].payload["flags"] == 0, "else the embed stays hidden"
    assert "it failed" in discord.edits[0].text


async def test_an_edit_that_discord_refuses_falls_back_as_well(discord, sink, english):
    message_id = await sink.post(message(english))
    discord.script(Fault.malformed())
    await sink.edit(message_id, message(english, AlertReason.COUNTED, count=2))
    assert discord.edits[0].payload["embeds"] == []
    assert discord.edits[0].payload["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize("edit", [False, True])
async def test_what_is_refused_in_every_form_is_given_up(discord, sink, english, edit):
    discord.script(Fault.malformed(), Fault.malformed())
    with pytest.raises(Permanent, match="400, code 50035"):
        await (sink.edit("1", message(english)) if edit else sink.post(message(english)))


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.rate_limit(1), Paused), (Fault.status(500), Transient), (Fault.unknown_webhook(), Paused)],
)
async def test_a_fallback_that_fails_otherwise_is_tried_again(discord, sink, english, fault, error):
    discord.script(Fault.malformed(), fault)
    with pytest.raises(error):
        await sink.post(message(english))


async def test_a_lost_message_is_said_to_be_lost(discord, sink, english):
    with pytest.raises(MessageLost):
        await sink.edit("1", message(english))


# The terminal


@pytest.fixture
def stream():
    return io.StringIO()


async def test_a_terminal_shows_the_whole_message_and_then_what_changed(stream, english):
    terminal = TerminalSink(lambda: stream)
    message_id = await terminal.post(message(english))
    assert stream.getvalue() == (
        "┏━ 🔴 CRITICAL · AI5003 · API time-out\n"
        "┃ New incident\n"
        "┃ Where  server::ai\n"
        "┃ Count  1\n"
        "┃ Seen   2026-11-24 12:00:00 UTC\n"
        "┃\n"
        "┃   it failed\n"
        "┃\n"
        "┃ Logged along with it:\n"
        "┃   too\n"
        "┗━ server · production · incident 42 · fault 01234567\n"
    )
    stream.truncate(0)
    stream.seek(0)
    later = message(
        english, AlertReason.COUNTED, count=2, suppressed=1, last_seen_at=NOON + timedelta(minutes=1)
    )
    await terminal.edit(message_id, later)
    assert stream.getvalue() == (
        "━━ 🔴 CRITICAL · AI5003 · API time-out · Going on · Count 2 (1 held back), 1 in the last 5 min"
        " · Last seen 2026-11-24 12:01:00 UTC · server · production · incident 42 · fault 01234567\n"
    )


async def test_labels_in_korean_stand_in_a_column(stream, korean):
    await TerminalSink(lambda: stream).post(
        message(korean, count=2, last_seen_at=NOON + timedelta(minutes=1))
    )
    assert (
        "┃ 위치       server::ai\n┃ 횟수       2회, 최근 5분 동안 1회\n┃ 최초 발생  2026" in stream.getvalue()
    )


async def test_a_terminal_shows_that_it_is_over(stream, english):
    await TerminalSink(lambda: stream).edit(
        "1", message(english, AlertReason.RESOLVED, state=IncidentState.RESOLVED)
    )
    assert "━━ ✅" in stream.getvalue()
    assert "Resolved: quiet since" in stream.getvalue()


async def test_nothing_of_a_log_controls_a_terminal(stream, english):
    evil = "a\x1b[2Jb\x07\r\x9bc\u202ed\x1b]0;title\x07\ne"
    found = incident(place=evil, request=evil, title=evil, title_is_ours=True)
    card = Card(incident=found, last_minutes=(5, 1), excerpt=evil, companions=(evil,), sharing=(found,))
    shown = replace(message_for(card, AlertReason.OPENED, english), footer=evil, status=evil)
    terminal = TerminalSink(lambda: stream)
    await terminal.post(shown)
    await terminal.edit("1", shown)
    assert not set(stream.getvalue()) & set("\x1b\x07\r\x9b\u202e")
    assert all(line[0] in "┏┃┗━" for line in stream.getvalue().splitlines()), (
        "no line of a log passes for one of ours"
    )


async def test_colours_are_for_terminals_only(english):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    await TerminalSink(lambda: stream).post(message(english))
    assert stream.getvalue().startswith("\x1b[1;31m┏━ 🔴 CRITICAL · AI5003 · API time-out\x1b[0m\n")


async def test_a_terminal_that_knows_no_unicode_shows_what_it_can(english):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    await TerminalSink(lambda: stream).post(message(english))
    assert b"CRITICAL" in raw.getvalue()


async def test_a_reader_that_is_gone_is_no_bug(english):
    stream = io.StringIO()
    stream.close()
    with pytest.raises(Transient):
        await TerminalSink(lambda: stream).post(message(english))


# Notices


@pytest.mark.parametrize("severity", [Severity.CRITICAL, Severity.HIGH, Severity.INFO])
async def test_a_notice_is_shown_without_empty_lines(discord, sink, stream, english, severity):
    shown = notice(english, "aiops-daemon can write its state again", "", "", severity)
    await sink.post(shown)
    assert discord.posts[0].embed["fields"] == []
    await TerminalSink(lambda: stream).post(shown)
    assert len(stream.getvalue().splitlines()) == 2

"""The contract of a client: each answer and each failure -> the error that says what can be done about it."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from datetime import timedelta

import pytest

from aiops_daemon.clients.discord import DiscordWebhook, MessageLost, Refused
from aiops_daemon.domain.errors import JobError, Paused, Transient
from tests.fakes.discord import TOKEN, WEBHOOK_ID, FakeDiscord, Fault

HELLO = {"content": "hello", "allowed_mentions": {"parse": []}}


async def raised_by(webhook: DiscordWebhook, *, edit: bool = False) -> JobError:
    with pytest.raises(JobError) as raised:
        await (webhook.edit("1100000000000000001", HELLO) if edit else webhook.execute(HELLO))
    assert_says_nothing_secret(raised.value)
    return raised.value


def assert_says_nothing_secret(error: BaseException | None) -> None:
    """Not in its text, nor in what hangs on it: a journal prints the whole chain."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        said = f"{error} {error!r} {error.args} {''.join(traceback.format_exception_only(error))}"
        for secret in (TOKEN, WEBHOOK_ID, "127.0.0.1", "http"):
            assert secret not in said
        assert error.__context__ is None or isinstance(error.__context__, JobError)
        error = error.__cause__ or error.__context__


# What went well


async def test_a_post_waits_for_its_id_and_an_edit_uses_it(discord, webhook):
    message_id = await webhook.execute(HELLO)
    assert message_id == discord.posts[0].message_id
    await webhook.edit(message_id, {"content": "bye"})
    assert discord.messages[message_id]["content"] == "bye"
    assert [(each.method, each.query) for each in discord.requests] == [
        ("POST", {"wait": "true"}),
        ("PATCH", {}),
    ]
    assert discord.requests[0].headers["User-Agent"].startswith("aiops-daemon/")


@pytest.mark.parametrize("query", ["?thread_id=77", "?wait=false&thread_id=77"])
async def test_the_thread_in_the_url_goes_with_every_request(discord, query):
    webhook = DiscordWebhook(f"{discord.url}{query}")
    await webhook.edit(await webhook.execute(HELLO), HELLO)
    await webhook.close()
    assert [each.query["thread_id"] for each in discord.requests] == ["77", "77"]
    assert discord.requests[0].query["wait"] == "true"
    assert len(discord.edits) == 1


async def test_a_slash_at_the_end_of_the_url_does_no_harm(discord):
    webhook = DiscordWebhook(f"{discord.url}/")
    assert await webhook.execute(HELLO)
    await webhook.close()


async def test_a_relay_that_names_no_message_posts_once_and_is_not_edited(discord, webhook):
    discord.script(Fault.status(204))
    assert await webhook.execute(HELLO) == ""
    await webhook.edit("", HELLO)
    assert len(discord.requests) == 1


async def test_an_answer_in_pieces_is_read_whole(discord):
    webhook = DiscordWebhook(discord.url)
    discord.script(Fault.drip(0.002))
    assert await webhook.execute(HELLO) == discord.posts[0].message_id
    await webhook.close()


# What each answer means


@pytest.mark.parametrize("fault", [Fault.malformed(), Fault.status(400), Fault.status(413)])
@pytest.mark.parametrize("edit", [False, True])
async def test_a_malformed_payload_is_refused(discord, webhook, fault, edit):
    discord.script(fault)
    assert isinstance(await raised_by(webhook, edit=edit), Refused)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.unknown_webhook(),
        Fault.invalid_token(),
        Fault.status(401),
        Fault.status(403, {"code": 50013}),
        Fault.status(404),
        Fault.status(405),
        Fault.status(410),
        Fault.redirect("https://evil.example/"),
        Fault.status(301, headers={"Location": "/api/webhooks/1/2"}),
    ],
)
@pytest.mark.parametrize("edit", [False, True])
async def test_a_webhook_that_is_gone_pauses_until_the_configuration_changes(discord, webhook, fault, edit):
    discord.script(fault)
    error = await raised_by(webhook, edit=edit)
    assert isinstance(error, Paused)
    assert error.wait is None
    assert len(discord.requests) == 1, "it is asked once, and no redirect is followed"


@pytest.mark.parametrize("fault", [Fault.too_many_edits(), Fault.status(404, {"code": 10008})])
async def test_a_message_that_cannot_be_edited_is_lost(discord, webhook, fault):
    discord.script(fault)
    assert isinstance(await raised_by(webhook, edit=True), MessageLost)


async def test_a_deleted_message_is_lost(discord, webhook):
    message_id = await webhook.execute(HELLO)
    discord.forget(message_id)
    with pytest.raises(MessageLost):
        await webhook.edit(message_id, HELLO)


@pytest.mark.parametrize(
    ("status", "ambiguous"),
    [
        (500, False),
        (502, True),
        (503, False),
        (504, True),
        (520, True),
        (524, True),
        (408, False),
        (425, False),
    ],
)
async def test_a_fault_of_discords_own_is_tried_later(discord, webhook, status, ambiguous):
    discord.script(Fault.status(status), Fault.status(status))
    error = await raised_by(webhook)
    assert isinstance(error, Transient)
    assert error.ambiguous is ambiguous
    assert error.retry_after is None
    assert not (await raised_by(webhook, edit=True)).ambiguous, "an edit twice is the same edit"
    assert len(discord.requests) == 2, "what was answered is not asked again at once"


async def test_a_fault_that_says_when_to_come_back_is_believed(discord, webhook):
    discord.script(
        Fault.status(503, headers={"Retry-After": "7"}), Fault.status(503, headers={"Retry-After": "9e99"})
    )
    assert (await raised_by(webhook)).retry_after == timedelta(seconds=7)
    assert (await raised_by(webhook)).retry_after == timedelta(hours=1)


async def test_a_page_is_no_discord(discord, webhook):
    discord.script(Fault.html(200))
    error = await raised_by(webhook)
    assert isinstance(error, Transient)
    assert not error.ambiguous


@pytest.mark.parametrize("body", [[], {}, {"id": None}, {"id": 5}, "x", 5])
async def test_an_answer_that_names_no_message_may_be_one(discord, webhook, body):
    discord.script(Fault.status(200, body))
    assert (await raised_by(webhook)).ambiguous


@pytest.mark.parametrize("body", [[], {"code": []}, {"code": {}}, {"code": "10008"}, "x", None, 5])
@pytest.mark.parametrize("edit", [False, True])
async def test_an_odd_body_of_a_refusal_does_no_harm(discord, webhook, body, edit):
    discord.script(Fault.status(400, body))
    assert isinstance(await raised_by(webhook, edit=edit), Refused)


# Rate limits


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_rate_limit_pauses_for_as_long_as_it_says(discord, webhook, scope):
    discord.script(Fault.rate_limit(0.4, scope))
    error = await raised_by(webhook)
    assert isinstance(error, Paused)
    assert error.wait == timedelta(seconds=0.4)
    assert ("global" in str(error)) is (scope == "global")

    again = await raised_by(webhook)
    assert timedelta(0) < again.wait <= error.wait
    assert len(discord.requests) == 1, "while it lasts, nothing is asked"
    await asyncio.sleep(0.45)
    assert await webhook.execute(HELLO)


async def test_cloudflares_block_is_left_alone_for_minutes(discord, webhook):
    discord.script(Fault.cloudflare())
    error = await raised_by(webhook)
    assert isinstance(error, Paused)
    assert error.wait >= timedelta(minutes=5)
    assert "Cloudflare" in str(error)
    assert "Cloudflare" in str(await raised_by(webhook))


async def test_cloudflares_block_lasts_longer_where_it_says_so(discord, webhook):
    discord.script(Fault.cloudflare(retry_after=1200))
    assert (await raised_by(webhook)).wait == timedelta(minutes=20)


async def test_cloudflares_ban_of_the_address_is_no_end_of_the_webhook(discord, webhook):
    discord.script(Fault.html(403))
    assert (await raised_by(webhook)).wait == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({"retry_after": 2.5}, {}, 2.5),
        ({"retry_after": "2.5"}, {}, 2.5),
        ({"retry_after": 0}, {"Via": "x"}, 0.25),
        ({"retry_after": -1}, {"Via": "x", "Retry-After": "3"}, 3),
        ({"retry_after": 1e300}, {}, 3600),
        ({"retry_after": 10**400}, {"Via": "x"}, 1),
        ({"retry_after": None}, {"Via": "x"}, 1),
        ({"retry_after": float("nan")}, {"Via": "x", "Retry-After": "4"}, 4),
        ({}, {"Retry-After": "6"}, 6),
        ([], {"Via": "x", "Retry-After": "soon"}, 1),
    ],
)
async def test_a_wait_is_never_absurd(discord, webhook, body, headers, seconds):
    discord.script(Fault.status(429, body, headers))
    error = await raised_by(webhook)
    assert isinstance(error, Paused)
    assert error.wait == timedelta(seconds=seconds)


async def test_an_empty_bucket_is_waited_out_before_there_is_a_429(discord, webhook):
    discord.script(Fault.exhausted(0.3))
    assert await webhook.execute(HELLO), "the message that emptied it is there"
    assert isinstance(await raised_by(webhook), Paused)
    assert len(discord.requests) == 1
    await asyncio.sleep(0.35)
    assert await webhook.execute(HELLO)


async def test_discords_own_bucket_never_overflows():
    async with FakeDiscord(bucket=(3, 0.3)) as discord:
        webhook = DiscordWebhook(discord.url)
        posted = 0
        while posted < 8:
            try:
                await webhook.execute(HELLO)
                posted += 1
            except Paused as pause:
                await asyncio.sleep(pause.wait.total_seconds())
        await webhook.close()
        assert len(discord.requests) == len(discord.posts) == 8, "not one 429"


# Connections


@pytest.mark.parametrize(("edit", "ambiguous"), [(False, True), (True, False)])
@pytest.mark.parametrize("fault", [Fault.reset(), Fault.reset_after_accept(), Fault.hang(accept=True)])
async def test_a_broken_connection_may_have_posted(discord, webhook, fault, edit, ambiguous):
    discord.script(fault)
    error = await raised_by(webhook, edit=edit)
    assert isinstance(error, Transient)
    assert error.ambiguous is ambiguous
    assert len(discord.requests) == 1, "a post that may be there is not sent again at once"


@pytest.mark.parametrize("fault", [Fault.hang(), Fault.drip(0.05), Fault.drip(0.2)])
async def test_the_whole_request_is_bounded_however_the_answer_drips(discord, webhook, fault):
    discord.script(fault)
    began = time.monotonic()
    assert (await raised_by(webhook)).ambiguous
    assert time.monotonic() - began < 1.5


async def test_nobody_listening_is_tried_again_at_once_a_few_times(monkeypatch):
    tries = 0
    connect = asyncio.get_running_loop().sock_connect

    async def counted(*arguments):
        nonlocal tries
        tries += 1
        return await connect(*arguments)

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", counted, raising=False)
    with socket.socket() as taken:  # bound, but not listening: refused, and nobody else can take it
        taken.bind(("127.0.0.1", 0))
        webhook = DiscordWebhook(
            f"http://127.0.0.1:{taken.getsockname()[1]}/api/webhooks/{WEBHOOK_ID}/{TOKEN}"
        )
        began = time.monotonic()
        error = await raised_by(webhook)
        await webhook.close()
    assert isinstance(error, Transient)
    assert not error.ambiguous
    assert "refused" in str(error)
    assert tries == 3
    assert time.monotonic() - began < 4


async def test_a_name_that_does_not_resolve_was_not_reached():
    webhook = DiscordWebhook(f"http://nowhere.invalid/api/webhooks/{WEBHOOK_ID}/{TOKEN}")
    error = await raised_by(webhook)
    await webhook.close()
    assert isinstance(error, Transient)
    assert not error.ambiguous
    assert "nowhere" not in str(error)


async def test_a_server_that_speaks_no_tls_was_not_reached(discord):
    webhook = DiscordWebhook(discord.url.replace("http:", "https:"))
    error = await raised_by(webhook)
    await webhook.close()
    assert isinstance(error, Transient)
    assert not error.ambiguous
    assert discord.requests == []


async def test_a_proxy_of_the_environment_is_not_used(discord, webhook, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert await webhook.execute(HELLO)


async def test_closing_lets_what_is_under_way_arrive(discord):
    webhook = DiscordWebhook(discord.url)
    discord.script(Fault.drip(0.002))
    posting = asyncio.create_task(webhook.execute(HELLO))
    await discord.until(lambda: discord.posts, timeout=2)
    await webhook.close()
    assert await posting == discord.posts[0].message_id
    assert webhook._session is None, "and its connections are closed behind it"


async def test_a_closed_webhook_leaves_nothing_open(discord):
    webhook = DiscordWebhook(discord.url)
    await webhook.close()
    assert await webhook.execute(HELLO), "a job in hand during a reload still holds the old one"
    assert webhook._session is None

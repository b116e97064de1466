"""The fake is as strict as Discord: a test against it proves something."""

import aiohttp
import pytest

from tests.fakes.discord import FakeDiscord, Fault

GOOD = {"content": "hello", "allowed_mentions": {"parse": []}}


@pytest.fixture
async def discord():
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as made:
        yield made


async def test_a_post_is_answered_with_its_id_only_where_one_waits_for_it(discord, session):
    async with session.post(f"{discord.url}?wait=true", json=GOOD) as answer:
        assert answer.status == 200
        assert (await answer.json())["id"] == discord.posts[0].message_id
    async with session.post(discord.url, json=GOOD) as answer:
        assert answer.status == 204
    assert len(discord.posts) == 2


async def test_a_message_shows_what_its_last_edit_said(discord, session):
    await session.post(f"{discord.url}?wait=true", json=GOOD)
    message_id = discord.posts[0].message_id
    async with session.patch(f"{discord.url}/messages/{message_id}", json={"content": "bye"}) as answer:
        assert answer.status == 200
    assert discord.messages[message_id]["content"] == "bye"
    async with session.patch(f"{discord.url}/messages/1", json=GOOD) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, 10008)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"content": ""}, 50006),
        ({}, 50006),
        ([], 50109),
        ({"content": "x" * 2001}, 50035),
        ({"content": "🔥" * 1001}, 50035),
        ({"embeds": [{"title": "x" * 257}]}, 50035),
        ({"embeds": [{"description": "x" * 4097}]}, 50035),
        ({"embeds": [{"fields": [{"name": "a", "value": ""}]}]}, 50035),
        ({"embeds": [{"fields": [{"name": " ", "value": "b"}]}]}, 50035),
        ({"embeds": [{"fields": [{"name": "a", "value": "x" * 1025}]}]}, 50035),
        ({"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]}, 50035),
        ({"embeds": [{"title": "a", "footer": {"text": "x" * 2049}}]}, 50035),
        ({"embeds": [{"description": "x" * 4000, "footer": {"text": "x" * 2001}}]}, 50035),
        ({"embeds": [{}]}, 50035),
        ({"content": "a", "allowed_mentions": {"parse": ["all"]}}, 50035),
        ({"content": "a", "allowed_mentions": {"parse": ["roles"], "roles": ["1"]}}, 50035),
        ({"content": "a", "allowed_mentions": {"roles": ["me"]}}, 50035),
        ({"content": "a", "allowed_mentions": []}, 50035),
    ],
)
async def test_it_refuses_what_discord_refuses(discord, session, payload, code):
    async with session.post(f"{discord.url}?wait=true", json=payload) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, code)
    assert discord.posts == []


async def test_it_knows_its_own_webhook_only_and_takes_json_only(discord, session):
    async with session.post(discord.url[:-1] + "x", json=GOOD) as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, 50027)
    async with session.post(discord.url.replace("12345", "99999"), json=GOOD) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, 10015)
    async with session.post(discord.url, data=b"{}") as answer:
        assert answer.status == 400


async def test_faults_happen_once_each_and_in_order(discord, session):
    discord.script(Fault.status(500), Fault.rate_limit(0.3, scope="global"), Fault.cloudflare())
    statuses = []
    for _ in range(4):
        async with session.post(f"{discord.url}?wait=true", json=GOOD) as answer:
            statuses.append((answer.status, answer.content_type, "Via" in answer.headers))
    assert statuses == [
        (500, "application/json", False),
        (429, "application/json", True),
        (429, "text/html", False),
        (200, "application/json", True),
    ]


async def test_a_reset_after_accept_keeps_the_message(discord, session):
    discord.script(Fault.reset_after_accept())
    with pytest.raises(aiohttp.ClientError):
        await session.post(f"{discord.url}?wait=true", json=GOOD)
    assert len(discord.messages) == 1


async def test_until_says_what_was_seen_when_it_was_not_that(discord, session):
    await session.post(discord.url, json=GOOD)
    await discord.until(lambda: discord.posts, timeout=1)
    with pytest.raises(AssertionError, match=r"1 requests.*hello"):
        await discord.until(lambda: len(discord.posts) == 2, timeout=0.05)


async def test_a_bucket_is_kept(session):
    async with FakeDiscord(bucket=(2, 5.0)) as discord:
        seen = []
        for _ in range(3):
            async with session.post(discord.url, json=GOOD) as answer:
                seen.append((answer.status, answer.headers["X-RateLimit-Remaining"]))
    assert seen == [(204, "1"), (204, "0"), (429, "0")]

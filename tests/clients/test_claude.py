"""The Messages API: every way in which a question may end, what can be done about it, and whether it may have to be paid."""

import asyncio
import json
from datetime import timedelta

import pytest

from aiops_daemon.clients.claude import Ask, Claude
from aiops_daemon.clients.claude_failures import NoAnswer, Trouble
from aiops_daemon.domain.usage import Usage
from tests.fakes import claude as fakes
from tests.fakes.claude import KEY, FakeClaude

SCHEMA = {
    "type": "object",
    "properties": {"cause": {"type": "string"}},
    "required": ["cause"],
    "additionalProperties": False,
}


def question(text="What?", seconds=20.0, **more):
    system = [{"type": "text", "text": "You look into it." * 20, "cache_control": {"type": "ephemeral"}}]
    defaults = {"model": "claude-sonnet-5-5", "effort": "medium", "max_tokens": 1000, "schema": SCHEMA}
    messages = [{"role": "user", "content": [{"type": "text", "text": text}]}]
    return Ask(**{**defaults, "system": system, "messages": messages, "seconds": seconds, **more})


@pytest.fixture
async def server():
    async with FakeClaude(lambda _: json.dumps({"cause": "x"})) as fake:
        yield fake


@pytest.fixture
async def claude(server):
    client = Claude(KEY, server.url)
    yield client
    await client.close()


async def test_an_answer_is_its_text_without_the_thinking_and_what_it_took(server, claude):
    reply = await claude.ask(question())
    assert json.loads(reply.text) == {"cause": "x"}
    assert (reply.stop_reason, reply.model) == ("end_turn", "claude-sonnet-5-5")
    assert reply.usage == Usage(input=1, output=203, cache_write_5m=85)
    again = await claude.ask(question("What else?"))
    assert again.usage == Usage(input=2, output=203, cache_read=85)
    (sent, _) = server.questions
    assert sent["output_config"] == {"effort": "medium", "format": {"type": "json_schema", "schema": SCHEMA}}
    assert "stream" not in sent


@pytest.mark.parametrize(
    ("fault", "trouble", "may_be_paid"),
    [
        (fakes.error(400, "invalid_request_error"), Trouble.QUESTION, False),
        (fakes.error(400, "invalid_request_error", "Your credit balance is too low"), Trouble.CREDIT, False),
        (fakes.error(401, "authentication_error"), Trouble.KEY, False),
        (fakes.error(402, "billing_error"), Trouble.CREDIT, False),
        (fakes.error(403, "permission_error"), Trouble.KEY, False),
        (fakes.error(404, "not_found_error"), Trouble.MODEL, False),
        (fakes.error(413, "request_too_large"), Trouble.QUESTION, False),
        (fakes.error(422, "invalid_request_error"), Trouble.QUESTION, False),
        (fakes.error(429, "rate_limit_error"), Trouble.LATER, False),
        (fakes.error(500, "api_error"), Trouble.LATER, False),
        (fakes.error(502, "api_error"), Trouble.LATER, True),
        (fakes.error(503, "api_error"), Trouble.LATER, False),
        (fakes.error(504, "timeout_error"), Trouble.LATER, True),
        (fakes.error(529, "overloaded_error"), Trouble.OVERLOADED, False),
        (fakes.page(), Trouble.GARBLED, False),  # of a proxy: it costs nothing
        (fakes.page(502), Trouble.LATER, True),
        (fakes.page(302), Trouble.GARBLED, False),
        (fakes.half_json(), Trouble.GARBLED, True),
        (fakes.cut_off(), Trouble.LATER, True),
        (fakes.reset(), Trouble.LATER, True),
    ],
)
async def test_every_failure_says_what_can_be_done_and_whether_it_may_be_paid(
    server, claude, fault, trouble, may_be_paid
):
    server.faults = [fault]
    with pytest.raises(NoAnswer) as failure:
        await claude.ask(question())
    assert (failure.value.trouble, failure.value.may_be_paid) == (trouble, may_be_paid)
    assert "\n" not in str(failure.value)
    assert KEY not in str(failure.value)
    assert server.requests == 1  # the SDK tries nothing again by itself


async def test_what_is_not_there_was_not_paid(unused_tcp_port):
    claude = Claude(KEY, f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(NoAnswer) as failure:
        await claude.ask(question())
    assert (failure.value.trouble, failure.value.may_be_paid) == (Trouble.LATER, False)
    assert "can't be reached" in str(failure.value)
    await claude.close()


@pytest.mark.parametrize("slow", [fakes.drip, fakes.silent])
async def test_the_whole_answer_has_a_deadline(server, claude, slow):
    release = asyncio.Event()
    server.faults = [slow(release)]
    with pytest.raises(NoAnswer) as failure:
        await claude.ask(question(seconds=0.6))
    release.set()
    assert (failure.value.trouble, failure.value.may_be_paid) == (Trouble.LATER, True)


async def test_retry_after_is_heard_and_has_an_end(server, claude):
    server.faults = [
        fakes.error(429, "rate_limit_error", headers={"retry-after": "7"}),
        fakes.error(429, "rate_limit_error", headers={"retry-after": "4294967295"}),
        fakes.error(429, "rate_limit_error", headers={"retry-after": "soon"}),
    ]
    waits = []
    for _ in range(3):
        with pytest.raises(NoAnswer) as failure:
            await claude.ask(question())
        waits.append(failure.value.retry_after)
    assert waits == [timedelta(seconds=7), timedelta(hours=1), None]


async def test_an_answer_without_its_price_is_one_whose_price_is_not_known(server, claude):
    server.script = lambda _: {"text": "{}", "usage": {"input_tokens": None}}
    assert (await claude.ask(question())).usage is None


@pytest.mark.parametrize("stop_reason", ["refusal", "max_tokens"])
async def test_a_reply_that_broke_off_is_told_with_its_price(server, claude, stop_reason):
    server.script = lambda _: {"text": '{"cau', "stop_reason": stop_reason}
    reply = await claude.ask(question())
    assert (reply.stop_reason, reply.text) == (stop_reason, '{"cau')
    assert reply.usage is not None


async def test_a_key_of_the_environment_is_not_used(server, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", KEY)
    claude = Claude("another", server.url)
    with pytest.raises(NoAnswer) as failure:
        await claude.ask(question())
    assert failure.value.trouble is Trouble.KEY
    await claude.close()

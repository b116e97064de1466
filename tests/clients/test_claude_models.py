"""What is said of a model's life: in time, and without falling over odd answers."""

from datetime import UTC, datetime

import pytest

from aiops_daemon.clients.claude_models import model_facts, trouble_ahead
from tests.fakes.claude import KEY, FakeClaude

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "news"),
    [
        ({}, None),
        ({"lifecycle": "active", "retires_at": None}, None),
        ({"retires_at": "2027-11-25T00:00:00Z"}, None),
        ({"retires_at": "2026-12-05T03:00:00Z"}, "ends on 2026-12-05, in 10 days"),
        ({"retires_at": "2026-12-05"}, "ends on 2026-12-05"),
        ({"lifecycle": "deprecated"}, "is deprecated"),
        ({"deprecated_at": "2026-11-01T00:00:00Z"}, "is deprecated"),
        ({"deprecated_at": "2027-11-01T00:00:00Z"}, None),
        ({"lifecycle": "unknown"}, "is not known to Claude"),
        ({"lifecycle": ["active"], "retires_at": {"x": 1}, "deprecated_at": 7}, None),
        ({"retires_at": "soon"}, None),
    ],
)
def test_trouble_ahead(said, news):
    told = trouble_ahead("claude-x", said, NOW)
    assert told is None if news is None else news in told


async def test_a_model_that_is_gone_is_news_and_no_answer_is_none(unused_tcp_port):
    async with FakeClaude() as server:
        assert (await model_facts(KEY, server.url, "claude-sonnet-5-5"))["lifecycle"] == "active"
        assert await model_facts(KEY, server.url, "claude-sonnet-4") == {"lifecycle": "unknown"}
        assert await model_facts("wrong", server.url, "claude-sonnet-5-5") is None
    assert await model_facts(KEY, f"http://127.0.0.1:{unused_tcp_port}", "claude-sonnet-5-5") is None

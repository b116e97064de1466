import pytest

from tests.acceptance.harness import Daemon
from tests.fakes.discord import FakeDiscord


@pytest.fixture
async def discord():
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
async def daemon(tmp_path, discord):
    running = Daemon(tmp_path, DISCORD_WEBHOOK_URL=discord.url)
    yield running
    await running.close()

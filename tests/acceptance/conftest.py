import pytest

from tests.acceptance.harness import Daemon, Discord


@pytest.fixture
async def discord():
    async with Discord() as server:
        yield server


@pytest.fixture
async def daemon(tmp_path, discord):
    running = Daemon(tmp_path, DISCORD_WEBHOOK_URL=discord.url)
    yield running
    await running.close()

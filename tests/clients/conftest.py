import pytest

from aiops_daemon.clients.discord import DiscordWebhook
from tests.fakes.discord import FakeDiscord


@pytest.fixture
async def discord():
    async with FakeDiscord() as server:
        yield server


@pytest.fixture
async def webhook(discord):
    made = DiscordWebhook(discord.url, total_seconds=0.6)
    yield made
    await made.close()

"""From a log line to a living message, through the real process and over a real socket."""

import json

import pytest

from tests.acceptance.harness import Daemon, line


def told(discord) -> str:
    """Everything that stands on Discord now."""
    return json.dumps(list(discord.messages.values()), ensure_ascii=False)


async def test_an_incident_is_one_message_that_lives_with_it(daemon, discord):
    await daemon.start()
    daemon.write(line("AI5003", "timed out after 30 s"))
    await discord.until(lambda: len(discord.posts) == 1)
    daemon.write(*(line("AI5003", f"timed out after {seconds} s") for seconds in range(11)))
    await discord.until(lambda: "12 (11 held back)" in told(discord))
    assert len(discord.posts) == 1
    assert await daemon.stop() == 0


async def test_quiet_is_resolved_and_a_return_is_a_regression(daemon, discord):
    daemon.configure('[triage]\nquiet_after = "1s"\ndedup_window = "0s"\n')
    await daemon.start()
    daemon.write(line("AI5003"))
    await discord.until(lambda: "Resolved" in told(discord))
    assert len(discord.posts) == 1
    daemon.write(line("AI5003"))
    await discord.until(lambda: len(discord.posts) == 2)
    (found,) = await daemon.json("incidents", "--all")
    assert found["count"] == 2


async def test_people_read_korean_where_they_want_to(daemon, discord):
    daemon.config.write_text('language = "ko"\n' + daemon.config.read_text())
    await daemon.start()
    daemon.write(line("DB5001"))
    await discord.until(lambda: "데이터베이스 연결 실패" in told(discord))


async def test_a_log_line_has_no_effect_on_discord(daemon, discord):
    daemon.configure('[discord]\nmention_on_critical = "123456789012345678"\n')
    await daemon.start()
    daemon.write(line("AI5003", "@everyone <@1> ```[free](https://evil.example)``` # hi"))
    await discord.until(lambda: discord.posts)
    payload = discord.posts[0].payload
    assert payload["allowed_mentions"] == {"parse": [], "roles": ["123456789012345678"]}
    outside = [payload["content"], payload["embeds"][0]["title"], payload["embeds"][0]["footer"]["text"]]
    assert not [text for text in outside if "evil" in text or "everyone" in text]


async def test_secrets_reach_neither_discord_nor_the_state_nor_the_journal(daemon, discord):
    await daemon.start()
    canary = "sk-ant-api03-" + "Canary0123456789" * 4
    daemon.write(line("AI5001", f"401 for key {canary} of kim@example.com"), f"not json at all {canary}")
    await discord.until(lambda: discord.posts)
    assert await daemon.stop() == 0
    stored = b"".join(path.read_bytes() for path in daemon.state.rglob("*") if path.is_file())
    token = discord.url.rpartition("/")[2]
    for secret in (canary, "kim@example.com", token):
        assert secret not in told(discord)
        assert secret.encode() not in stored
        assert secret not in daemon.journal()


async def test_without_a_webhook_the_terminal_is_the_sink(tmp_path):
    daemon = Daemon(tmp_path)
    await daemon.start()
    daemon.write(line("AI5003"))
    await daemon.until_said("┗━")
    assert "AI5003 · API time-out" in daemon.journal()
    assert await daemon.stop() == 0


@pytest.mark.parametrize("wake", ["inotify", "watchfiles", "none"])
async def test_every_way_of_waking_up_finds_everything(tmp_path, discord, wake):
    daemon = Daemon(tmp_path, DISCORD_WEBHOOK_URL=discord.url, AIOPS_WAKE=wake)
    try:
        await daemon.start()
        daemon.write(line("AI5003"))
        await discord.until(lambda: len(discord.posts) == 1)
        daemon.write(line("DB5001"), path=daemon.logs / "server.2026-11-25.log")
        await discord.until(lambda: len(discord.posts) == 2)
    finally:
        await daemon.close()


async def test_a_directory_that_is_not_there_is_waited_for(daemon, discord):
    daemon.logs.rmdir()
    await daemon.start()
    await daemon.until_said("waiting for it")
    status = await daemon.json("status")
    assert "waiting for it" in status["problems"][0]["why"]
    daemon.logs.mkdir()
    daemon.write(line("AI5003"))
    await discord.until(lambda: discord.posts)


async def test_a_line_that_is_no_record_is_counted_and_kept(daemon, discord):
    await daemon.start()
    daemon.write("what is this", line("AI5003"))
    await discord.until(lambda: discord.posts)
    status = await daemon.json("status")
    assert status["files"][0]["unparsed"] == 1
    assert status["unparsed"][0]["text"] == "what is this"

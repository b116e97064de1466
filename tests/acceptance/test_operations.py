"""What an operator does and sees: reload, a second instance, mistakes in the configuration, a webhook that is gone."""

import json

import pytest

from tests.acceptance.harness import Daemon, Discord, line
from tests.fakes.discord import Fault


async def test_a_reload_changes_all_or_nothing(daemon, discord):
    await daemon.start()
    good = daemon.config.read_text()
    daemon.config.write_text(good + '[triage]\nquiet_after = "soon"\n[discord]\ndigest_intervall = "1h"\n')
    daemon.hang_up()
    await daemon.until_said("config.refused", times=2)
    daemon.write(line("AI5003"))
    await discord.until(lambda: len(discord.posts) == 1)
    daemon.config.write_text(good)
    error = (await daemon.json("status"))["config"]["error"]
    assert "triage.quiet_after" in error
    assert "digest_interval" in error
    daemon.config.write_text('language = "ko"\n' + good)
    daemon.hang_up()
    await daemon.until_said("config.reloaded")
    daemon.write(line("DB5001"))
    await discord.until(
        lambda: "데이터베이스" in json.dumps(list(discord.messages.values()), ensure_ascii=False)
    )
    assert (await daemon.json("status"))["config"]["error"] is None


async def test_what_can_not_change_live_is_refused_by_name(daemon, tmp_path):
    await daemon.start()
    daemon.config.write_text(
        daemon.config.read_text().replace(str(daemon.state), str(tmp_path / "elsewhere"))
    )
    daemon.hang_up()
    await daemon.until_said("config.refused")
    assert "state.directory" in daemon.journal()
    assert "restart" in daemon.journal()


async def test_a_second_instance_is_refused_and_told_who_holds_the_state(daemon):
    await daemon.start()
    code, out, err = await daemon.command("run")
    assert (code, out) == (75, "")
    assert f"process {daemon.process.pid}" in err
    assert err.count("\n") == 1


async def test_a_webhook_that_is_gone_is_said_once_and_its_jobs_wait_for_a_reload(daemon, discord):
    discord.script(*[Fault.unknown_webhook()] * 50)
    await daemon.start()
    daemon.write(line("AI5003"))
    await daemon.until_said("lane.paused")
    daemon.write(line("DB5001"))
    sink = (await daemon.json("status"))["sinks"][0]
    assert (sink["name"], sink["ok"]) == ("discord", False)
    assert "404" in sink["error"]
    assert len(discord.requests) == 1

    async with Discord() as new:
        token = daemon.config.parent / "webhook"
        token.write_text(new.url)
        token.chmod(0o600)
        daemon.configure(f'[secrets]\ndiscord_webhook_url_file = "{token}"\n')
        daemon.hang_up()
        await new.until(lambda: len(new.posts) == 2)
        assert (await daemon.json("status"))["sinks"] == [{"name": "discord", "ok": True, "error": None}]
    assert daemon.journal().count("lane.paused") == 1


@pytest.mark.parametrize(
    "fault",
    [Fault.rate_limit(retry_after=0.3), Fault.status(503), Fault.reset_after_accept(), Fault.malformed()],
)
async def test_what_discord_does_wrong_delays_and_loses_nothing(daemon, discord, fault):
    discord.script(fault)
    await daemon.start()
    daemon.write(line("AI5003"), line("DB5001", target="server::db"))
    await discord.until(
        lambda: all(code in json.dumps(list(discord.messages.values())) for code in ("AI5003", "DB5001"))
    )
    assert len(discord.posts) <= 3


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("mode = 'fixx'\n", ["config.toml:1: mode", "observe, diagnose, propose, fix"]),
        ("[logs\n", ["config.toml:1"]),
        ("[logs]\ndirectroy = '/x'\n", ["config.toml:2: logs.directroy", "directory"]),
        ("[triage]\nquiet_after = 5\n", ["config.toml:2: triage.quiet_after", "30m"]),
    ],
)
async def test_a_mistake_in_the_configuration_is_one_clear_line(tmp_path, toml, says):
    daemon = Daemon(tmp_path)
    daemon.config.write_text(toml)
    for command in ("run", "check-config"):
        code, _, err = await daemon.command(command)
        assert code == 78
        assert err.count("\n") == 1
        assert all(words in err for words in says), err


async def test_a_webhook_url_that_is_none_is_refused_without_being_shown(tmp_path):
    daemon = Daemon(tmp_path, DISCORD_WEBHOOK_URL="https://evil.example/api/webhooks/1/hush-hush-hush")
    code, _, err = await daemon.command("run")
    assert code == 78
    assert "DISCORD_WEBHOOK_URL" in err
    assert "hush" not in err


async def test_a_configuration_that_is_not_there_is_an_error(tmp_path):
    daemon = Daemon(tmp_path)
    daemon.config.unlink()
    code, _, err = await daemon.command("run")
    assert code == 78
    assert str(daemon.config) in err


async def test_commands_that_read_say_so_when_there_is_nothing_yet(tmp_path):
    daemon = Daemon(tmp_path)
    for command in (["status"], ["incidents"], ["show", "1"]):
        code, _, err = await daemon.command(*command)
        assert (code, err.count("\n")) == (1, 1)


async def test_show_tells_everything_of_one_incident(daemon, discord):
    await daemon.start()
    daemon.write(
        line("AI5003", "slow: kim@example.com", request="r-1"),
        line(None, "response failed", request="r-1", target="tower_http"),
    )
    await discord.until(lambda: discord.posts)
    shown = await daemon.json("show", "1")
    assert {"excerpt", "events", "diagnosis", "jobs", "history", "usd"} <= shown.keys()
    assert "<EMAIL_1>" in shown["excerpt"]
    assert shown["companions"] == 1
    assert shown["history"][0]["what"] == "opened"
    code, _, err = await daemon.command("show", "99")
    assert code == 1
    assert "99" in err


async def test_redact_is_line_for_line(tmp_path):
    daemon = Daemon(tmp_path)
    code, out, _ = await daemon.command(
        "redact", stdin=b"password=hunter2hunter2\nplain line\nkim@example.com"
    )
    assert code == 0
    lines = out.split("\n")
    assert lines[1] == "plain line"
    assert "hunter2" not in out
    assert lines[2].startswith("<EMAIL_")

"""A state that is damaged, a process that keeps dying: told to people, nothing refilled, nothing forgotten."""

import asyncio
import json
import os
import sqlite3
import time
from contextlib import closing

import pytest

from tests.acceptance.harness import COMMAND, line


def told(discord):
    return json.dumps([post.payload for post in discord.posts], ensure_ascii=False)


async def test_a_damaged_state_is_set_aside_and_the_newest_backup_goes_on(daemon, discord):
    daemon.write(line("AI5003", "first"))
    await daemon.start()
    await discord.until(lambda: "AI5003" in told(discord))
    code, _, err = await daemon.command("backup")
    assert (code, err) == (0, "")
    daemon.write(line("DB5001", "second", target="server::db"))
    await discord.until(lambda: "DB5001" in told(discord))
    await daemon.kill()
    state = daemon.state / "state.db"
    content = state.read_bytes()
    state.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    (daemon.state / "state.db-wal").unlink(missing_ok=True)

    await daemon.start()
    await daemon.until_said("state.restored")
    await discord.until(lambda: "was damaged and was restored from a backup" in told(discord))
    await daemon.until(lambda: both_counted(daemon))
    assert [path.name for path in daemon.state.glob("state.db.set-aside-*")]
    budgets = (await daemon.json("status"))["budgets"]
    assert (budgets["diagnoses_last_hour"], budgets["pull_requests_last_day"]) == (10, 5)
    assert budgets["usd_this_month"] == 5.0


async def both_counted(daemon):
    return {(each["code"], each["count"]) for each in await daemon.json("incidents")} == {
        ("AI5003", 1),
        ("DB5001", 1),
    }


async def test_without_a_sound_backup_it_begins_anew_and_says_so(daemon, discord):
    await daemon.start()
    await daemon.json("backup")
    await daemon.stop()
    assert not list(daemon.state.glob("state.db-*"))
    for path in [daemon.state / "state.db", *(daemon.state / "backups").iterdir()]:
        path.write_bytes(b"this was a database once" * 1000)
    await daemon.start()
    await discord.until(lambda: "was damaged and is lost" in told(discord))
    daemon.write(line("AI5003"))
    await discord.until(lambda: "AI5003" in told(discord))


async def test_a_process_that_keeps_dying_is_told_once(daemon, discord):
    for _ in range(7):
        await daemon.start()
        await daemon.kill()
    await daemon.start()
    await discord.until(lambda: "keeps crashing" in told(discord))
    with closing(sqlite3.connect(daemon.state / "state.db")) as connection:
        notices = connection.execute(
            "SELECT count(*) FROM jobs WHERE key LIKE 'notice:crashing:%'"
        ).fetchone()[0]
    assert notices == 1
    repeats = sum("possible repeat" in json.dumps(post.payload) for post in discord.posts)
    assert len(discord.posts) - repeats <= 1  # who died right after a post can't know that it arrived
    assert daemon.journal().count("daemon.crashed") == 7


async def test_stops_that_were_asked_for_are_no_crashes(daemon, discord):
    for _ in range(6):
        await daemon.start()
        assert await daemon.stop() == 0
    assert "daemon.crashed" not in daemon.journal()
    assert discord.posts == []


async def test_a_crash_loop_refills_no_budget(daemon):
    """What was reserved by a process that died counts, however often it is started again."""
    await daemon.start()
    await daemon.stop()
    with sqlite3.connect(daemon.state / "state.db") as connection:
        connection.execute(
            """INSERT INTO ledger (at, kind, key, units, reserved_usd) VALUES
               (?, 'diagnosis', 'diagnose:1:1', 1, 500000)""",
            (time.time_ns() // 1000,),
        )
    connection.close()
    for _ in range(3):
        await daemon.start()
        await daemon.kill()
    budgets = (await daemon.json("status"))["budgets"]
    assert (budgets["diagnoses_last_hour"], budgets["usd_this_month"]) == (1, 0.5)


async def test_backups_are_listed_and_restored_by_hand(daemon, discord):
    daemon.write(line("AI5003"))
    await daemon.start()
    await discord.until(lambda: discord.posts)
    made = await daemon.json("backup")
    daemon.write(line("DB5001", target="server::db"))
    await discord.until(lambda: "DB5001" in told(discord))
    code, _, err = await daemon.command("restore")
    assert code == 75
    assert f"process {daemon.process.pid}" in err
    await daemon.stop()
    assert made["path"] in [each["path"] for each in await daemon.json("backup", "--list")]
    restored = await daemon.json("restore", made["path"])
    assert restored["restored"] == made["path"]
    assert [each["code"] for each in await daemon.json("incidents")] == ["AI5003"]
    await daemon.start()
    await daemon.until(lambda: both_counted(daemon))
    assert "daemon.crashed" not in daemon.journal()
    assert (await daemon.json("status"))["budgets"]["diagnoses_last_hour"] == 10


async def test_restore_says_what_is_wrong(daemon, tmp_path):
    code, _, err = await daemon.command("restore")
    assert (code, err.count("\n")) == (1, 1)
    code, _, err = await daemon.command("restore", str(tmp_path / "nothing.db"))
    assert (code, err.count("\n")) == (66, 1)
    (tmp_path / "junk.db").write_bytes(b"junk" * 2000)
    code, _, err = await daemon.command("restore", str(tmp_path / "junk.db"))
    assert (code, err.count("\n")) == (1, 1)
    assert "junk.db" in err


@pytest.mark.parametrize("mistake", ["[nonsense]\n", "[logs\n"])
async def test_a_failure_is_reported_even_where_the_configuration_is_what_is_wrong(daemon, discord, mistake):
    daemon.environment |= {
        "MONITOR_UNIT": "aiops-daemon.service",
        "MONITOR_SERVICE_RESULT": "exit-code",
        "MONITOR_EXIT_CODE": "exited",
        "MONITOR_EXIT_STATUS": "78",
    }
    daemon.config.write_text(mistake)
    code, _, err = await daemon.command("report-failure")
    assert code == 0, err
    assert "has failed and is not running" in told(discord)
    assert "exit-code exited 78" in told(discord)
    assert "config.toml:1" in told(discord)


async def test_a_failure_that_can_not_be_told_says_so(daemon, discord):
    from tests.fakes.discord import Fault

    discord.script(Fault.unknown_webhook())
    code, _, err = await daemon.command("report-failure")
    assert code == 69
    assert "people could not be told" in err
    assert "daemon.failed" in err
    assert discord.url not in err


@pytest.mark.parametrize("spoil", [lambda state: state.unlink(), lambda state: state.write_bytes(b"")])
async def test_a_state_that_is_gone_or_empty_is_no_silent_first_start(daemon, discord, spoil):
    daemon.write(line("AI5003"))
    await daemon.start()
    await discord.until(lambda: "AI5003" in told(discord))
    await daemon.json("backup")
    await daemon.stop()
    daemon.write(line("DB5001", target="server::db"))
    spoil(daemon.state / "state.db")
    await daemon.start()
    await discord.until(lambda: "was damaged and was restored from a backup" in told(discord))
    await daemon.until(lambda: both_counted(daemon))


async def test_a_part_that_fails_is_a_crash(daemon):
    await daemon.start(AIOPS_FAILPOINT="before_admit:error")
    daemon.write(line("AI5003"))
    assert await daemon.died() == 1
    await daemon.start()
    await daemon.until_said("daemon.crashed")


async def test_names_of_files_that_are_no_text_or_hold_line_breaks_stop_nothing(daemon, discord):
    directory = os.fsencode(daemon.logs)
    for name in (b"caf\xe9.log", b"a\nSTATUS=owned.log"):
        with open(directory + b"/" + name, "wb") as log:  # noqa: ASYNC230, PTH123 - a path of bytes
            log.write(
                line("AI5003" if name.startswith(b"c") else "DB5001", target=f"t{len(name)}").encode() + b"\n"
            )
    await daemon.start()
    await discord.until(lambda: "AI5003" in told(discord) and "DB5001" in told(discord))
    assert await daemon.stop() == 0


async def test_a_reader_of_its_journal_that_goes_away_does_not_end_it(daemon, discord):
    daemon.process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("run", "--config", str(daemon.config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=daemon.environment | {"AIOPS_JOURNAL__FORMAT": "json"},
    )
    await daemon.process.stdout.readline()
    daemon.process._transport.get_pipe_transport(1).close()
    daemon.write(line("AI5003"))
    await discord.until(lambda: "AI5003" in told(discord))
    daemon.write(line("DB5001", target="server::db"))
    await discord.until(lambda: "DB5001" in told(discord))
    assert await daemon.stop() == 0

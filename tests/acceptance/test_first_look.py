"""The first ten minutes: `make run` on a fresh checkout, and --help."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.acceptance.harness import COMMAND, Daemon, line

ROOT = Path(__file__).parents[2]


async def test_a_newcomer_sees_an_alert_within_seconds_and_can_stop_it(tmp_path):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIOPS_", "DISCORD_"))
    }
    demo = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "deploy/demo/run.py"),
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said = b""
    async with asyncio.timeout(20):
        while "DB5001 · database connection failed".encode() not in said:
            said += await demo.stdout.readline()
    demo.send_signal(signal.SIGTERM)
    async with asyncio.timeout(15):
        await demo.communicate()
    assert demo.returncode == 0
    assert b"player.py plays a recorded server log" in said


async def test_a_log_that_is_there_before_the_first_start_is_not_told_anew(tmp_path):
    """The default of logs.start_at; and a directory that was never watched is a first start, too."""
    daemon = Daemon(tmp_path)
    daemon.config.write_text(daemon.config.read_text().replace('start_at = "beginning"\n', ""))
    try:
        for started, directory in enumerate(("logs", "other"), start=1):
            daemon.logs = tmp_path / directory
            daemon.logs.mkdir(exist_ok=True)
            daemon.write(line("AI5003", "old"))
            daemon.config.write_text(
                daemon.config.read_text().replace(str(tmp_path / "logs"), str(daemon.logs))
            )
            await daemon.start()
            daemon.write(line("DB5001", "new"))

            async def found():
                return {each["code"]: each["count"] for each in await daemon.json("incidents")}

            await daemon.until(lambda expected={"DB5001": started}: is_same(found, expected))
            assert await daemon.stop() == 0
    finally:
        await daemon.close()


async def is_same(question, expected):
    return await question() == expected


async def test_help_is_quick_and_imports_nothing_heavy():
    heavy = ("pydantic", "aiohttp", "rich", "structlog", "sqlite3", "asyncio")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-X",
        "importtime",
        *COMMAND[1:],
        "--help",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, imported = await process.communicate()
    assert process.returncode == 0
    assert b"exit codes" in out
    assert [
        name for name in heavy if f"| {name}\n".encode() in imported.replace(b" ", b"").replace(b"|", b"| ")
    ] == []

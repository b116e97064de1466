"""The real process, a real directory, loopback servers: what the acceptance tests are made of."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.discord import FakeDiscord

COMMAND = (sys.executable, "-m", "aiops_daemon")
_KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "COVERAGE_PROCESS_START")


def line(
    code: str | None,
    message: str = "it failed",
    *,
    target: str = "server::app",
    request: str | None = None,
    level: str = "ERROR",
    after: timedelta = timedelta(0),
) -> str:
    """A record as `tracing` writes it, so long after now."""
    record = {
        "timestamp": (datetime.now(UTC) + after).isoformat().replace("+00:00", "Z"),
        "level": level,
        "fields": {"message": message, **({"error_code": code} if code else {})},
        "target": target,
    }
    if request:
        record["span"] = {"method": "GET", "request_id": request, "uri": "/api/v1/things", "name": "request"}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


class Discord(FakeDiscord):
    """Patient enough for a process that has to start first."""

    async def until(self, condition, timeout: float = 25) -> None:
        await super().until(condition, timeout)


class Daemon:
    """One `aiops-daemon run`, its directories and its configuration."""

    def __init__(self, tmp_path: Path, **environment: str) -> None:
        self.logs = tmp_path / "logs"
        self.state = tmp_path / "state"
        self.config = tmp_path / "config.toml"
        self.journal_path = tmp_path / "journal"
        self.environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | environment
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0
        self.logs.mkdir(exist_ok=True)
        self.configure()

    def configure(self, extra: str = "") -> None:
        """Write the configuration; `extra` is TOML behind the usual."""
        self.config.write_text(
            f'[logs]\ndirectory = "{self.logs}"\nstart_at = "beginning"\n[state]\ndirectory = "{self.state}"\n{extra}',
            encoding="utf-8",
        )

    @property
    def log(self) -> Path:
        return self.logs / "server.2026-11-24.log"

    def write(self, *lines: str, path: Path | None = None) -> None:
        """Append whole lines, each with one write."""
        with (path or self.log).open("ab", buffering=0) as log:
            for each in lines:
                log.write(each.encode() + b"\n")

    def journal(self) -> str:
        return self.journal_path.read_text(encoding="utf-8") if self.journal_path.exists() else ""

    async def start(self, *, ready: bool = True, **environment: str) -> None:
        self.starts += 1
        with self.journal_path.open("ab") as journal:
            self.process = await asyncio.create_subprocess_exec(
                *COMMAND,
                "run",
                "--config",
                str(self.config),
                stdout=journal,
                stderr=journal,
                env=self.environment | environment,
            )
        if ready:
            await self.until_said("daemon.started", times=self.journal().count("daemon.started") + 1)

    async def until_said(self, words: str, *, times: int = 1, timeout: float = 20) -> None:
        """Wait until the journal holds these words so often."""
        async with asyncio.timeout(timeout):
            while self.journal().count(words) < times:
                assert self.process is None or self.process.returncode is None or words in self.journal(), (
                    self.journal()
                )
                await asyncio.sleep(0.02)

    async def stop(self, timeout: float = 10) -> int:
        """SIGTERM, as systemctl stop sends it; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(timeout):
            return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL, as nobody should."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def died(self, timeout: float = 20) -> int:
        assert self.process is not None
        async with asyncio.timeout(timeout):
            return await self.process.wait()

    async def until_dead_or(self, condition, timeout: float = 20) -> None:
        """Wait until it holds, or the process died on the way."""
        async with asyncio.timeout(timeout):
            while self.process.returncode is None and not condition():
                await asyncio.sleep(0.02)

    def hang_up(self) -> None:
        """SIGHUP, as systemctl reload sends it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    async def command(self, *arguments: str, stdin: bytes | None = None) -> tuple[int, str, str]:
        """Another command on the same configuration: exit code, stdout, stderr."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            "--config",
            str(self.config),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
        )
        out, err = await process.communicate(stdin)
        return process.returncode, out.decode(), err.decode()

    async def json(self, *arguments: str):
        """The one JSON value a command prints."""
        code, out, err = await self.command(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    async def until(self, condition, timeout: float = 30):
        """Wait until a question put to the commands is answered with something true; gives that back."""
        async with asyncio.timeout(timeout):
            while not (answer := await condition()):
                await asyncio.sleep(0.1)
            return answer

    async def close(self) -> None:
        if self.process is not None and self.process.returncode is None:
            await self.kill()

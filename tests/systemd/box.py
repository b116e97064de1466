"""A real systemd to test under: this machine's own, as PID 1 of namespaces of its own (see boot.sh)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

BOOT = Path(__file__).with_name("boot.sh")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LEAST_VERSION = 252


def missing() -> str | None:
    """Why no systemd can be booted here, or None."""
    if os.geteuid() != 0:
        return "booting systemd needs root"
    for program in ("unshare", "nsenter", "systemctl", "/usr/lib/systemd/systemd", "pivot_root"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    words = subprocess.run(
        ["systemctl", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()
    if int(words[1]) < LEAST_VERSION:
        return f"systemd {words[1]} is older than {LEAST_VERSION}"
    probe = subprocess.run(
        ["unshare", "--fork", "--pid", "--mount", "--uts", "--ipc", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"namespaces can't be made: {probe.stderr.strip()}" if probe.returncode else None


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str


class Box:
    """One booted system. It shares the network with this machine, so a server on loopback can be reached from inside."""

    def __init__(self, scratch: Path) -> None:
        scratch.mkdir()
        self.name = f"box-{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
        self._log = scratch.with_suffix(".log")
        with self._log.open("wb") as log:
            self._unshare = subprocess.Popen(
                [
                    "unshare",
                    "--fork",
                    "--pid",
                    "--mount",
                    "--uts",
                    "--ipc",
                    "--kill-child",
                    str(BOOT),
                    str(scratch),
                    self.name,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._pid = self._booted()

    def _booted(self, timeout: float = 30) -> int:
        """The PID of the new PID 1, as seen from here, once the system is up."""
        until = time.monotonic() + timeout
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children")
        state = ""
        while time.monotonic() < until and self._unshare.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                self._pid = int(children.read_text().split()[0])
                if Path(f"/proc/{self._pid}/comm").read_text().strip() == "systemd":
                    state = self.run_sync("systemctl", "is-system-running").out.strip()
                    if state in {"running", "degraded"}:
                        return self._pid
            time.sleep(0.05)
        failed = f"systemd did not come up ({state or 'no answer'}): {self._log.read_text(errors='replace')}"
        self.close()
        raise RuntimeError(failed)

    def command(self, *argv: str) -> tuple[str, ...]:
        """These words, run inside as root."""
        enter = ("nsenter", "-t", str(self._pid), "-m", "-p", "-u", "-i", "--root", "--wd=/")
        return (*enter, "env", "-i", "-C", "/", f"PATH={PATH}", "LANG=C.UTF-8", "HOME=/root", *argv)

    def run_sync(self, *argv: str, stdin: str | None = None) -> Ran:
        """Run inside, and block until it is over."""
        done = subprocess.run(
            self.command(*argv), input=stdin, capture_output=True, text=True, timeout=120, check=False
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    async def run(self, *argv: str, stdin: str | None = None, timeout: float = 60) -> Ran:
        """Run inside."""
        process = await asyncio.create_subprocess_exec(
            *self.command(*argv),
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(timeout):
                out, err = await process.communicate(stdin.encode() if stdin is not None else None)
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))

    async def must(self, *argv: str, stdin: str | None = None, timeout: float = 60) -> str:
        """Run inside what must succeed; returns what it printed."""
        ran = await self.run(*argv, stdin=stdin, timeout=timeout)
        assert ran.code == 0, f"{' '.join(argv)}: exit code {ran.code}\n{ran.out}{ran.err}"
        return ran.out

    async def write(self, path: str, text: str, mode: str = "644") -> None:
        """Make a file inside."""
        await self.must(
            "sh",
            "-c",
            f'mkdir -p "$(dirname "{path}")" && cat > "{path}" && chmod {mode} "{path}"',
            stdin=text,
        )

    async def until(self, *argv: str, says: str, timeout: float = 30) -> str:
        """Repeat a command until what it prints holds these words; returns that."""
        said = ""
        try:
            async with asyncio.timeout(timeout):
                while says not in (said := (await self.run(*argv)).out):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(
                f"{' '.join(argv)} did not say {says!r} in {timeout} s, but: {said}"
            ) from None
        return said

    def close(self) -> None:
        """Halt it, and leave nothing behind."""
        if self._unshare.poll() is None:
            with contextlib.suppress(ProcessLookupError, AttributeError):
                os.kill(self._pid, signal.SIGRTMIN + 3)  # systemd(1): halt
            try:
                self._unshare.wait(20)
            except subprocess.TimeoutExpired:
                self._unshare.kill()  # and --kill-child ends the rest
                self._unshare.wait()
        for top in Path("/sys/fs/cgroup").glob(f"**/{self.name}"):
            for directory, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    Path(directory).rmdir()

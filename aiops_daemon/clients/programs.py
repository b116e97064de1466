"""Other programs: started without a shell, with next to no environment, and never waited for without an end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LARGEST_OUTPUT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a program ended. `code` is None where it could not be started, or did not end in time."""

    code: int | None
    raw: bytes = b""
    err: str = ""

    @property
    def out(self) -> str:
        """What it printed, as text."""
        return self.raw.decode("utf-8", "replace")

    @property
    def said(self) -> str:
        """The last line of what it complained of."""
        lines = (self.err or self.out).strip().splitlines()
        return lines[-1][:300] if lines else f"exit code {self.code}"


async def run(
    argv: Sequence[str], *, seconds: float, environment: Mapping[str, str] | None = None, stdin: bytes = b""
) -> Ran:
    """Run a program to its end, or kill it after so many seconds, or so much output."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": PATH, **kept, **(environment or {})},
            limit=1 << 20,
            start_new_session=True,  # it can be ended together with what it started
        )
    except FileNotFoundError:
        return Ran(code=None, err=f"{argv[0]}: not installed, or not in PATH")
    except (OSError, ValueError) as error:
        return Ran(code=None, err=f"{argv[0]}: {getattr(error, 'strerror', None) or error}")
    try:
        async with asyncio.timeout(seconds):
            raw, err = await _communicate(process, stdin)
    except TimeoutError:
        return Ran(code=None, err=f"{argv[0]}: no end after {seconds:g} s")
    except OverflowError as error:
        return Ran(code=None, err=f"{argv[0]}: {error}")
    else:
        return Ran(code=process.returncode, raw=raw, err=err.decode("utf-8", "replace"))
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it with its children, where it hasn't come to its end, and let go of pipes that a child of theirs may hold open."""
    transport: asyncio.SubprocessTransport = process._transport  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
    if not transport.is_closing():
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    transport.close()
    await process.wait()


async def _communicate(process: asyncio.subprocess.Process, stdin: bytes) -> tuple[bytes, bytes]:
    """As `communicate`, but with an end to what is taken."""
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    writing = process.stdin

    async def feed() -> None:
        try:
            writing.write(stdin)
            await writing.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has seen enough
        finally:
            writing.close()

    _, raw, err = await asyncio.gather(feed(), _read(process.stdout), _read(process.stderr))
    await process.wait()
    return raw, err


async def _read(stream: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := await stream.read(1 << 20):
        parts.append(part)
        size += len(part)
        if size > LARGEST_OUTPUT_BYTES:
            raise OverflowError(f"more than {LARGEST_OUTPUT_BYTES >> 20} MiB of output")
    return b"".join(parts)

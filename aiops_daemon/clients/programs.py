"""Other programs: started without a shell, with next to no environment, and never waited for without an end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a program ended. `code` is None where it could not be started, or did not end in time."""

    code: int | None
    out: str
    err: str

    @property
    def said(self) -> str:
        """The last line of what it complained of."""
        lines = (self.err or self.out).strip().splitlines()
        return lines[-1][:300] if lines else f"exit code {self.code}"


async def run(argv: Sequence[str], *, seconds: float, environment: Mapping[str, str] | None = None) -> Ran:
    """Run a program to its end, or kill it after so many seconds."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": PATH, **kept, **(environment or {})},
        )
    except OSError as error:
        return Ran(code=None, out="", err=f"{argv[0]}: {error.strerror}")
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return Ran(code=None, out="", err=f"{argv[0]}: no end after {seconds:g} s")
    return Ran(code=process.returncode, out=out.decode(errors="replace"), err=err.decode(errors="replace"))

"""`make bench`: how quick and how small it is, on this machine, with the real process and a fake Discord on loopback.

Machines differ and are noisy: compare figures of one run with each other, not with those of another machine.

    append -> POST   from the write of a coded ERROR to its arrival at Discord, each a new incident
    reading          bytes of a log through the reader, as `replay` reads them
    memory           the daemon's resident set after the appends
    look             from an alert to its edit, on a large repository, and what becomes of other alerts meanwhile
    start            `aiops-daemon --help`, and from the start of `run` to its first word
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.acceptance.harness import COMMAND, Daemon, Discord, line
from tests.bench.look import looks

LETTERS = "abcdefghijklmnopqrstuvwxyz"


async def alerts(appends: int, directory: Path) -> None:
    """Append coded errors at random moments, each a fault of its own."""
    chance = random.Random(7)
    async with Discord() as discord:
        daemon = Daemon(directory, DISCORD_WEBHOOK_URL=discord.url)
        started = time.monotonic()
        await daemon.start()
        print(f"start            {1000 * (time.monotonic() - started):8.0f} ms from exec to daemon.started")
        written: dict[str, float] = {}
        for number in range(appends):
            await asyncio.sleep(chance.uniform(0.005, 0.115))
            fault = f"server::bench::{LETTERS[number // 26 % 26]}{LETTERS[number % 26]}"
            record = line("EXT5001", "upstream said no", target=fault)
            written[fault] = time.monotonic()
            daemon.write(record)
        await discord.until(lambda: len(discord.posts) >= appends, 60)
        waits = []
        for post in discord.requests:
            if post.method == "POST":
                text = json.dumps(post.json)
                fault = next(each for each in written if f"{each}`" in text)
                waits.append(1000 * (post.at - written[fault]))
        cut = quantiles(waits, n=100)
        print(
            f"append -> POST   {median(waits):8.1f} ms p50, {cut[89]:.1f} p90, {cut[98]:.1f} p99, {max(waits):.1f} max; {len(waits)} alerts"
        )
        resident = Path(f"/proc/{daemon.process.pid}/status").read_text().split("VmRSS:")[1].split()[0]
        print(f"memory           {int(resident) / 1024:8.1f} MiB resident after {appends} incidents")
        cpu = cpu_seconds(daemon.process.pid)
        await asyncio.sleep(5)
        print(f"idle             {100 * (cpu_seconds(daemon.process.pid) - cpu) / 5:8.2f} % of one processor")
        assert await daemon.stop() == 0


def cpu_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def reading(megabytes: int, directory: Path) -> None:
    """A log of which one line in a hundred is an ERROR."""
    from aiops_daemon.sources.assemble import Assembler
    from aiops_daemon.sources.formats import format_for
    from aiops_daemon.sources.lines import LineSplitter

    info = (
        line(None, "request completed", level="INFO", request="60f527ff-ed2f-4a52-a5a5-9f54abd101c6").encode()
        + b"\n"
    )
    error = line("DB5001", "pool timed out", request="60f527ff-ed2f-4a52-a5a5-9f54abd101c6").encode() + b"\n"
    block = (info * 99 + error) * 50
    path = directory / "big.log"
    with path.open("wb") as log:
        for _ in range(megabytes * 1_000_000 // len(block)):
            log.write(block)
    splitter, assembler = LineSplitter(0, 1 << 20), Assembler(format_for("auto"))
    size = path.stat().st_size
    started = time.process_time()
    with path.open("rb") as log:
        while chunk := log.read(512 * 1024):
            for each in splitter.feed(chunk):
                assembler.feed(each)
            assembler.take()
    seconds = time.process_time() - started
    lines = assembler.tally.lines
    print(
        f"reading          {size / seconds / 1e6:8.0f} MB/s of CPU time, {lines / seconds / 1000:.0f} thousand lines/s ({size / 1e6:.0f} MB)"
    )
    started = time.monotonic()
    subprocess.run([*COMMAND, "replay", "--json", str(path)], check=True, stdout=subprocess.DEVNULL)
    print(
        f"replay           {size / (time.monotonic() - started) / 1e6:8.0f} MB/s of the whole process, {lines // 100} errors admitted"
    )


def help_speed() -> None:
    """--help imports nothing heavy."""
    waits = []
    for _ in range(7):
        started = time.monotonic()
        subprocess.run([*COMMAND, "--help"], check=True, stdout=subprocess.DEVNULL)
        waits.append(1000 * (time.monotonic() - started))
    print(f"--help           {median(waits):8.0f} ms (median of {len(waits)})")


def main() -> None:
    """Run every measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--appends", type=int, default=300)
    parser.add_argument("--megabytes", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        help_speed()
        asyncio.run(alerts(arguments.appends, Path(directory)))
        reading(arguments.megabytes, Path(directory))
        asyncio.run(looks(Path(directory)))


if __name__ == "__main__":
    main()

"""How long a look into an incident takes where there is much to look at, and what it does to the daemon meanwhile."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import subprocess
import time
from pathlib import Path
from statistics import median

from tests.acceptance.harness import Daemon, Discord, line

FILES, COMMITS, ALERTS = 2_000, 10_000, 60
ROUTED = 10
"""One file in so many holds a router."""
_WORDS = [
    "order",
    "basket",
    "member",
    "carrier",
    "parcel",
    "label",
    "coupon",
    "invoice",
    "refund",
    "ledger",
    "ticket",
    "station",
    "parser",
]


def source_of(number: int, changed: int) -> str:
    """A Rust module of some 130 lines."""
    chance = random.Random(number)
    functions = []
    for each in range(12):
        word, other = chance.choice(_WORDS), chance.choice(_WORDS)
        limit = 10 + (changed if each == changed % 12 else number + each)
        functions.append(
            f"pub async fn {word}_{number}_{each}(db: &Database, id: i64) -> Result<{word.title()}, AppError> {{\n"
            f"    let found = db.{other}_of(id, {limit}).await?;\n"
            f"    if found.len() > {limit} {{\n        return Err(AppError::{other.title()}TooLarge);\n    }}\n"
            f'    tracing::info!(id, "{word} {number} read");\n'
            f"    {other}_{(number * 7 + each) % FILES}_{each}(db, id).await?;\n"
            f"    Ok({word.title()}::from(found))\n}}\n"
        )
    first = functions[0].split("fn ")[1].split("(")[0]
    router = (
        f"pub fn router() -> Router<AppState> {{\n"
        f'    Router::new().route("/api/v1/{first}/:id", get({first})).route("/api/v1/{first}", post({first}))\n}}\n'
    )
    functions += [router] if number % ROUTED == ROUTED - 1 else []
    return f"use crate::error::AppError;\n\nconst LIMIT_{number}: usize = {number};\n\n" + "\n".join(
        functions
    )


def repository(path: Path) -> None:
    """A bare clone of ten thousand commits and two thousand files."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)
    importing = subprocess.Popen(
        ["git", "-C", path, "fast-import", "--quiet"], stdin=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert importing.stdin is not None
    for commit in range(COMMITS):
        at = int(time.time()) - (COMMITS - commit) * 3600
        message = f"change {commit}\n"
        out = [
            f"commit refs/heads/main\ncommitter A <a@example.com> {at} +0000\ndata {len(message)}\n{message}"
        ]
        numbers = range(FILES) if commit == 0 else [commit * 17 % FILES, commit * 31 % FILES]
        for number in numbers:
            text = source_of(number, commit)
            out.append(
                f"M 100644 inline src/part_{number % 40}/module_{number}.rs\ndata {len(text.encode())}\n{text}"
            )
        importing.stdin.write("\n".join(out) + "\n")
    importing.stdin.close()
    assert importing.wait() == 0


async def looks(directory: Path) -> None:
    """Errors that nobody looks into, then the same with a look going on all the while."""
    clone = directory / "large.git"
    repository(clone)
    for mode in ("observe", "diagnose"):
        async with Discord() as discord:
            home = directory / mode
            home.mkdir()
            daemon = Daemon(home, DISCORD_WEBHOOK_URL=discord.url)
            daemon.configure(f'[repository]\npath = "{clone}"\n')
            daemon.config.write_text(f'mode = "{mode}"\n{daemon.config.read_text()}')
            await daemon.start()
            if mode == "diagnose":
                await _one(daemon, discord)
            waits = await _waits(daemon, discord)
            told = "while looks go on" if mode == "diagnose" else "while nobody looks into them"
            print(f"                 {median(waits):8.1f} ms p50, {max(waits):.1f} max for alerts {told}")
            await daemon.stop()


async def _one(daemon: Daemon, discord: Discord) -> None:
    daemon.write(_error("server::part_9::module_1209"))
    await discord.until(lambda: any(each.method == "PATCH" for each in discord.requests))
    post, edit = (
        next(each.at for each in discord.requests if each.method == method) for method in ("POST", "PATCH")
    )
    print(
        f"look             {edit - post:8.2f} s from an alert to its edit, 1.3 of them waiting; {COMMITS} commits, {FILES} files"
    )
    assert daemon.process is not None
    resident = Path(f"/proc/{daemon.process.pid}/status").read_text().split("VmRSS:")[1].split()[0]
    print(f"                 {int(resident) / 1024:8.1f} MiB resident behind it")


def _error(target: str) -> str:
    record = json.loads(line("EXT5001", "basket 1234 read but parcel is too large", target=target))
    first = source_of(1209, 0).split("fn ")[1].split("(")[0]
    uri = f"/api/v1/{first}/42"
    record["span"] = {"name": "request", "method": "GET", "request_id": secrets.token_hex(8), "uri": uri}
    return json.dumps(record)


async def _waits(daemon: Daemon, discord: Discord) -> list[float]:
    """Milliseconds from the write of each of some errors to its arrival."""
    chance = random.Random(7)
    written: dict[str, float] = {}
    for number in range(ALERTS):
        await asyncio.sleep(chance.uniform(0.05, 0.25))
        target = f"server::part_{number}::module_{chr(97 + number % 26)}{chr(97 + number // 26)}"
        written[target] = time.monotonic()
        daemon.write(_error(target))
    arrived: dict[str, float] = {}

    def all_arrived() -> bool:
        for post in discord.requests:
            text = json.dumps(post.json) if post.method == "POST" else ""
            arrived.update({target: post.at for target in written.keys() - arrived if f"{target}`" in text})
        return len(arrived) == ALERTS

    await discord.until(all_arrived, 60)
    return [1000 * (arrived[target] - at) for target, at in written.items()]

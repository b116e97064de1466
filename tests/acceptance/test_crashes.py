"""Whatever dies when: nothing is lost, nothing is counted twice, and a repeat is the exception and is marked.

Each named failpoint stands for a seam that an invariant of docs/architecture.md protects; there the process kills
itself as kill -9 would. Then chaos: kill -9 at random moments while the log grows and rotates.
"""

import asyncio
import json
import random

import pytest

from tests.acceptance.harness import line
from tests.fakes.discord import Fault

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def fault(number: int) -> str:
    """A message with a shape of its own."""
    return f"could not {LETTERS[number // 26 % 26]}{LETTERS[number % 26]} it"


async def counts(daemon):
    return {found["title"]: found["count"] for found in await daemon.json("incidents", "--all")}


def shown(discord):
    return json.dumps(list(discord.messages.values()), ensure_ascii=False)


@pytest.mark.parametrize(
    ("name", "nth"),
    [
        ("before_admit", 1),
        ("before_admit", 4),
        ("before_commit", 1),
        ("before_commit", 5),
        ("after_admit", 1),
        ("after_admit", 4),
        ("after_claim", 1),
        ("after_claim", 4),
        ("before_post", 2),
        ("after_post", 2),
        ("after_edit", 1),
    ],
)
async def test_death_at_a_seam(daemon, discord, name, nth):
    """Invariants 1, 3, 4, 5 and 6: dead at this seam, started again, all is as if it never died."""
    await daemon.start(ready=False, AIOPS_FAILPOINT=f"{name}:kill:{nth}")
    for number in range(4):
        daemon.write(line("EXT5001", fault(number)))
        await daemon.until_dead_or(lambda number=number: fault(number) in shown(discord))
        daemon.write(line("EXT5001", fault(number)))
    assert await daemon.died() == -9
    await daemon.start()
    await discord.until(lambda: all(fault(number) in shown(discord) for number in range(4)))
    await discord.until(lambda: shown(discord).count("2 (1 held back)") >= 4)
    await daemon.until(lambda: settled(daemon))
    assert await counts(daemon) == {fault(number): 2 for number in range(4)}
    assert len(discord.posts) - 4 == (1 if name == "after_post" else 0)
    assert await daemon.stop() == 0


async def settled(daemon):
    """Nothing is left to be done now."""
    jobs = (await daemon.json("status"))["jobs"]
    return jobs["doing"] == 0 and jobs["buried"] == 0


async def test_a_repeat_is_marked(daemon, discord):
    await daemon.start(AIOPS_FAILPOINT="after_post:kill")
    daemon.write(line("AI5003"))
    assert await daemon.died() == -9
    await daemon.start()
    await discord.until(lambda: len(discord.posts) == 2)
    assert "possible repeat" not in json.dumps(discord.posts[0].payload)
    assert "possible repeat" in json.dumps(discord.posts[1].payload)


async def test_death_before_the_first_place_is_stored_reads_everything(daemon, discord):
    daemon.write(line("AI5003"))
    await daemon.start(ready=False, AIOPS_FAILPOINT="after_first_scan:kill")
    assert await daemon.died() == -9
    await daemon.start()
    await discord.until(lambda: len(discord.posts) == 1)


async def test_half_a_panic_is_read_again(daemon, discord):
    """Invariant 1: the position is the end of the last whole record, though later records went on."""
    await daemon.start()
    head = [
        "thread 'main' panicked at src/main.rs:4:2:",
        "index out of bounds",
        "stack backtrace:",
        "   0: app::run",
    ]
    daemon.write(*head, line("AI5003"))
    await discord.until(lambda: len(discord.posts) == 1)
    await daemon.kill()
    daemon.write(
        "   1: app::main", "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"
    )
    await daemon.start()
    await discord.until(lambda: "src/main.rs:4:2" in shown(discord))
    found = {each["code"] or each["place"]: each["count"] for each in await daemon.json("incidents")}
    assert found == {"AI5003": 1, "src/main.rs:4:2": 1}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", [1, 2])
async def test_chaos(daemon, discord, seed):
    """Killed at random while the log grows and rotates: every fault is told, every event is counted once."""
    chance = random.Random(seed)
    planted: dict[str, int] = {}
    kills = rotations = 0
    await daemon.start()
    for _ in range(90):
        message = fault(chance.randrange(40))
        planted[message] = planted.get(message, 0) + 1
        record = line("EXT5001", message).encode() + b"\n"
        cut = chance.randrange(len(record)) if chance.random() < 0.2 else 0
        with daemon.log.open("ab", buffering=0) as log:
            log.write(record[:cut])
            if cut:
                await asyncio.sleep(0.01)
            log.write(record[cut:])
        await asyncio.sleep(chance.random() * 0.03)
        if chance.random() < 0.08:
            rotations += 1
            daemon.log.rename(daemon.logs / f"server.2026-11-24.log.{rotations}")
        if chance.random() < 0.09:
            kills += 1
            await daemon.kill()
            await daemon.start(ready=chance.random() < 0.5)
    if daemon.process.returncode is not None:
        await daemon.start()

    async def all_counted():
        return await counts(daemon) == planted

    await daemon.until_said("daemon.started", times=1)
    await daemon.until(all_counted)
    await discord.until(lambda: all(message in shown(discord) for message in planted))
    assert len(discord.posts) <= len(planted) + kills
    assert await daemon.stop() == 0


async def test_sigterm_under_load_loses_nothing(daemon, discord):
    await daemon.start()
    daemon.write(*(line("EXT5001", fault(number % 60)) for number in range(3000)))
    await discord.until(lambda: len(discord.posts) >= 3)
    assert await daemon.stop(timeout=10) == 0
    daemon.write(*(line("EXT5001", fault(number % 60)) for number in range(600)))
    await daemon.start()

    async def all_counted():
        found = await daemon.json("incidents", "--all")
        return sum(each["count"] for each in found) == 3600

    await daemon.until(all_counted)


async def test_a_state_that_can_not_be_written_is_told_and_nothing_is_lost(daemon, discord):
    """Rows 21 and 25 of the faults: people hear of it past the state, and it goes on without a restart."""
    await daemon.start(AIOPS_FAILPOINT="before_commit:error:6")
    for number in range(4):
        daemon.write(line("EXT5001", fault(number)))
        await asyncio.sleep(0.05)
    await discord.until(lambda: all(fault(number) in shown(discord) for number in range(4)))
    await discord.until(lambda: "can write its state again" in shown(discord))
    assert await counts(daemon) == {fault(number): 1 for number in range(4)}


async def test_sigterm_is_obeyed_though_discord_hangs(daemon, discord):
    discord.script(Fault.hang(accept=True))
    await daemon.start()
    daemon.write(line("AI5003"))
    await discord.until(lambda: discord.requests)
    assert await daemon.stop(timeout=9) == 0
    assert "Traceback" not in daemon.journal()
    await daemon.start()
    await discord.until(lambda: len(discord.posts) == 2)
    assert "possible repeat" in discord.posts[1].text

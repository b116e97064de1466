"""A diagnosis as people get it, from the real process and a fake Messages API that fails in every way it can.

The answers were written by hand: they show that the plumbing works, and nothing about how right a model is.
"""

import asyncio
import json

import pytest

from tests.acceptance.harness import Daemon, Discord, line
from tests.acceptance.test_evidence import DEPLOYED, LOG, clone, done, shown  # noqa: F401 - the fixture
from tests.answers import FAULTY, cited, lookups
from tests.fakes import claude as fakes
from tests.fakes.claude import KEY, FakeClaude


@pytest.fixture
async def claude():
    async with FakeClaude(cited) as server:
        yield server


@pytest.fixture
async def asking(tmp_path, discord, clone, claude):  # noqa: F811
    """The daemon with a key, a source and a time-out in its log."""
    daemon = Daemon(tmp_path, DISCORD_WEBHOOK_URL=discord.url, ANTHROPIC_API_KEY=KEY)

    def configure(extra="", repository=clone):
        daemon.configure(
            f'{extra}\n[repository]\npath = "{repository}"\nsource_root = "codes/server"\ndeployed = "{DEPLOYED}"\n'
            f'[claude]\nbase_url = "{claude.url}"\n'
        )

    daemon.reconfigure = configure
    configure()
    yield daemon
    await daemon.close()


@pytest.fixture
async def discord():
    async with Discord() as server:
        yield server


async def incident(daemon, code="AI5003"):
    return next(each for each in await daemon.json("incidents", "--all") if each["code"] == code)


async def diagnosis(daemon, discord, code="AI5003"):
    """What is known of an incident, once its message tells of a diagnosis, or why there is none."""

    def is_told():
        return any(
            code in json.dumps(message)
            and ('"Diagnosis"' in json.dumps(message) or "No diagnosis" in json.dumps(message))
            for message in discord.messages.values()
        )

    await discord.until(is_told)
    return (await daemon.json("show", str((await incident(daemon, code))["id"])))["diagnosis"]


def one_timeout(daemon):
    """Only the incident that is asked about, so that there is one diagnosis."""
    rows = [row for row in LOG.read_text("utf-8").splitlines() if "ERROR" not in row or "AI5003" in row]
    daemon.log.write_text("\n".join(rows) + "\n", "utf-8")


async def test_the_alert_is_edited_to_tell_the_cause_and_what_it_cost(asking, discord, claude):
    one_timeout(asking)
    await asking.start()
    await discord.until(lambda: "uses the shared client" in shown(discord))
    text = shown(discord)
    for told in (
        "confidence high",
        "codes/server/src/global/http.rs shared_client",
        FAULTY,
        "1. Give the AI client",
        "claude-sonnet-5-5, 1 questions",
    ):
        assert told in text
    said = await diagnosis(asking, discord)
    assert {
        "root_cause",
        "evidence",
        "confidence",
        "severity",
        "category",
        "code_cause",
        "file",
        "function",
        "suspect_commit",
        "impact",
        "recommendations",
        "fix",
        "rounds",
        "usd",
        "source",
    } <= said.keys()
    assert (said["source"], said["rounds"], said["confidence"], said["code_cause"]) == (
        "claude",
        1,
        "high",
        True,
    )
    assert all(each["verified"] for each in said["evidence"])
    assert [each["priority"] for each in said["recommendations"]] == [1, 2]
    status = await asking.json("status")
    assert status["budgets"]["diagnoses_last_hour"] == 1
    assert status["budgets"]["usd_this_month"] == pytest.approx(said["usd"])
    usage = claude.answered[0]["usage"]
    prices = {
        "input_tokens": 2.0,
        "output_tokens": 10.0,
        "cache_creation_input_tokens": 2.5,
        "cache_read_input_tokens": 0.1,
    }
    assert said["usd"] == pytest.approx(
        sum(usage[name] * price for name, price in prices.items()) / 1e6, abs=1e-6
    )
    code, out, _ = await asking.command("show", str((await incident(asking))["id"]))
    assert code == 0
    assert "diagnosis, confidence high" in out
    assert "uses the shared client" in out


async def test_what_is_asked_for_is_looked_up_and_sent_with_the_next_question(asking, claude, discord):
    def script(body):
        if len(body["messages"]) == 1:
            return lookups(
                {"kind": "TEXT", "text": "shared_client"},
                {"kind": "lines", "path": "../../etc/passwd", "first_line": 1},
            )
        return cited(body)

    claude.script = script
    one_timeout(asking)
    await asking.start()
    said = await diagnosis(asking, discord)
    assert said["rounds"] == 2
    first, second = claude.questions
    assert second["messages"][0]["content"][0]["text"] == first["messages"][0]["content"][0]["text"]
    answers = second["messages"][2]["content"][0]["text"]
    assert "[Q1.1] answer to: text shared_client" in answers
    assert "(in AppState.new)" in answers
    assert "there is no such tracked file" in answers
    assert "root:" not in answers
    mark = first["messages"][0]["content"][0]["text"].split("<evidence-")[1].split(">")[0]
    assert f"<answers-{mark}>" in answers


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (fakes.error(401, "authentication_error"), "refuses the key (401)"),
    ],
)
async def test_what_needs_somebody_is_told_once_and_the_evidence_stays(asking, discord, claude, fault, says):
    claude.always = fault
    one_timeout(asking)
    await asking.start()
    await discord.until(lambda: says in shown(discord))
    assert "Began" in shown(discord)
    assert (await diagnosis(asking, discord))["usd"] == 0
    asking.write(line("EXT5001", "the carrier rejected parcel labels", target="server::shipping"))
    said = await diagnosis(asking, discord, "EXT5001")
    assert says in said["notes"][0]
    if "question" not in says:
        assert len(claude.questions) == 1  # nobody asks again at once with a key that was refused
        assert (
            sum("gets no diagnosis from Claude" in json.dumps(each) for each in discord.messages.values())
            == 1
        )


async def test_without_a_key_nobody_is_asked(asking, discord, claude):
    one_timeout(asking)
    await asking.start(ANTHROPIC_API_KEY="")
    await discord.until(lambda: "evidence only, no AI" in shown(discord))
    assert (await asking.json("show", "1"))["diagnosis"] is None
    assert claude.requests == 0


async def test_ten_thousand_equal_errors_cost_one_diagnosis(asking, claude, discord):
    asking.reconfigure()
    record = line("AI5003", "API time-out after 8000 ms", request="r-1")
    asking.log.write_text(f"{record}\n" * 10_000, "utf-8")
    await asking.start()
    assert (await diagnosis(asking, discord))["source"] == "claude"

    async def all_counted():
        return (await incident(asking))["count"] == 10_000

    await asking.until(all_counted)
    assert len(claude.questions) == 1


async def test_the_same_fault_with_unchanged_code_is_recalled_and_not_bought(asking, claude, discord):
    asking.config.write_text(
        '[triage]\nquiet_after = "1s"\ndedup_window = "0s"\n' + asking.config.read_text(), "utf-8"
    )
    one_timeout(asking)
    await asking.start()
    assert (await diagnosis(asking, discord))["source"] == "claude"

    async def resolved():
        return (await incident(asking))["state"] == "resolved"

    await asking.until(resolved)
    with asking.log.open("a", encoding="utf-8") as log:
        log.write(
            next(row for row in LOG.read_text("utf-8").splitlines() if "AI5003" in row and "ERROR" in row)
            + "\n"
        )

    async def recalled():
        return (await diagnosis(asking, discord))["source"] == "recalled"

    await asking.until(recalled)
    assert len(claude.questions) == 1
    await discord.until(lambda: "recalled: the same fault" in shown(discord))


@pytest.mark.parametrize("place", ["before_question", "after_answer", "after_diagnosis"])
async def test_killed_in_the_middle_nothing_is_lost_and_nothing_paid_is_not_booked(
    asking, claude, discord, place
):
    one_timeout(asking)
    await asking.start(AIOPS_FAILPOINT=f"{place}:kill")
    await asking.died()
    await asking.start()
    said = await diagnosis(asking, discord)
    assert said["source"] == "claude"
    real = sum(
        (
            each["usage"]["input_tokens"] * 2
            + each["usage"]["cache_creation_input_tokens"] * 2.5
            + each["usage"]["cache_read_input_tokens"] * 0.1
            + each["usage"]["output_tokens"] * 10
        )
        / 1e6
        for each in claude.answered
    )
    status = await asking.json("status")
    assert status["budgets"]["usd_this_month"] >= real - 1e-9
    assert status["budgets"]["diagnoses_last_hour"] == 1
    assert len(claude.answered) <= 2
    await discord.until(lambda: "uses the shared client" in shown(discord))


async def test_an_alert_never_waits_for_a_diagnosis(asking, discord, claude):
    release = asyncio.Event()
    claude.faults = [fakes.silent(release)]
    one_timeout(asking)
    await asking.start()
    await claude.until(lambda: len(claude.questions) == 1)
    asking.write(line("DB5001", "no connection", target="server::db"))
    await discord.until(lambda: "DB5001" in shown(discord))
    assert len(claude.questions) == 1
    release.set()


async def test_stopped_while_it_asks_it_ends_in_time(asking, claude, discord):
    release = asyncio.Event()
    claude.faults = [fakes.silent(release)]
    one_timeout(asking)
    await asking.start()
    await claude.until(lambda: len(claude.questions) == 1)
    assert await asking.stop(timeout=15) == 0
    release.set()


async def test_a_model_on_its_way_out_is_told_at_the_start(asking, discord, claude):
    claude.life = {"retires_at": "2026-12-01T00:00:00Z"}
    await asking.start()
    await discord.until(lambda: "on its way out" in shown(discord))
    assert "claude-sonnet-5-5 ends on 2026-12-01" in shown(discord)

"""`diagnose` and `eval` with a key: the commands as people and programs call them."""

import json
import sqlite3

import pytest

from tests.acceptance.harness import Daemon
from tests.acceptance.test_evidence import DEPLOYED, LOG, SCENARIO, clone, shown  # noqa: F401 - a fixture
from tests.answers import FAULTY, answer, cited
from tests.fakes import claude as fakes
from tests.fakes.claude import KEY, FakeClaude

FROM_LOG = ("--log", str(LOG), "--code", "AI5003")


@pytest.fixture
async def claude():
    async with FakeClaude(cited) as server:
        yield server


@pytest.fixture
async def commands(tmp_path, clone, claude):  # noqa: F811
    """A configuration with a key; no daemon runs."""
    daemon = Daemon(tmp_path, ANTHROPIC_API_KEY=KEY)
    daemon.configure(
        f'[repository]\npath = "{clone}"\nsource_root = "codes/server"\ndeployed = "{DEPLOYED}"\n'
        f'[claude]\nbase_url = "{claude.url}"\n'
    )
    yield daemon
    await daemon.close()


def booked(daemon):
    with sqlite3.connect(daemon.state / "state.db") as connection:
        rows = connection.execute(
            "SELECT sum(coalesce(settled_usd, reserved_usd)) / 1e6, count(*) FROM ledger"
        )
        return rows.fetchone()


async def test_for_a_log_it_prints_the_documented_shape_and_books_what_it_cost(commands):
    said = await commands.json("diagnose", *FROM_LOG)
    assert (said["source"], said["confidence"], said["rounds"]) == ("claude", "high", 1)
    assert said["suspect_commit"].startswith(FAULTY)
    assert said["fix"] == {
        "kind": "timeout",
        "description": "raise it to 60 s",
        "files": ["codes/server/src/global/http.rs"],
    }
    usd, entries = booked(commands)
    assert usd == pytest.approx(said["usd"], abs=1e-6)
    assert entries == 2


async def test_for_people_it_says_the_cause_and_what_it_rests_on(commands):
    code, out, err = await commands.command("diagnose", *FROM_LOG)
    assert (code, err) == (0, "")
    assert "diagnosis, confidence high" in out
    assert "uses the shared client" in out
    assert "stands in the evidence" in out


async def test_for_an_incident_of_a_running_daemon_it_is_kept_and_shown_on_the_alert(commands, discord):
    rows = [row for row in LOG.read_text("utf-8").splitlines() if "AI5003" in row][:3]
    commands.log.write_text("\n".join(rows) + "\n", "utf-8")
    await commands.start(ANTHROPIC_API_KEY="", DISCORD_WEBHOOK_URL=discord.url)
    await discord.until(lambda: "evidence only, no AI" in shown(discord))
    said = await commands.json("diagnose", "1")
    assert said["source"] == "claude"
    await discord.until(lambda: "uses the shared client" in shown(discord))
    kept = (await commands.json("show", "1"))["diagnosis"]
    assert kept["root_cause"] == said["root_cause"]
    assert kept["at"] is not None


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (fakes.error(401, "authentication_error"), 69, "refuses the key"),
        (fakes.error(500, "api_error"), 69, "a fault of its own (500)"),
        (fakes.page(), 69, "no Messages API: a page"),
    ],
)
async def test_what_is_in_the_way_is_one_line_and_the_evidence_is_there(commands, claude, fault, code, says):
    claude.always = fault
    ended, out, err = await commands.command("diagnose", *FROM_LOG)
    assert (ended, err) == (code, "")
    assert "no diagnosis" in out
    assert says in out
    assert "look at" in out


async def test_without_a_key_it_says_where_to_put_one(commands, claude):
    commands.environment.pop("ANTHROPIC_API_KEY")
    ended, out, _ = await commands.command("diagnose", *FROM_LOG)
    assert ended == 1
    assert "ANTHROPIC_API_KEY" in out
    assert "look at" in out
    assert claude.requests == 0


async def test_the_hours_limit_holds_for_commands_too(commands):
    commands.config.write_text(commands.config.read_text() + "max_diagnoses_per_hour = 1\n", "utf-8")
    assert (await commands.json("diagnose", *FROM_LOG))["source"] == "claude"
    ended, out, _ = await commands.command("diagnose", *FROM_LOG, "--json")
    assert ended == 1
    assert "1 diagnoses an hour is the limit" in json.loads(out)["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "--log FILE"),
        (["1", "--log", "x.log"], 2, "one of the two"),
        (["--log", "/nowhere/x.log"], 66, "/nowhere/x.log"),
        (["7"], 1, "no state"),
    ],
)
async def test_a_wrong_call_is_one_clear_line(commands, arguments, code, says):
    ended, out, err = await commands.command("diagnose", *arguments)
    assert (ended, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1


async def test_eval_with_a_key_scores_answers_too(commands, claude):
    report = await commands.json("eval", str(SCENARIO))
    (row,) = report["scenarios"]
    assert row["diagnosis"]["answered"]
    assert row["diagnosis"]["commit"] is True
    assert row["diagnosis"]["place"] is True
    summary = report["summary"]["diagnosis"]
    assert summary["no_innocent_commit"] == 1.0
    assert summary["usd_total"] == pytest.approx(booked(commands)[0], abs=1e-6)
    code, out, _ = await commands.command("eval", str(SCENARIO))
    assert code == 0
    assert "a rough measure" in out
    claude.script = lambda _: answer(
        file="", function="", category="external", code_cause="no", suspect_commit=""
    )
    wrong = (await commands.json("eval", str(SCENARIO)))["scenarios"][0]["diagnosis"]
    assert (wrong["place"], wrong["cause"], wrong["commit"]) == (False, False, False)
    assert wrong["blames_nobody_innocent"] is True
    assert (await commands.json("status"))["budgets"]["diagnoses_last_hour"] == 0


async def test_eval_can_leave_claude_out(commands, claude):
    report = await commands.json("eval", str(SCENARIO), "--evidence-only")
    assert "diagnosis" not in report["scenarios"][0]
    assert claude.requests == 0


async def test_a_state_that_was_lost_is_not_made_anew_by_a_command(commands, claude):
    await commands.start()
    await commands.until_said("backup.made")
    assert await commands.stop() == 0
    assert list((commands.state / "backups").glob("*.db"))
    for each in commands.state.glob("state.db*"):
        each.unlink()
    ended, out, err = await commands.command("diagnose", *FROM_LOG)
    assert (ended, out) == (1, "")
    assert "aiops-daemon restore" in err
    assert claude.requests == 0
    assert not (commands.state / "state.db").exists()


async def test_a_try_that_fails_leaves_the_answer_and_mark_marks_that(commands, claude):
    rows = [row for row in LOG.read_text("utf-8").splitlines() if "AI5003" in row][:3]
    commands.log.write_text("\n".join(rows) + "\n", "utf-8")
    await commands.start(ANTHROPIC_API_KEY="")

    async def opened():
        return await commands.json("incidents")

    await commands.until(opened)
    assert (await commands.json("diagnose", "1"))["source"] == "claude"
    claude.always = fakes.error(500, "api_error")
    ended, _, _ = await commands.command("diagnose", "1")
    assert ended == 69
    assert (await commands.json("show", "1"))["diagnosis"]["source"] == "claude"
    assert await commands.json("mark", "1", "wrong") == {"id": 1, "verdict": "wrong"}
    assert (await commands.json("show", "1"))["diagnosis"]["verdict"] == "wrong"
    ended, _, err = await commands.command("mark", "7", "right")
    assert ended == 1
    assert "there is no incident 7" in err

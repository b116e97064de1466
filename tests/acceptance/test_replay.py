"""`replay`: exact over real logs, on their own clock, and it sends and stores nothing."""

import json
from pathlib import Path

import pytest

from tests.acceptance.harness import Daemon

SAMPLES = Path(__file__).parents[1] / "samples" / "rust-tracing"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
FILES = sorted(path for path in SAMPLES.rglob("*.log"))


def expectation(path):
    found = EXPECTED.get("files", EXPECTED)
    name = str(path.relative_to(SAMPLES))
    return found.get(f"rust-tracing/{name}") or found[name]


@pytest.fixture
def daemon(tmp_path):
    return Daemon(tmp_path)


async def test_levels_and_codes_are_exact(daemon):
    report = await daemon.json("replay", *(str(path) for path in FILES))
    for path, found in zip(FILES, report["files"], strict=True):
        expected = expectation(path)
        codes = {code: number for code, number in expected["error_codes"].items() if code}
        in_text = expected["codes_in_text_only_of_errors"]
        assert (found["events"], found["codes"], found["codes_in_text"]) == (
            expected["levels"],
            codes,
            in_text,
        ), path.name
        assert found["lines"] == expected["lines"]
        assert found["unparsed"] == 0
    assert report["estimated_usd"] is None
    assert not daemon.state.exists()


async def test_the_raw_text_of_a_panic_with_a_record_is_no_event_of_its_own(daemon):
    report = await daemon.json("replay", str(SAMPLES / "json_nested_panic_stderr.log"))
    panics = [found for found in report["incidents"] if found["place"]]
    assert sum(found["count"] for found in panics) == 8
    assert sum(found["companions"] for found in panics) >= 8
    assert all(found["code"] == "COMMON5001" for found in panics)


async def test_messages_are_new_incidents_and_regressions(daemon):
    report = await daemon.json("replay", str(SAMPLES / "rolling" / "server.2026-11-18.log"))
    told = [
        found for found in report["incidents"] if "alert" in found["actions"] and found["shares_with"] is None
    ]
    assert report["alerts"] == len(told)


async def test_the_mode_decides_what_would_follow(daemon):
    path = str(SAMPLES / "json_nested.log")
    actions = {}
    for mode in ("observe", "propose"):
        report = await daemon.json("replay", "--mode", mode, path)
        actions[mode] = {action for found in report["incidents"] for action in found["actions"]}
    assert actions == {"observe": {"alert", "digest"}, "propose": {"alert", "diagnose", "digest", "issue"}}


async def test_a_file_that_can_not_be_read_is_said_and_exit_code_66(daemon, tmp_path):
    for missing in (tmp_path / "none.log", tmp_path):
        code, out, err = await daemon.command("replay", str(missing))
        assert (code, out, err.count("\n")) == (66, "", 1)
        assert str(missing) in err

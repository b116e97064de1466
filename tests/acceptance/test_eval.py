"""`eval` over the scenarios that ship: what the evidence must hold, at least, and how a broken scenario is told."""

from pathlib import Path

import pytest

SCENARIOS = Path(__file__).parent.parent / "scenarios"


@pytest.fixture
def evaluating(daemon):
    daemon.config.write_text("")
    return daemon


async def test_the_evidence_holds_the_truth_of_nearly_every_scenario(evaluating):
    """The bars of the product: file and function in over 90 %, the commit with its diff in over 85 %, 30,000 tokens."""
    found = await evaluating.json("eval", str(SCENARIOS))
    summary = found["summary"]
    assert summary["scenarios"] >= 12
    assert summary["file"]["all"] > 0.9
    assert summary["function"]["all"] > 0.9
    assert summary["commit"]["all"] > 0.85
    assert summary["commit"]["at_3"] > 0.5
    assert summary["evidence_outside_code"] == 1.0
    assert summary["tokens_median"] < 30_000


async def test_for_people_it_is_a_table(evaluating):
    code, out, _ = await evaluating.command("eval", str(SCENARIOS / "rust-ai-timeout"))
    assert code == 0
    assert "rust-ai-timeout" in out
    assert "in all" in out


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "there is no scenario.toml"),
        ({"a/scenario.toml": "[truth"}, "a/scenario.toml"),
        ({"a/scenario.toml": 'repository = "x.fi"\nlogs = []\n'}, "'truth' is missing"),
        ({"a/scenario.toml": 'repository = "x.fi"\nlogs = ["x.log"]\n[truth]\n'}, "x.fi"),
        (
            {"a/scenario.toml": 'repository = "x.fi"\nlogs = ["x.log"]\n[truth]\n', "a/x.fi": "no stream"},
            "x.fi",
        ),
    ],
)
async def test_a_scenario_that_is_none_is_one_clear_line(evaluating, tmp_path, files, says):
    directory = tmp_path / "scenarios"
    directory.mkdir()
    for name, text in files.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    code, out, err = await evaluating.command("eval", str(directory))
    assert (code, out) == (66, "")
    assert says in err
    assert err.startswith("aiops-daemon: ")

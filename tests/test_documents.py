"""What the documents say is true: every command, exit code, journal event and failpoint stands in them, and nothing else does."""

import ast
import re
from pathlib import Path

import pytest

from aiops_daemon import failpoint
from aiops_daemon.actions.texts import TEXTS
from aiops_daemon.cli import parser
from aiops_daemon.domain.playbook import BUILT_IN
from aiops_daemon.telemetry import EVENTS, FIELDS

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "aiops_daemon").rglob("*.py"))


def document(name):
    return (ROOT / name).read_text(encoding="utf-8")


def calls(of):
    """The first arguments of all calls of functions with one of these names."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = ast.unparse(node.func)
                if name in of:
                    yield node.args[0].value


def strings(paths):
    """Every text constant, but for those of the list itself."""
    for path in paths:
        if path.name != "telemetry.py":
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def test_everything_the_journal_can_say_is_listed_and_documented():
    said = set(
        calls({f"log.{level}" for level in ("debug", "info", "warning", "error", "critical", "exception")})
    )
    said |= {
        name for name in strings(SOURCES) if name in EVENTS
    }  # where the level, or the event, is an argument
    said |= {"library.said"}  # by the journal itself
    assert said == set(EVENTS)
    operations = document("docs/operations.md")
    assert {name for name in EVENTS if f"| `{name}` | {EVENTS[name]} |" not in operations} == set()


def test_every_field_of_the_journal_is_documented():
    operations = document("docs/operations.md")
    missing = {name for name, meaning in FIELDS.values() if f"| `{name}` | {meaning} |" not in operations}
    assert missing == set()


def test_journal_events_are_a_noun_and_a_verb_in_the_past_tense():
    assert [name for name in EVENTS if not re.fullmatch(r"[a-z]+\.[a-z_]+", name)] == []


def test_every_command_is_documented_and_says_what_it_does():
    commands = next(action for action in parser()._actions if action.dest == "command").choices
    page = document("docs/commands.md")
    assert [name for name in commands if f"## `{name}" not in page and f", `{name}" not in page] == []
    assert [name for name, sub in commands.items() if not sub.description] == []


def test_every_failpoint_is_passed_somewhere_and_documented():
    assert set(calls({"failpoint"})) == failpoint.NAMES
    page = document("docs/architecture.md")
    assert {name for name in failpoint.NAMES if f"`{name}`" not in page} == set()


def test_the_catalogue_is_documented():
    page = document("docs/alerts.md")
    assert [code for code in BUILT_IN if code not in page] == []


def test_every_language_has_every_text():
    assert [language for language, texts in TEXTS.items() if set(texts) != set(TEXTS["en"])] == []


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda path: path.name
)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_modules_stay_small():
    long = {
        path.name: lines
        for path in SOURCES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 310
    }
    assert long == {}


def test_every_module_says_what_it_is_for():
    assert [
        path.name for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ] == []

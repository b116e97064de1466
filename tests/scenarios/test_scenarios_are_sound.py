"""What `README.md` promises of every scenario."""

import json
import re
import subprocess
import tomllib
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/scenario.toml"))
KEYS = {"title", "repository", "deployed", "source_root", "logs", "code", "contains", "truth"}
TRUTH = {"in_code", "files", "functions", "commit", "keywords", "evidence"}
HEX = re.compile(r"[0-9a-f]{40}")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A stream's bare repository, imported once however many scenarios share it."""
    where = tmp_path_factory.mktemp("repositories")

    @cache
    def imported(stream: Path) -> Path:
        bare = where / f"{stream.parent.name}-{stream.stem}.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
        with stream.open("rb") as data:
            subprocess.run(["git", "-C", str(bare), "fast-import", "--quiet"], stdin=data, check=True)
        return bare

    return imported


def git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True)
    return done.stdout.decode()


def read(name: str) -> dict:
    return tomllib.loads((HERE / name / "scenario.toml").read_text(encoding="utf-8"))


def log_of(name: str) -> str:
    return "".join((HERE / name / log).read_text(encoding="utf-8") for log in read(name)["logs"])


def records(text: str) -> list[dict]:
    return [json.loads(line) for line in text.split("\n") if line.startswith("{")]


def code_of(record: dict) -> str:
    return record.get("error_code") or record.get("fields", {}).get("error_code") or ""


def is_error(record: dict) -> bool:
    return record["level"] in {"ERROR", "error", 50}


def when(record: dict) -> datetime:
    stamp = record.get("timestamp") or record.get("time")
    if isinstance(stamp, int):
        return datetime.fromtimestamp(stamp / 1000, UTC)
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp))


def test_there_are_enough_of_each_kind():
    every = [read(name) for name in NAMES]
    assert len(NAMES) >= 14
    assert sum(name.startswith("rust-") for name in NAMES) >= 9
    assert sum(not each["truth"]["in_code"] for each in every) >= 3
    only_4xx = [
        name
        for name in NAMES
        if not any(
            code_of(r).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")[:1] == "5"
            for r in records(log_of(name))
            if code_of(r) == read(name)["code"]
        )
    ]
    assert len([name for name in only_4xx if read(name)["code"]]) >= 4


def test_all_of_it_is_small():
    assert (
        sum(
            path.stat().st_size
            for path in HERE.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        )
        < 6_000_000
    )


@pytest.mark.parametrize("name", NAMES)
def test_its_file_has_every_key(name):
    scenario = read(name)
    assert set(scenario) == KEYS
    assert set(scenario["truth"]) == TRUTH
    assert scenario["code"] or scenario["contains"]
    assert "\n" not in scenario["title"]


@pytest.mark.parametrize("name", NAMES)
def test_its_truth_is_in_its_repository(name, repository):
    scenario = read(name)
    bare = repository((HERE / name / scenario["repository"]).resolve())
    deployed, truth = scenario["deployed"], scenario["truth"]
    assert HEX.fullmatch(deployed)
    git(bare, "merge-base", "--is-ancestor", deployed, "main")
    if not truth["in_code"]:
        assert not truth["commit"]
        assert truth["evidence"]
        return
    sources = [git(bare, "show", f"{deployed}:{path}") for path in truth["files"]]
    assert all(path.startswith(scenario["source_root"].rstrip("./")) for path in truth["files"])
    for function in truth["functions"]:
        defined = rf"^\s*(?:pub |async |export |export default )*(?:fn|def|function|func|struct|class|const)\s+(?:\([^)]*\)\s*)?{function}\b"
        assert any(re.search(defined, source, re.MULTILINE) for source in sources), function
    assert truth["functions"]
    commit = truth["commit"]
    assert HEX.fullmatch(commit)
    git(bare, "merge-base", "--is-ancestor", commit, deployed)
    assert commit != deployed
    touched = git(bare, "show", "--format=", "--name-only", commit).split()
    assert set(touched) & set(truth["files"])


@pytest.mark.parametrize("name", NAMES)
def test_no_commit_message_gives_it_away(name, repository):
    scenario = read(name)
    if not scenario["truth"]["commit"]:
        return
    bare = repository((HERE / name / scenario["repository"]).resolve())
    message = git(bare, "show", "-s", "--format=%B", scenario["truth"]["commit"]).lower()
    words = [word for group in scenario["truth"]["keywords"] for word in group]
    assert words
    assert not [word for word in words if word.lower() in message]


@pytest.mark.parametrize("name", NAMES)
def test_its_log_has_the_incident(name, repository):
    scenario = read(name)
    text = log_of(name)
    lines = text.splitlines()
    assert 150 <= len(lines) <= 1500
    found = records(text)
    if scenario["code"]:
        errors = [record for record in found if is_error(record) and code_of(record) == scenario["code"]]
        assert len(errors) >= 3
        assert len({json.dumps(record, sort_keys=True) for record in errors}) == len(errors)
        first = min(when(record) for record in errors)
    else:
        assert text.count(scenario["contains"]) >= 3
        first = max(when(record) for record in found)
    assert scenario["contains"] in text
    for evidence in scenario["truth"]["evidence"]:
        assert evidence in text
    assert [when(record) for record in found] == sorted(when(record) for record in found)
    bare = repository((HERE / name / scenario["repository"]).resolve())
    deployed = datetime.fromtimestamp(int(git(bare, "show", "-s", "--format=%ct", scenario["deployed"])), UTC)
    assert deployed < first


@pytest.mark.parametrize("name", NAMES)
def test_most_of_its_traffic_is_healthy(name):
    levels = Counter(is_error(record) for record in records(log_of(name)))
    assert levels[True] < levels[False]


def test_histories_are_long_and_of_several_people(repository):
    for stream in sorted((HERE / "_bases").glob("*.fi")):
        bare = repository(stream)
        commits = git(bare, "rev-list", "main").split()
        authors = set(git(bare, "log", "--format=%ae", "main").split())
        files = git(bare, "ls-tree", "-r", "--name-only", "main").split()
        assert 30 <= len(commits) <= 80, stream.name
        assert 3 <= len(authors) <= 5, stream.name
        assert 15 <= len(files) <= 70, stream.name

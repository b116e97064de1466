"""Accuracy over scenarios whose truth is known: whether the evidence holds the file, the function and the commit at fault.

A scenario is a directory with `scenario.toml`, which names a repository, logs and the truth; docs/evaluation.md has the format.
Everything goes the way of `context`: the same reading, the same look-ups, the same budget.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiops_daemon.domain.evidence import Evidence

FILE_NAME = "scenario.toml"
_DEFINES = r"(?:\bfn|\bdef|\bfunction|\bfunc(?:\s*\([^)]*\))?|\bconst|\bclass|\bstruct|\benum|\bstatic|\blet|\bvar|[\w>\]]|^\s*\d+)\s+{name}\b|\b{name}\s*[(=:<]"


class ScenarioError(Exception):
    """A scenario that can't be used: which one, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One incident with its truth."""

    name: str
    title: str
    directory: Path
    repository: Path
    deployed: str
    source_root: str
    logs: tuple[Path, ...]
    code: str | None
    contains: str | None
    truth: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well one scenario went. Ranks count from 1; None where it isn't there at all, or there is nothing to find."""

    name: str
    in_code: bool
    file_rank: int | None
    function_rank: int | None
    commit_rank: int | None
    has_commit: bool
    evidence_found: bool
    tokens: int
    seconds: float
    missing: tuple[str, ...] = field(default=())


def scenarios_in(directory: Path) -> list[Scenario]:
    """Every scenario of a directory, which may be one itself.

    Raises:
        ScenarioError: there is none, or one of them is not valid.
    """
    files = (
        [directory / FILE_NAME]
        if (directory / FILE_NAME).is_file()
        else sorted(directory.glob(f"*/{FILE_NAME}"))
    )
    if not files:
        raise ScenarioError(f"{directory}: there is no {FILE_NAME} in it, nor in a directory of it")
    return [_scenario(file) for file in files]


def _scenario(file: Path) -> Scenario:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
        truth = values["truth"]
        return Scenario(
            name=file.parent.name,
            title=values.get("title", file.parent.name),
            directory=file.parent,
            repository=file.parent / values["repository"],
            deployed=values.get("deployed", ""),
            source_root=values.get("source_root", "."),
            logs=tuple(file.parent / log for log in values["logs"]),
            code=values.get("code") or None,
            contains=values.get("contains") or None,
            truth=truth,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ScenarioError(f"{file}: {why}") from error


class Repositories:
    """The repositories of scenarios, each made once: `git fast-import` streams and bundles become bare clones."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._made: dict[Path, Path] = {}

    def of(self, scenario: Scenario) -> Path:
        """Where the repository of a scenario lies.

        Raises:
            ScenarioError: it can't be made.
        """
        given = scenario.repository.resolve()
        if given.is_dir():
            return given
        if given not in self._made:
            self._made[given] = self._make(given, scenario)
        return self._made[given]

    def _make(self, given: Path, scenario: Scenario) -> Path:
        target = self._scratch / f"{len(self._made)}.git"
        try:
            if given.suffix == ".bundle":
                _git("clone", "--quiet", "--bare", str(given), str(target))
            else:
                _git("init", "--quiet", "--bare", str(target))
                with given.open("rb") as stream:
                    _git("-C", str(target), "fast-import", "--quiet", stdin=stream)
        except (OSError, subprocess.CalledProcessError) as error:
            said = (
                error.stderr.decode(errors="replace").strip()
                if isinstance(error, subprocess.CalledProcessError)
                else str(error)
            )
            raise ScenarioError(f"{scenario.name}: {given.name}: {said}") from error
        return target


def _git(*arguments: str, stdin: Any = None) -> None:
    argv = ["git", *arguments]
    subprocess.run(argv, check=True, stdin=stdin or subprocess.DEVNULL, capture_output=True)  # noqa: S603 - no shell, and paths of scenarios only


def scored(scenario: Scenario, evidence: Evidence, seconds: float) -> Score:
    """Hold the evidence of a scenario against its truth."""
    truth = scenario.truth
    files, functions = tuple(truth.get("files", ())), tuple(truth.get("functions", ()))
    sources = [piece for piece in evidence.pieces if piece.path is not None]
    paths = list(dict.fromkeys(piece.path for piece in sources))
    file_rank = next((rank for rank, path in enumerate(paths, 1) if path in files), None)
    function_rank = next(
        (
            rank
            for rank, piece in enumerate(sources, 1)
            if (piece.path in files or not files) and any(_holds(piece.text, name) for name in functions)
        ),
        None,
    )
    shown = [piece.sha for piece in evidence.pieces if piece.sha and piece.has_diff]
    commit = str(truth.get("commit", ""))
    commit_rank = next(
        (rank for rank, sha in enumerate(shown, 1) if commit and sha and sha.startswith(commit)), None
    )
    text = "\n".join(piece.text for piece in evidence.pieces)
    missing = [word for word in truth.get("evidence", ()) if word not in text]
    return Score(
        name=scenario.name,
        in_code=bool(truth.get("in_code", True)),
        file_rank=file_rank,
        function_rank=function_rank,
        commit_rank=commit_rank,
        has_commit=bool(commit),
        evidence_found=not missing,
        tokens=evidence.tokens,
        seconds=seconds,
        missing=tuple(missing),
    )


def _holds(text: str, name: str) -> bool:
    return re.search(_DEFINES.replace("{name}", re.escape(name)), text, re.MULTILINE) is not None


def summary_of(scores: Sequence[Score]) -> dict[str, Any]:
    """Recall at 1, at 3 and in all, and what it took."""
    in_code = [score for score in scores if score.in_code]
    with_commit = [score for score in in_code if score.has_commit]
    outside = [score for score in scores if not score.in_code]
    tokens = sorted(score.tokens for score in scores)
    return {
        "scenarios": len(scores),
        "file": _recall([score.file_rank for score in in_code]),
        "function": _recall([score.function_rank for score in in_code]),
        "commit": _recall([score.commit_rank for score in with_commit]),
        "evidence_outside_code": _share([score.evidence_found for score in outside]),
        "tokens_median": tokens[len(tokens) // 2] if tokens else 0,
        "seconds_median": sorted(score.seconds for score in scores)[len(scores) // 2] if scores else 0.0,
    }


def _recall(ranks: Sequence[int | None]) -> dict[str, float | None]:
    return {
        "at_1": _share([rank == 1 for rank in ranks]),
        "at_3": _share([rank is not None and rank <= 3 for rank in ranks]),  # noqa: PLR2004
        "all": _share([rank is not None for rank in ranks]),
    }


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 3) if hits else None


def evaluated(scenarios: Sequence[Scenario], evidence_of: Any) -> Iterator[Score]:
    """Score each scenario; `evidence_of(scenario, repository)` gathers."""
    with tempfile.TemporaryDirectory() as scratch:
        repositories = Repositories(Path(scratch))
        for scenario in scenarios:
            repository = repositories.of(scenario)
            began = time.perf_counter()
            evidence = evidence_of(scenario, repository)
            yield scored(scenario, evidence, round(time.perf_counter() - began, 3))

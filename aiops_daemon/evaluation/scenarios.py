"""Scenarios: a repository, logs, and the truth. docs/evidence.md has the format."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "scenario.toml"


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

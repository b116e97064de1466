"""The environment's part of the configuration: `AIOPS_<SECTION>__<KEY>`, and `AIOPS_MODE`, `AIOPS_LANGUAGE`.

An unknown `AIOPS_*` name is an error like an unknown key: a misspelt override that does nothing is found out at night.
"""

import contextlib
import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_origin

from pydantic_core import PydanticCustomError

from aiops_daemon.settings.keys import Path, dotted, settable
from aiops_daemon.settings.kinds import halves, refuse
from aiops_daemon.settings.problems import Problem

PREFIX = "AIOPS_"
CONFIG_VARIABLE = "AIOPS_CONFIG"
NOT_SETTINGS = frozenset({CONFIG_VARIABLE, "AIOPS_FAILPOINT", "AIOPS_WAKE", "AIOPS_HOME"})
"""Names that are read elsewhere: the configuration's path, switches of tests, the home of child processes."""


@dataclass(slots=True)
class Overrides:
    """What the environment says: values as a tree, and the variable that each came from."""

    values: dict[str, Any] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@cache
def variables() -> Mapping[str, Path]:
    """Every variable there is, and the key it sets."""
    return {PREFIX + "__".join(path).upper(): path for path in settable()}


def read(environ: Mapping[str, str]) -> Overrides:
    """The overrides that stand in this environment."""
    overrides = Overrides()
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        path = variables().get(name)
        if path is None:
            overrides.problems.append(_unknown(name))
            continue
        try:
            value = _converted(environ[name], settable()[path])
        except PydanticCustomError as error:
            wrong, allowed = halves(error.context)
            overrides.problems.append(Problem(file=name, key=dotted(path), wrong=wrong, allowed=allowed))
            continue
        overrides.names[path] = name
        section = overrides.values if len(path) == 1 else overrides.values.setdefault(path[0], {})
        section[path[-1]] = value
    return overrides


def _unknown(name: str) -> Problem:
    close = difflib.get_close_matches(name.upper(), (*variables(), *NOT_SETTINGS), n=1, cutoff=0.75)
    meant = f", did you mean {close[0]}?" if close else ""
    return Problem(
        file=name,
        wrong=f"there is no such setting{meant}",
        allowed="AIOPS_<SECTION>__<KEY>, as docs/configuration.md says",
    )


def _converted(text: str, annotation: object) -> object:
    """The value that a text stands for. A number that is none stays a text: its check tells."""
    if annotation in {int, float}:
        with contextlib.suppress(ValueError):
            return int(text) if annotation is int else float(text)
    if get_origin(annotation) is tuple:
        if text.lstrip().startswith("["):
            return _json(text, list, 'a JSON list such as ["a", "b"], or a, b')
        return [part.strip() for part in text.split(",") if part.strip()]
    if get_origin(annotation) is Mapping:
        return _json(text, dict, "a JSON object")
    return text


def _json(text: str, kind: type, allowed: str) -> object:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise refuse("this is not JSON", allowed) from None
    if not isinstance(value, kind):
        raise refuse("this JSON is of another kind", allowed)
    return value

"""Loads the configuration: every place it may come from, in order, and every problem at once.

Strongest first: secrets from their own places, the environment, the file, what systemd says, the defaults. Nothing is
kept between calls, so a reload is a second call whose result is thrown away if it fails.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aiops_daemon.settings import document as documents
from aiops_daemon.settings import environment, secret_lookup
from aiops_daemon.settings.document import Document
from aiops_daemon.settings.environment import Overrides
from aiops_daemon.settings.explaining import explained, key_of
from aiops_daemon.settings.keys import dotted
from aiops_daemon.settings.problems import ConfigurationError, Problem
from aiops_daemon.settings.root import LAYERS, Settings
from aiops_daemon.settings.secret import NAMES
from aiops_daemon.settings.secret_lookup import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration that holds, where it came from, and what people should know about it."""

    settings: Settings
    path: Path | None
    """None: there is no file, and the defaults hold."""
    warnings: tuple[str, ...] = ()


def load(path: Path | None, *, environ: Mapping[str, str] = os.environ) -> Loaded:
    """Read the configuration, or say everything that is wrong with it.

    Args:
        path: The file; None means AIOPS_CONFIG, else the default path if a file is there, else the defaults.
        environ: The environment.

    Raises:
        ConfigurationError: with every problem.
    """
    overrides = environment.read(environ)
    document = documents.read(path, environ)
    if isinstance(document, Problem):
        raise ConfigurationError((document, *overrides.problems))
    secrets = secret_lookup.look_up(document, overrides, environ)
    settings, problems = _built(document, overrides, secrets, environ)
    problems = [*problems, *secrets.problems, *overrides.problems]
    if settings is None or problems:
        raise ConfigurationError(tuple(sorted(problems, key=_place)))
    return Loaded(settings=settings, path=document.path, warnings=tuple(secrets.warnings))


def _built(
    document: Document, overrides: Overrides, secrets: Found, environ: Mapping[str, str]
) -> tuple[Settings | None, list[Problem]]:
    layers: tuple[Mapping[str, Any], ...] = (
        {"secrets": secrets.values},
        _without_secrets(overrides.values),
        _without_secrets(document.values),
        _given_by_systemd(environ),
    )
    # `logs = 5` must be told, not replaced by a table that the environment brings.
    spoilt = {name for name, value in document.values.items() if not isinstance(value, dict)}
    layers = tuple(
        {name: value for name, value in layer.items() if not (isinstance(value, dict) and name in spoilt)}
        for layer in layers
    )
    token = LAYERS.set(layers)
    try:
        return Settings(), []
    except ValidationError as error:
        # Not raised from here: pydantic's error holds the input, and a chained traceback would carry it along.
        details = error.errors(include_url=False)
    finally:
        LAYERS.reset(token)
    problems: list[Problem] = []
    for detail in details:
        path = key_of(detail)
        file, line = _origin(path, document, overrides, secrets)
        wrong, allowed = explained(detail)
        problems.append(Problem(file=file, line=line, key=dotted(path), wrong=wrong, allowed=allowed))
    return None, problems


def _without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """A layer without the secrets themselves: those were looked up in an order of their own."""
    section = values.get("secrets")
    if not isinstance(section, Mapping):
        return dict(values)
    return {**values, "secrets": {key: value for key, value in section.items() if key not in NAMES}}


def _given_by_systemd(environ: Mapping[str, str]) -> dict[str, Any]:
    first = environ.get("STATE_DIRECTORY", "").split(":")[0]
    return {"state": {"directory": first}} if first else {}


def _origin(
    path: tuple[str, ...], document: Document, overrides: Overrides, secrets: Found
) -> tuple[str | None, int | None]:
    """The file and line, or the variable, that a value came from. What came from nowhere is told at its table."""
    if path[0] == "secrets" and secrets.origins.get(path[-1]) is not None:
        return secrets.origins[path[-1]], None
    variable = overrides.names.get(path[:2]) or overrides.names.get(path[:1])
    if variable and (_holds(overrides.values, path) or not _holds(document.values, path)):
        return variable, None
    return (str(document.path) if document.path else None), document.line(path)


def _holds(values: object, path: tuple[str, ...]) -> bool:
    for part in path:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _place(problem: Problem) -> tuple[bool, int]:
    return problem.line is None, problem.line or 0

"""The configuration file as people get it: every key with what it means, and the defaults commented out.

It is rendered from the classes, so it can't say what they don't. Not for reading or checking a file, and never for a
secret: no value of one gets in here.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from pydantic import BaseModel

from aiops_daemon.domain.playbook import Action, Severity
from aiops_daemon.settings.claude import PRICES
from aiops_daemon.settings.keys import dotted
from aiops_daemon.settings.kinds import span_text
from aiops_daemon.settings.restart import RESTART_ONLY
from aiops_daemon.settings.root import Settings
from aiops_daemon.settings.secret import NAMES
from aiops_daemon.settings.secret_lookup import USUAL_NAMES
from aiops_daemon.settings.watching import CodeRow

_COLUMNS = 110
_FURTHEST_COMMENT = 44
"""A longer setting has its comment on the lines below, so that one long path doesn't push all of them aside."""

_HEAD = """\
# The configuration of aiops-daemon. Every key has a default that works, and shows it behind a "#": take the
# "# " away and change the value. A time bears its unit: "250ms", "5s", "5m", "1h30m", "90d".
#
# After a change: `aiops-daemon check-config`, then `systemctl reload aiops-daemon`. What is marked (restart)
# needs `systemctl restart aiops-daemon`. More about every key: docs/configuration.md.
"""

_SECRETS = """\
# No secret belongs in this file, which everybody may read. Each is looked for by its name, in this order:
#   1. the systemd credential: the unit takes it from /etc/aiops-daemon/credentials/<name> (mode 600)
#   2. the file that <name>_file names, relative to this one
#   3. the environment: AIOPS_SECRETS__<NAME>, or the usual variable in brackets
"""

_EXAMPLES: Mapping[str, tuple[str, str, BaseModel]] = {
    "triage.codes": (
        "A row for an error code: adds one to the built-in catalogue, or overrides one",
        "PAY5001",
        CodeRow(
            title="payment provider down",
            severity=Severity.CRITICAL,
            actions=(Action.ALERT, Action.DIAGNOSE, Action.ISSUE),
        ),
    ),
    "claude.prices": (
        "The prices of a model: laid over the shipped ones, number by number",
        "claude-sonnet-5-5",
        PRICES["claude-sonnet-5-5"],
    ),
}
"""For each table with free names: what its rows are, and one of them."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """One key with its value, and what it means."""

    text: str
    comment: str


SHIPPED: Mapping[str, Any] = {
    "logs": {"directory": "/var/log/server"},
    "state": {"directory": "/var/lib/aiops-daemon"},
}
"""What is set in the configuration that is installed: `deploy/config.toml`."""


def annotated(values: Mapping[str, Any]) -> str:
    """A whole, valid configuration file.

    Args:
        values: What is set in it, as the file would hold it: a tree of tables. Everything else is commented out.

    Raises:
        ValidationError: a value is not possible, or there is no such key.
        ValueError: a secret is among the values.
    """
    if given := [name for name in NAMES if name in values.get("secrets", {})]:
        raise ValueError(f"no secret is written to a file: {', '.join(given)}")
    settings = Settings(**values)
    parts = [_HEAD, _laid_out(_settings(settings, values))]
    for name, field in Settings.model_fields.items():
        table = getattr(settings, name)
        if isinstance(table, BaseModel):
            set_here = values.get(name, {})
            about = _SECRETS if name == "secrets" else ""
            keys = _secret_files(table, set_here) if about else _settings(table, set_here, name)
            parts.append(f"\n# {_sentence(field.description)}.\n{about}[{name}]\n{_laid_out(keys)}")
            parts.extend(_rows(name, table, set_here))
    return "\n".join(parts)


def _settings(table: BaseModel, given: Mapping[str, Any], section: str = "") -> Iterator[_Setting]:
    """The keys of a table; not the tables in it."""
    for key, field in type(table).model_fields.items():
        value = getattr(table, key)
        if isinstance(value, BaseModel | Mapping):
            continue
        choices = ", ".join(_choices(value))
        comment = (field.description or "") + (f" ({choices})" if choices else "")
        if f"{section}.{key}" in RESTART_ONLY:
            comment += " (restart)"
        yield _Setting(f"{'' if key in given else '# '}{key} = {_toml(value)}", comment)


def _secret_files(table: BaseModel, given: Mapping[str, Any]) -> Iterator[_Setting]:
    """The files that secrets may be read from, each told by what the secret is."""
    for name in NAMES:
        key, usual = f"{name}_file", " or ".join(USUAL_NAMES.get(name, ()))
        comment = (type(table).model_fields[name].description or "") + (f" ({usual})" if usual else "")
        yield _Setting(f"{'' if key in given else '# '}{key} = {_toml(getattr(table, key))}", comment)


def _rows(section: str, table: BaseModel, given: Mapping[str, Any]) -> Iterator[str]:
    """The tables with free names: the rows that are given, only what is set in each, or an example."""
    for key in type(table).model_fields:
        if f"{section}.{key}" not in _EXAMPLES:
            continue
        about, name, example = _EXAMPLES[f"{section}.{key}"]
        if rows := given.get(key):
            for row, set_here in rows.items():
                keys = _settings(getattr(table, key)[row], set_here)
                active = (setting for setting in keys if not setting.text.startswith("#"))
                yield f"# {about}.\n[{dotted((section, key, row))}]\n{_laid_out(active)}"
        else:
            yield f"# {about}.\n# [{dotted((section, key, name))}]\n{_laid_out(_settings(example, {}))}"


def _laid_out(settings: Iterable[_Setting]) -> str:
    """Settings on the left, comments on the right."""
    settings = list(settings)
    lengths = [_width(setting.text) for setting in settings]
    column = 2 + max((length for length in lengths if length <= _FURTHEST_COMMENT), default=2)
    lines: list[str] = []
    for setting, length in zip(settings, lengths, strict=True):
        comment = textwrap.wrap(setting.comment, _COLUMNS - column - 2, break_on_hyphens=False)
        below = [""] if length > _FURTHEST_COMMENT else []
        for left, right in zip_longest([setting.text], [*below, *comment], fillvalue=""):
            lines.append(f"{left}{' ' * (column - _width(left))}# {right}" if right else left)
    return "".join(f"{line}\n" for line in lines)


def _width(text: str) -> int:
    """The columns that a text takes: Korean and the like take two a letter."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _choices(value: object) -> tuple[str, ...]:
    """What may stand in place of a value that is chosen from a few."""
    one = value[0] if isinstance(value, tuple) and value else value
    return tuple(type(one)) if isinstance(one, StrEnum) else ()


def _toml(value: object) -> str:
    """A value as TOML. Texts and numbers are written as in JSON, which TOML reads alike."""
    match value:
        case None:
            return '""'
        case timedelta():
            return f'"{span_text(value)}"'
        case Path():
            return _toml(str(value) if value.is_absolute() or value.parts[:1] == ("..",) else f"./{value}")
        case tuple():
            return f"[{', '.join(_toml(member) for member in value)}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _sentence(text: str | None) -> str:
    return text[0].upper() + text[1:] if text else ""

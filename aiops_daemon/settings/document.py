"""The configuration file: found, read, and taken apart as TOML. What its values mean is not known here."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiops_daemon.settings.environment import CONFIG_VARIABLE
from aiops_daemon.settings.lines import lines_of
from aiops_daemon.settings.problems import Problem

DEFAULT_PATH = Path("/etc/aiops-daemon/config.toml")

# The group's bit counts: which accounts are in a group changes without anybody looking at this file.
_READABLE_BY_OTHERS = 0o044


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's values, and the line of each key. Without a file: empty."""

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    readable_by_others: bool = False

    def line(self, path: tuple[str, ...]) -> int | None:
        """The line of a key, else of the table around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read(given: Path | None, environ: Mapping[str, str]) -> Document | Problem:
    """The configuration file's content, or why there is none. Only the default path may be missing."""
    named = given or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    path = named or DEFAULT_PATH
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except FileNotFoundError:
        if named is None:
            return Document()
        return Problem(file=str(path), wrong="there is no such file")
    except IsADirectoryError:
        return Problem(file=str(path), wrong="this is a directory, not a file")
    except PermissionError:
        return Problem(file=str(path), wrong="the file cannot be read: permission denied")
    except (OSError, ValueError) as error:
        return Problem(
            file=str(path), wrong=f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
        )
    return _taken_apart(path, content, readable_by_others=bool(mode & _READABLE_BY_OTHERS))


def _taken_apart(path: Path, content: bytes, *, readable_by_others: bool) -> Document | Problem:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Problem(file=str(path), line=line, wrong="the file is not UTF-8", allowed="TOML in UTF-8")
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number too long for int()
        return _broken(path, text, str(error))
    except RecursionError:
        return Problem(file=str(path), wrong="this is not TOML: nested too deeply")
    return Document(path=path, values=values, lines=lines_of(text), readable_by_others=readable_by_others)


def _broken(path: Path, text: str, message: str) -> Problem:
    at = re.search(r"line (\d+), column \d+", message)
    line = int(at.group(1)) if at else len(text.splitlines())
    return Problem(file=str(path), line=line, wrong=f"this is not TOML: {message}")

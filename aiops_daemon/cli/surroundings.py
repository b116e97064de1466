"""What `init` sees around it: what it offers as answers, and what it warns of. Guesses, each of which can be overruled."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from aiops_daemon.settings import LogsSettings, Mode, ServiceSettings, Settings
from aiops_daemon.sources.scan import Pattern, scan

_MOST_PATTERNS = 3
# A date, an hour or a number that stands for itself, as rotation writes them: server.2026-11-24.log, server.log.1
_TURN = re.compile(r"(?<![A-Za-z0-9])[0-9]+(?:[-_:T][0-9]+)*Z?(?![A-Za-z0-9])")
_LOOKS_LIKE_A_LOG = re.compile(r"\.log(?![A-Za-z0-9])|[0-9]{4}-?[0-9]{2}-?[0-9]{2}")
_NO_PATTERN = re.compile(r"[*?\[\],]|^\.|\.(?:gz|zst|xz|bz2|zip)$")


def time_zone(etc: Path = Path("/etc")) -> str:
    """This machine's time zone, or UTC where nothing says it."""
    names = []
    with contextlib.suppress(OSError, UnicodeDecodeError):
        names.append((etc / "timezone").read_text(encoding="utf-8").strip())
    with contextlib.suppress(OSError):
        names.append(str((etc / "localtime").readlink()).partition("zoneinfo/")[2])
    for name in names:
        with contextlib.suppress(ValueError):
            return ServiceSettings(timezone=name).timezone.replace("Etc/UTC", "UTC")
    return "UTC"


def log_directory(service: str, *, is_installed: bool) -> str:
    """Where the logs of a service usually are."""
    usual = Path("/var/log") / service
    is_name = re.fullmatch(r"\w[\w.-]*", service) is not None
    if is_name and (is_installed or usual.is_dir()):
        return str(usual)
    return "/var/log" if is_installed else "./logs"


def patterns(logs: LogsSettings, service: str) -> tuple[str, ...]:
    """Patterns for the log files that are there, else the default.

    Those that begin with the service's name are meant if there are any: other programs log to the same directory.
    """
    try:
        with os.scandir(logs.directory) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    except OSError:
        return logs.include
    found = dict.fromkeys(
        re.sub(r"\*(?:[._-]\*)+", "*", _TURN.sub("*", name))
        for name in names
        if name.isprintable() and _LOOKS_LIKE_A_LOG.search(name) and not _NO_PATTERN.search(name)
    )
    own = [pattern for pattern in found if pattern.startswith(service)]
    meant = tuple(own or found)
    return meant if 0 < len(meant) <= _MOST_PATTERNS else logs.include


def opens_issues(settings: Settings) -> bool:
    """Whether GitHub is written to."""
    return settings.mode in {Mode.PROPOSE, Mode.FIX}


def about_directory(settings: Settings) -> Iterator[str]:
    """Whether the log directory is there."""
    try:
        with os.scandir(settings.logs.directory):
            pass
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        why = "there is no such directory yet" if is_missing else f"it can't be listed: {error.strerror}"
        yield f"logs.directory: {settings.logs.directory.absolute()}: {why}"


def about_files(settings: Settings) -> Iterator[str]:
    """Whether there are log files, and whether they can be read."""
    logs = settings.logs
    try:
        found = scan(logs.directory, Pattern(include=logs.include, exclude=logs.exclude))
    except OSError:
        return  # told by the directory's question
    if not found:
        yield f"logs.include: no file in {logs.directory.absolute()} matches {', '.join(logs.include)} yet"
    for entry in found:
        if not os.access(entry.path, os.R_OK):
            yield f"logs.include: {entry.path} can't be read by this user"
            return


def about_repository(settings: Settings) -> Iterator[str]:
    """Whether the mode has where to go."""
    if opens_issues(settings) and not settings.github.repository:
        yield f'github.repository: mode "{settings.mode}" opens issues, and nothing says where'


def about_clone(settings: Settings) -> Iterator[str]:
    """Whether the clone is one."""
    clone = settings.repository.path
    if clone and not (clone / ".git").exists() and not (clone / "HEAD").exists():
        yield f"repository.path: {clone} is no git repository"

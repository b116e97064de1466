"""The configuration, the logs and the state: are they there, and may the daemon use them?"""

from __future__ import annotations

import getpass
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiops_daemon.doctor.check import Check, failed, passed
from aiops_daemon.lifecycle import is_running
from aiops_daemon.settings import Loaded, Settings
from aiops_daemon.sources.assemble import Assembler
from aiops_daemon.sources.formats import format_for
from aiops_daemon.sources.lines import LineSplitter
from aiops_daemon.sources.scan import Entry, Pattern, scan
from aiops_daemon.store import backup
from aiops_daemon.store import files as facts
from aiops_daemon.store.database import FILE_NAME, StateError, connect_to_read

LEAST_FREE_BYTES = 200 * 1024 * 1024
_LOOKED_AT_BYTES = 256 * 1024
_HIDDEN = ("/home", "/root", "/run/user")
"""What `ProtectHome=yes` of the unit hides."""


def configuration(loaded: Loaded) -> Iterator[Check]:
    """Valid it is, or nobody would get here; it may still be unwise."""
    where = str(loaded.path) if loaded.path else "the defaults (there is no file)"
    if loaded.warnings:
        yield failed(
            "configuration", f"{where}: {'; '.join(loaded.warnings)}", "move it where the warning says"
        )
    else:
        yield passed("configuration", f"{where}, mode {loaded.settings.mode.value}")


def readable(loaded: Loaded) -> Iterator[Check]:
    """Whether the daemon may read its configuration; root, who asks, may read everything."""
    if loaded.path is not None and not os.access(loaded.path, os.R_OK):
        remedy = f"chmod 644 {loaded.path}; secrets belong into credentials/"
        yield failed("configuration file", f"{loaded.path} can't be read by {getpass.getuser()}", remedy)


def logs(settings: Settings) -> Iterator[Check]:
    """The directory, the files, and whether their lines are understood."""
    directory = settings.logs.directory.absolute()
    pattern = Pattern(include=settings.logs.include, exclude=settings.logs.exclude)
    try:
        found = scan(directory, pattern)
    except OSError as error:
        yield failed("log directory", f"{directory}: {error.strerror}", _permit(directory, error))
        return
    yield passed("log directory", f"{directory}, tried as {getpass.getuser()}")
    if not found:
        others = sorted(entry.name for entry in directory.iterdir())[:5]
        there = f"; there are {', '.join(others)}" if others else "; it is empty"
        yield failed(
            "log files", f"no file is called {' or '.join(pattern.include)}{there}", "set logs.include"
        )
        return
    unreadable = [entry.path for entry in found if not os.access(entry.path, os.R_OK)]
    if unreadable:
        names = ", ".join(path.name for path in unreadable[:3])
        yield failed("log files", f"{names} can't be read", _permit(unreadable[0], PermissionError(13, "")))
        return
    newest = found[-1]
    age = datetime.now(UTC) - datetime.fromtimestamp(newest.modified_ns / 1e9, UTC)
    yield passed(
        "log files", f"{len(found)} found; the newest is {newest.path.name}, written {_ago(age)} ago"
    )
    yield _understood(newest, settings)


def _understood(newest: Entry, settings: Settings) -> Check:
    """Whether the end of the newest file is of records that the daemon knows."""
    assembler = Assembler(format_for(settings.logs.format))
    splitter = LineSplitter(0, settings.logs.max_line_bytes)
    with newest.path.open("rb") as file:
        file.seek(max(0, newest.size - _LOOKED_AT_BYTES))
        if file.tell():
            file.readline()
        for line in splitter.feed(file.read(_LOOKED_AT_BYTES)):
            assembler.feed(line)
    assembler.close_group()
    assembler.take()  # which is when the lines that belong to no record are counted
    tally = assembler.tally
    records, lines = sum(tally.levels.values()), tally.lines
    if not lines:
        return passed("log format", f"{newest.path.name} has no whole line yet")
    detail = f"{records} records in the last {lines} lines of {newest.path.name}, {tally.unparsed} lines belong to none"
    if records >= tally.unparsed:
        return passed("log format", detail)
    return failed("log format", detail, "logs must be JSON by the line; for tracing: fmt().json()")


def _permit(path: Path, error: OSError) -> str:
    if any(str(path).startswith(f"{hidden}/") for hidden in _HIDDEN):
        return f"the unit can't see below {path.parts[1]} (ProtectHome=yes): keep it elsewhere, or change that in a drop-in"
    if isinstance(error, FileNotFoundError):
        return "set logs.directory, or make it: the daemon waits for it"
    try:
        group = path.group()
    except (KeyError, OSError):
        group = "the group that may read it"
    return f"let the service's group read it: SupplementaryGroups={group} in a drop-in (systemctl edit aiops-daemon)"


def state(settings: Settings) -> Iterator[Check]:
    """The directory, the room in it, the database, and its backups."""
    directory = settings.state.directory.absolute()
    there = next(path for path in (directory, *directory.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        yield failed(
            "state directory",
            f"{directory}: can't be written by {getpass.getuser()}: {error.strerror}",
            f"chown -R {getpass.getuser()} {directory}, or set state.directory",
        )
        return
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE_BYTES:
        yield failed(
            "state directory", f"{directory}: only {free >> 20} MiB are free", "make room on that disk"
        )
    else:
        yield passed("state directory", f"{directory}, {free >> 20} MiB free")
    yield from _database(directory / FILE_NAME)


def _database(path: Path) -> Iterator[Check]:
    try:
        connection = connect_to_read(path)
        if connection is None:
            yield passed("state", "there is none yet; `aiops-daemon run` makes it")
            return
        with closing(connection):
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            noted = facts.fact(connection, "backup") or {}
    except (StateError, sqlite3.Error) as error:
        verdict, noted = str(error), {}
    if verdict != "ok":
        remedy = "restart the daemon: it takes the newest sound backup; or `aiops-daemon restore`"
        yield failed("state", f"{path}: {verdict}", remedy)
        return
    held = "a daemon runs on it" if is_running(path.parent) else "no daemon runs on it"
    yield passed("state", f"{path} is sound; {held}")
    kept = backup.kept(path, datetime.now(UTC))
    if noted.get("failing_since"):
        yield failed(
            "backup",
            f"failing since {noted['failing_since'][:16]}: {noted['error']}",
            "make room, or mend the rights of backups/",
        )
        return
    if not kept:
        yield passed("backup", "none yet; the daemon makes one when it starts, and every hour")
        return
    age = datetime.now(UTC) - kept[0].made_at
    detail = f"{len(kept)} kept, the newest is {_ago(age)} old"
    problem = backup.problem_of(kept[0].path)
    if problem:
        yield failed("backup", f"{kept[0].path}: {problem}", "aiops-daemon backup makes another one")
    elif age > timedelta(hours=3) and is_running(path.parent):
        yield failed(
            "backup", detail, "journalctl -u aiops-daemon EVENT=backup.failed says why there is none since"
        )
    else:
        yield passed("backup", detail)


def _ago(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"

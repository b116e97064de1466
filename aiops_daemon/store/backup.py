"""Copies of the state: made every hour by SQLite's own online backup, and put back where the state is damaged.

A copy is one plain SQLite file in `backups/` beside the state, checked before it counts. Not for choosing when: that is
`upkeep.py`'s, and `daemon.py` decides what a restored state means for jobs and budgets.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

DIRECTORY = "backups"
KEPT_NEWEST = 24
"""A day of hours; of older ones the newest of each day is kept, for `KEPT_DAYS` days."""
KEPT_DAYS = 14

_NAME = re.compile(r"state-(\d{8}T\d{6}Z)\.db")
_STAMP = "%Y%m%dT%H%M%SZ"
_COMPANIONS = ("-wal", "-shm")


class BackupError(Exception):
    """A copy could not be made or put back; says what an operator can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of the state."""

    path: Path
    made_at: datetime


def take(state: Path, now: datetime) -> Backup:
    """Copy the state while others use it.

    Raises:
        BackupError: there is no room, or the state can't be read.
    """
    directory = state.parent / DIRECTORY
    path = directory / f"state-{now.astimezone(UTC):{_STAMP}}.db"
    unfinished = path.with_suffix(".unfinished")
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        copy_to(state, unfinished)
        _settle(unfinished, path, like=state)
    except (sqlite3.Error, OSError) as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise BackupError(f"{path} can't be made: {error}") from error
    return Backup(path=path, made_at=now.replace(microsecond=0))


def copy_to(state: Path, target: Path) -> None:
    """Copy the state into a file of its own, without a write-ahead log, and check what came of it.

    One step for all pages: in WAL mode that reads one snapshot, and a writer beside it neither waits nor starts it over
    (https://www.sqlite.org/backup.html).
    """
    source = sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(target)) as copy:
        target.chmod(0o600)
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        if (verdict := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged ({verdict})")


def _settle(unfinished: Path, path: Path, *, like: Path) -> None:
    """Give a finished file its name, in a way that survives a power cut, and the owner of the state."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        owner = like.stat() if like.exists() else like.parent.stat()
        os.chown(unfinished, owner.st_uid, owner.st_gid)
        os.chown(path.parent, owner.st_uid, owner.st_gid)
    unfinished.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def kept(state: Path) -> list[Backup]:
    """The copies that are there, newest first."""
    try:
        names = sorted((state.parent / DIRECTORY).iterdir(), reverse=True)
    except OSError:
        return []
    found = ((path, _made_at(path)) for path in names)
    return [Backup(path=path, made_at=made_at) for path, made_at in found if made_at is not None]


def _made_at(path: Path) -> datetime | None:
    if not (found := _NAME.fullmatch(path.name)):
        return None
    try:
        return datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def forget_old(state: Path, now: datetime) -> None:
    """Delete the copies that are not to be kept.

    Raises:
        BackupError: one can't be deleted.
    """
    days: set[int] = set()
    for number, backup in enumerate(kept(state)):
        age = (now - backup.made_at).days
        is_newest_of_day = age < KEPT_DAYS and backup.made_at.toordinal() not in days
        days.add(backup.made_at.toordinal())
        if number >= KEPT_NEWEST and not is_newest_of_day:
            try:
                backup.path.unlink(missing_ok=True)
            except OSError as error:
                raise BackupError(f"{backup.path} can't be deleted: {error.strerror}") from error


def problem_of(path: Path) -> str | None:
    """What is wrong with a file that should hold a state, or None.

    To be asked of copies only: it opens them as files that nobody writes to.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as copy:
            verdict = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            version = copy.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    if verdict != "ok":
        return str(verdict)
    return None if version else "it holds no state of aiops-daemon"


def set_aside(state: Path, now: datetime) -> Path | None:
    """Move the state out of the way, whatever is in it; returns where it is now."""
    if not state.exists():
        return None
    aside = state.with_name(f"{state.name}.set-aside-{now.astimezone(UTC):{_STAMP}}")
    for suffix in ("", *_COMPANIONS):
        file = Path(f"{state}{suffix}")
        if file.exists():
            file.rename(f"{aside}{suffix}")
    return aside


def put_back(backup: Path, state: Path, now: datetime) -> Path | None:
    """Make a copy the state; nobody may have the state open. Returns where the present one was set aside.

    Raises:
        BackupError: the copy is damaged or can't be read, or there is no room.
    """
    if (problem := problem_of(backup)) is not None:
        raise BackupError(f"{backup} can't be used: {problem}")
    unfinished = state.with_suffix(".unfinished")
    try:
        shutil.copyfile(backup, unfinished)
        unfinished.chmod(0o600)
        aside = set_aside(state, now)
        _settle(unfinished, state, like=state)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise BackupError(f"{state} can't be restored: {error}") from error
    return aside

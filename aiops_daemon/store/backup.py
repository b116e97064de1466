"""Copies of the state: made every hour by SQLite's own `VACUUM INTO`, and put back where the state is damaged.

A copy is one plain SQLite file in `backups/` beside the state, checked before it counts. Not for choosing when: that is
`upkeep.py`'s, and `recovery.py` decides what a restored state means for jobs and budgets.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable
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
_UNFINISHED = ".unfinished"
_COMPANIONS = ("-wal", "-shm")


class BackupError(Exception):
    """A copy could not be made or put back; says what an operator can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy of the state."""

    path: Path
    made_at: datetime


def take(state: Path, now: datetime, *, opened: Callable[[sqlite3.Connection], None] | None = None) -> Backup:
    """Copy the state while others use it.

    Args:
        state: the database.
        now: the time that the copy is named after.
        opened: is given the connection that reads, which another thread may interrupt.

    Raises:
        BackupError: there is no room, the state can't be read, or it was interrupted.
    """
    directory = state.parent / DIRECTORY
    path = directory / f"state-{now.astimezone(UTC):{_STAMP}}.db"
    unfinished = path.with_suffix(_UNFINISHED)
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        _clean_up(directory)  # what a process left that was killed in the middle of this
        copy_to(state, unfinished, opened)
        _settle(unfinished, path, like=state)
    except (sqlite3.Error, OSError) as error:
        _clean_up(directory)
        raise BackupError(f"{path} can't be made: {error}") from error
    return Backup(path=path, made_at=now.replace(microsecond=0))


def copy_to(state: Path, target: Path, opened: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """Copy the state, with what stands in its write-ahead log, into a file of its own, and check what came of it.

    One statement in one read transaction: a writer beside it neither waits nor starts it over
    (https://www.sqlite.org/lang_vacuum.html#vacuuminto).
    """
    with closing(sqlite3.connect(f"{state.absolute().as_uri()}?mode=ro", uri=True)) as source:
        if opened is not None:
            opened(source)
        source.execute("VACUUM INTO ?", (str(target),))
    target.chmod(0o600)
    if (problem := problem_of(target)) is not None:
        raise sqlite3.DatabaseError(f"the copy is damaged ({problem})")


def _clean_up(directory: Path) -> None:
    with contextlib.suppress(OSError):
        for file in directory.glob(f"*{_UNFINISHED}*"):
            file.unlink(missing_ok=True)


def _settle(unfinished: Path, path: Path, *, like: Path) -> None:
    """Give a finished file its name, in a way that survives a power cut, and the owner of the state."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        owner = like.stat() if like.exists() else path.parent.stat()
        os.chown(unfinished, owner.st_uid, owner.st_gid)
        if path.parent != like.parent:
            os.chown(path.parent, owner.st_uid, owner.st_gid)
    unfinished.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def kept(state: Path, now: datetime) -> list[Backup]:
    """The copies that are there, newest first; those that bear a time to come stand last, whatever clock made them."""
    try:
        names = list((state.parent / DIRECTORY).iterdir())
    except OSError:
        return []
    stamped = ((path, _made_at(path)) for path in names)
    found = [Backup(path=path, made_at=made_at) for path, made_at in stamped if made_at is not None]
    return sorted(found, key=lambda each: (each.made_at <= now, each.made_at), reverse=True)


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
    for number, backup in enumerate(kept(state, now)):
        age = (now - backup.made_at).days
        is_newest_of_day = 0 <= age < KEPT_DAYS and backup.made_at.toordinal() not in days
        days.add(backup.made_at.toordinal())
        if number >= KEPT_NEWEST and not is_newest_of_day:
            try:
                backup.path.unlink(missing_ok=True)
            except OSError as error:
                raise BackupError(f"{backup.path} can't be deleted: {error.strerror}") from error


def problem_of(path: Path) -> str | None:
    """What is wrong with a file that should hold a state, or None.

    To be asked of copies and of what was set aside: nobody may write to it meanwhile.
    """
    how = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as copy:
            verdict = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            version = copy.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    if verdict != "ok":
        return str(verdict)
    return None if version else "it holds no state of aiops-daemon"


def has_past(state: Path) -> bool:
    """Whether there was a state here before: copies of it, or one that was set aside."""
    return any(state.parent.glob(f"{DIRECTORY}/state-*.db")) or any(
        state.parent.glob(f"{state.name}.set-aside-*")
    )


def set_aside(state: Path, now: datetime) -> Path | None:
    """Move the state out of the way, whatever is left of it; returns where it is now."""
    there = [suffix for suffix in ("", *_COMPANIONS) if Path(f"{state}{suffix}").exists()]
    aside = state.with_name(f"{state.name}.set-aside-{now.astimezone(UTC):{_STAMP}}")
    for suffix in there:
        Path(f"{state}{suffix}").rename(f"{aside}{suffix}")
    return aside if there else None


def put_back(
    backup: Path, state: Path, now: datetime, prepare: Callable[[Path], None] = lambda _: None
) -> Path | None:
    """Make a copy the state; nobody may have the state open. Returns where the present one was set aside.

    The new state is whole before the old one is moved away, and whoever dies in between is followed by a start that finds no
    state beside its copies, and does it again.

    Args:
        backup: the copy.
        state: the database to be.
        now: the time that what is set aside is named after.
        prepare: changes the new state before anybody can open it.

    Raises:
        BackupError: the copy is damaged or can't be read, or there is no room.
    """
    if (problem := problem_of(backup)) is not None:
        raise BackupError(f"{backup} can't be used: {problem}")
    unfinished = state.with_name(f"{state.name}{_UNFINISHED}")
    try:
        _clean_up(state.parent)
        copy_to(backup, unfinished)
        prepare(unfinished)
        aside = set_aside(state, now)
        _settle(unfinished, state, like=state.parent)
    except (sqlite3.Error, OSError) as error:
        _clean_up(state.parent)
        raise BackupError(f"{state} can't be restored: {error}") from error
    return aside

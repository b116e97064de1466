"""Which files of a directory are logs, and which of them is which: the truth that every wake-up only hints at."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops_daemon.domain.cursor import Cursor
from aiops_daemon.sources.content import matches
from aiops_daemon.sources.tail import Tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A log file as the directory shows it."""

    path: Path
    key: tuple[int, int]
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Which names are logs, from `[logs]`."""

    include: Sequence[str]
    exclude: Sequence[str]

    def takes(self, name: str) -> bool:
        """Whether a file of this name is one."""
        included = any(fnmatch.fnmatchcase(name, glob) for glob in self.include)
        return included and not any(fnmatch.fnmatchcase(name, glob) for glob in self.exclude)


def scan(directory: Path, pattern: Pattern) -> list[Entry]:
    """The log files of a directory, by their age.

    Links are not followed: who can write in the directory could point one at any file of the machine.

    Raises:
        OSError: the directory isn't there or can't be listed.
    """
    found = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if not pattern.takes(entry.name):
                continue
            try:
                if not entry.is_file(follow_symlinks=False):
                    continue
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found.append(
                Entry(
                    path=directory / entry.name,
                    key=(status.st_dev, status.st_ino),
                    size=status.st_size,
                    modified_ns=status.st_mtime_ns,
                )
            )
    return sorted(found, key=lambda entry: (entry.modified_ns, entry.path.name))


def claims(entries: Iterable[Entry], cursors: Iterable[Cursor]) -> dict[tuple[int, int], Cursor]:
    """Which stored place is whose: by device and inode, else (a copy, a restored or remounted file) by content.

    No file gets by its content what another one has by its inode, and the furthest place wins.
    """
    claimed: dict[tuple[int, int], Cursor] = {}
    left = sorted(cursors, key=lambda cursor: -cursor.position)
    for is_by_key in (True, False):
        for entry in entries:
            if entry.key in claimed:
                continue
            for cursor in left:
                is_meant = (cursor.device, cursor.inode) == entry.key if is_by_key else cursor.position > 0
                if is_meant and cursor.position <= entry.size and matches(entry.path, cursor):
                    claimed[entry.key] = cursor
                    left.remove(cursor)
                    break
    return claimed


def first_unread(tail: Tail, others: Iterable[Tail], cursors: Iterable[Cursor]) -> int | None:
    """Where to begin in a file that nobody read yet, which may be the copy that copytruncate leaves beside a log.

    Returns:
        None while it, as far as it goes, is read in another file: a copy is known as one only when it is whole.
    """
    places = list(cursors)
    for other in others:
        if other is tail or not other.read_to:
            continue
        if other.was_replaced():
            return None
        if tail.overlaps(other) and (tail.size() <= other.size() or other.read_to < other.size()):
            return None
        places.append(other.cursor())
    places.sort(key=lambda cursor: -cursor.position)
    return next((cursor.position for cursor in places if cursor.position and tail.begins_with(cursor)), 0)

"""Which files of a directory are logs, and which of them is which: the truth that every wake-up only hints at."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops_daemon.domain.cursor import Cursor
from aiops_daemon.sources.tail import matches


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


def cursor_for(entry: Entry, cursors: Iterable[Cursor]) -> Cursor | None:
    """The stored place of this very file: by device and inode, else (a restored or remounted file) by its content."""
    known = tuple(cursors)
    for cursor in known:
        if (cursor.device, cursor.inode) == entry.key and matches(entry.path, cursor):
            return cursor
    return next((cursor for cursor in known if cursor.position and matches(entry.path, cursor)), None)


def copied_from(entry: Entry, cursors: Iterable[Cursor]) -> Cursor | None:
    """The cursor of a file that this new one is a copy of: what copytruncate leaves beside the log."""
    candidates = [
        cursor for cursor in cursors if cursor.position and (cursor.device, cursor.inode) != entry.key
    ]
    candidates.sort(key=lambda cursor: -cursor.position)
    return next((cursor for cursor in candidates if matches(entry.path, cursor)), None)

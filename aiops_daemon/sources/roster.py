"""The files that are followed: which, from where, and until when. It opens and closes them and reads nothing.

A renamed or deleted file is kept until its writer has had the time to turn to another one. Of very many files the
stillest are let go of; the rescan takes one up again when it grows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.sources.content import end_of_last_line, name_of
from aiops_daemon.sources.scan import Entry, claims, first_unread
from aiops_daemon.sources.tail import Tail

log = structlog.get_logger()

STILL_SECONDS = 600.0
"""A file moved out of sight that nobody wrote for so long is over."""

UNLINKED_SECONDS = 5.0
"""A deleted file at its end is kept so long for what its writer may still add."""

KEPT_OPEN = 64
"""So many stay open however still they are: a file that was let go of can't be followed out of the directory."""

MOST_OPEN = 256
_KEPT_PAST = 200


@dataclass(slots=True)
class Followed:
    """An open file.

    Attributes:
        is_new: nothing was read of it yet, and it may be a copy.
        changed_at: monotonic seconds at which it was last seen to change.
        gone_at: when it went out of the list.
    """

    tail: Tail
    is_new: bool
    changed_at: float
    gone_at: float | None = None


@dataclass(slots=True)
class _Dozing:
    cursor: Cursor
    size: int
    modified_ns: int


class Roster:
    """The files of one directory.

    Attributes:
        problems: what keeps a file, or the directory, from being read: name -> why.
        followed: the open ones, by device and inode.
    """

    def __init__(self, *, log_format: str, max_line_bytes: int) -> None:
        self.problems: dict[str, str] = {}
        self.followed: dict[tuple[int, int], Followed] = {}
        self._log_format = log_format
        self._max_line_bytes = max_line_bytes
        self._dozing: dict[tuple[int, int], _Dozing] = {}
        self._unclaimed: list[Cursor] = []
        self._past: list[Cursor] = []
        self._skipped: dict[tuple[int, int], int] = {}

    def remember(self, cursors: Sequence[Cursor], past: Sequence[Cursor], skipped: Sequence[Entry]) -> None:
        """Take the stored places, and the files of which everything there is now is to be skipped."""
        self._unclaimed = list(cursors)
        self._past = list(past)
        self._skipped = {entry.key: entry.size for entry in skipped}

    def update(self, listed: Sequence[Entry]) -> list[Batch]:
        """Follow what is listed, and say what has to be stored of it."""
        for entry in listed:
            followed = self.followed.get(entry.key)
            if followed is not None and followed.tail.path != entry.path:
                log.info("file.renamed", was=followed.tail.name, now=name_of(entry.path))
                followed.tail.path = entry.path
        batches = [*self._take_up(listed), *self._finish_unclaimed(listed)]
        gone = self._dozing.keys() - {entry.key for entry in listed}
        return batches + [self._finished(self._dozing.pop(key).cursor) for key in gone]

    def let_go(self, listed: Sequence[Entry] | None) -> Iterator[Batch]:
        """Close the files that are over, and the stillest if there are many; None: there was no list to be had."""
        keys = None if listed is None else {entry.key for entry in listed}
        for key, followed in list(self.followed.items()):
            try:
                is_over = self._is_over(followed, is_listed=keys is None or key in keys)
            except OSError as error:
                self.lose(key, error)
                continue
            if is_over:
                log.info("file.finished", file=followed.tail.name, position=followed.tail.read_to)
                yield self._finish(followed.tail)
                self._drop(key)
        self._doze()
        del self._past[:-_KEPT_PAST]

    def begin(self, followed: Followed) -> bool:
        """Find out where to begin in a new file; not before something stands in it that isn't read elsewhere."""
        tail = followed.tail
        if not tail.size():
            return False
        closed = (dozing.cursor for dozing in self._dozing.values())
        places = [*closed, *self._unclaimed, *self._past]
        position = first_unread(tail, [other.tail for other in self.followed.values()], places)
        if position is None:
            return False
        if position:
            tail.begin_at(position)
        followed.is_new = False
        return True

    def replaced(self, followed: Followed) -> list[Batch]:
        """Begin a truncated file anew. What it held is carried on in a copy that is still unread, or is over."""
        tail = followed.tail
        heirs = (other for other in self.followed.values() if other.is_new and other.tail.carries_on(tail))
        if (heir := next(heirs, None)) is not None:
            heir.is_new = False
            heir.tail.inherit(tail)
            last = Batch(cursor=heir.tail.cursor())
        else:
            last = self._finish(tail)
        tail.restart()
        return [last, Batch(cursor=tail.cursor())]

    def lose(self, key: tuple[int, int], error: OSError) -> None:
        """Close a file that can't be read now; the next list has it opened again at the place that was reached."""
        tail = self.followed[key].tail
        self.tell(tail.name, f"can't be read: {error.strerror or error}")
        self._dozing[key] = _Dozing(tail.cursor(), -1, -1)
        self._drop(key)

    def tell(self, name: str, why: str) -> None:
        """Note a problem; the log gets it once."""
        if self.problems.get(name) != why:
            self.problems[name] = why
            log.warning("watch.problem", what=name, why=why)

    def close(self) -> None:
        """Close everything."""
        for key in list(self.followed):
            self._drop(key)

    def _take_up(self, listed: Sequence[Entry]) -> Iterator[Batch]:
        new = [entry for entry in listed if entry.key not in self.followed and not self._sleeps_on(entry)]
        self._unclaimed.extend(
            self._dozing.pop(entry.key).cursor for entry in new if entry.key in self._dozing
        )
        claimed = claims(new, self._unclaimed)
        room = max(0, MOST_OPEN - len(self.followed))
        for entry in new[max(0, len(new) - room) :]:  # the newest, if not all
            cursor = claimed.get(entry.key)
            if (followed := self._follow(entry, cursor)) is not None:
                if cursor is not None:
                    self._unclaimed.remove(cursor)
                yield Batch(cursor=followed.tail.cursor())

    def _sleeps_on(self, entry: Entry) -> bool:
        dozing = self._dozing.get(entry.key)
        return dozing is not None and (dozing.size, dozing.modified_ns) == (entry.size, entry.modified_ns)

    def _follow(self, entry: Entry, cursor: Cursor | None) -> Followed | None:
        position = cursor.position if cursor else 0
        try:
            if cursor is None and entry.key in self._skipped:
                position = end_of_last_line(entry.path, self._skipped[entry.key])
            tail = Tail(
                entry.path,
                cursor=cursor,
                position=position,
                log_format=self._log_format,
                max_line_bytes=self._max_line_bytes,
            )
        except OSError as error:
            self.tell(name_of(entry.path), f"can't be opened: {error.strerror or error}")
            return None
        if tail.key != entry.key:  # renamed since it was listed; the next list has both
            tail.close()
            return None
        self.problems.pop(name_of(entry.path), None)
        self._skipped.pop(entry.key, None)
        followed = Followed(tail, is_new=not position, changed_at=time.monotonic())
        self.followed[tail.key] = followed
        log.info("file.followed", file=tail.name, position=position, resumed=cursor is not None)
        return followed

    def _finish_unclaimed(self, listed: Sequence[Entry]) -> list[Batch]:
        """Places whose files went, or were replaced, while nobody looked are over.

        Not so where the file is there and only can't be opened, or none is there: a disk may not be mounted yet.
        """
        waiting = {entry.key for entry in listed} - self.followed.keys()
        over = [cursor for cursor in self._unclaimed if (cursor.device, cursor.inode) not in waiting]
        if not listed or not over:
            return []
        self._unclaimed = [cursor for cursor in self._unclaimed if cursor not in over]
        return [self._finished(cursor) for cursor in over]

    def _finish(self, tail: Tail) -> Batch:
        batch = tail.finish()
        self._past.append(batch.cursor)
        return batch

    def _finished(self, cursor: Cursor) -> Batch:
        self._past.append(cursor)
        return Batch(cursor=replace(cursor, is_finished=True))

    def _is_over(self, followed: Followed, *, is_listed: bool) -> bool:
        tail, now = followed.tail, time.monotonic()
        is_unlinked = tail.is_unlinked()
        if is_listed and not is_unlinked:
            followed.gone_at = None
            return False
        if followed.gone_at is None:
            followed.gone_at = now
        still = now - max(followed.gone_at, followed.changed_at)
        is_read = followed.is_new or tail.is_read()
        return is_read and still > (UNLINKED_SECONDS if is_unlinked else STILL_SECONDS)

    def _doze(self) -> None:
        excess = max(0, len(self.followed) - KEPT_OPEN)
        stillest = sorted((followed.tail.stamp()[1], key) for key, followed in self.followed.items())
        for modified_ns, key in stillest[:excess]:
            followed = self.followed[key]
            is_still = followed.gone_at is None and time.time() - modified_ns / 1e9 > STILL_SECONDS
            if is_still and followed.tail.is_at_rest():
                self._dozing[key] = _Dozing(followed.tail.cursor(), followed.tail.read_to, modified_ns)
                self._drop(key)

    def _drop(self, key: tuple[int, int]) -> None:
        self.followed.pop(key).tail.close()

"""One log file, read on and on: keeps its place, notices truncation and replacement, survives renames.

A file is not its path. While it is open its descriptor is what it is; across restarts it is known by device, inode, the
hash of its head and the hash of the bytes before the position (an inode alone is soon given to the next file).
What can't be had: bytes written and truncated away between two reads.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import uuid
from pathlib import Path

from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.sources.assemble import Assembler
from aiops_daemon.sources.formats import format_for
from aiops_daemon.sources.lines import LineSplitter

CHUNK_BYTES = 512 * 1024
HEAD_BYTES = 1024
MARKER_BYTES = 512
"""No two of 59,747 line ends of a real log shared so many bytes before them (32 bytes: 2.5 %)."""

GROUP_IDLE_SECONDS = 1.0
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


class NotAFileError(OSError):
    """The path is a directory, a pipe, a device or a link."""


class Tail:
    """One generation of one file.

    Attributes:
        name: its present name in the directory.
        generation: what its events and its place are stored under.
    """

    def __init__(
        self, path: Path, *, cursor: Cursor | None, position: int, log_format: str, max_line_bytes: int
    ) -> None:
        self.path = path
        self.generation = cursor.generation if cursor else uuid.uuid4().hex
        self._log_format = log_format
        self._max_line_bytes = max_line_bytes
        self._fd = _open_regular(path)
        status = os.fstat(self._fd)
        self.key = (status.st_dev, status.st_ino)
        self._reset(position)

    def _reset(self, position: int) -> None:
        self._read_to = position
        self._splitter = LineSplitter(position, self._max_line_bytes)
        self._assembler = Assembler(format_for(self._log_format))
        self._marker = self._pread(max(0, position - MARKER_BYTES), min(MARKER_BYTES, position))
        self._text_at: float | None = None
        self._seen = (-1, -1)

    @property
    def name(self) -> str:
        """The file's present name."""
        return self.path.name

    @property
    def read_to(self) -> int:
        """How many bytes were read; the position that is stored may be less."""
        return self._read_to

    def size(self) -> int:
        """The file's size in bytes now."""
        return os.fstat(self._fd).st_size

    def is_unlinked(self) -> bool:
        """Whether no directory names the file any more; its bytes are there as long as it is open."""
        return os.fstat(self._fd).st_nlink == 0

    def has_changed(self) -> bool:
        """Whether somebody wrote since the last call that said so, or there are bytes to read."""
        before, self._seen = self._seen, self.stamp()
        return before != self._seen or self._seen[0] != self._read_to

    def stamp(self) -> tuple[int, int]:
        """Size in bytes and time of the last change in nanoseconds."""
        status = os.fstat(self._fd)
        return status.st_size, status.st_mtime_ns

    @property
    def is_between_records(self) -> bool:
        """Whether everything read so far is whole records."""
        return not self._splitter.pending_bytes and self._assembler.open_since is None

    def was_replaced(self) -> bool:
        """Whether the content is not the one that was read: truncated, or truncated and grown again."""
        if self.size() < self._read_to:
            return True
        return self._pread(self._read_to - len(self._marker), len(self._marker)) != self._marker

    def read(self) -> Batch | None:
        """Read one chunk; None where there is nothing to say.

        Raises:
            OSError: the file can't be read now.
        """
        data = self._pread(self._read_to, CHUNK_BYTES)
        if not data:
            return None
        if not self._splitter.pending_bytes and not data.strip(b"\0"):
            self._skip_hole(len(data))
            return self._batch()
        had_group = self._assembler.open_since
        for line in self._splitter.feed(data):
            self._assembler.feed(line)
        self._read_to += len(data)
        self._marker = (self._marker + data)[-MARKER_BYTES:]
        if self._assembler.open_since is not None and self._assembler.open_since != had_group:
            self._text_at = time.monotonic()
        return self._batch()

    def close_idle_group(self) -> Batch | None:
        """End a panic whose lines stopped coming."""
        if self._assembler.open_since is None:
            return None
        self._text_at = self._text_at or time.monotonic()
        if time.monotonic() - self._text_at < GROUP_IDLE_SECONDS:
            return None
        self._text_at = None
        self._assembler.close_group()
        return self._batch()

    def finish(self) -> Batch:
        """Nothing more will come: the last line counts although it has no end, an open panic is over."""
        if rest := self._splitter.rest():
            self._assembler.feed(rest)
        self._assembler.close_group()
        return self._batch(is_finished=True)

    def restart(self) -> None:
        """Begin at the head again, as a new generation: the content was replaced."""
        self.generation = uuid.uuid4().hex
        self._reset(0)

    def cursor(self, *, is_finished: bool = False) -> Cursor:
        """The place after the last whole record."""
        open_since = self._assembler.open_since
        position = (
            self._splitter.line_start if open_since is None else min(open_since, self._splitter.line_start)
        )
        marker_length = min(MARKER_BYTES, position)
        head_length = min(HEAD_BYTES, position)
        return Cursor(
            generation=self.generation,
            name=self.name,
            device=self.key[0],
            inode=self.key[1],
            head_length=head_length,
            head_hash=_hash(self._pread(0, head_length)),
            position=position,
            marker_hash=_hash(self._pread(position - marker_length, marker_length)),
            is_finished=is_finished,
        )

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _batch(self, *, is_finished: bool = False) -> Batch:
        events, unparsed, unparsed_count = self._assembler.take()
        return Batch(
            cursor=self.cursor(is_finished=is_finished),
            events=events,
            unparsed=unparsed,
            unparsed_count=unparsed_count,
            read_at=time.monotonic(),
        )

    def _pread(self, offset: int, length: int) -> bytes:
        return os.pread(self._fd, length, offset) if length else b""

    def _skip_hole(self, zeros: int) -> None:
        """Step over the zeros that a writer without O_APPEND leaves in front of its next line after a truncation."""
        try:
            data_at = os.lseek(self._fd, self._read_to, os.SEEK_DATA)
        except OSError:  # nothing but hole up to the end
            data_at = self.size()
        self._read_to = max(data_at, self._read_to + zeros)
        self._splitter = LineSplitter(self._read_to, self._max_line_bytes)
        self._marker = self._pread(max(0, self._read_to - MARKER_BYTES), min(MARKER_BYTES, self._read_to))


def matches(path: Path, cursor: Cursor) -> bool:
    """Whether the file at `path` begins with what was read up to this cursor, whatever its name or inode."""
    try:
        fd = _open_regular(path)
    except OSError:
        return False
    try:
        if os.fstat(fd).st_size < cursor.position:
            return False
        marker_length = min(MARKER_BYTES, cursor.position)
        return (
            _hash(os.pread(fd, cursor.head_length, 0)) == cursor.head_hash
            and _hash(os.pread(fd, marker_length, cursor.position - marker_length)) == cursor.marker_hash
        )
    except OSError:
        return False
    finally:
        os.close(fd)


def end_of_last_line(path: Path) -> int:
    """Where the last whole line of a file ends, in bytes."""
    fd = _open_regular(path)
    try:
        at = os.fstat(fd).st_size
        while at > 0:
            start = max(0, at - CHUNK_BYTES)
            found = os.pread(fd, at - start, start).rfind(b"\n")
            if found != -1:
                return start + found + 1
            at = start
        return 0
    finally:
        os.close(fd)


def _open_regular(path: Path) -> int:
    fd = os.open(path, _OPEN)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotAFileError(f"{path} is no regular file")
    return fd


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()

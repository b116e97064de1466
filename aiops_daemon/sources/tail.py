"""One log file, read on and on: keeps its place, notices truncation and replacement, survives renames.

A file is not its path. While it is open its descriptor is what it is; across restarts it is known by device, inode, the
hash of its head and the hash of the bytes before the position (an inode alone is soon given to the next file).
What can't be had: bytes written and truncated away between two reads.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.sources.assemble import Assembler
from aiops_daemon.sources.content import HEAD_BYTES, MARKER_BYTES, begins_with, hash_of, name_of, open_regular
from aiops_daemon.sources.formats import format_for
from aiops_daemon.sources.lines import LineSplitter

CHUNK_BYTES = 512 * 1024
GROUP_IDLE_SECONDS = 1.0
STAMP_SECONDS = 0.1
"""A file system's clock ticks every few milliseconds: so long after a change, an equal time does not say "the same"."""


class ReplacedError(OSError):
    """The content is not the one that was read: truncated, or truncated and grown again."""


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
        self._fd = open_regular(path)
        try:
            status = os.fstat(self._fd)
            self.key = (status.st_dev, status.st_ino)
            self.begin_at(position)
        except OSError:
            self.close()
            raise

    def begin_at(self, position: int) -> None:
        """Read on from here, as if nothing had been read yet."""
        self._assembler = Assembler(format_for(self._log_format))
        self._text_at = 0.0
        self._text_lines = 0
        self._seen = (-1, -1)
        self._seen_at = 0.0
        self._is_settled = False
        self._jump(position)
        self._place = self._place_now()

    def _jump(self, position: int) -> None:
        self._read_to = position
        self._splitter = LineSplitter(position, self._max_line_bytes)
        self._head = self._pread(0, min(HEAD_BYTES, position))
        self._marker = self._before(position)
        if len(self._marker) < min(MARKER_BYTES, position):
            raise ReplacedError(f"{self.path} is shorter than what was read of it")

    @property
    def name(self) -> str:
        """The file's present name."""
        return name_of(self.path)

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
        now = time.monotonic()
        if before != self._seen:
            self._seen_at, self._is_settled = now, False
            return True
        if self._seen[0] != self._read_to:
            return True
        if self._is_settled:
            return False
        self._is_settled = now - self._seen_at > STAMP_SECONDS
        return self.was_replaced()

    def stamp(self) -> tuple[int, int]:
        """Size in bytes and time of the last change in nanoseconds."""
        status = os.fstat(self._fd)
        return status.st_size, status.st_mtime_ns

    def is_read(self) -> bool:
        """Whether everything was read, and nobody wrote since that was last looked at."""
        return self.stamp() == self._seen and self._seen[0] == self._read_to

    def is_at_rest(self) -> bool:
        """Whether everything was read, is whole records, and can be told from what may come by its size and time."""
        is_whole = not self._splitter.pending_bytes and self._assembler.open_since is None
        return is_whole and self._is_settled and self.is_read()

    def was_replaced(self) -> bool:
        """Whether the content is not the one that was read."""
        return self._before(self._read_to) != self._marker or self._has_another_head()

    def _has_another_head(self) -> bool:
        return self._pread(0, len(self._head)) != self._head

    def read(self) -> Batch | None:
        """Read one chunk; None where there is nothing to say.

        The bytes before the position are read along with it: what stands behind other bytes is no continuation.

        Raises:
            ReplacedError: the content is not the one that was read.
            OSError: the file can't be read now.
        """
        behind = len(self._marker)
        data = self._pread(self._read_to - behind, behind + CHUNK_BYTES)
        if data[:behind] != self._marker or self._has_another_head():
            raise ReplacedError(f"{self.path} is not what was read")
        data = data[behind:]
        if not data:
            return None
        if not self._splitter.pending_bytes and data.startswith(b"\0"):
            data = self._skip_zeros(data)
        for line in self._splitter.feed(data):
            self._assembler.feed(line)
        self._read_to += len(data)
        self._marker = (self._marker + data[-MARKER_BYTES:])[-MARKER_BYTES:]
        self._head += data[: HEAD_BYTES - len(self._head)]
        return self._batch()

    def close_idle_group(self) -> Batch | None:
        """End a panic whose lines stopped coming."""
        if self._assembler.open_since is None or time.monotonic() - self._text_at < GROUP_IDLE_SECONDS:
            return None
        self._assembler.close_group()
        return self._batch()

    def finish(self) -> Batch:
        """Nothing more will come: the last line counts although it has no end, an open panic is over."""
        if rest := self._splitter.rest():
            self._assembler.feed(rest)
        self._assembler.close_group()
        return self._batch(is_finished=True)

    def overlaps(self, other: Tail) -> bool:
        """Whether the shorter one of the two files is how the other one begins."""
        common = min(self.size(), other.size())
        head, marker = min(HEAD_BYTES, common), min(MARKER_BYTES, common)
        return common > 0 and all(
            self._pread(at, length) == other._pread(at, length)
            for at, length in ((0, head), (common - marker, marker))
        )

    def carries_on(self, other: Tail) -> bool:
        """Whether all that was read of the other file, whatever stands there now, is how this one begins."""
        return (
            self._pread(0, len(other._head)) == other._head and self._before(other._read_to) == other._marker
        )

    def inherit(self, other: Tail) -> None:
        """Go on in the other one's place, under its generation: what was read ahead there isn't counted again."""
        self.generation = other.generation
        self.begin_at(other.cursor().position)

    def begins_with(self, cursor: Cursor) -> bool:
        """Whether the file begins with what was read up to this cursor."""
        return begins_with(self._fd, cursor)

    def restart(self) -> None:
        """Begin at the head again, as a new generation: the content was replaced."""
        self.generation = uuid.uuid4().hex
        self.begin_at(0)

    def cursor(self, *, is_finished: bool = False) -> Cursor:
        """The place after the last whole record, with the hashes of what was read there, whatever stands there now."""
        position, head_hash, marker_hash = self._place
        return Cursor(
            generation=self.generation,
            name=self.name,
            device=self.key[0],
            inode=self.key[1],
            head_length=min(HEAD_BYTES, position),
            head_hash=head_hash,
            position=position,
            marker_hash=marker_hash,
            is_finished=is_finished,
        )

    def _place_now(self) -> tuple[int, str, str]:
        line_start, open_since = self._splitter.line_start, self._assembler.open_since
        position = line_start if open_since is None else min(open_since, line_start)
        marker = self._marker if position == self._read_to else self._before(position)
        return position, hash_of(self._head[:position]), hash_of(marker)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _batch(self, *, is_finished: bool = False) -> Batch:
        self._place = self._place_now()
        if self._assembler.open_lines != self._text_lines:
            self._text_lines = self._assembler.open_lines
            self._text_at = time.monotonic()
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

    def _before(self, position: int) -> bytes:
        return self._pread(max(0, position - MARKER_BYTES), min(MARKER_BYTES, position))

    def _skip_zeros(self, data: bytes) -> bytes:
        """Step over the zeros that a writer without O_APPEND leaves in front of its next line after a truncation."""
        rest = data.lstrip(b"\0")
        behind = self._read_to + len(data) - len(rest)
        if not rest:
            size = self.size()
            try:
                behind = max(behind, os.lseek(self._fd, behind, os.SEEK_DATA))
            except OSError:  # nothing but hole up to the end
                behind = max(behind, size)
        self._jump(behind)
        return rest

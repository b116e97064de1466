r"""Bytes -> lines, in bounded memory whatever is written.

Lines end at `\n` and nowhere else: U+2028 and NEL occur inside JSON strings. A line longer than the limit keeps its
two ends: the envelope of a record stands at its head, and what a huge message pushed back (its code, its target) at its
tail, so that both can still be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

CUT = "…(cut)…".encode()


class Line(NamedTuple):
    """One line without its end: `offset` is where it begins in the file, `end` where the next one does, in bytes.

    A tuple, because one is made for every line of every log: a frozen dataclass takes three times as long.
    """

    offset: int
    end: int
    data: bytes


class LineSplitter:
    """Feed it pieces of a file in order; it gives back whole lines.

    Attributes:
        line_start: where the line that is not whole yet begins.
    """

    def __init__(self, offset: int, max_line_bytes: int) -> None:
        self.line_start = offset
        self._half = max_line_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._length = 0

    @property
    def pending_bytes(self) -> int:
        """The length so far of the line that is not whole yet."""
        return self._length

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that end in this piece."""
        pieces = data.split(b"\n")
        begun = pieces.pop()
        if self._length and pieces:
            self._hold(pieces.pop(0))
            yield self._take(ended=True)
        most = 2 * self._half
        for piece in pieces:
            start = self.line_start
            self.line_start = end = start + len(piece) + 1
            yield Line(start, end, piece if len(piece) <= most else self._shorten(piece))
        if begun:
            self._hold(begun)

    def rest(self) -> Line | None:
        """The last line of a file that will never get its end."""
        return self._take(ended=False) if self._length else None

    def _hold(self, piece: bytes) -> None:
        self._length += len(piece)
        room = 2 * self._half - len(self._head)
        if not self._tail and room >= len(piece):
            self._head += piece
            return
        if not self._tail:
            whole = self._head + piece
            self._head, self._tail = whole[: self._half], whole[self._half :]
        else:
            self._tail += piece
        del self._tail[: -self._half]

    def _take(self, *, ended: bool) -> Line:
        end = self.line_start + self._length + ended
        data = bytes(self._head.rstrip(b"\\") + CUT + self._tail) if self._tail else bytes(self._head)
        line = Line(self.line_start, end, data)
        self.line_start = end
        self._length = 0
        self._head.clear()
        self._tail.clear()
        return line

    def _shorten(self, data: bytes) -> bytes:
        return data[: self._half].rstrip(b"\\") + CUT + data[-self._half :]

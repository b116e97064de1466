"""How far a log file was read: what is committed with the events before it."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiops_daemon.domain.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The place in one generation of one file.

    A file is not its path: device and inode say which file it is while it lives, the hash of its head and of the bytes
    before the position say that it is still the same content (an inode is soon used again).

    Attributes:
        position: bytes; the end of the last whole record admitted.
        head_length: bytes of the head that `head_hash` covers.
        marker_hash: of the bytes (512 at most) before the position.
    """

    generation: str
    name: str
    device: int
    inode: int
    head_length: int
    head_hash: str
    position: int
    marker_hash: str
    is_finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsed:
    """A line that belongs to no record: counted, and kept for people to see."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one read of one file gave. What is on a queue may be lost without harm: the file still has it."""

    cursor: Cursor
    events: tuple[Event, ...] = ()
    unparsed: tuple[Unparsed, ...] = ()
    unparsed_count: int = 0
    read_at: float = field(default=0.0)
    """Monotonic seconds at which the bytes were read; for measuring only."""

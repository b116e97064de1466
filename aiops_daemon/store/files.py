"""How far each log file was read, what could not be read of it, and the daemon's word about itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiops_daemon.domain.cursor import Batch, Cursor, Unparsed
from aiops_daemon.store.database import from_us, to_us

KEPT_UNPARSED = 50
KEPT_FINISHED_FILES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A file as `status` shows it."""

    cursor: Cursor
    unparsed: int
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnparsedRow:
    """One line that was kept because nothing could be made of it."""

    file: str
    offset: int
    seen_at: datetime
    text: str


def save_cursor(tx: sqlite3.Connection, batch: Batch, now: datetime) -> None:
    """Move a file's position to where this batch ends."""
    cursor = batch.cursor
    tx.execute(
        """INSERT INTO files (generation, name, device, inode, head_length, head_hash, position, marker_hash,
                              unparsed, seen_at, is_finished)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (generation) DO UPDATE SET
             name = excluded.name, device = excluded.device, inode = excluded.inode,
             head_length = excluded.head_length, head_hash = excluded.head_hash, position = excluded.position,
             marker_hash = excluded.marker_hash, unparsed = files.unparsed + excluded.unparsed,
             seen_at = excluded.seen_at, is_finished = excluded.is_finished""",
        (
            cursor.generation,
            cursor.name,
            cursor.device,
            cursor.inode,
            cursor.head_length,
            cursor.head_hash,
            cursor.position,
            cursor.marker_hash,
            batch.unparsed_count,
            to_us(now),
            cursor.is_finished,
        ),
    )
    tx.execute(
        "DELETE FROM read_ahead WHERE generation = ? AND offset < ?", (cursor.generation, cursor.position)
    )
    if cursor.is_finished:
        tx.execute(
            """DELETE FROM files WHERE is_finished AND generation NOT IN
                 (SELECT generation FROM files WHERE is_finished ORDER BY seen_at DESC LIMIT ?)""",
            (KEPT_FINISHED_FILES,),
        )


def offsets_read_ahead(tx: sqlite3.Connection, generation: str) -> frozenset[int]:
    """The records behind the position that were admitted already."""
    rows = tx.execute("SELECT offset FROM read_ahead WHERE generation = ?", (generation,))
    return frozenset(row[0] for row in rows)


def save_read_ahead(tx: sqlite3.Connection, generation: str, offsets: Iterable[int]) -> None:
    """Remember records that were admitted although they stand behind the position."""
    tx.executemany(
        "INSERT OR IGNORE INTO read_ahead VALUES (?, ?)", ((generation, offset) for offset in offsets)
    )


def save_unparsed(tx: sqlite3.Connection, name: str, lines: Iterable[Unparsed], now: datetime) -> None:
    """Keep the newest lines that belong to no record. Their text is redacted by the caller."""
    tx.executemany(
        "INSERT INTO unparsed (file, offset, seen_at, text) VALUES (?, ?, ?, ?)",
        ((name, line.offset, to_us(now), line.text) for line in lines),
    )
    tx.execute("DELETE FROM unparsed WHERE id <= (SELECT max(id) FROM unparsed) - ?", (KEPT_UNPARSED,))


def cursors(connection: sqlite3.Connection) -> tuple[Cursor, ...]:
    """Every file that was not read to its end for good."""
    rows = connection.execute("SELECT * FROM files WHERE NOT is_finished ORDER BY seen_at")
    return tuple(_cursor(row) for row in rows)


def finished_cursors(connection: sqlite3.Connection) -> tuple[Cursor, ...]:
    """Files that were read to their end and then left alone, so that a copy of one is known again."""
    rows = connection.execute("SELECT * FROM files WHERE is_finished ORDER BY seen_at")
    return tuple(_cursor(row) for row in rows)


def file_rows(connection: sqlite3.Connection) -> tuple[FileRow, ...]:
    """The files in use, as `status` shows them."""
    rows = connection.execute("SELECT * FROM files WHERE NOT is_finished ORDER BY name")
    return tuple(
        FileRow(cursor=_cursor(row), unparsed=row["unparsed"], seen_at=from_us(row["seen_at"]))
        for row in rows
    )


def unparsed_rows(connection: sqlite3.Connection) -> tuple[UnparsedRow, ...]:
    """The lines that were kept, newest first."""
    rows = connection.execute("SELECT * FROM unparsed ORDER BY id DESC")
    return tuple(
        UnparsedRow(file=row["file"], offset=row["offset"], seen_at=from_us(row["seen_at"]), text=row["text"])
        for row in rows
    )


def _cursor(row: sqlite3.Row) -> Cursor:
    return Cursor(
        generation=row["generation"],
        name=row["name"],
        device=row["device"],
        inode=row["inode"],
        head_length=row["head_length"],
        head_hash=row["head_hash"],
        position=row["position"],
        marker_hash=row["marker_hash"],
        is_finished=bool(row["is_finished"]),
    )


def save_fact(tx: sqlite3.Connection, name: str, value: Any) -> None:
    """Write one JSON value that the running daemon says of itself."""
    tx.execute(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, json.dumps(value)),
    )


def fact(connection: sqlite3.Connection, name: str) -> Any:
    """What `save_fact` wrote, or None."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else json.loads(row["value"])

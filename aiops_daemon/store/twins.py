"""Twins: which requests and panics touched which incident, for as long as `request_window`.

Request ids come from clients. They are kept as hashes, they expire, and they never merge two fingerprints.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.store.database import to_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """An earlier record of the same request or panic."""

    id: int
    incident_id: int
    is_weak: bool


def of(tx: sqlite3.Connection, sighting: Sighting, window: timedelta, now: datetime) -> tuple[Twin, ...]:
    """The earlier records within the window, by the log's own time, oldest first."""
    if sighting.twin_key is None:
        return ()
    logged_at = to_us(sighting.event.logged_at or now)
    around = window // timedelta(microseconds=1)
    rows = tx.execute(
        "SELECT id, incident_id, is_weak FROM twins WHERE twin = ? AND logged_at BETWEEN ? AND ? ORDER BY id",
        (_hash(sighting.twin_key), logged_at - around, logged_at + around),
    )
    return tuple(
        Twin(id=row["id"], incident_id=row["incident_id"], is_weak=bool(row["is_weak"])) for row in rows
    )


def remember(tx: sqlite3.Connection, sighting: Sighting, incident_id: int, now: datetime) -> None:
    """Let later records of the same request or panic find this one."""
    if sighting.twin_key is None:
        return
    logged_at = to_us(sighting.event.logged_at or now)
    tx.execute(
        "INSERT INTO twins (twin, incident_id, is_weak, logged_at, seen_at) VALUES (?, ?, ?, ?, ?)",
        (_hash(sighting.twin_key), incident_id, int(sighting.is_weak), logged_at, to_us(now)),
    )


def forget(tx: sqlite3.Connection, twin: Twin) -> None:
    """This record has found its own."""
    tx.execute("DELETE FROM twins WHERE id = ?", (twin.id,))


def prune(tx: sqlite3.Connection, before: datetime) -> None:
    """Forget records that were admitted before this time."""
    tx.execute("DELETE FROM twins WHERE seen_at < ?", (to_us(before),))


def _hash(twin_key: str) -> str:
    return hashlib.sha256(twin_key.encode("utf-8", "replace")).hexdigest()[:32]

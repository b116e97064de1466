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

MOST_OF_ONE = 20
"""Incidents of one request that are looked at; a client that sends the same id for ever costs no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """Earlier records of the same request or panic, of one incident: `events` of them."""

    id: int
    incident_id: int
    is_weak: bool
    events: int


def of(tx: sqlite3.Connection, sighting: Sighting, window: timedelta, now: datetime) -> tuple[Twin, ...]:
    """The earlier records within the window, by the log's own time, oldest first."""
    if sighting.twin_key is None:
        return ()
    logged_at = to_us(sighting.event.logged_at or now)
    around = window // timedelta(microseconds=1)
    rows = tx.execute(
        """SELECT id, incident_id, is_weak, events FROM twins WHERE twin = ? AND logged_at BETWEEN ? AND ?
           ORDER BY id LIMIT ?""",
        (_hash(sighting.twin_key), logged_at - around, logged_at + around, MOST_OF_ONE),
    )
    return tuple(
        Twin(id=row["id"], incident_id=row["incident_id"], is_weak=bool(row["is_weak"]), events=row["events"])
        for row in rows
    )


def remember(tx: sqlite3.Connection, sighting: Sighting, incident_id: int, now: datetime) -> None:
    """Let later records of the same request or panic find this one."""
    if sighting.twin_key is None:
        return
    known = (_hash(sighting.twin_key), incident_id, int(sighting.is_weak))
    times = (to_us(sighting.event.logged_at or now), to_us(now))
    again = tx.execute(
        """UPDATE twins SET events = events + 1, logged_at = ?, seen_at = ?
           WHERE twin = ? AND incident_id = ? AND is_weak = ?""",
        (*times, *known),
    )
    if not again.rowcount:
        tx.execute(
            "INSERT INTO twins (twin, incident_id, is_weak, events, logged_at, seen_at) VALUES (?, ?, ?, 1, ?, ?)",
            (*known, *times),
        )


def forget(tx: sqlite3.Connection, twin: Twin, events: int) -> None:
    """So many of these records have found their own."""
    tx.execute("UPDATE twins SET events = events - ? WHERE id = ?", (events, twin.id))
    tx.execute("DELETE FROM twins WHERE id = ? AND events <= 0", (twin.id,))


def prune(tx: sqlite3.Connection, before: datetime) -> None:
    """Forget records that were admitted before this time."""
    tx.execute("DELETE FROM twins WHERE seen_at < ?", (to_us(before),))


def _hash(twin_key: str) -> str:
    return hashlib.sha256(twin_key.encode("utf-8", "replace")).hexdigest()[:32]

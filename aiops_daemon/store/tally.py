"""What there was to count in each hour: it outlives the rows that were counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from aiops_daemon.store.database import to_us

_HOUR_US = 3_600_000_000


class What(StrEnum):
    """What is counted."""

    EVENTS = "events"
    """Events of incidents that people are told of."""
    INCIDENTS = "incidents"
    MESSAGES = "messages"
    """New ones; edits call nobody."""
    ISSUES_FILED = "issues_filed"
    ISSUES_REOPENED = "issues_reopened"
    FIXES_CONFIRMED = "fixes_confirmed"


def add(tx: sqlite3.Connection, what: What, n: int, now: datetime) -> None:
    """Count so many more."""
    if n:
        tx.execute(
            "INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT (hour, what) DO UPDATE SET n = n + excluded.n",
            (to_us(now) // _HOUR_US, what, n),
        )


def since(connection: sqlite3.Connection, at: datetime) -> Mapping[What, int]:
    """What was counted since then, to the hour."""
    rows = connection.execute(
        "SELECT what, sum(n) FROM tally WHERE hour >= ? GROUP BY what", (to_us(at) // _HOUR_US,)
    )
    counted = dict.fromkeys(What, 0)
    counted.update({What(row[0]): row[1] for row in rows})
    return counted


def note_told(tx: sqlite3.Connection, waited: timedelta, now: datetime) -> None:
    """A new message about an incident was sent, so long after the event."""
    add(tx, What.MESSAGES, 1, now)
    waited_us = max(0, waited // timedelta(microseconds=1))
    tx.execute("INSERT INTO told (at, waited_us) VALUES (?, ?)", (to_us(now), waited_us))


def median_wait(connection: sqlite3.Connection, at: datetime) -> timedelta | None:
    """The median time from an event to its message, since then."""
    rows = connection.execute(
        "SELECT waited_us FROM told WHERE at >= ? ORDER BY waited_us", (to_us(at),)
    ).fetchall()
    if not rows:
        return None
    middle = len(rows) // 2
    pair = rows[middle : middle + 1] if len(rows) % 2 else rows[middle - 1 : middle + 1]
    return timedelta(microseconds=sum(row[0] for row in pair) / len(pair))


def prune(tx: sqlite3.Connection, before: datetime) -> None:
    """Forget what is older."""
    tx.execute("DELETE FROM tally WHERE hour < ?", (to_us(before) // _HOUR_US,))
    tx.execute("DELETE FROM told WHERE at < ?", (to_us(before),))

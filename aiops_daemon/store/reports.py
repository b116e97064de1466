"""The evidence report of each incident: the newest only."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from datetime import datetime

import msgspec

from aiops_daemon.domain.evidence import Report
from aiops_daemon.store.database import to_us


def save(tx: sqlite3.Connection, incident_id: int, report: Report, tokens: int, now: datetime) -> None:
    """Keep a report."""
    tx.execute(
        "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?)",
        (incident_id, to_us(now), msgspec.json.encode(asdict(report)).decode(), tokens),
    )


def of(connection: sqlite3.Connection, incident_id: int) -> Report | None:
    """The report of an incident, if one was made."""
    row = connection.execute("SELECT report FROM evidence WHERE incident_id = ?", (incident_id,)).fetchone()
    return None if row is None else msgspec.json.decode(row["report"], type=Report)

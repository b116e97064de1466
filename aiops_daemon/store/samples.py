"""The events of an incident that are kept: the first few and the last few, redacted."""

from __future__ import annotations

import sqlite3

from aiops_daemon.domain.incident import Sample
from aiops_daemon.store.database import from_us, to_us

KEPT_FIRST_SAMPLES = 3
KEPT_LAST_SAMPLES = 7
KEPT_COMPANIONS = 5


def of(connection: sqlite3.Connection, incident_id: int) -> tuple[Sample, ...]:
    """The events that were kept, oldest first."""
    rows = connection.execute("SELECT * FROM samples WHERE incident_id = ? ORDER BY id", (incident_id,))
    return tuple(
        Sample(
            seen_at=from_us(row["seen_at"]),
            level=row["level"],
            text=row["text"],
            is_companion=bool(row["is_companion"]),
            file=row["file"],
            offset=row["offset"],
        )
        for row in rows
    )


def add(tx: sqlite3.Connection, incident_id: int, sample: Sample) -> None:
    """Keep one event: of each incident the first few and the last few, so that a storm takes no room."""
    tx.execute(
        "INSERT INTO samples (incident_id, seen_at, level, text, is_companion, file, offset) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            incident_id,
            to_us(sample.seen_at),
            sample.level,
            sample.text,
            int(sample.is_companion),
            sample.file,
            sample.offset,
        ),
    )
    first = 0 if sample.is_companion else KEPT_FIRST_SAMPLES
    last = KEPT_COMPANIONS if sample.is_companion else KEPT_LAST_SAMPLES
    tx.execute(
        """DELETE FROM samples WHERE incident_id = ?1 AND is_companion = ?2
             AND id NOT IN (SELECT id FROM samples WHERE incident_id = ?1 AND is_companion = ?2 ORDER BY id LIMIT ?3)
             AND id NOT IN (SELECT id FROM samples WHERE incident_id = ?1 AND is_companion = ?2 ORDER BY id DESC LIMIT ?4)""",
        (incident_id, int(sample.is_companion), first, last),
    )

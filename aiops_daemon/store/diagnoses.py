"""Diagnoses: every one of an incident, and the one that may be recalled."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from aiops_daemon.domain.diagnosis import Diagnosis, Source
from aiops_daemon.domain.incident import Incident
from aiops_daemon.store.database import from_us, to_us

RECALLED_FOR = timedelta(days=90)
RECALLED_WITHOUT_CODE_FOR = timedelta(days=1)
"""A cause outside of the code may be another one tomorrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A diagnosis as it was kept."""

    id: int
    diagnosis: Diagnosis
    at: datetime
    blobs: Mapping[str, str]
    verdict: str | None


def save(
    tx: sqlite3.Connection, incident: Incident, diagnosis: Diagnosis, blobs: Mapping[str, str], now: datetime
) -> None:
    """Keep a diagnosis, with what the files that it rests on held."""
    tx.execute(
        "INSERT INTO diagnoses (incident_id, fingerprint, at, body, blobs) VALUES (?, ?, ?, ?, ?)",
        (
            incident.id,
            incident.fingerprint,
            to_us(now),
            msgspec.json.encode(diagnosis).decode(),
            msgspec.json.encode(dict(blobs)).decode(),
        ),
    )


def newest(connection: sqlite3.Connection, incident_id: int) -> Kept | None:
    """The newest diagnosis of an incident; that there was none counts only where there never was one."""
    rows = connection.execute(
        "SELECT * FROM diagnoses WHERE incident_id = ? ORDER BY id DESC LIMIT 50", (incident_id,)
    ).fetchall()
    kept = list(map(_kept, rows))
    return next((each for each in kept if each.diagnosis.root_cause), kept[0] if kept else None)


def recallable(connection: sqlite3.Connection, fingerprint: str, now: datetime) -> Kept | None:
    """The newest answer of a model to the same fault, unless people called it wrong or it is too old to say."""
    rows = connection.execute(
        "SELECT * FROM diagnoses WHERE fingerprint = ? AND at >= ? ORDER BY id DESC LIMIT 20",
        (fingerprint, to_us(now - RECALLED_FOR)),
    )
    for kept in map(_kept, rows):
        if kept.diagnosis.source is Source.RECALLED and kept.verdict == "wrong":
            return None
        if kept.diagnosis.source is Source.CLAUDE:
            return kept if kept.verdict != "wrong" and _still_says(kept, now) else None
    return None


def mark(tx: sqlite3.Connection, incident_id: int, verdict: str) -> None:
    """What people think of the diagnosis of an incident that they are shown: right or wrong."""
    kept = newest(tx, incident_id)
    if kept is not None:
        tx.execute("UPDATE diagnoses SET verdict = ? WHERE id = ?", (verdict, kept.id))


def usd_of(connection: sqlite3.Connection, incident_id: int) -> float:
    """What was spent on an incident."""
    row = connection.execute(
        "SELECT coalesce(sum(coalesce(settled_usd, reserved_usd)), 0) FROM ledger WHERE incident_id = ?",
        (incident_id,),
    ).fetchone()
    return float(row[0]) / 1_000_000


def is_new(connection: sqlite3.Connection, incident_id: int) -> bool:
    """Whether no diagnosis was ever begun of an incident of this family: the same code at the same place."""
    row = connection.execute(
        """SELECT 1 FROM ledger JOIN incidents ON incidents.id = ledger.incident_id
           WHERE ledger.kind = 'diagnosis' AND incidents.family = (SELECT family FROM incidents WHERE id = ?) LIMIT 1""",
        (incident_id,),
    ).fetchone()
    return row is None


def _still_says(kept: Kept, now: datetime) -> bool:
    """Whether unchanged files would mean an unchanged cause: those it rests on must be known, or the cause not be in the code."""
    said = kept.diagnosis
    if said.file or said.code_cause:
        return bool(kept.blobs) and (said.file is None or said.file in kept.blobs)
    return now - kept.at <= RECALLED_WITHOUT_CODE_FOR


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(
        id=row["id"],
        diagnosis=msgspec.json.decode(row["body"], type=Diagnosis),
        at=from_us(row["at"]),
        blobs=msgspec.json.decode(row["blobs"], type=dict[str, str]),
        verdict=row["verdict"],
    )

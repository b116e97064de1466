"""Incidents: rows to values and back, and what people and handlers ask of them. `admit.py` is where they grow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops_daemon.domain.fingerprint import Fingerprint
from aiops_daemon.domain.flow import Note
from aiops_daemon.domain.incident import Card, Incident, IncidentState, Posted
from aiops_daemon.domain.playbook import Action, Severity
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.redaction import Placeholders
from aiops_daemon.store import diagnoses, issues, reports, samples
from aiops_daemon.store.database import from_us, from_us_or_none, to_us

RATE_MINUTES = 5
SHOWN_COMPANIONS = 3
SHOWN_SHARING = 5
KEPT_HISTORY = 100
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One line of an incident's history."""

    at: datetime
    what: str
    why: str


def by_id(connection: sqlite3.Connection, incident_id: int) -> Incident | None:
    """One incident."""
    row = connection.execute("SELECT * FROM incidents WHERE id = ?", (incident_id,)).fetchone()
    return None if row is None else incident_of(row)


def listed(connection: sqlite3.Connection, *, resolved_too: bool) -> tuple[Incident, ...]:
    """The incidents, worst and newest first."""
    where = "" if resolved_too else "WHERE state <> 'resolved'"
    rows = connection.execute(f"SELECT * FROM incidents {where} ORDER BY last_seen_at DESC, id DESC")  # noqa: S608 - a constant
    return tuple(sorted((incident_of(row) for row in rows), key=lambda incident: -incident.severity.rank))


def counts(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many incidents are (not resolved, resolved)."""
    row = connection.execute(
        "SELECT count(*), coalesce(sum(state = 'resolved'), 0) FROM incidents"
    ).fetchone()
    return row[0] - row[1], row[1]


def card(connection: sqlite3.Connection, incident_id: int, now: datetime) -> Card | None:
    """All that a message about this incident tells."""
    incident = by_id(connection, incident_id)
    if incident is None:
        return None
    since = to_us(now - timedelta(minutes=RATE_MINUTES)) // _MINUTE_US
    recent = connection.execute(
        "SELECT coalesce(sum(events), 0) FROM pulse WHERE incident_id = ? AND minute > ?",
        (incident_id, since),
    ).fetchone()[0]
    known = samples.of(connection, incident_id)
    sharing = connection.execute(
        "SELECT * FROM incidents WHERE shares_with = ? ORDER BY id LIMIT ?", (incident_id, SHOWN_SHARING)
    )
    return Card(
        incident=incident,
        last_minutes=(RATE_MINUTES, recent),
        excerpt=next((sample.text for sample in reversed(known) if not sample.is_companion), None),
        companions=tuple(sample.text for sample in known if sample.is_companion)[:SHOWN_COMPANIONS],
        sharing=tuple(incident_of(row) for row in sharing),
        report=reports.of(connection, incident_id),
        diagnosis=kept.diagnosis if (kept := diagnoses.newest(connection, incident_id)) else None,
        issue=issues.of(connection, incident_id),
    )


def rate_since(
    connection: sqlite3.Connection, incident_id: int, since: datetime, now: datetime
) -> float | None:
    """Events an hour since then, by those of the last hour; None where that is too short a time to tell."""
    since = max(since, now - timedelta(hours=1))
    hours = (now - since) / timedelta(hours=1)
    if hours < 1 / 12:
        return None
    events = connection.execute(
        "SELECT coalesce(sum(events), 0) FROM pulse WHERE incident_id = ? AND minute >= ?",
        (incident_id, to_us(since) // _MINUTE_US),
    ).fetchone()[0]
    return float(events) / hours


def history(connection: sqlite3.Connection, incident_id: int) -> tuple[HistoryRow, ...]:
    """What happened to an incident and why, oldest first."""
    rows = connection.execute("SELECT * FROM history WHERE incident_id = ? ORDER BY id", (incident_id,))
    return tuple(HistoryRow(at=from_us(row["at"]), what=row["what"], why=row["why"]) for row in rows)


def posted(connection: sqlite3.Connection, incident_id: int) -> Posted | None:
    """The newest message of an incident."""
    row = connection.execute("SELECT * FROM messages WHERE incident_id = ?", (incident_id,)).fetchone()
    if row is None:
        return None
    return Posted(
        sink=row["sink"],
        reason=row["reason"],
        message_id=row["message_id"],
        posted_at=from_us(row["posted_at"]),
        shown_revision=row["shown_revision"],
        edits=row["edits"],
    )


def save_posted(tx: sqlite3.Connection, incident_id: int, message: Posted) -> None:
    """Remember the newest message of an incident."""
    tx.execute(
        "INSERT OR REPLACE INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            incident_id,
            message.sink,
            message.reason,
            message.message_id,
            to_us(message.posted_at),
            message.shown_revision,
            message.edits,
        ),
    )


def skip_edit(tx: sqlite3.Connection, incident_id: int) -> None:
    """An edit was given up: let the next one have a key of its own."""
    tx.execute("UPDATE messages SET edits = edits + 1 WHERE incident_id = ?", (incident_id,))


def add_notes(tx: sqlite3.Connection, incident_id: int, notes: Iterable[Note], now: datetime) -> None:
    """Write what happened, and why, into an incident's history."""
    rows = [(incident_id, to_us(now), note.what, note.why) for note in notes]
    if not rows:
        return
    tx.executemany("INSERT INTO history (incident_id, at, what, why) VALUES (?, ?, ?, ?)", rows)
    tx.execute(
        """DELETE FROM history WHERE incident_id = ?1 AND id NOT IN
             (SELECT id FROM history WHERE incident_id = ?1 ORDER BY id DESC LIMIT ?2)""",
        (incident_id, KEPT_HISTORY),
    )


def insert(
    tx: sqlite3.Connection,
    sighting: Sighting,
    fingerprint: Fingerprint,
    *,
    title: str,
    request: str | None,
    redaction_key: bytes,
    now: datetime,
) -> sqlite3.Row:
    """Make the incident of a fingerprint, with a count of 0; `title` and `request` are redacted."""
    logged_at = sighting.event.logged_at
    seen_at = to_us(now if logged_at is None else min(now, logged_at))
    row: sqlite3.Row = tx.execute(
        """INSERT INTO incidents (fingerprint, family, fault_id, state, code, severity, actions, title, title_is_ours,
             target, place, request, count, suppressed, companions, first_seen_at, last_seen_at, active_at, revision,
             alerts, quiet_checks, redaction_key, placeholders)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?, 0, 0, 0, ?, '{}') RETURNING *""",
        (
            fingerprint.value,
            fingerprint.family,
            fingerprint.fault_id,
            IncidentState.OPEN,
            sighting.code,
            sighting.severity,
            json.dumps(sorted(sighting.actions)),
            title,
            int(sighting.title_is_ours),
            sighting.target,
            sighting.place,
            request,
            seen_at,
            seen_at,
            to_us(now),
            redaction_key,
        ),
    ).fetchone()
    return row


def delete(tx: sqlite3.Connection, incident_id: int) -> None:
    """Remove an incident with all that belongs to it, its jobs too."""
    tx.execute("DELETE FROM incidents WHERE id = ?", (incident_id,))


def placeholders(connection: sqlite3.Connection, incident_id: int) -> Placeholders:
    """The names that an incident gives to what was redacted, so that later texts of it use the same."""
    row = connection.execute(
        "SELECT redaction_key, placeholders FROM incidents WHERE id = ?", (incident_id,)
    ).fetchone()
    return (
        Placeholders.fresh()
        if row is None
        else Placeholders(row["redaction_key"], json.loads(row["placeholders"]))
    )


def save_placeholders(tx: sqlite3.Connection, incident_id: int, known: Mapping[str, Sequence[str]]) -> None:
    """Keep the names that the incident gives to what was redacted."""
    tx.execute("UPDATE incidents SET placeholders = ? WHERE id = ?", (json.dumps(known), incident_id))


def add_pulse(tx: sqlite3.Connection, incident_id: int, new_events: int, now: datetime) -> None:
    """Count events in their minute, and forget minutes older than an hour."""
    if not new_events:
        return
    minute = to_us(now) // _MINUTE_US
    tx.execute(
        """INSERT INTO pulse VALUES (?, ?, ?)
           ON CONFLICT (incident_id, minute) DO UPDATE SET events = events + excluded.events""",
        (incident_id, minute, new_events),
    )
    tx.execute("DELETE FROM pulse WHERE incident_id = ? AND minute < ?", (incident_id, minute - 60))


def update(tx: sqlite3.Connection, incident: Incident) -> None:
    """Write what may have changed of an incident."""
    tx.execute(
        """UPDATE incidents SET state = ?, severity = ?, actions = ?, count = ?, suppressed = ?, companions = ?,
             first_seen_at = ?, last_seen_at = ?, active_at = ?, resolved_at = ?, revision = ?, alerts = ?, alerted_at = ?,
             quiet_checks = ?, shares_with = ? WHERE id = ?""",
        (
            incident.state,
            incident.severity,
            json.dumps(sorted(incident.actions)),
            incident.count,
            incident.suppressed,
            incident.companions,
            to_us(incident.first_seen_at),
            to_us(incident.last_seen_at),
            to_us(incident.active_at),
            None if incident.resolved_at is None else to_us(incident.resolved_at),
            incident.revision,
            incident.alerts,
            None if incident.alerted_at is None else to_us(incident.alerted_at),
            incident.quiet_checks,
            incident.shares_with,
            incident.id,
        ),
    )


def prune(tx: sqlite3.Connection, before: datetime) -> None:
    """Forget incidents that were resolved before this time, with all that belongs to them."""
    tx.execute("DELETE FROM incidents WHERE state = 'resolved' AND resolved_at < ?", (to_us(before),))


def incident_of(row: sqlite3.Row) -> Incident:
    """A row as a value."""
    return Incident(
        id=row["id"],
        fingerprint=row["fingerprint"],
        fault_id=row["fault_id"],
        state=IncidentState(row["state"]),
        code=row["code"],
        severity=Severity(row["severity"]),
        actions=frozenset(Action(name) for name in json.loads(row["actions"])),
        title=row["title"],
        title_is_ours=bool(row["title_is_ours"]),
        target=row["target"],
        place=row["place"],
        request=row["request"],
        count=row["count"],
        suppressed=row["suppressed"],
        companions=row["companions"],
        first_seen_at=from_us(row["first_seen_at"]),
        last_seen_at=from_us(row["last_seen_at"]),
        active_at=from_us(row["active_at"]),
        resolved_at=from_us_or_none(row["resolved_at"]),
        revision=row["revision"],
        alerts=row["alerts"],
        alerted_at=from_us_or_none(row["alerted_at"]),
        quiet_checks=row["quiet_checks"],
        shares_with=row["shares_with"],
    )

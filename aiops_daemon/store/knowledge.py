"""The words of past incidents, so that one like them is found again."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from aiops_daemon.domain.evidence import NamedIncident
from aiops_daemon.domain.incident import Incident, IncidentState
from aiops_daemon.store import incidents, reports
from aiops_daemon.store.database import to_us

REMEMBERED = timedelta(days=90)
MOST_SIMILAR = 3
_MOST_WORDS = 40
_WORD = re.compile(r"\w{3,40}")
_LEAST_COMMON_WORDS = 2


def remember(tx: sqlite3.Connection, incident: Incident, texts: Iterable[str]) -> None:
    """Keep the words that an incident is known by; redacted texts only."""
    tx.execute("DELETE FROM memory WHERE incident_id = ?", (incident.id,))
    words = " ".join([incident.code or "", incident.title, incident.target, incident.place or "", *texts])
    tx.execute("INSERT INTO memory (words, incident_id) VALUES (?, ?)", (words[:4000], incident.id))


def similar(
    connection: sqlite3.Connection, incident: Incident, texts: Iterable[str], now: datetime
) -> list[tuple[NamedIncident, str]]:
    """Past incidents that share rare words with this one, the most alike first, and what came of each."""
    words = dict.fromkeys(
        word.lower() for text in [incident.title, incident.target, *texts] for word in _WORD.findall(text)
    )
    asked = list(words)[:_MOST_WORDS]
    if not asked:
        return []
    query = " OR ".join(f'"{word}"' for word in asked)
    rows = connection.execute(
        """SELECT memory.incident_id AS id, memory.words AS words FROM memory JOIN incidents ON incidents.id = memory.incident_id
           WHERE memory MATCH ? AND memory.incident_id <> ? AND incidents.active_at >= ?
           ORDER BY bm25(memory) LIMIT ?""",
        (query, incident.id, to_us(now - REMEMBERED), MOST_SIMILAR * 3),
    ).fetchall()
    found = []
    for row in rows:
        theirs = set(_WORD.findall(row["words"].lower()))
        other = incidents.by_id(connection, row["id"])
        if other is not None and (
            len(theirs & words.keys()) >= max(_LEAST_COMMON_WORDS, len(asked) // 4)
            or other.code == incident.code is not None
        ):
            found.append((_named(other), _told(connection, other)))
    return found[:MOST_SIMILAR]


def _named(other: Incident) -> NamedIncident:
    title = f"{other.code} {other.title}" if other.code and other.code != other.title else other.title
    return NamedIncident(id=other.id, title=title, outcome=_outcome(other))


def _outcome(other: Incident) -> str:
    if other.state is IncidentState.RESOLVED and other.resolved_at is not None:
        lasted = other.last_seen_at - other.first_seen_at
        return f"resolved {other.resolved_at:%Y-%m-%d}, {other.count} events in {int(lasted.total_seconds() // 60)} minutes"
    return f"{other.state.value}, {other.count} events"


def _told(connection: sqlite3.Connection, other: Incident) -> str:
    lines = [f"{_named(other).title}: {_outcome(other)}; first seen {other.first_seen_at:%Y-%m-%d %H:%M} UTC"]
    report = reports.of(connection, other.id)
    if report is not None:
        lines += [f"place: {place.path}:{place.line} {place.function}" for place in report.places[:2]]
        lines += [f"suspect: {suspect.sha[:10]} {suspect.subject}" for suspect in report.suspects[:2]]
    lines += [f"{row.what}: {row.why}" for row in incidents.history(connection, other.id)[-4:]]
    return "\n".join(lines)

"""The GitHub issues of incidents: what is known of them, and the jobs that look after them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from aiops_daemon.domain import filing
from aiops_daemon.domain.filing import FilingReason
from aiops_daemon.domain.incident import Incident
from aiops_daemon.domain.issue import Closing, FiledIssue
from aiops_daemon.domain.job import JobKind, NewJob, Priority
from aiops_daemon.store import jobs
from aiops_daemon.store.database import from_us, from_us_or_none, to_us


def of(connection: sqlite3.Connection, incident_id: int) -> FiledIssue | None:
    """The issue of an incident."""
    row = connection.execute("SELECT * FROM issues WHERE incident_id = ?", (incident_id,)).fetchone()
    return None if row is None else _filed(row)


def all_of(connection: sqlite3.Connection) -> tuple[FiledIssue, ...]:
    """Every issue that is known, the oldest first."""
    return tuple(_filed(row) for row in connection.execute("SELECT * FROM issues ORDER BY number"))


def numbers(connection: sqlite3.Connection) -> dict[int, int]:
    """The numbers of the issues, by incident."""
    return {row[0]: row[1] for row in connection.execute("SELECT incident_id, number FROM issues")}


def filed_since(connection: sqlite3.Connection, since: datetime) -> Sequence[datetime]:
    """When issues were made since then, the oldest first."""
    rows = connection.execute(
        "SELECT filed_at FROM issues WHERE filed_at >= ? ORDER BY filed_at", (to_us(since),)
    )
    return [from_us(row[0]) for row in rows]


def save(tx: sqlite3.Connection, filed: FiledIssue) -> None:
    """Keep what is known of an issue."""
    tx.execute(
        "INSERT OR REPLACE INTO issues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            filed.incident_id,
            filed.repository,
            filed.number,
            int(filed.is_open),
            to_us(filed.filed_at),
            filed.closing,
            None if filed.closed_at is None else to_us(filed.closed_at),
            filed.closed_count,
            None if filed.confirmed_at is None else to_us(filed.confirmed_at),
            int(filed.is_gone),
            filed.reopened,
            filed.shown_count,
            to_us(filed.written_at),
            to_us(filed.commented_at),
            filed.commented_count,
            filed.verdict,
        ),
    )


def look_after(
    tx: sqlite3.Connection,
    incident: Incident,
    reason: FilingReason,
    *,
    due_at: datetime | None,
    now: datetime,
) -> int:
    """Have an incident's issue looked after: by the job that waits for it already, sooner if need be, or by a new one.

    A job that failed keeps its own time: news must not make it hurry. Returns how many jobs are new.
    """
    if due_at is None:
        return 0
    waiting = tx.execute(
        "SELECT id, attempts, due_at FROM jobs WHERE incident_id = ? AND kind = ? AND state = 'todo' LIMIT 1",
        (incident.id, JobKind.ISSUE),
    ).fetchone()
    if waiting is not None:
        if not waiting["attempts"] and to_us(due_at) < waiting["due_at"]:
            tx.execute("UPDATE jobs SET due_at = ? WHERE id = ?", (to_us(due_at), waiting["id"]))
        return 0
    job = NewJob(
        key=f"issue:{incident.id}:{reason}:{to_us(now)}",
        kind=JobKind.ISSUE,
        reason=reason,
        due_at=due_at,
        priority=Priority.POST,
        incident_id=incident.id,
    )
    return jobs.emit(tx, (job,), now)


def after_finding(tx: sqlite3.Connection, incident: Incident, reason: FilingReason, *, now: datetime) -> None:
    """Something was found out about an incident: its issue is to say so, and needs to wait no longer."""
    if filing.wants_issue(incident):
        look_after(tx, incident, reason, due_at=now, now=now)


def _filed(row: sqlite3.Row) -> FiledIssue:
    return FiledIssue(
        incident_id=row["incident_id"],
        repository=row["repository"],
        number=row["number"],
        is_open=bool(row["is_open"]),
        filed_at=from_us(row["filed_at"]),
        closing=None if row["closing"] is None else Closing(row["closing"]),
        closed_at=from_us_or_none(row["closed_at"]),
        closed_count=row["closed_count"],
        confirmed_at=from_us_or_none(row["confirmed_at"]),
        is_gone=bool(row["is_gone"]),
        reopened=row["reopened"],
        shown_count=row["shown_count"],
        written_at=from_us(row["written_at"]),
        commented_at=from_us(row["commented_at"]),
        commented_count=row["commented_count"],
        verdict=row["verdict"],
    )

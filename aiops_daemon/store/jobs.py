"""Jobs: emitted, claimed, finished, retried, buried. The rows are the truth; any queue only makes them fast."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops_daemon.domain.job import Job, JobKind, JobState, NewJob
from aiops_daemon.store.database import from_us, to_us

KEPT_DONE = timedelta(days=1)
KEPT_BURIED = timedelta(days=90)
GITHUB = "github"
"""Among the sinks: it takes issues as the others take messages."""


def emit(tx: sqlite3.Connection, jobs: Iterable[NewJob], now: datetime) -> int:
    """Insert jobs whose key isn't there yet; returns how many were new."""
    before = tx.total_changes
    tx.executemany(
        """INSERT OR IGNORE INTO jobs (key, kind, reason, state, priority, due_at, created_at, incident_id, text)
           VALUES (?, ?, ?, 'todo', ?, ?, ?, ?, ?)""",
        (
            (
                job.key,
                job.kind,
                job.reason,
                job.priority,
                to_us(job.due_at),
                to_us(now),
                job.incident_id,
                job.text,
            )
            for job in jobs
        ),
    )
    return tx.total_changes - before


def claim(tx: sqlite3.Connection, kinds: Iterable[JobKind], now: datetime) -> Job | None:
    """Take the most urgent job that is due. Its `attempts` rise now, so that one which kills the process is counted.

    A job made in the future is due: the clock was set back since.
    """
    names = tuple(kinds)
    row = tx.execute(
        f"""UPDATE jobs SET state = 'doing', attempts = attempts + 1
            WHERE id = (SELECT id FROM jobs WHERE state = 'todo' AND kind IN ({", ".join("?" * len(names))})
                        AND (due_at <= ? OR created_at > ?) ORDER BY priority, due_at, id LIMIT 1)
            RETURNING *""",  # noqa: S608 - only question marks are put in
        (*names, to_us(now), to_us(now + timedelta(minutes=1))),
    ).fetchone()
    return None if row is None else _job(row)


def next_due_at(connection: sqlite3.Connection, kinds: Iterable[JobKind]) -> datetime | None:
    """When the next job of these kinds is due, or None where there is none."""
    names = tuple(kinds)
    row = connection.execute(
        f"SELECT min(due_at) FROM jobs WHERE state = 'todo' AND kind IN ({', '.join('?' * len(names))})",  # noqa: S608
        names,
    ).fetchone()
    return None if row[0] is None else from_us(row[0])


def finish(tx: sqlite3.Connection, job: Job, now: datetime) -> None:
    """The job is done."""
    tx.execute(
        "UPDATE jobs SET state = 'done', finished_at = ?, error = NULL WHERE id = ?", (to_us(now), job.id)
    )


def put_back(
    tx: sqlite3.Connection, job: Job, *, due_at: datetime, error: str, orderly: bool, maybe_done: bool
) -> None:
    """Try the job again later.

    Args:
        tx: the open transaction.
        job: as claimed.
        due_at: when.
        error: one line for people.
        orderly: the failure is understood; this attempt doesn't count towards burial by crashes.
        maybe_done: the job may have had its effect.
    """
    tx.execute(
        """UPDATE jobs SET state = 'todo', due_at = ?, error = ?, retries = retries + ?, maybe_done = maybe_done OR ?
           WHERE id = ?""",
        (to_us(due_at), error, int(orderly), int(maybe_done), job.id),
    )


def bury(tx: sqlite3.Connection, job: Job, error: str, now: datetime) -> None:
    """Give the job up; the row stays for people to see."""
    tx.execute(
        "UPDATE jobs SET state = 'buried', finished_at = ?, error = ? WHERE id = ?",
        (to_us(now), error, job.id),
    )


def recover(tx: sqlite3.Connection) -> int:
    """On start: what was being done when the process died is to be done, and may have been done."""
    return tx.execute("UPDATE jobs SET state = 'todo', maybe_done = 1 WHERE state = 'doing'").rowcount


def doubt(tx: sqlite3.Connection) -> None:
    """After a backup was put back: whatever was to be done then may have been done since."""
    tx.execute("UPDATE jobs SET maybe_done = 1 WHERE state IN ('todo', 'doing')")


def has_untouched_post(connection: sqlite3.Connection, incident_id: int) -> bool:
    """Whether the incident's first message is still to be sent, and nobody has begun."""
    row = connection.execute(
        """SELECT 1 FROM jobs WHERE incident_id = ? AND kind = 'alert' AND reason = 'opened' AND state = 'todo'
             AND attempts = 0""",
        (incident_id,),
    ).fetchone()
    return row is not None


def prune(tx: sqlite3.Connection, now: datetime) -> None:
    """Forget old rows. A key is forgotten with its row, but its revision has long been passed by then."""
    tx.execute("DELETE FROM jobs WHERE state = 'done' AND finished_at < ?", (to_us(now - KEPT_DONE),))
    tx.execute("DELETE FROM jobs WHERE state = 'buried' AND finished_at < ?", (to_us(now - KEPT_BURIED),))


def of_incident(connection: sqlite3.Connection, incident_id: int) -> tuple[Job, ...]:
    """The jobs of one incident, oldest first."""
    rows = connection.execute("SELECT * FROM jobs WHERE incident_id = ? ORDER BY id", (incident_id,))
    return tuple(_job(row) for row in rows)


def counts(connection: sqlite3.Connection) -> dict[JobState, int]:
    """How many jobs are in each state."""
    found = dict(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
    return {state: found.get(state.value, 0) for state in JobState}


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkHealth:
    """Whether a sink takes messages, and what it said if not."""

    name: str
    ok: bool
    error: str | None
    at: datetime


def save_sink(tx: sqlite3.Connection, health: SinkHealth) -> None:
    """Write the health of the one sink in use, or of GitHub beside it."""
    if health.name != GITHUB:
        tx.execute("DELETE FROM sinks WHERE name NOT IN (?, ?)", (health.name, GITHUB))
    tx.execute(
        """INSERT INTO sinks VALUES (?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET ok = excluded.ok, error = excluded.error, at = excluded.at""",
        (health.name, int(health.ok), health.error, to_us(health.at)),
    )


def forget_sink(tx: sqlite3.Connection, name: str) -> None:
    """What a sink was like before a start says nothing."""
    tx.execute("DELETE FROM sinks WHERE name = ?", (name,))


def sinks(connection: sqlite3.Connection) -> tuple[SinkHealth, ...]:
    """The health of every sink."""
    rows = connection.execute("SELECT * FROM sinks ORDER BY name")
    return tuple(
        SinkHealth(name=row["name"], ok=bool(row["ok"]), error=row["error"], at=from_us(row["at"]))
        for row in rows
    )


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        key=row["key"],
        kind=JobKind(row["kind"]),
        reason=row["reason"],
        state=JobState(row["state"]),
        priority=row["priority"],
        due_at=from_us(row["due_at"]),
        created_at=from_us(row["created_at"]),
        incident_id=row["incident_id"],
        text=row["text"],
        attempts=row["attempts"],
        retries=row["retries"],
        maybe_done=bool(row["maybe_done"]),
        error=row["error"],
    )

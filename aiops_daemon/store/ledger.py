"""The ledger: what is limited per hour, day or month is written down here *before* it is done.

A process that dies between the two has spent what it reserved: a crash over-counts and never over-spends, and a restart
refills nothing. Clocks may be set back: what lies in the future counts, too.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from aiops_daemon.domain.usage import Usage
from aiops_daemon.store.database import to_us

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEPT = timedelta(days=400)
_MICRO = 1_000_000


class Kind(StrEnum):
    """What is limited."""

    DIAGNOSIS = "diagnosis"
    QUESTION = "question"
    """To a model; the money of a diagnosis is that of its questions."""
    PULL_REQUEST = "pull_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be used, from the configuration."""

    diagnoses_per_hour: int
    pull_requests_per_day: int
    usd_per_day: float
    usd_per_month: float


def reserve(
    tx: sqlite3.Connection,
    kind: Kind,
    key: str,
    *,
    usd: float,
    now: datetime,
    units: int = 1,
    incident_id: int | None = None,
) -> int:
    """Write down what is about to be used, at most; returns the entry's id. A key is reserved once."""
    tx.execute(
        """INSERT OR IGNORE INTO ledger (at, kind, key, units, reserved_usd, incident_id) VALUES (?, ?, ?, ?, ?, ?)""",
        (to_us(now), kind, key, units, math.ceil(usd * _MICRO - 1e-6), incident_id),
    )
    return int(tx.execute("SELECT id FROM ledger WHERE key = ?", (key,)).fetchone()[0])


def settle(tx: sqlite3.Connection, entry: int, *, usd: float, usage: Usage | None = None) -> None:
    """Write down what it really cost, and took."""
    tokens = (usage.prompt, usage.output) if usage is not None else (None, None)
    tx.execute(
        "UPDATE ledger SET settled_usd = ?, prompt_tokens = ?, answer_tokens = ? WHERE id = ?",
        (math.ceil(usd * _MICRO - 1e-6), *tokens, entry),
    )


def used(connection: sqlite3.Connection, kind: Kind, since: datetime) -> int:
    """How many of a kind were used since then."""
    row = connection.execute(
        "SELECT coalesce(sum(units), 0) FROM ledger WHERE kind = ? AND at >= ?", (kind, to_us(since))
    ).fetchone()
    return int(row[0])


def spent_usd(connection: sqlite3.Connection, since: datetime) -> float:
    """How much money was spent since then, reservations that were never settled included."""
    row = connection.execute(
        "SELECT coalesce(sum(coalesce(settled_usd, reserved_usd)), 0) FROM ledger WHERE at >= ?",
        (to_us(since),),
    ).fetchone()
    return float(row[0]) / _MICRO


def month_of(now: datetime) -> datetime:
    """When the present month began, in UTC."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def write_off(tx: sqlite3.Connection, limits: Limits, now: datetime, *, is_month_known: bool = True) -> None:
    """Count the present windows as used up: what was used since a backup is not known, and must not be had twice."""
    diagnoses = max(0, limits.diagnoses_per_hour - used(tx, Kind.DIAGNOSIS, now - HOUR))
    pulls = max(0, limits.pull_requests_per_day - used(tx, Kind.PULL_REQUEST, now - DAY))
    usd = max(0.0, limits.usd_per_day - spent_usd(tx, now - DAY))
    if not is_month_known:
        usd = max(usd, limits.usd_per_month - spent_usd(tx, month_of(now)))
    reserve(tx, Kind.DIAGNOSIS, f"lost:diagnosis:{to_us(now)}", usd=usd, units=diagnoses, now=now)
    reserve(tx, Kind.PULL_REQUEST, f"lost:pull_request:{to_us(now)}", usd=0, units=pulls, now=now)


def prune(tx: sqlite3.Connection, now: datetime) -> None:
    """Forget entries that no window reaches any more."""
    tx.execute("DELETE FROM ledger WHERE at < ?", (to_us(now - KEPT),))

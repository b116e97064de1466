"""What may be spent now: every limit is looked at in the transaction that reserves, so that two of a kind can't both have the last of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from aiops_daemon.store import ledger
from aiops_daemon.store.database import from_us, to_us
from aiops_daemon.store.ledger import DAY, HOUR, Kind, Limits

KEPT_FOR_NEW = 2
"""Of an hour's diagnoses, for faults never looked into: a flood of known ones must not use them all up."""
_MICRO = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why nothing may be spent.

    Attributes:
        reason: one line for people.
        budget: "day" or "month" where that one is used up.
        until: when it may be again, where that is a matter of an hour; None: people have to wait for a day or a month.
    """

    reason: str
    until: datetime | None = None
    budget: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What is spent for.

    Attributes:
        key: of the diagnosis; it counts once, however often it is tried.
        is_new: whether no diagnosis was made of such a fault before.
        most_usd: what all questions of it may cost together.
    """

    key: str
    incident_id: int | None
    is_new: bool
    most_usd: float


def begin(tx: sqlite3.Connection, purpose: Purpose, limits: Limits, now: datetime) -> Refused | None:
    """Count a diagnosis, or say why there is none now."""
    if spent_on(tx, purpose) is not None:
        return None  # it goes on after a restart
    room = limits.diagnoses_per_hour - (
        0 if purpose.is_new else min(KEPT_FOR_NEW, limits.diagnoses_per_hour // 2)
    )
    if ledger.used(tx, Kind.DIAGNOSIS, now - HOUR) >= room:
        reason = f"{limits.diagnoses_per_hour} diagnoses an hour is the limit (claude.max_diagnoses_per_hour)"
        return Refused(reason=reason, until=_free_at(tx, now) if room > 0 else None)
    if refused := _over_usd(tx, 0.0, limits, now):
        return refused
    ledger.reserve(tx, Kind.DIAGNOSIS, purpose.key, usd=0.0, now=now, incident_id=purpose.incident_id)
    return None


def reserve(
    tx: sqlite3.Connection, purpose: Purpose, question: str, usd: float, limits: Limits, now: datetime
) -> int | Refused:
    """Reserve what a question may cost, or say why it may not be asked. A question that is asked again is another one."""
    spent = spent_on(tx, purpose) or 0.0
    if spent + usd > purpose.most_usd:
        told = f"${purpose.most_usd:g} a diagnosis is the limit (claude.max_usd_per_diagnosis), and ${spent:.2f} went into this one"
        return Refused(reason=told)
    if refused := _over_usd(tx, usd, limits, now):
        return refused
    return ledger.reserve(
        tx, Kind.QUESTION, f"{purpose.key}:{question}", usd=usd, now=now, incident_id=purpose.incident_id
    )


def left_usd(connection: sqlite3.Connection, purpose: Purpose, limits: Limits, now: datetime) -> float:
    """What further questions of this diagnosis may cost."""
    spent = ledger.spent_usd
    return min(
        purpose.most_usd - (spent_on(connection, purpose) or 0.0),
        limits.usd_per_day - spent(connection, now - DAY),
        limits.usd_per_month - spent(connection, ledger.month_of(now)),
    )


def _over_usd(tx: sqlite3.Connection, usd: float, limits: Limits, now: datetime) -> Refused | None:
    for name, limit, since, key in (
        ("a month", limits.usd_per_month, ledger.month_of(now), "monthly_budget_usd"),
        ("a day", limits.usd_per_day, now - DAY, "daily_budget_usd"),
    ):
        spent = ledger.spent_usd(tx, since)
        if spent + usd > limit or spent >= limit:
            told = f"${limit:g} {name} is the limit (claude.{key}), and ${spent:.2f} is spent"
            return Refused(reason=told, budget=name.removeprefix("a "))
    return None


def spent_on(connection: sqlite3.Connection, purpose: Purpose) -> float | None:
    """What was spent on a diagnosis, reservations that were never settled included; None where it was not begun."""
    row = connection.execute(
        """SELECT count(*) AS entries, coalesce(sum(coalesce(settled_usd, reserved_usd)), 0) AS usd FROM ledger
           WHERE key = ?1 OR (key > ?1 || ':' AND key < ?1 || ';')""",
        (purpose.key,),
    ).fetchone()
    return row["usd"] / _MICRO if row["entries"] else None


def _free_at(tx: sqlite3.Connection, now: datetime) -> datetime:
    """When the oldest diagnosis of the last hour is an hour old."""
    oldest = tx.execute(
        "SELECT min(at) FROM ledger WHERE kind = ? AND at >= ?", (Kind.DIAGNOSIS, to_us(now - HOUR))
    ).fetchone()[0]
    return max(from_us(oldest) + HOUR, now) if oldest is not None else now + HOUR

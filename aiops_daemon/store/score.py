"""How the daemon did in a span of time: what people were told and spared, how right it was, what it cost."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiops_daemon.domain.diagnosis import Source
from aiops_daemon.store import ledger, tally
from aiops_daemon.store.database import to_us
from aiops_daemon.store.tally import What


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The figures.

    Attributes:
        events: of incidents that people are told of.
        alerts: new messages.
        diagnosed, recalled, without: diagnoses that were made, recalled, and not to be had.
        right, wrong: what people say of those.
        issues_open, issues_closed, issues_unwanted: what became of all issues that are known.
        median_wait: from an event to its message.
    """

    since: datetime
    events: int
    incidents: int
    alerts: int
    diagnosed: int
    recalled: int
    without: int
    right: int
    wrong: int
    issues_filed: int
    issues_reopened: int
    fixes_confirmed: int
    issues_open: int
    issues_closed: int
    issues_unwanted: int
    usd: float
    median_wait: timedelta | None

    @property
    def held_back(self) -> int:
        """Events that people did not have to read a message for."""
        return max(0, self.events - self.alerts)

    @property
    def is_blank(self) -> bool:
        """Whether there was nothing at all."""
        return not (self.events or self.alerts or self.diagnosed or self.usd)


def since(connection: sqlite3.Connection, at: datetime) -> Score:
    """The figures since then; what is counted by the hour, to the hour."""
    counted = tally.since(connection, at)
    made = {
        row["source"]: row
        for row in connection.execute(
            """SELECT json_extract(body, '$.source') AS source, count(*) AS n,
                 sum(verdict = 'right') AS right, sum(verdict = 'wrong') AS wrong
               FROM diagnoses WHERE at >= ? GROUP BY 1""",
            (to_us(at),),
        )
    }
    number = {source: made[source]["n"] if source in made else 0 for source in Source}
    unwanted = "is_gone OR (NOT is_open AND closing IN ('not_planned', 'duplicate'))"
    fates = connection.execute(
        f"SELECT coalesce(sum(is_open), 0), coalesce(sum(NOT is_open AND NOT ({unwanted})), 0), coalesce(sum({unwanted}), 0)"  # noqa: S608 - a constant
        " FROM issues"
    ).fetchone()
    return Score(
        since=at,
        events=counted[What.EVENTS],
        incidents=counted[What.INCIDENTS],
        alerts=counted[What.MESSAGES],
        diagnosed=number[Source.CLAUDE],
        recalled=number[Source.RECALLED],
        without=number[Source.EVIDENCE_ONLY],
        right=sum(row["right"] or 0 for row in made.values()),
        wrong=sum(row["wrong"] or 0 for row in made.values()),
        issues_filed=counted[What.ISSUES_FILED],
        issues_reopened=counted[What.ISSUES_REOPENED],
        fixes_confirmed=counted[What.FIXES_CONFIRMED],
        issues_open=fates[0],
        issues_closed=fates[1],
        issues_unwanted=fates[2],
        usd=ledger.spent_usd(connection, at),
        median_wait=tally.median_wait(connection, at),
    )

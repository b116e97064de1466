"""What follows outside of an incident when it grew: its message is edited, its issue is looked after."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime

from aiops_daemon.domain import filing, flow
from aiops_daemon.domain.filing import FilingReason
from aiops_daemon.domain.incident import Incident
from aiops_daemon.store import incidents, issues, jobs


def emit_edit(tx: sqlite3.Connection, incident: Incident, now: datetime) -> int:
    """Have the message edited that tells of it; returns how many jobs are new."""
    host = incident
    if incident.shares_with is not None:
        shared = incidents.by_id(tx, incident.shares_with)
        if shared is not None:
            host = replace(shared, revision=shared.revision + 1)
            incidents.update(tx, host)
    posted = incidents.posted(tx, host.id)
    edit = flow.after_message(host, posted, now=now) if posted else None
    return jobs.emit(tx, [edit], now) if edit else 0


def emit_filing(tx: sqlite3.Connection, incident: Incident, now: datetime) -> int:
    """Have its issue made, or told of it; returns how many jobs are new."""
    if not filing.wants_issue(incident):
        return 0
    filed = issues.of(tx, incident.id)
    due_at = filing.due_at(incident, filed, now=now)
    reason = FilingReason.OPENED if filed is None else FilingReason.COUNTED
    return issues.look_after(tx, incident, reason, due_at=due_at, now=now)

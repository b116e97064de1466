"""Small makers of values for tests: every argument has a default, a test names what it is about."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.domain.event import Event, Level, Panic, Request
from aiops_daemon.domain.flow import Rules
from aiops_daemon.domain.incident import Incident, IncidentState
from aiops_daemon.domain.playbook import BY_SEVERITY, Severity
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.redaction import Redactor
from aiops_daemon.store.admit import Admission, Terms
from aiops_daemon.triage.classify import catalogue, classify

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RULES = Rules(
    dedup_window=timedelta(minutes=5), request_grace=timedelta(seconds=2), quiet_after=timedelta(minutes=30)
)
TERMS = Terms(rules=RULES, request_window=timedelta(seconds=60), redactor=Redactor())


def event(
    code: str | None = "AI5003",
    *,
    message: str = "it took too long",
    target: str = "server::ai",
    level: Level = Level.ERROR,
    request: str | None = None,
    method: str = "GET",
    path: str = "/api",
    panic: Panic | None = None,
    logged_at: datetime | None = NOON,
    offset: int = 0,
) -> Event:
    return Event(
        offset=offset,
        level=level,
        code=code,
        message=message,
        target=target,
        logged_at=logged_at,
        request=Request(id=request, method=method, path=path) if request else None,
        panic=panic,
        text=json.dumps(
            {"level": level, "fields": {"message": message, "error_code": code}, "target": target}
        ),
    )


def sighting(code: str | None = "AI5003", **rest) -> Sighting:
    found = classify(event(code, **rest), catalogue())
    assert found is not None
    return found


def incident(**rest) -> Incident:
    severity = rest.pop("severity", Severity.CRITICAL)
    values = {
        "id": 42,
        "fingerprint": "1:0123456789abcdef",
        "fault_id": "01234567",
        "state": IncidentState.OPEN,
        "code": "AI5003",
        "severity": severity,
        "actions": BY_SEVERITY[severity],
        "title": "API time-out",
        "title_is_ours": True,
        "target": "server::ai",
        "place": None,
        "request": None,
        "count": 1,
        "suppressed": 0,
        "companions": 0,
        "first_seen_at": NOON,
        "last_seen_at": NOON,
        "active_at": NOON,
        "alerts": 1,
        "alerted_at": NOON,
        "quiet_checks": 1,
    }
    return Incident(**{**values, **rest})


def batch(*events: Event, position: int = 1000, generation: str = "g1") -> Batch:
    cursor = Cursor(
        generation=generation,
        name="server.log",
        device=1,
        inode=2,
        head_length=0,
        head_hash="",
        position=position,
        marker_hash="",
    )
    return Batch(cursor=cursor, events=events)


def admission(*events: Event, **rest) -> Admission:
    found = (classify(each, catalogue()) for each in events)
    return Admission(batch=batch(*events, **rest), sightings=tuple(each for each in found if each))

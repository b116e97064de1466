"""THE MAP: what leads to what. Start here.

Each function is pure: it takes what is and what happened, with the time as an argument, and returns what is then and
the jobs that follow, each with the named reason that appears in its key, in the journal and in what people read.

    after_event    an event was admitted         -> alert: opened, escalated, regressed, or an edit that counts it;
                                                    and a look for evidence, where the playbook says "diagnose"
    after_evidence it was looked into            -> an edit that shows what was found; a model is asked
    after_diagnosis a model answered, or can't   -> an edit that shows what it said, or why it said nothing
    after_message  a message was posted, edited  -> an edit, if more has happened meanwhile
    after_quiet    a look at a quiet incident    -> resolved and an edit, or another look later

What becomes of a fault's issue on GitHub is decided in `filing.py`, what people hear of the daemon itself in `notice.py`.

Nothing subscribes to anything: the caller writes what is returned in the transaction in which it happened.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from aiops_daemon.domain.diagnosis import Diagnosis, Source
from aiops_daemon.domain.incident import Incident, IncidentState, Posted
from aiops_daemon.domain.job import JobKind, NewJob, Priority
from aiops_daemon.domain.playbook import Action, Severity
from aiops_daemon.domain.sighting import Sighting


class AlertReason(StrEnum):
    """Why people hear of an incident."""

    OPENED = "opened"
    ESCALATED = "escalated"
    REGRESSED = "regressed"
    COUNTED = "counted"
    EXPLAINED = "explained"
    DIAGNOSED = "diagnosed"
    FILED = "filed"
    RESOLVED = "resolved"


NEW_MESSAGE = frozenset({AlertReason.OPENED, AlertReason.ESCALATED, AlertReason.REGRESSED})
"""The reasons for a message of its own; any other edits the one that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The times that decide, from `[triage]`."""

    dedup_window: timedelta
    request_grace: timedelta
    quiet_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of an incident's history: what happened, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What follows: the incident as it is now, why people hear of it (None: they don't, or only by an edit)."""

    incident: Incident
    reason: AlertReason | None = None
    jobs: tuple[NewJob, ...] = ()
    notes: tuple[Note, ...] = ()


def after_event(
    before: Incident, sighting: Sighting, *, host: Incident | None, rules: Rules, now: datetime
) -> Consequence:
    """Fold one event into its incident.

    Args:
        before: the incident; one that was just made for this event has a count of 0.
        sighting: the event and what triage says of it.
        host: the incident whose message tells of this one too, or could: one opened by the same request.
        rules: the times that decide.
        now: the time of admission.
    """
    reason = _reason(before, sighting, host)
    seen_at = _credible(sighting.event.logged_at, now)
    worse = sighting if sighting.severity.rank > before.severity.rank else before
    incident = replace(
        before,
        state=IncidentState.OPEN if before.state is IncidentState.RESOLVED else before.state,
        severity=worse.severity,
        actions=worse.actions if before.severity is not sighting.severity else sighting.actions,
        count=before.count + 1,
        first_seen_at=min(before.first_seen_at, seen_at),
        last_seen_at=max(before.last_seen_at, seen_at),
        active_at=now,
        resolved_at=None,
        revision=before.revision + 1,
    )
    jobs: list[NewJob] = []
    notes: list[Note] = []
    if before.count == 0 or reason is AlertReason.REGRESSED:
        incident, look = _next_look(incident, rules)
        jobs.append(look)
        notes.append(_beginning(before))
    if reason is AlertReason.ESCALATED:
        notes.append(Note(what="escalated", why=f"{before.severity} became {incident.severity}"))

    if Action.ALERT not in incident.actions:
        return Consequence(incident=incident, jobs=tuple(jobs), notes=tuple(notes))
    if incident.state is IncidentState.SILENCED:
        held = replace(incident, suppressed=incident.suppressed + 1)
        return Consequence(incident=held, jobs=tuple(jobs), notes=tuple(notes))
    if reason is None:
        return Consequence(incident=replace(incident, suppressed=incident.suppressed + 1), jobs=tuple(jobs))
    if _may_share(reason, incident, host):
        assert host is not None
        notes.append(Note(what="told in another message", why=f"the same request opened incident {host.id}"))
        shared = replace(incident, shares_with=host.id, suppressed=incident.suppressed + 1)
        return Consequence(incident=shared, jobs=tuple(jobs), notes=tuple(notes))

    due_at = now + rules.request_grace if sighting.is_weak and reason is not AlertReason.ESCALATED else now
    if reason is AlertReason.REGRESSED and incident.alerted_at is not None:
        earliest = incident.alerted_at + rules.dedup_window
        if earliest > due_at:
            due_at = earliest
            notes.append(
                Note(what="alert held back", why="another new message would come within dedup_window")
            )
    incident = replace(incident, alerts=incident.alerts + 1, alerted_at=due_at, shares_with=None)
    jobs.append(
        NewJob(
            key=f"alert:{incident.id}:{reason}:{incident.alerts}",
            kind=JobKind.ALERT,
            reason=reason,
            due_at=due_at,
            priority=Priority.POST,
            incident_id=incident.id,
        )
    )
    if Action.DIAGNOSE in incident.actions:
        jobs.append(_evidence(incident, reason, due_at))
    return Consequence(incident=incident, reason=reason, jobs=tuple(jobs), notes=tuple(notes))


EVIDENCE_AFTER = timedelta(milliseconds=300)
"""Behind the alert: by then the failing request has logged all it had to say."""


def _evidence(incident: Incident, reason: AlertReason, due_at: datetime) -> NewJob:
    return NewJob(
        key=f"evidence:{incident.id}:{reason}:{incident.alerts}",
        kind=JobKind.EVIDENCE,
        reason=reason,
        due_at=due_at + EVIDENCE_AFTER,
        priority=Priority.POST,
        incident_id=incident.id,
    )


def after_evidence(before: Incident, *, now: datetime, may_ask: bool) -> Consequence:
    """There is something new to show; and a model is asked, where one may be."""
    incident = replace(before, revision=before.revision + 1)
    if not may_ask or Action.DIAGNOSE not in incident.actions:
        return Consequence(incident=incident)
    ask = NewJob(
        key=f"diagnose:{incident.id}:{incident.alerts}",
        kind=JobKind.DIAGNOSIS,
        reason=AlertReason.EXPLAINED,
        due_at=now,
        priority=Priority.POST if incident.severity is Severity.CRITICAL else Priority.EDIT,
        incident_id=incident.id,
    )
    return Consequence(incident=incident, reason=AlertReason.EXPLAINED, jobs=(ask,))


def after_diagnosis(before: Incident, diagnosis: Diagnosis) -> tuple[Incident, Note]:
    """What the history keeps of it; the message is edited."""
    why = "; ".join(diagnosis.notes)
    if diagnosis.source is Source.EVIDENCE_ONLY:
        note = Note(what="not diagnosed", why=why)
    else:
        what = "diagnosed" if diagnosis.source is Source.CLAUDE else "diagnosis recalled"
        told = f"confidence {diagnosis.confidence}, ${diagnosis.usd:.4f}"
        note = Note(what=what, why=f"{told}; {why}" if why else told)
    return replace(before, revision=before.revision + 1), note


def after_companion(before: Incident, *, now: datetime, events: int = 1) -> Incident:
    """Count weaker records of the same request or panic beside the incident, never in its count."""
    return replace(before, companions=before.companions + events, active_at=now, revision=before.revision + 1)


def after_message(
    incident: Incident, posted: Posted, *, now: datetime, reason: AlertReason = AlertReason.COUNTED
) -> NewJob | None:
    """The edit that brings a message up to date, or None where it shows all there is.

    Edits are few where nobody reads them any more: the older a message, the longer the wait, which also keeps clear of
    Discord's limit on edits of messages older than an hour.
    """
    if incident.revision <= posted.shown_revision:
        return None
    delay = timedelta(0) if reason is AlertReason.RESOLVED else _edit_delay(now - posted.posted_at)
    return NewJob(
        key=f"alert:{incident.id}:edit:{posted.edits + 1}",
        kind=JobKind.ALERT,
        reason=reason,
        due_at=now + delay,
        priority=Priority.EDIT,
        incident_id=incident.id,
    )


def after_quiet(incident: Incident, *, rules: Rules, now: datetime) -> Consequence:
    """Resolve an incident that was quiet for long enough, or look again when it could be."""
    if incident.state in {IncidentState.RESOLVED, IncidentState.SILENCED}:
        return Consequence(incident=incident)
    if now - incident.active_at < rules.quiet_after:
        incident, look = _next_look(incident, rules)
        return Consequence(incident=incident, jobs=(look,))
    resolved = replace(
        incident, state=IncidentState.RESOLVED, resolved_at=now, revision=incident.revision + 1
    )
    note = Note(what="resolved", why=f"quiet for {_minutes(rules.quiet_after)}")
    return Consequence(incident=resolved, reason=AlertReason.RESOLVED, notes=(note,))


def _reason(before: Incident, sighting: Sighting, host: Incident | None) -> AlertReason | None:
    if before.count == 0:
        return AlertReason.OPENED
    if before.state is IncidentState.RESOLVED:
        return AlertReason.REGRESSED
    if sighting.severity.rank > before.severity.rank:
        return AlertReason.ESCALATED
    is_told = before.alerts > 0 or (
        before.shares_with is not None and host is not None and host.state is not IncidentState.RESOLVED
    )
    return None if is_told else AlertReason.OPENED


def _beginning(before: Incident) -> Note:
    if before.count == 0:
        return Note(what="opened", why="the first event of this fingerprint")
    return Note(what="regressed", why=f"it came back after it was resolved ({before.count} events before)")


def _may_share(reason: AlertReason, incident: Incident, host: Incident | None) -> bool:
    """Whether one message is enough for two incidents of one request: not where the later one is more severe."""
    if host is None or host.state is IncidentState.RESOLVED or reason is AlertReason.ESCALATED:
        return False
    return Action.ALERT in host.actions and incident.severity.rank <= host.severity.rank


def _next_look(incident: Incident, rules: Rules) -> tuple[Incident, NewJob]:
    incident = replace(incident, quiet_checks=incident.quiet_checks + 1)
    look = NewJob(
        key=f"quiet:{incident.id}:{incident.quiet_checks}",
        kind=JobKind.QUIET,
        reason="quiet",
        due_at=incident.active_at + rules.quiet_after,
        priority=Priority.UPKEEP,
        incident_id=incident.id,
    )
    return incident, look


_EDIT_DELAYS = (
    (timedelta(minutes=1), timedelta(seconds=1)),
    (timedelta(minutes=10), timedelta(seconds=5)),
    (timedelta(hours=1), timedelta(seconds=30)),
)
_EDIT_DELAY_LATER = timedelta(minutes=5)


def _edit_delay(age: timedelta) -> timedelta:
    return next((delay for younger_than, delay in _EDIT_DELAYS if age < younger_than), _EDIT_DELAY_LATER)


_CLOCK_TOLERANCE = timedelta(minutes=5)


def _credible(logged_at: datetime | None, now: datetime) -> datetime:
    """The log's own time for people to read, unless it lies in the future."""
    return logged_at if logged_at is not None and logged_at <= now + _CLOCK_TOLERANCE else now


def _minutes(duration: timedelta) -> str:
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return f"{minutes} min" if minutes and not seconds else f"{60 * minutes + seconds} s"

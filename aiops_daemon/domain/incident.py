"""An incident: events with one fingerprint, over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from aiops_daemon.domain.diagnosis import Diagnosis
from aiops_daemon.domain.evidence import Report
from aiops_daemon.domain.issue import FiledIssue
from aiops_daemon.domain.playbook import Action, Severity


class IncidentState(StrEnum):
    """Where an incident is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A row of `incidents`.

    Attributes:
        title: for people; ours where the code has a row, else the redacted head of the message.
        title_is_ours: whether no word of a log stands in the title.
        count: events of this fingerprint since it was first seen, each once.
        suppressed: those of them that were folded into a message already there instead of making a new one.
        companions: other records of the same requests or panics; told beside the count, never in it.
        first_seen_at, last_seen_at: by the log's own clock where that is credible.
        active_at: when the daemon last admitted an event of it; quiet is measured from here.
        revision: rises with every change that people could see.
        alerts: how many new messages were decided on; the last part of the next one's key.
        alerted_at: when the newest of those was decided on.
        quiet_checks: how many looks at its quiet were scheduled.
        shares_with: the incident whose message tells of this one too, because one request opened both.
    """

    id: int
    fingerprint: str
    fault_id: str
    state: IncidentState
    code: str | None
    severity: Severity
    actions: frozenset[Action]
    title: str
    title_is_ours: bool
    target: str
    place: str | None
    request: str | None
    count: int
    suppressed: int
    companions: int
    first_seen_at: datetime
    last_seen_at: datetime
    active_at: datetime
    resolved_at: datetime | None = None
    revision: int = 1
    alerts: int = 0
    alerted_at: datetime | None = None
    quiet_checks: int = 0
    shares_with: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The newest message of an incident at a sink.

    Attributes:
        reason: why it was posted, for as long as it lives.
        shown_revision: the incident's revision that the message shows.
        edits: how often it was edited.
    """

    sink: str
    reason: str
    message_id: str
    posted_at: datetime
    shown_revision: int
    edits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One event that was kept: redacted, and cut to a bounded length."""

    seen_at: datetime
    level: str
    text: str
    is_companion: bool = False
    file: str | None = None
    offset: int | None = None
    """Where its record stands in the log: the file's name then, and the byte it begins at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """All that a message about an incident needs to know."""

    incident: Incident
    last_minutes: tuple[int, int]
    """Events in so many of the last minutes: (minutes, events)."""
    excerpt: str | None
    companions: tuple[str, ...] = ()
    sharing: tuple[Incident, ...] = field(default=())
    """Incidents that this one's message tells of too."""
    report: Report | None = None
    """What was found out about it without a model, if anybody looked."""
    diagnosis: Diagnosis | None = None
    """What a model said of it, or why it said nothing."""
    issue: FiledIssue | None = None
    """Its issue on GitHub."""

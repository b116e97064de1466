"""What becomes of a fault's issue: pure functions, as in `flow.py`, each with its named reason.

    due_at         when the issue of an incident is next to be looked after
    after_look     it was looked at on GitHub     -> what changed, for people and for the state
    act_for        what is to be done to it       -> nothing, edit its block, comment, reopen

There is one issue for a fault, for ever. Every act is decided anew from what is there, so it doesn't matter how often, or how late,
somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from aiops_daemon.domain.flow import Note
from aiops_daemon.domain.incident import Incident, IncidentState
from aiops_daemon.domain.issue import FiledIssue, RemoteIssue
from aiops_daemon.domain.playbook import Action

DIAGNOSIS_PATIENCE = timedelta(minutes=10)
"""An issue is worth more with its diagnosis, which is waited for so long."""
_SETTLING = timedelta(seconds=2)
COMMENT_COOLDOWN = timedelta(hours=24)
"""Comments call people; the counts in the body don't."""
WATCHED = timedelta(hours=24)
"""A fault whose issue was closed as fixed and which is gone for so long is."""
FOLLOWED = timedelta(days=30)
"""So long after its closing people may still say something on an issue that is read."""
_EDIT_LATER = timedelta(minutes=30)
_GREW_BY = 1.5


class FilingReason(StrEnum):
    """Why an issue is looked after."""

    OPENED = "opened"
    COUNTED = "counted"
    EXPLAINED = "explained"
    DIAGNOSED = "diagnosed"
    FOLLOWED = "followed"


class Act(StrEnum):
    """What is done to an issue."""

    NOTHING = "nothing"
    EDIT = "edit"
    COMMENT = "comment"
    REOPEN = "reopen"


def wants_issue(incident: Incident) -> bool:
    """Whether it is to have an issue. What is marked security never has: issues may be public."""
    return Action.ISSUE in incident.actions and Action.SECURITY not in incident.actions


def due_at(incident: Incident, filed: FiledIssue | None, *, now: datetime) -> datetime | None:
    """When the issue of an incident is to be looked after because of an event of it; None: not because of that."""
    if not wants_issue(incident) or incident.state is IncidentState.SILENCED:
        return None
    if filed is None:
        is_explained_later = Action.DIAGNOSE in incident.actions and incident.shares_with is None
        return now + (DIAGNOSIS_PATIENCE if is_explained_later and incident.alerts else _SETTLING)
    if filed.is_left_alone and filed.is_gone:
        return None
    if not filed.is_open or incident.count >= _GREW_BY * filed.shown_count:
        return now + _SETTLING
    return max(now + _SETTLING, filed.written_at + _EDIT_LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look at an issue led to.

    Attributes:
        notes: what people did to it, for the history.
        verdict: what people say of the diagnosis, where that is new.
        is_due: there is something to be done to it now.
    """

    filed: FiledIssue
    notes: tuple[Note, ...] = ()
    verdict: str | None = None
    is_due: bool = False


def after_look(
    before: FiledIssue,
    remote: RemoteIssue | None,
    incident: Incident,
    *,
    grace: timedelta,
    now: datetime,
) -> Looked:
    """Take over what people did to an issue.

    Args:
        before: as the state has it.
        remote: as it is there; None: it was deleted, or moved to another repository.
        incident: as it is now.
        grace: how long after a closing the fault may still occur.
        now: the time of the look.
    """
    if remote is None:
        gone = replace(before, is_open=False, is_gone=True)
        notes = (
            () if before.is_gone else (Note(what="issue gone", why=f"#{before.number} was deleted or moved"),)
        )
        return Looked(filed=gone, notes=notes)
    filed = replace(
        before, is_open=remote.is_open, closing=remote.closing, closed_at=remote.closed_at, is_gone=False
    )
    notes_made: list[Note] = []
    name = f"#{before.number}"
    if not remote.is_open and (before.is_open or before.closed_at != remote.closed_at):
        filed = replace(filed, closed_count=incident.count, confirmed_at=None)
        why = (
            "as not planned: it is left alone" if remote.is_unwanted else "it is watched until gone for 24 h"
        )
        notes_made.append(Note(what="issue closed", why=f"{name}, {why}"))
    if remote.is_open and not before.is_open and not before.is_gone:
        filed = replace(filed, confirmed_at=None)
        notes_made.append(Note(what="issue reopened", why=f"{name}, by people"))
    is_back = _is_back(filed, incident, grace)
    if _is_confirmed(filed, incident, grace, now):
        filed = replace(filed, confirmed_at=now)
        notes_made.append(Note(what="fix confirmed", why=f"gone for 24 h after {name} was closed"))
    verdict = remote.verdict if remote.verdict != before.verdict else None
    if verdict is not None:
        notes_made.append(Note(what=f"marked {verdict}", why=f"on issue {name}"))
    filed = replace(filed, verdict=remote.verdict)
    return Looked(
        filed=filed,
        notes=tuple(notes_made),
        verdict=verdict,
        is_due=is_back or filed.confirmed_at != before.confirmed_at,
    )


def act_for(filed: FiledIssue, incident: Incident, *, grace: timedelta, now: datetime) -> Act:
    """What is to be done to an issue, whose state is as it was just looked at."""
    if filed.is_left_alone:
        return Act.NOTHING
    if not filed.is_open:
        return Act.REOPEN if _is_back(filed, incident, grace) else Act.EDIT
    is_news = incident.count > filed.shown_count and now - filed.commented_at >= COMMENT_COOLDOWN
    return Act.COMMENT if is_news else Act.EDIT


def is_followed(filed: FiledIssue, now: datetime) -> bool:
    """Whether the issue is asked after."""
    if filed.is_gone:
        return False
    return filed.is_open or filed.closed_at is None or now - filed.closed_at < FOLLOWED


def _is_back(filed: FiledIssue, incident: Incident, grace: timedelta) -> bool:
    if filed.is_open or filed.is_left_alone or filed.closed_at is None:
        return False
    return incident.last_seen_at > filed.closed_at + grace


def _is_confirmed(filed: FiledIssue, incident: Incident, grace: timedelta, now: datetime) -> bool:
    if filed.is_open or filed.is_left_alone or filed.closed_at is None or filed.confirmed_at is not None:
        return False
    return now - filed.closed_at >= WATCHED + grace and not _is_back(filed, incident, grace)

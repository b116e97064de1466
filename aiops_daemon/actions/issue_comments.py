"""What is said beneath an issue, and that it is said once."""

from __future__ import annotations

from aiops_daemon.actions.issue_body import when
from aiops_daemon.actions.issue_texts import issue_words
from aiops_daemon.domain.incident import Incident
from aiops_daemon.domain.issue import FiledIssue
from aiops_daemon.settings import Settings


def comment_marker(key: str) -> str:
    """What a comment bears, so that it is made once."""
    return f"<!-- aiops:comment={key} -->"


def comment_again(incident: Incident, filed: FiledIssue, settings: Settings) -> str:
    """It still happens."""
    return issue_words(settings.language)["comment_again"].format(
        count=incident.count,
        new=max(0, incident.count - filed.commented_count),
        first_seen=when(incident.first_seen_at, settings),
        last_seen=when(incident.last_seen_at, settings),
    )


def comment_reopened(
    incident: Incident, filed: FiledIssue, per_hour: float | None, settings: Settings
) -> str:
    """Why it is opened again."""
    text = issue_words(settings.language)
    assert filed.closed_at is not None
    form = text["reopen_back" if filed.confirmed_at else "reopen_still"]
    return form.format(
        closed_at=when(filed.closed_at, settings),
        last_seen=when(incident.last_seen_at, settings),
        count=incident.count,
        new=max(1, incident.count - filed.closed_count),
        rate=text["reopen_rate"].format(rate=f"{per_hour:.0f}") if per_hour else "",
    )

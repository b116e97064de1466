"""What people hear of the daemon itself: pure functions, as in `flow.py`, each with its named reason.

after_burial   a job was given up
after_crash    the process keeps dying
after_recovery the state was damaged
after_refusal  a reload was refused
after_failed_backup  the state could not be copied
after_spending a budget runs low, or is used up
after_claude_refused  the account of Claude needs somebody
after_news_of_model   a model is on its way out
after_github_refused  GitHub needs somebody
after_week            a week is over: the scorecard
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from aiops_daemon.domain.job import Job, JobKind, NewJob, Priority


class NoticeReason(StrEnum):
    """Why people hear of the daemon itself."""

    BURIED = "buried"
    CRASHING = "crashing"
    RESTORED = "restored"
    LOST = "lost"
    REFUSED = "refused"
    BACKUP = "backup"
    BUDGET = "budget"
    CLAUDE = "claude"
    MODEL = "model"
    GITHUB = "github"
    SCORECARD = "scorecard"


CRASH_WINDOW = timedelta(minutes=10)
CRASHES_TOLD = 5
CRASHES_TOLD_AGAIN = timedelta(hours=6)


def after_burial(job: Job, error: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people of a job that was given up. What can't even be told is only written to the journal."""
    if job.kind is JobKind.NOTICE:
        return ()
    notice = _notice(NoticeReason.BURIED, f"{job.id}:1", f"{job.key}: {error}", now)
    return (replace(notice, incident_id=job.incident_id),)


def after_crash(
    crashes: Sequence[datetime], *, told_at: datetime | None, now: datetime
) -> tuple[NewJob, ...]:
    """Tell people of a process that keeps dying: once in a while, however often it does.

    Args:
        crashes: the starts within `CRASH_WINDOW` that followed a run which nobody had asked to end.
        told_at: when people were told last.
        now: the time of this start.
    """
    is_told = told_at is not None and timedelta(0) <= now - told_at < CRASHES_TOLD_AGAIN
    if len(crashes) < CRASHES_TOLD or is_told:
        return ()
    what = f"{len(crashes)} starts after a crash in {int(CRASH_WINDOW.total_seconds() // 60)} min"
    return (_notice(NoticeReason.CRASHING, f"{now:%Y%m%dT%H%M%S}", what, now),)


def after_recovery(why: str, *, now: datetime, is_restored: bool) -> tuple[NewJob, ...]:
    """Tell people that the state was damaged, and what was made of it."""
    reason = NoticeReason.RESTORED if is_restored else NoticeReason.LOST
    return (_notice(reason, f"{now:%Y%m%dT%H%M%S}", why, now),)


def after_failed_backup(why: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people, once for as long as it goes on, that the state can't be copied."""
    return (_notice(NoticeReason.BACKUP, f"{now:%Y%m%dT%H%M%S}", why, now),)


def after_refusal(problems: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people that a reload changed nothing: whoever sent the signal sees no answer."""
    return (_notice(NoticeReason.REFUSED, f"{now:%Y%m%dT%H%M%S.%f}", problems, now),)


BUDGET_TOLD_AT = (1.0, 0.8)
"""The shares of a budget at which people are told."""


def after_spending(
    spent_usd: float, limit_usd: float, name: str, period: str, *, now: datetime
) -> tuple[NewJob, ...]:
    """Tell people, once in a period, that a budget runs low, and once that it is used up."""
    share = next((each for each in BUDGET_TOLD_AT if limit_usd > 0 and spent_usd >= each * limit_usd), None)
    if share is None:
        return ()
    what = f"${spent_usd:.2f} of ${limit_usd:g} a {name} are spent"
    return (_notice(NoticeReason.BUDGET, f"{name}:{period}:{share:.0%}", what, now),)


def after_exhausting(name: str, period: str, why: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people, once in a period, that what is left of a budget is not enough for a question."""
    return (_notice(NoticeReason.BUDGET, f"{name}:{period}:100%", why, now),)


def after_claude_refused(trouble: str, why: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people, once a day for each trouble, that Claude refuses the key, has no credit for it, or doesn't know the model."""
    return (_notice(NoticeReason.CLAUDE, f"{trouble}:{now:%Y-%m-%d}", why, now),)


def after_news_of_model(model: str, news: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people, once a month, that a model in use is on its way out."""
    return (_notice(NoticeReason.MODEL, f"{model}:{now:%Y-%m}", news, now),)


def after_github_refused(why: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people, once a day, that GitHub refuses the token, or what it is to be used for."""
    return (_notice(NoticeReason.GITHUB, f"{now:%Y-%m-%d}", why, now),)


def after_week(local: datetime, told: str, *, now: datetime) -> tuple[NewJob, ...]:
    """Tell people how the daemon did, once a week.

    Args:
        local: the present time, where the team lives.
        told: the scorecard.
        now: the same time.
    """
    year, week, _ = local.isocalendar()
    return (_notice(NoticeReason.SCORECARD, f"{year}-W{week:02}", told, now),)


def _notice(reason: NoticeReason, revision: str, what: str, now: datetime) -> NewJob:
    return NewJob(
        key=f"notice:{reason}:{revision}",
        kind=JobKind.NOTICE,
        reason=reason,
        due_at=now,
        priority=Priority.NOTICE,
        text=what,
    )

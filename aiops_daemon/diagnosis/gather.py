"""Gathers the evidence of one incident: asks the log, the source and the history, and chooses.

What can't be had (no repository, a shallow one, no base branch, a log that is gone) is a gap that is named; the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiops_daemon.clients.git import Git, GitError
from aiops_daemon.diagnosis import history
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.deployed import deployed_commit
from aiops_daemon.diagnosis.evidence import BUDGET_TOKENS, evidence_of
from aiops_daemon.diagnosis.findings import Findings
from aiops_daemon.diagnosis.locate import locate
from aiops_daemon.diagnosis.log_view import LogView, clues_of
from aiops_daemon.diagnosis.rendering import Renderer
from aiops_daemon.diagnosis.routes import RouteTable, segments_of
from aiops_daemon.diagnosis.settings_read import settings_of
from aiops_daemon.diagnosis.snapshot import Snapshot, snapshot_of
from aiops_daemon.domain.evidence import Evidence, NamedIncident
from aiops_daemon.domain.patch import Commit
from aiops_daemon.failpoint import failpoint
from aiops_daemon.settings import Settings

_SETTINGS_OF_PLACES = 14
_HISTORY_SPAN = timedelta(days=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The incident that is asked about.

    Attributes:
        gaps: what could not be looked at, if that is known before; without a path to the source, that it is missing is one.
    """

    title: str
    code: str | None
    severity: str
    count: int
    place: str | None = None
    similar: Sequence[tuple[NamedIncident, str]] = ()
    gaps: Sequence[str] = ()


async def gather(
    subject: Subject,
    view: LogView,
    settings: Settings,
    redact: Callable[[str], str],
    *,
    budget: int = BUDGET_TOKENS,
) -> Evidence:
    """Everything that can be found out without a model."""
    clues = clues_of(view, code=subject.code, title=subject.title, place=subject.place)
    found = Findings(
        title=subject.title,
        code=subject.code,
        severity=subject.severity,
        count=subject.count,
        view=view,
        clues=clues,
        similar=subject.similar,
        gaps=[*subject.gaps],
    )
    source = await _source(settings, found)
    found.gaps += [f"log: {each}" for each in view.unread]
    if not view.rows:
        found.gaps.append("log: the records of this incident are not in the log files any more")
    if source is None:
        renderer = Renderer(redact)
        return evidence_of(found, renderer, settings.service.zone, budget)
    snapshot, commits = source
    failpoint("after_source")
    return await asyncio.to_thread(_weigh, found, snapshot, commits, redact, settings, budget)


async def _source(settings: Settings, found: Findings) -> tuple[Snapshot, list[Commit]] | None:
    repository = settings.repository
    if repository.path is None:
        found.gaps = found.gaps or [
            "source: repository.path is empty, so neither the code nor its history was looked at"
        ]
        return None
    git = Git(repository.path)
    try:
        commit, gaps = await deployed_commit(git, repository, found.view)
        found.gaps += gaps
        snapshot, commits = await asyncio.gather(
            snapshot_of(git, commit, repository.source_root), _commits(git, commit, found)
        )
    except GitError as error:
        found.gaps.append(f"source: {error}")
        return None
    found.commit = commit
    if await git.is_shallow():
        found.gaps.append(
            f"history: {git.path} is a shallow clone, so only its {len(commits)} newest commits are known; `git fetch --unshallow` there brings the rest"
        )
    if not snapshot.code:
        found.gaps.append(f"source: commit {commit[:10]} holds no code in a language that is known")
    return snapshot, commits


async def _commits(git: Git, commit: str, found: Findings) -> list[Commit]:
    began = found.clues.began_at
    since = began - _HISTORY_SPAN if began else None
    try:
        return await git.patches(commit, most=history.MOST_COMMITS, since=since)
    except GitError as error:
        found.gaps.append(f"history: {error}")
        return []


def _weigh(
    found: Findings,
    snapshot: Snapshot,
    commits: list[Commit],
    redact: Callable[[str], str],
    settings: Settings,
    budget: int,
) -> Evidence:
    """The part that computes, in a thread of its own."""
    code = Code(snapshot)
    table = RouteTable(code)
    places = locate(code, found.clues, table)
    found.source = code
    found.places = places.ranked()
    found.settings = settings_of(code, [place.item for place in found.places[:_SETTINGS_OF_PLACES]])
    places.by_settings(found.settings)
    found.places = places.ranked()
    found.commits = commits
    found.suspects = history.suspects(
        commits, found.places, found.settings, found.clues, [*places.variants, *places.named_on_frames()]
    )
    places.by_suspects(found.suspects)
    found.places = places.ranked()
    known = {segment for route in table.routes for segment in segments_of(route.path)} | table.prefixes
    return evidence_of(found, Renderer(redact, known), settings.service.zone, budget)

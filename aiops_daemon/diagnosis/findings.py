"""All that was found about an incident, and the report of it that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo

from aiops_daemon.diagnosis.clues import Clues
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.history import Suspect
from aiops_daemon.diagnosis.log_view import LogView
from aiops_daemon.diagnosis.places import Place
from aiops_daemon.diagnosis.rendering import Renderer
from aiops_daemon.diagnosis.settings_read import Setting
from aiops_daemon.domain.evidence import (
    NamedIncident,
    NamedPlace,
    NamedSuspect,
    Report,
)
from aiops_daemon.domain.patch import Commit

_SUSPECTS_NAMED = 3
_PLACES_NAMED = 3


@dataclass(slots=True, kw_only=True)
class Findings:
    """All that was found, before anything is left out."""

    title: str
    code: str | None
    severity: str
    count: int
    view: LogView
    clues: Clues
    commit: str = ""
    source: Code | None = None
    places: Sequence[Place] = ()
    settings: Sequence[Setting] = ()
    suspects: Sequence[Suspect] = ()
    commits: Sequence[Commit] = ()
    similar: Sequence[tuple[NamedIncident, str]] = ()
    gaps: list[str] = field(default_factory=list)


def report_of(found: Findings, renderer: Renderer, zone: tzinfo) -> Report:
    """What people get: the best few places and suspects, when it began, and what could not be looked at."""
    failing = [
        f"{method} {path} ({bad} of {total})"
        for (method, path), (total, bad) in found.view.routes.items()
        if bad
    ]
    return Report(
        commit=found.commit,
        places=tuple(
            NamedPlace(
                path=place.item.path,
                line=place.item.first_line,
                function=place.item.label,
                why="; ".join(place.whys[:2]),
            )
            for place in found.places[:_PLACES_NAMED]
        ),
        suspects=tuple(
            NamedSuspect(
                sha=suspect.commit.sha,
                subject=renderer.source(suspect.commit.subject)[:100],
                author=renderer.source(suspect.commit.author)[:60],
                committed_at=suspect.commit.committed_at.isoformat(),
                why="; ".join(suspect.reasons[:2]),
            )
            for suspect in found.suspects[:_SUSPECTS_NAMED]
            if suspect.score > 0
        ),
        similar=tuple(incident for incident, _ in found.similar[:3]),
        began=began_of(found, zone),
        routes=", ".join(failing[:4]),
        gaps=tuple(map(renderer.source, found.gaps)),
    )


def began_of(found: Findings, zone: tzinfo) -> str:
    """When it began, and what happened shortly before."""
    began = found.view.began_at or found.clues.began_at
    if began is None:
        return "not known"
    told = f"{began.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    start = next(
        (
            row.event.logged_at
            for row in reversed(found.view.starts)
            if row.event.logged_at and row.event.logged_at <= began
        ),
        None,
    )
    if start is not None:
        told += f", {_ago(began - start)} after the program was started"
    newest = next((commit for commit in found.commits if commit.committed_at <= began), None)
    if newest is not None:
        told += f"; the newest commit then was {newest.sha[:10]}, {_ago(began - newest.committed_at)} before"
    if found.view.last_good_at is not None:
        told += f"; these requests last worked at {found.view.last_good_at.astimezone(zone):%H:%M:%S}"
    return told


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:  # noqa: PLR2004
        return f"{minutes} minutes"
    return f"{minutes // 60} hours" if minutes < 2 * 24 * 60 else f"{minutes // 1440} days"

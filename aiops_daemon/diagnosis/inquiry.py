"""The inquiry into one incident: asks the log, the source and the history, and chooses; then answers what is asked further.

What can't be had (no repository, a shallow one, no base branch, a log that is gone) is a gap that is named; the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from aiops_daemon.clients.git import Git, GitError
from aiops_daemon.diagnosis import history
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.deployed import deployed_commit
from aiops_daemon.diagnosis.evidence import BUDGET_TOKENS, evidence_of
from aiops_daemon.diagnosis.findings import Findings
from aiops_daemon.diagnosis.locate import locate
from aiops_daemon.diagnosis.log_rows import Row
from aiops_daemon.diagnosis.log_view import LogView
from aiops_daemon.diagnosis.lookups import LEAST_CHARACTERS, MOST_CHARACTERS_A_ROUND, Material, answer
from aiops_daemon.diagnosis.rendering import Renderer
from aiops_daemon.diagnosis.routes import RouteTable
from aiops_daemon.diagnosis.settings_read import settings_of
from aiops_daemon.diagnosis.snapshot import Snapshot, snapshot_of
from aiops_daemon.diagnosis.telling import clues_of
from aiops_daemon.domain.evidence import Evidence, NamedIncident, Piece
from aiops_daemon.domain.lookup import MOST_LOOKUPS, Lookup
from aiops_daemon.domain.patch import Commit
from aiops_daemon.failpoint import failpoint
from aiops_daemon.redaction import Redaction
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


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """What was read for one incident, kept for as long as something is asked of it.

    Attributes:
        rows: all records around it.
        view: what they tell of it.
        redact: takes secrets and personal data out of a text.
        users: what stands for the values that users wrote, if an earlier inquiry gave them names.
        shown: all pieces that were handed out.
    """

    subject: Subject
    rows: Sequence[Row]
    view: LogView
    settings: Settings
    redact: Redaction
    users: Mapping[str, str] = field(default_factory=dict)
    shown: list[Piece] = field(default_factory=list)
    _snapshot: Snapshot | None = None
    _commits: list[Commit] = field(default_factory=list)
    _renderer: Renderer | None = None

    async def evidence(self, budget: int = BUDGET_TOKENS) -> Evidence:
        """Everything that can be found out without a model."""
        subject, view = self.subject, self.view
        found = Findings(
            title=subject.title,
            code=subject.code,
            severity=subject.severity,
            count=subject.count,
            view=view,
            clues=clues_of(view, code=subject.code, title=subject.title, place=subject.place),
            similar=subject.similar,
            gaps=[*subject.gaps],
        )
        await self._read_source(found)
        found.gaps += [f"log: {each}" for each in view.unread]
        if not view.rows:
            found.gaps.append("log: the records of this incident are not in the log files any more")
        if self._snapshot is None:
            self._renderer = Renderer(self.redact, names=self.users)
            evidence = evidence_of(found, self._renderer, self.settings.service.zone, budget)
        else:
            failpoint("after_source")
            evidence = await asyncio.to_thread(self._weigh, found, self._snapshot, budget)
        self.shown += evidence.pieces
        return evidence

    async def answers(self, lookups: Sequence[Lookup], letter: str = "Q") -> tuple[Piece, ...]:
        """What was asked for, a piece each, redacted and bounded. The evidence must have been gathered before."""
        assert self._renderer is not None
        path = self.settings.repository.path
        material = Material(
            code=None if self._snapshot is None else Code(self._snapshot),
            commits=self._commits,
            git=None if path is None else Git(path),
            rows=self.rows,
            renderer=self._renderer,
        )
        pieces: list[Piece] = []
        room = MOST_CHARACTERS_A_ROUND
        for number, lookup in enumerate(lookups[:MOST_LOOKUPS], start=1):
            pieces.append(await answer(lookup, material, f"{letter}{number}", room))
            room = max(LEAST_CHARACTERS, room - len(pieces[-1].text))
        self.shown += pieces
        return tuple(pieces)

    @property
    def all_blobs(self) -> dict[str, str]:
        """What the files of the deployed commit hold, by the names of their blobs."""
        return dict(self._snapshot.blobs) if self._snapshot is not None else {}

    def blobs(self, paths: Iterable[str]) -> dict[str, str]:
        """What these files hold."""
        known = self.all_blobs
        return {path: known[path] for path in paths if path in known}

    def users_names(self) -> dict[str, str]:
        """What stands for the values that users wrote."""
        return {} if self._renderer is None else dict(self._renderer.names)

    async def _read_source(self, found: Findings) -> None:
        repository = self.settings.repository
        if repository.path is None:
            found.gaps = found.gaps or [
                "source: repository.path is empty, so neither the code nor its history was looked at"
            ]
            return
        git = Git(repository.path)
        try:
            commit, gaps = await deployed_commit(git, repository, found.view)
            found.gaps += gaps
            snapshot, self._commits = await asyncio.gather(
                snapshot_of(git, commit, repository.source_root), _commits_of(git, commit, found)
            )
            if await git.is_shallow():
                found.gaps.append(
                    f"history: {git.path} is a shallow clone, so only its {len(self._commits)} newest commits are known; "
                    "`git fetch --unshallow` there brings the rest"
                )
        except GitError as error:
            found.gaps.append(f"source: {error}")
            return
        self._snapshot, found.commit = snapshot, commit
        if not snapshot.code:
            found.gaps.append(f"source: commit {commit[:10]} holds no code in a language that is known")

    def _weigh(self, found: Findings, snapshot: Snapshot, budget: int) -> Evidence:
        """The part that computes, in a thread of its own."""
        code = Code(snapshot)
        table = RouteTable(code)
        places = locate(code, found.clues, table)
        found.source = code
        found.places = places.ranked()
        found.settings = settings_of(code, [place.item for place in found.places[:_SETTINGS_OF_PLACES]])
        places.by_settings(found.settings)
        found.places = places.ranked()
        found.commits = self._commits
        found.suspects = history.suspects(
            found.commits,
            found.places,
            found.settings,
            found.clues,
            [*places.variants, *places.named_on_frames(), *places.named_in_schema],
        )
        places.by_suspects(found.suspects)
        found.places = places.ranked()
        self._renderer = Renderer(self.redact, table.segments, self.users)
        return evidence_of(found, self._renderer, self.settings.service.zone, budget)


async def _commits_of(git: Git, commit: str, found: Findings) -> list[Commit]:
    began = found.clues.began_at
    since = began - _HISTORY_SPAN if began else None
    try:
        return await git.patches(commit, most=history.MOST_COMMITS, since=since)
    except GitError as error:
        found.gaps.append(f"history: {error}")
        return []

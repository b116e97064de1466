"""The look into an incident, in a process of its own.

Parsing what others wrote takes its time and is the work of parsers in C. Apart from the daemon it can't hold up the loop, nor
drown the daemon in memory, nor take it down with it; what it needed is given back when it ends. It yields to the daemon where
both want a processor. Whatever becomes of it, there is evidence: without the source if need be, with the reason.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import IO

import msgspec

from aiops_daemon.clients.programs import Ran, run
from aiops_daemon.diagnosis import look
from aiops_daemon.diagnosis.look import Known
from aiops_daemon.domain.evidence import Evidence, Piece, PieceKind
from aiops_daemon.domain.lookup import Lookup
from aiops_daemon.live import live_from
from aiops_daemon.redaction import Placeholders
from aiops_daemon.settings import Loaded

PATIENCE = timedelta(seconds=35)
"""Twenty times what the largest repository took that was tried."""
PATIENCE_WITHOUT_SOURCE = timedelta(seconds=15)
MOST_MEMORY_BYTES = 640 * 1024 * 1024
"""Of its own: files that are mapped don't count. Ten thousand commits and two thousand files take an eighth."""
_NICENESS = 10
_KEPT = ("AIOPS_FAILPOINT", "COVERAGE_PROCESS_START")
_ARGV = (sys.executable, "-P", "-m", "aiops_daemon.diagnosis")


@dataclass(frozen=True, slots=True)
class Question:
    """What the daemon hands over: what the state has of an incident, and what is asked beyond the evidence."""

    known: Known
    loaded: Loaded
    lookups: tuple[Lookup, ...] = ()
    letter: str = ""
    users: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and the names it gave to what was taken out.

    Attributes:
        names, users: what stands for secrets and personal data, and for what users wrote.
        blobs: what the files of the deployed commit hold, by the names of their blobs.
    """

    evidence: Evidence
    pieces: tuple[Piece, ...]
    names: dict[str, list[str]]
    users: dict[str, str]
    blobs: dict[str, str]


class Apart:
    """An inquiry into an incident of the state, each question of it in a process of its own.

    Attributes:
        shown: all pieces that were handed out.
    """

    def __init__(self, known: Known, loaded: Loaded) -> None:
        self._question = Question(known, loaded)
        self._blobs: dict[str, str] = {}
        self.shown: list[Piece] = []

    @property
    def names(self) -> Placeholders:
        """What stands for secrets and personal data in what was found."""
        return self._question.known.names

    async def evidence(self) -> Evidence:
        """Everything that can be found out without a model.

        Raises:
            RuntimeError: not even the log could be looked at.
        """
        ran = await _ask(self._question, PATIENCE)
        if ran.code != 0:
            self._give_up_source(_told(ran))
            ran = await _ask(self._question, PATIENCE_WITHOUT_SOURCE)
            if ran.code != 0:
                raise RuntimeError(f"the look into the incident failed: {_told(ran)}")
        return self._taken(ran).evidence

    async def answers(self, lookups: Sequence[Lookup], letter: str = "Q") -> tuple[Piece, ...]:
        """What was asked for, a piece each; where that can't be had, this is said."""
        ran = await _ask(replace(self._question, lookups=tuple(lookups), letter=letter), PATIENCE)
        if ran.code != 0:
            why = "it was asked for"
            return (Piece(id=f"{letter}1", kind=PieceKind.GAP, title="answers", why=why, text=_told(ran)),)
        return self._taken(ran).pieces

    def blobs(self, paths: Iterable[str]) -> dict[str, str]:
        """What these files hold at the deployed commit."""
        return {path: self._blobs[path] for path in paths if path in self._blobs}

    def _give_up_source(self, why: str) -> None:
        loaded = self._question.loaded
        source = loaded.settings.repository.model_copy(update={"path": None})
        bare = replace(loaded, settings=loaded.settings.model_copy(update={"repository": source}))
        known = replace(self._question.known, gap=f"source: {why}")
        self._question = replace(self._question, known=known, loaded=bare)

    def _taken(self, ran: Ran) -> Answer:
        answer = msgspec.json.decode(ran.raw, type=Answer)
        known = self._question.known
        known = replace(known, names=Placeholders(known.names.key, answer.names))
        self._question = replace(self._question, known=known, users=answer.users)
        self._blobs |= answer.blobs
        self.shown += answer.pieces or answer.evidence.pieces
        return answer


async def _ask(question: Question, patience: timedelta) -> Ran:
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment |= {name: os.environ[name] for name in _KEPT if name in os.environ}
    stdin = pickle.dumps(question)
    return await run(_ARGV, seconds=patience.total_seconds(), environment=environment, stdin=stdin)


def _told(ran: Ran) -> str:
    """Why there is no answer, for people."""
    if ran.code is None:
        return "the look was ended: it took too long" if "no end after" in ran.err else ran.err
    if ran.code < 0:
        return f"the look was ended by {signal.Signals(-ran.code).name}"
    if "MemoryError" in ran.err:
        return f"the look was ended: it took more than {MOST_MEMORY_BYTES >> 20} MiB"
    return f"the look failed: {ran.said}"


async def answer(question: IO[bytes]) -> bytes:
    """Within limits, and as JSON: what looked at the work of strangers is not trusted to hand over objects."""
    confine()
    asked: Question = pickle.load(question)  # noqa: S301 - it comes from the daemon, through a pipe that nobody else has
    inquiry = look.inquiry_into(asked.known, live_from(asked.loaded), asked.users)
    evidence = await inquiry.evidence()
    pieces = await inquiry.answers(asked.lookups, asked.letter)
    return msgspec.json.encode(
        Answer(
            evidence,
            pieces,
            names=asked.known.names.known(),
            users=inquiry.users_names(),
            blobs=inquiry.all_blobs,
        )
    )


def confine() -> None:
    """Limit what this process may take, and let others go first."""
    for limit, most in ((resource.RLIMIT_DATA, MOST_MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    with suppress(OSError):  # a unit may forbid it
        os.nice(_NICENESS)

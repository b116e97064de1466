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
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO

import msgspec

from aiops_daemon.clients.programs import Ran, run
from aiops_daemon.diagnosis import look
from aiops_daemon.diagnosis.look import Known
from aiops_daemon.domain.evidence import Evidence
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
class Answer:
    """What the look found, and the names it gave to what was taken out."""

    evidence: Evidence
    names: dict[str, list[str]]


async def evidence_of(known: Known, loaded: Loaded) -> tuple[Evidence, Placeholders]:
    """The evidence of an incident, and the names that stand in it.

    Raises:
        RuntimeError: not even the log could be looked at.
    """
    ran = await _ask(known, loaded, PATIENCE)
    if ran.code != 0:
        why = _told(ran)
        source = loaded.settings.repository.model_copy(update={"path": None})
        bare = replace(loaded, settings=loaded.settings.model_copy(update={"repository": source}))
        ran = await _ask(replace(known, gap=f"source: {why}"), bare, PATIENCE_WITHOUT_SOURCE)
        if ran.code != 0:
            raise RuntimeError(f"the look into the incident failed: {_told(ran)}")
    answer = msgspec.json.decode(ran.raw, type=Answer)
    return answer.evidence, Placeholders(known.names.key, answer.names)


async def _ask(known: Known, loaded: Loaded, patience: timedelta) -> Ran:
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment |= {name: os.environ[name] for name in _KEPT if name in os.environ}
    question = pickle.dumps((known, loaded))
    return await run(_ARGV, seconds=patience.total_seconds(), environment=environment, stdin=question)


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
    known, loaded = pickle.load(question)  # noqa: S301 - it comes from the daemon, through a pipe that nobody else has
    evidence = await look.evidence_of(known, live_from(loaded))
    return msgspec.json.encode(Answer(evidence, known.names.known()))


def confine() -> None:
    """Limit what this process may take, and let others go first."""
    for limit, most in ((resource.RLIMIT_DATA, MOST_MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(limit, (most, most))
    with suppress(OSError):  # a unit may forbid it
        os.nice(_NICENESS)

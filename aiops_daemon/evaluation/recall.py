"""Whether the evidence holds the file, the function and the commit at fault: what no answer can do without."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiops_daemon.domain.evidence import Evidence
from aiops_daemon.evaluation.scenarios import Scenario

_DEFINES = r"(?:\bfn|\bdef|\bfunction|\bfunc(?:\s*\([^)]*\))?|\bconst|\bclass|\bstruct|\benum|\bstatic|\blet|\bvar|[\w>\]]|^\s*\d+)\s+{name}\b|\b{name}\s*[(=:<]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well one scenario went. Ranks count from 1; None where it isn't there at all, or there is nothing to find."""

    name: str
    in_code: bool
    file_rank: int | None
    function_rank: int | None
    commit_rank: int | None
    has_commit: bool
    evidence_found: bool
    tokens: int
    seconds: float
    missing: tuple[str, ...] = field(default=())


def scored(scenario: Scenario, evidence: Evidence, seconds: float) -> Score:
    """Hold the evidence of a scenario against its truth."""
    truth = scenario.truth
    files, functions = tuple(truth.get("files", ())), tuple(truth.get("functions", ()))
    sources = [piece for piece in evidence.pieces if piece.path is not None]
    paths = list(dict.fromkeys(piece.path for piece in sources))
    file_rank = next((rank for rank, path in enumerate(paths, 1) if path in files), None)
    function_rank = next(
        (
            rank
            for rank, piece in enumerate(sources, 1)
            if (piece.path in files or not files) and any(_holds(piece.text, name) for name in functions)
        ),
        None,
    )
    shown = [piece.sha for piece in evidence.pieces if piece.sha and piece.has_diff]
    commit = str(truth.get("commit", ""))
    commit_rank = next(
        (rank for rank, sha in enumerate(shown, 1) if commit and sha and sha.startswith(commit)), None
    )
    text = "\n".join(piece.text for piece in evidence.pieces)
    missing = [word for word in truth.get("evidence", ()) if word not in text]
    return Score(
        name=scenario.name,
        in_code=bool(truth.get("in_code", True)),
        file_rank=file_rank,
        function_rank=function_rank,
        commit_rank=commit_rank,
        has_commit=bool(commit),
        evidence_found=not missing,
        tokens=evidence.tokens,
        seconds=seconds,
        missing=tuple(missing),
    )


def _holds(text: str, name: str) -> bool:
    return re.search(_DEFINES.replace("{name}", re.escape(name)), text, re.MULTILINE) is not None


def summary_of(scores: Sequence[Score]) -> dict[str, Any]:
    """Recall at 1, at 3 and in all, and what it took."""
    in_code = [score for score in scores if score.in_code]
    with_commit = [score for score in in_code if score.has_commit]
    outside = [score for score in scores if not score.in_code]
    tokens = sorted(score.tokens for score in scores)
    return {
        "scenarios": len(scores),
        "file": _recall([score.file_rank for score in in_code]),
        "function": _recall([score.function_rank for score in in_code]),
        "commit": _recall([score.commit_rank for score in with_commit]),
        "evidence_outside_code": share([score.evidence_found for score in outside]),
        "tokens_median": tokens[len(tokens) // 2] if tokens else 0,
        "seconds_median": sorted(score.seconds for score in scores)[len(scores) // 2] if scores else 0.0,
    }


def _recall(ranks: Sequence[int | None]) -> dict[str, float | None]:
    return {
        "at_1": share([rank == 1 for rank in ranks]),
        "at_3": share([rank is not None and rank <= 3 for rank in ranks]),  # noqa: PLR2004
        "all": share([rank is not None for rank in ranks]),
    }


def share(hits: Sequence[bool]) -> float | None:
    """How many of them are so; None of none."""
    return round(sum(hits) / len(hits), 3) if hits else None

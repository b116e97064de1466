"""How right an answer is: cause, place, commit, and whether it kept silent where there is nothing to say.

The mechanism is judged by groups of keywords, one word of each of which must be said. That is a rough measure, told as such: it can
be met by luck and missed by other words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiops_daemon.domain.diagnosis import Diagnosis, Source
from aiops_daemon.evaluation.recall import share
from aiops_daemon.evaluation.scenarios import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerScore:
    """How one answer did. None: there is nothing of the kind to be right about.

    Attributes:
        answered: whether there is a diagnosis at all.
        mechanism: whether a word of each group of keywords is said.
        place: whether the file is one at fault, and the function if one is named; outside the code: that it says so.
        cause: mechanism and place.
        commit: whether the faulty commit is named.
        blames_nobody_innocent: whether no other commit is.
        abstained: without a diagnosis, or of low confidence.
    """

    name: str
    answered: bool
    mechanism: bool
    place: bool
    cause: bool
    commit: bool | None
    blames_nobody_innocent: bool
    abstained: bool
    confidence: str
    usd: float
    rounds: int
    seconds: float
    note: str = ""


def answer_score(scenario: Scenario, diagnosis: Diagnosis, seconds: float) -> AnswerScore:
    """Hold an answer against the truth."""
    truth = scenario.truth
    in_code = bool(truth.get("in_code", True))
    commit = str(truth.get("commit", ""))
    answered = diagnosis.source is not Source.EVIDENCE_ONLY
    mechanism = answered and _says(diagnosis, truth.get("keywords", ()))
    place = answered and (_names(diagnosis, truth) if in_code else diagnosis.code_cause is not True)
    named = diagnosis.suspect_commit or ""
    is_right = bool(commit) and named.startswith(commit[:12])
    return AnswerScore(
        name=scenario.name,
        answered=answered,
        mechanism=mechanism,
        place=place,
        cause=mechanism and place,
        commit=is_right if commit else None,
        blames_nobody_innocent=not named or is_right,
        abstained=not answered or diagnosis.confidence == "low",
        confidence=diagnosis.confidence if answered else "",
        usd=diagnosis.usd,
        rounds=diagnosis.rounds,
        seconds=seconds,
        note="; ".join(diagnosis.notes),
    )


def _says(diagnosis: Diagnosis, groups: Sequence[Sequence[str]]) -> bool:
    told = " ".join(
        [
            diagnosis.root_cause,
            diagnosis.suspect_reason,
            diagnosis.function or "",
            *(each.action for each in diagnosis.recommendations),
            *(each.quote for each in diagnosis.evidence if each.verified),
        ]
    ).lower()
    return all(any(str(word).lower() in told for word in group) for group in groups)


def _names(diagnosis: Diagnosis, truth: Any) -> bool:
    files, functions = truth.get("files", ()), truth.get("functions", ())
    if files and diagnosis.file not in files:
        return False
    said = f"{diagnosis.function or ''} {diagnosis.root_cause} {diagnosis.suspect_reason}"
    return not functions or any(re.search(rf"\b{re.escape(name)}\b", said) for name in functions)


def answer_summary(scores: Sequence[AnswerScore]) -> dict[str, Any]:
    """Shares, and medians of what it took."""
    usd, rounds, seconds = (
        sorted(values) for values in zip(*((s.usd, s.rounds, s.seconds) for s in scores), strict=True)
    )
    middle = len(scores) // 2
    return {
        "scenarios": len(scores),
        "answered": share([score.answered for score in scores]),
        "cause_by_keywords": share([score.cause for score in scores]),
        "mechanism_by_keywords": share([score.mechanism for score in scores]),
        "place": share([score.place for score in scores]),
        "commit": share([bool(score.commit) for score in scores if score.commit is not None]),
        "no_innocent_commit": share([score.blames_nobody_innocent for score in scores]),
        "abstained": share([score.abstained for score in scores]),
        "usd_median": usd[middle],
        "usd_total": round(sum(usd), 6),
        "rounds_median": rounds[middle],
        "seconds_median": seconds[middle],
    }

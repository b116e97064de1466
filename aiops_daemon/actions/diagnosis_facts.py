"""A diagnosis as people read it on an alert: the cause in two sentences, how sure it is, where, since when, what to do, what it cost."""

from __future__ import annotations

from collections.abc import Mapping

from aiops_daemon.actions.message import Fact
from aiops_daemon.domain.diagnosis import Diagnosis, Source

_MOST_STEPS = 3
_LONGEST_STEP = 240
_LONGEST_CAUSE = 900


def diagnosis_facts(diagnosis: Diagnosis, text: Mapping[str, str]) -> list[Fact]:
    """The facts of a message. A model wrote most of the words, so they are quoted."""
    if diagnosis.source is Source.EVIDENCE_ONLY:
        return [Fact(label=text["diagnosis_none"], value="; ".join(diagnosis.notes), is_quoted=True)]
    where = " ".join(filter(None, [diagnosis.file, diagnosis.function]))
    suspect = f"{(diagnosis.suspect_commit or '')[:12]} {diagnosis.suspect_reason}".strip()
    steps = [
        f"{each.priority}. {_cut(each.action, _LONGEST_STEP)}"
        for each in diagnosis.recommendations[:_MOST_STEPS]
    ]
    told = (
        (
            text["diagnosis"].format(confidence=text[f"confidence_{diagnosis.confidence}"]),
            _cut(diagnosis.root_cause, _LONGEST_CAUSE),
        ),
        (text["diagnosis_where"], where),
        (text["diagnosis_suspect"], _cut(suspect, _LONGEST_STEP) if diagnosis.suspect_commit else ""),
        (text["diagnosis_steps"], "\n".join(steps)),
        (text["diagnosis_doubts"], "; ".join(diagnosis.notes)),
        (text["diagnosis_cost"], _cost(diagnosis, text)),
    )
    return [Fact(label=label, value=value, is_quoted=True) for label, value in told if value]


def _cost(diagnosis: Diagnosis, text: Mapping[str, str]) -> str:
    if diagnosis.source is Source.RECALLED:
        return text["diagnosis_cost_recalled"]
    return text["diagnosis_cost_claude"].format(
        model=diagnosis.model, rounds=diagnosis.rounds, usd=diagnosis.usd
    )


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"

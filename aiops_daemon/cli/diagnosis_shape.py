"""A diagnosis in the shape that programs rely on, and for people in a terminal."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiops_daemon.actions.hygiene import one_line
from aiops_daemon.cli.output import console, iso
from aiops_daemon.domain.diagnosis import Diagnosis, Source


def diagnosis_shape(
    diagnosis: Diagnosis, *, at: datetime | None = None, verdict: str | None = None
) -> dict[str, Any]:
    """What `diagnose` and `show` print as JSON."""
    return {**asdict(diagnosis), "at": iso(at), "verdict": verdict}


def print_diagnosis(said: dict[str, Any]) -> None:
    """For people. A model wrote the words: they are shown as text and nothing else."""
    out = console()
    if said["source"] == Source.EVIDENCE_ONLY:
        out.print("\nno diagnosis", style="bold")
        for note in said["notes"]:
            out.print(f"  {one_line(note)}")
        return
    out.print(f"\ndiagnosis, confidence {said['confidence']}", style="bold")
    where = " ".join(filter(None, [said["file"], said["function"]]))
    rows = [
        ("cause", said["root_cause"]),
        ("kind", f"{said['category']}, {_cause(said['code_cause'])}"),
        ("where", where),
        (
            "suspect",
            f"{said['suspect_commit'][:12]}: {said['suspect_reason']}" if said["suspect_commit"] else "",
        ),
        ("impact", said["impact"]),
    ]
    rows += [
        ("next", f"{each['priority']}. {each['action']} (effort {each['effort']})")
        for each in said["recommendations"]
    ]
    if said["fix"]:
        rows.append(
            (
                "fix",
                f"{said['fix']['kind']}: {said['fix']['description']} in {', '.join(said['fix']['files'])}",
            )
        )
    rows += [("doubt", note) for note in said["notes"]]
    for label, value in rows:
        if value:
            out.print(f"  {label:<9}{one_line(value)}")
    for each in said["evidence"]:
        mark = "stands" if each["verified"] else "DOES NOT STAND"
        out.print(
            f"  {'cites':<9}{one_line(each['ref'])}: {one_line(each['quote'])} ({mark} in the evidence)",
            style="dim",
        )
    out.print(f"  {'from':<9}{_origin(said)}", style="dim")


def _cause(code_cause: bool | None) -> str:  # noqa: FBT001 - it is a value to be shown
    if code_cause is None:
        return "where it comes from is open"
    return "caused by the repository" if code_cause else "not caused by the repository"


def _origin(said: dict[str, Any]) -> str:
    if said["source"] == Source.RECALLED:
        return "recalled: the same fault was diagnosed before, and the code is unchanged"
    return f"{said['model']}, {said['rounds']} questions, ${said['usd']:.4f}"

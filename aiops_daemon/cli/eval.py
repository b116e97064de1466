"""`aiops-daemon eval DIRECTORY`: how much of the truth the evidence holds, and with a key how right Claude's answers are."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from aiops_daemon import cli
from aiops_daemon.cli.context import of_logs
from aiops_daemon.cli.diagnose import ask, open_ledger
from aiops_daemon.cli.output import configuration, console, print_json, silence_logs
from aiops_daemon.evaluation import (
    AnswerScore,
    Repositories,
    Scenario,
    ScenarioError,
    Score,
    answer_score,
    answer_summary,
    scenarios_in,
    scored,
    summary_of,
)
from aiops_daemon.settings import Loaded

_Scores = tuple[Score, AnswerScore | None]


def main(arguments: argparse.Namespace) -> int:
    """Gather the evidence of every scenario, ask where there is a key, and hold both against the truth."""
    loaded = configuration(arguments)
    silence_logs()
    asks = loaded.settings.secrets.anthropic_api_key is not None and not arguments.evidence_only
    try:
        scenarios = scenarios_in(arguments.directory)
        scores = list(_told(_evaluated(scenarios, loaded, asks=asks), len(scenarios)))
    except ScenarioError as error:
        raise cli.CommandError(cli.NO_INPUT, str(error)) from error
    found = [score for score, _ in scores]
    answers = [answer for _, answer in scores if answer is not None]
    summary = summary_of(found) | ({"diagnosis": answer_summary(answers)} if answers else {})
    if arguments.json:
        rows = [asdict(score) | ({"diagnosis": asdict(answer)} if answer else {}) for score, answer in scores]
        print_json({"summary": summary, "scenarios": rows})
    else:
        _print(found, summary)
        if answers:
            _print_answers(answers, summary["diagnosis"])
    return cli.OK


def _evaluated(scenarios: list[Scenario], loaded: Loaded, *, asks: bool) -> Iterator[_Scores]:
    with tempfile.TemporaryDirectory() as scratch:
        repositories = Repositories(Path(scratch))
        for scenario in scenarios:
            at = _at(loaded, scenario, repositories.of(scenario))
            yield asyncio.run(_score(scenario, at, asks=asks))


async def _score(scenario: Scenario, loaded: Loaded, *, asks: bool) -> _Scores:
    began = time.perf_counter()
    inquiry = of_logs(loaded, list(scenario.logs), code=scenario.code, contains=scenario.contains)
    evidence = await inquiry.evidence()
    score = scored(scenario, evidence, round(time.perf_counter() - began, 3))
    if not asks:
        return score, None
    database = await open_ledger(loaded)
    try:
        # Not one of the hour's ten, which are for incidents; the budgets of money hold for these, too.
        key = f"eval:{scenario.name}:{os.getpid()}:{time.time():.6f}"
        answered = await ask(inquiry, evidence, loaded, database, key, is_counted=False)
    finally:
        await database.close()
    return score, answer_score(scenario, answered.diagnosis, round(time.perf_counter() - began, 3))


def _told(running: Iterator[_Scores], total: int) -> Iterable[_Scores]:
    if not sys.stderr.isatty():
        return running
    from rich.console import Console
    from rich.progress import track

    return track(running, "evaluating", total=total, console=Console(stderr=True), transient=True)


def _at(loaded: Loaded, scenario: Scenario, repository: Path) -> Loaded:
    """The configuration, but for the source that the scenario brings."""
    source = loaded.settings.repository.model_copy(
        update={"path": repository, "deployed": scenario.deployed, "source_root": scenario.source_root}
    )
    return replace(loaded, settings=loaded.settings.model_copy(update={"repository": source}))


def _print(scores: list[Score], summary: dict[str, Any]) -> None:
    rows = []
    for score in scores:
        there = "evidence there" if score.evidence_found else f"missing: {', '.join(score.missing)}"
        rows.append(
            [
                score.name,
                _rank(score.file_rank, score.in_code),
                _rank(score.function_rank, score.in_code),
                _rank(score.commit_rank, score.has_commit),
                str(score.tokens),
                f"{score.seconds:.2f}",
                "" if score.in_code else there,
            ]
        )
    _table(("scenario", "file", "function", "commit", "tokens", "seconds", ""), rows)
    out = console()
    for what in ("file", "function", "commit"):
        recall = summary[what]
        if recall["all"] is not None:
            out.print(
                f"{what}: {recall['at_1']:.0%} first, {recall['at_3']:.0%} among three, {recall['all']:.0%} in all"
            )
    if summary["evidence_outside_code"] is not None:
        out.print(f"not in the code: {summary['evidence_outside_code']:.0%} with their evidence")
    out.print(f"median: {summary['tokens_median']} tokens, {summary['seconds_median']:.2f} s")


def _print_answers(answers: list[AnswerScore], summary: dict[str, Any]) -> None:
    rows = [
        [
            answer.name,
            _mark(answer.cause),
            _mark(answer.place),
            "-" if answer.commit is None else _mark(answer.commit),
            _mark(answer.blames_nobody_innocent),
            answer.confidence or "none",
            str(answer.rounds),
            f"{answer.usd:.4f}",
            answer.note[:60],
        ]
        for answer in answers
    ]
    out = console()
    out.print("")
    _table(("answer", "cause*", "place", "commit", "innocent", "confidence", "rounds", "usd", ""), rows)
    commit = "" if summary["commit"] is None else f", commit {summary['commit']:.0%}"
    out.print(
        f"cause* {summary['cause_by_keywords']:.0%}, place {summary['place']:.0%}{commit}, "
        f"nobody innocent blamed {summary['no_innocent_commit']:.0%}, abstained {summary['abstained']:.0%}"
    )
    out.print(
        f"median: ${summary['usd_median']:.4f}, {summary['rounds_median']} questions; ${summary['usd_total']:.4f} in all"
    )
    out.print("* place, and a word of each group of the truth's keywords: a rough measure")


def _table(headings: tuple[str, ...], rows: list[list[str]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number in {0, len(headings) - 1} else "right")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def _mark(is_so: bool) -> str:  # noqa: FBT001 - it is a value to be shown
    return "yes" if is_so else "no"


def _rank(rank: int | None, is_wanted: bool) -> str:  # noqa: FBT001
    return "-" if not is_wanted else "no" if rank is None else str(rank)

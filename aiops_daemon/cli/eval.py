"""`aiops-daemon eval DIRECTORY`: how much of the truth the evidence holds, over scenarios whose truth is known."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from aiops_daemon import cli
from aiops_daemon.cli.context import of_logs
from aiops_daemon.cli.output import configuration, console, print_json
from aiops_daemon.domain.evidence import Evidence
from aiops_daemon.evaluation import Scenario, ScenarioError, Score, evaluated, scenarios_in, summary_of
from aiops_daemon.settings import Loaded


def main(arguments: argparse.Namespace) -> int:
    """Gather the evidence of every scenario, and hold it against the truth."""
    loaded = configuration(arguments)
    try:
        scenarios = scenarios_in(arguments.directory)
        scores = list(_told(scenarios, loaded))
    except ScenarioError as error:
        raise cli.CommandError(cli.NO_INPUT, str(error)) from error
    summary = summary_of(scores)
    if arguments.json:
        print_json({"summary": summary, "scenarios": [asdict(score) for score in scores]})
    else:
        _print(scores, summary)
    return cli.OK


def _told(scenarios: list[Scenario], loaded: Loaded) -> Any:
    def gathered(scenario: Scenario, repository: Path) -> Evidence:
        inquiry = of_logs(
            _at(loaded, scenario, repository),
            list(scenario.logs),
            code=scenario.code,
            contains=scenario.contains,
        )
        return asyncio.run(inquiry.evidence())

    running = evaluated(scenarios, gathered)
    if not sys.stderr.isatty():
        yield from running
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(
        running, "evaluating", total=len(scenarios), console=Console(stderr=True), transient=True
    )


def _at(loaded: Loaded, scenario: Scenario, repository: Path) -> Loaded:
    """The configuration, but for the source that the scenario brings."""
    source = loaded.settings.repository.model_copy(
        update={"path": repository, "deployed": scenario.deployed, "source_root": scenario.source_root}
    )
    return replace(loaded, settings=loaded.settings.model_copy(update={"repository": source}))


def _print(scores: list[Score], summary: dict[str, Any]) -> None:
    from rich.table import Table

    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("scenario", "file", "function", "commit", "tokens", "seconds", ""):
        table.add_column(heading, justify="left" if heading in {"scenario", ""} else "right")
    for score in scores:
        note = (
            ""
            if score.in_code
            else ("evidence there" if score.evidence_found else f"missing: {', '.join(score.missing)}")
        )
        ranks = [_rank(score.file_rank, score.in_code), _rank(score.function_rank, score.in_code)]
        table.add_row(
            score.name,
            *ranks,
            _rank(score.commit_rank, score.has_commit),
            str(score.tokens),
            f"{score.seconds:.2f}",
            note,
        )
    out.print(table)
    for what in ("file", "function", "commit"):
        recall = summary[what]
        if recall["all"] is not None:
            out.print(
                f"{what}: {recall['at_1']:.0%} first, {recall['at_3']:.0%} among three, {recall['all']:.0%} in all"
            )
    if summary["evidence_outside_code"] is not None:
        out.print(f"not in the code: {summary['evidence_outside_code']:.0%} with their evidence")
    out.print(f"median: {summary['tokens_median']} tokens, {summary['seconds_median']:.2f} s")


def _rank(rank: int | None, is_wanted: bool) -> str:  # noqa: FBT001
    return "-" if not is_wanted else "no" if rank is None else str(rank)

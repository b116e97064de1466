"""`aiops-daemon replay FILE...`: the same reader, triage, admission and decisions, on the log's own clock.

The state is a database in memory, so that what is printed is what the daemon would have done, by the same code.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiops_daemon import cli
from aiops_daemon.actions.hygiene import one_line
from aiops_daemon.cli.incidents import shape
from aiops_daemon.cli.output import configuration, console, print_json
from aiops_daemon.domain.playbook import Action
from aiops_daemon.live import live_from
from aiops_daemon.replay import Replay, ReplayedFile
from aiops_daemon.settings import Mode
from aiops_daemon.store import incidents

_ALLOWED = {
    Mode.OBSERVE: {Action.ALERT, Action.DIGEST, Action.SECURITY},
    Mode.DIAGNOSE: {Action.ALERT, Action.DIGEST, Action.SECURITY, Action.DIAGNOSE},
}
_PROGRESS_FROM_BYTES = 4 * 1024 * 1024


def main(arguments: argparse.Namespace) -> int:
    """Replay the files."""
    loaded = configuration(arguments)
    for path in arguments.files:
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise cli.CommandError(cli.NO_INPUT, f"{path}: can't be read: {error.strerror}") from error
    mode = Mode(arguments.mode) if arguments.mode else loaded.settings.mode
    replay = Replay(live_from(loaded), max_line_bytes=loaded.settings.logs.max_line_bytes)
    try:
        replayed = _read(replay, arguments.files)
    except OSError as error:
        raise cli.CommandError(
            cli.NO_INPUT, f"{error.filename or 'input'}: can't be read: {error.strerror}"
        ) from error
    report = _report(replay.connection, replayed, replay.alerts, mode)
    if arguments.json:
        print_json(report)
    else:
        _print(report, mode)
    return cli.OK


def _read(replay: Replay, paths: list[Path]) -> list[ReplayedFile]:
    total = sum(path.stat().st_size for path in paths)
    if not sys.stderr.isatty() or total < _PROGRESS_FROM_BYTES:
        return replay.read(paths, lambda _: None)
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("replaying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("replaying", total=total)
        advance: Callable[[int], None] = lambda read: progress.advance(bar, read)  # noqa: E731
        return replay.read(paths, advance)


def _report(
    connection: sqlite3.Connection, replayed: list[ReplayedFile], alerts: int, mode: Mode
) -> dict[str, Any]:
    allowed = _ALLOWED.get(mode, set(Action))
    found = sorted(
        incidents.listed(connection, resolved_too=True), key=lambda incident: incident.first_seen_at
    )
    return {
        "files": [
            {
                "path": str(file.path),
                "lines": file.tally.lines,
                "events": dict(file.tally.levels),
                "codes": dict(file.tally.codes),
                "codes_in_text": dict(file.codes_in_text),
                "unparsed": file.tally.unparsed,
            }
            for file in replayed
        ],
        "incidents": [
            {
                **{
                    key: value
                    for key, value in shape(incident).items()
                    if key not in {"id", "issue", "pull_request"}
                },
                "fingerprint": incident.fingerprint,
                "actions": sorted(incident.actions & allowed),
            }
            for incident in found
        ],
        "alerts": alerts,
        "diagnoses": 0,
        "estimated_usd": None,
    }


def _print(report: dict[str, Any], mode: Mode) -> None:
    from rich.table import Table

    out = console()
    for file in report["files"]:
        events = ", ".join(f"{number} {level}" for level, number in sorted(file["events"].items()))
        out.print(
            f"{one_line(file['path'])}: {file['lines']} lines; {events or 'no records'}; {file['unparsed']} unparsed"
        )
    if report["incidents"]:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("severity", "code", "count", "what follows", "title"):
            table.add_column(heading, overflow="fold")
        for incident in sorted(report["incidents"], key=lambda entry: -entry["count"]):
            follows = ", ".join(incident["actions"]) or "log only"
            table.add_row(
                incident["severity"],
                incident["code"] or "-",
                str(incident["count"]),
                follows,
                one_line(incident["title"]),
            )
        out.print(table)
    out.print(f"{len(report['incidents'])} incidents, {report['alerts']} messages in mode {mode}")

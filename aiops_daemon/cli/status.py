"""`aiops-daemon status`."""

from __future__ import annotations

import argparse
import sqlite3
from datetime import UTC, datetime
from typing import Any

from aiops_daemon import __version__, cli
from aiops_daemon.actions.hygiene import one_line
from aiops_daemon.cli.output import (
    configuration,
    console,
    iso,
    print_json,
    state,
)
from aiops_daemon.domain.job import JobState
from aiops_daemon.lifecycle import is_running
from aiops_daemon.settings import Settings
from aiops_daemon.store import files, incidents, jobs, ledger

_SHOWN_UNPARSED = 3


def main(arguments: argparse.Namespace) -> int:
    """Print the state of the daemon that holds, or last held, the state."""
    loaded = configuration(arguments)
    with state(loaded.settings) as connection:
        report = report_of(connection, loaded.settings)
    if arguments.json:
        print_json(report)
    else:
        _print(report)
    return cli.OK


def report_of(connection: sqlite3.Connection, settings: Settings) -> dict[str, Any]:
    """Everything, in the shape that programs rely on."""
    run = files.fact(connection, "run") or {}
    now = datetime.now(UTC)
    running = is_running(settings.state.directory)
    open_incidents, resolved = incidents.counts(connection)
    counted = jobs.counts(connection)
    return {
        "version": run.get("version", __version__),
        "mode": run.get("mode", settings.mode),
        "running": running,
        "started_at": run.get("started_at") if running else None,
        "config": files.fact(connection, "config") or {"path": None, "loaded_at": None, "error": None},
        "files": [_file(row, settings) for row in files.file_rows(connection)],
        "problems": [
            {"what": what, "why": why}
            for what, why in (files.fact(connection, "watch_problems") or {}).items()
        ],
        "unparsed": [
            {"file": row.file, "offset": row.offset, "seen_at": iso(row.seen_at), "text": row.text}
            for row in files.unparsed_rows(connection)
        ],
        "incidents": {"open": open_incidents, "resolved": resolved},
        "jobs": {job_state.value: counted[job_state] for job_state in JobState},
        "budgets": {
            "diagnoses_last_hour": ledger.used(connection, ledger.Kind.DIAGNOSIS, now - ledger.HOUR),
            "pull_requests_last_day": ledger.used(connection, ledger.Kind.PULL_REQUEST, now - ledger.DAY),
            "usd_this_month": ledger.spent_usd(connection, ledger.month_of(now)),
            "usd_limit": settings.claude.monthly_budget_usd,
        },
        "backup": files.fact(connection, "backup") or {"at": None, "error": None},
        "sinks": [{"name": sink.name, "ok": sink.ok, "error": sink.error} for sink in jobs.sinks(connection)],
    }


def _file(row: files.FileRow, settings: Settings) -> dict[str, Any]:
    path = settings.logs.directory / row.cursor.name
    try:
        status = path.stat()
    except OSError:
        behind = 0
    else:
        is_same = (status.st_dev, status.st_ino) == (row.cursor.device, row.cursor.inode)
        behind = max(0, status.st_size - row.cursor.position) if is_same else 0
    seconds = (datetime.now(UTC) - row.seen_at).total_seconds() if behind else 0.0
    return {
        "path": str(path),
        "position": row.cursor.position,
        "behind_bytes": behind,
        "behind_seconds": round(max(0.0, seconds), 3),
        "unparsed": row.unparsed,
    }


def _print(report: dict[str, Any]) -> None:
    from rich.table import Table

    out = console()
    running = f"running since {report['started_at']}" if report["running"] else "not running"
    out.print(f"aiops-daemon {report['version']}, {running}, mode {report['mode']}")
    config = report["config"]
    out.print(f"configuration: {config['path'] or 'defaults'}, loaded at {config['loaded_at']}")
    if config["error"]:
        out.print(f"last reload refused: {one_line(config['error'])}", style="red")
    for problem in report["problems"]:
        out.print(f"{one_line(problem['what'])}: {one_line(problem['why'])}", style="yellow")
    for sink in report["sinks"]:
        line = f"sink {sink['name']}: {'ok' if sink['ok'] else sink['error']}"
        out.print(line, style=None if sink["ok"] else "red")
    counted = report["jobs"]
    out.print(f"incidents: {report['incidents']['open']} open, {report['incidents']['resolved']} resolved")
    out.print(
        "jobs: " + ", ".join(f"{number} {name}" for name, number in counted.items()),
        style="red" if counted["buried"] else None,
    )
    budgets = report["budgets"]
    out.print(f"spent this month: ${budgets['usd_this_month']:.2f} of ${budgets['usd_limit']:g}")
    copied = report["backup"]
    if copied["error"]:
        out.print(f"backup: {one_line(copied['error'])}", style="red")
    elif copied["at"]:
        out.print(f"backup: made at {copied['at']}")
    if report["files"]:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("file", "position", "behind (bytes)", "behind (s)", "unparsed lines"):
            table.add_column(heading, justify="left" if heading == "file" else "right", overflow="fold")
        for row in report["files"]:
            table.add_row(
                one_line(row["path"]),
                str(row["position"]),
                str(row["behind_bytes"]),
                f"{row['behind_seconds']:.0f}",
                str(row["unparsed"]),
            )
        out.print(table)
    for line in report["unparsed"][:_SHOWN_UNPARSED]:
        out.print(
            f"unparsed, {one_line(line['file'])} at byte {line['offset']}: {one_line(line['text'])[:160]}",
            style="dim",
        )

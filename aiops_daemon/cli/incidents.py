"""`aiops-daemon incidents`."""

from __future__ import annotations

import argparse
from typing import Any

from aiops_daemon import cli
from aiops_daemon.actions.hygiene import one_line
from aiops_daemon.cli.output import (
    configuration,
    console,
    iso,
    print_json,
    state,
)
from aiops_daemon.domain.incident import Incident
from aiops_daemon.store import incidents, issues


def main(arguments: argparse.Namespace) -> int:
    """Print the list."""
    loaded = configuration(arguments)
    with state(loaded.settings) as connection:
        found = incidents.listed(connection, resolved_too=arguments.all)
        filed = issues.numbers(connection)
    if arguments.json:
        print_json([shape(incident, filed.get(incident.id)) for incident in found])
        return cli.OK
    out = console()
    if not found:
        out.print("no incidents" if arguments.all else "no open incidents; --all shows the resolved ones")
        return cli.OK
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("id", "state", "severity", "code", "count", "last seen", "issue", "title"):
        table.add_column(heading, overflow="fold")
    zone = loaded.settings.service.zone
    for incident in found:
        table.add_row(
            str(incident.id),
            incident.state,
            incident.severity,
            incident.code or "-",
            str(incident.count),
            f"{incident.last_seen_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            f"#{filed[incident.id]}" if incident.id in filed else "-",
            one_line(incident.title),
        )
    out.print(table)
    return cli.OK


def shape(incident: Incident, issue: int | None = None) -> dict[str, Any]:
    """The shape that programs rely on."""
    return {
        "id": incident.id,
        "fault_id": incident.fault_id,
        "state": incident.state,
        "code": incident.code,
        "severity": incident.severity,
        "title": incident.title,
        "count": incident.count,
        "suppressed": incident.suppressed,
        "companions": incident.companions,
        "target": incident.target or None,
        "place": incident.place,
        "request": incident.request,
        "shares_with": incident.shares_with,
        "first_seen_at": iso(incident.first_seen_at),
        "last_seen_at": iso(incident.last_seen_at),
        "issue": issue,
        "pull_request": None,
    }

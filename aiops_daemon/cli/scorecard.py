"""`aiops-daemon scorecard [--since 7d]`: what people were told and spared, how right the diagnoses were, what it cost."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from aiops_daemon import cli
from aiops_daemon.actions.scorecard import lines_of
from aiops_daemon.cli.output import configuration, console, iso, print_json, state
from aiops_daemon.store import score
from aiops_daemon.store.score import Score


def main(arguments: argparse.Namespace) -> int:
    """Print the figures."""
    loaded = configuration(arguments)
    now = datetime.now(UTC)
    with state(loaded.settings) as connection:
        found = score.since(connection, now - arguments.since)
    if arguments.json:
        print_json(shape(found, now))
        return cli.OK
    out = console()
    zone = loaded.settings.service.zone
    out.print(f"since {found.since.astimezone(zone):%Y-%m-%d %H:%M %Z}", style="bold")
    for line in lines_of(found, loaded.settings.language):
        out.print(f"  {line}")
    return cli.OK


def shape(found: Score, now: datetime) -> dict[str, object]:
    """The shape that programs rely on. Pull requests are counted once there are any."""
    judged = found.right + found.wrong
    return {
        "since": iso(found.since),
        "until": iso(now),
        "events": found.events,
        "incidents": found.incidents,
        "alerts": found.alerts,
        "held_back": found.held_back,
        "diagnoses": {
            "made": found.diagnosed,
            "recalled": found.recalled,
            "evidence_only": found.without,
            "right": found.right,
            "wrong": found.wrong,
            "hit_rate": found.right / judged if judged else None,
        },
        "issues": {
            "filed": found.issues_filed,
            "reopened": found.issues_reopened,
            "confirmed": found.fixes_confirmed,
            "open": found.issues_open,
            "closed": found.issues_closed,
            "left_alone": found.issues_unwanted,
        },
        "pull_requests": {"opened": 0, "merged": 0, "closed": 0},
        "usd": found.usd,
        "median_seconds_to_alert": None if found.median_wait is None else found.median_wait.total_seconds(),
    }

"""`aiops-daemon show ID`."""

from __future__ import annotations

import argparse
import sqlite3
from dataclasses import asdict
from typing import Any

from aiops_daemon import cli
from aiops_daemon.actions.excerpt import excerpt_of
from aiops_daemon.actions.hygiene import one_line, visible
from aiops_daemon.cli.diagnosis_shape import diagnosis_shape, print_diagnosis
from aiops_daemon.cli.incidents import shape
from aiops_daemon.cli.output import (
    configuration,
    console,
    iso,
    print_json,
    state,
)
from aiops_daemon.domain.incident import Incident
from aiops_daemon.domain.issue import FiledIssue
from aiops_daemon.store import diagnoses, incidents, issues, jobs, reports, samples


def main(arguments: argparse.Namespace) -> int:
    """Print one incident."""
    loaded = configuration(arguments)
    with state(loaded.settings) as connection:
        incident = incidents.by_id(connection, arguments.id)
        if incident is None:
            missing = f"there is no incident {arguments.id}; `aiops-daemon incidents --all` lists them"
            raise cli.CommandError(cli.NO, missing)
        report = report_of(connection, incident)
    if arguments.json:
        print_json(report)
    else:
        _print(report)
    return cli.OK


def report_of(connection: sqlite3.Connection, incident: Incident) -> dict[str, Any]:
    """Everything about one incident, in the shape that programs rely on."""
    known = samples.of(connection, incident.id)
    kept = diagnoses.newest(connection, incident.id)
    newest = next((sample.text for sample in reversed(known) if not sample.is_companion), None)
    filed = issues.of(connection, incident.id)
    return {
        **shape(incident, filed.number if filed else None),
        "issue_state": _issue_state(filed) if filed else None,
        "excerpt": excerpt_of(newest) if newest else None,
        "events": [
            {
                "seen_at": iso(sample.seen_at),
                "level": sample.level,
                "text": sample.text,
                "companion": sample.is_companion,
            }
            for sample in known
        ],
        "diagnosis": diagnosis_shape(kept.diagnosis, at=kept.at, verdict=kept.verdict) if kept else None,
        "evidence": asdict(report) if (report := reports.of(connection, incident.id)) else None,
        "jobs": [
            {
                "id": job.id,
                "key": job.key,
                "kind": job.kind,
                "state": job.state,
                "attempts": job.attempts,
                "due_at": iso(job.due_at),
                "error": job.error,
            }
            for job in jobs.of_incident(connection, incident.id)
        ],
        "history": [
            {"at": iso(row.at), "what": row.what, "why": row.why}
            for row in incidents.history(connection, incident.id)
        ],
        "usd": diagnoses.usd_of(connection, incident.id),
    }


def _issue_state(filed: FiledIssue) -> dict[str, Any]:
    return {
        "repository": filed.repository,
        "number": filed.number,
        "state": "gone" if filed.is_gone else "open" if filed.is_open else "closed",
        "closed_as": filed.closing,
        "closed_at": iso(filed.closed_at),
        "confirmed_at": iso(filed.confirmed_at),
        "reopened": filed.reopened,
        "left_alone": filed.is_left_alone,
    }


def _issue_line(issue: dict[str, Any] | None) -> str | None:
    if issue is None:
        return None
    told = [f"{issue['repository']}#{issue['number']} {issue['state']}"]
    if issue["closed_as"]:
        told.append(f"as {issue['closed_as']}")
    if issue["confirmed_at"]:
        told.append(f"gone since, confirmed {issue['confirmed_at']}")
    if issue["left_alone"]:
        told.append("left alone")
    return ", ".join(told)


def _print(report: dict[str, Any]) -> None:
    out = console()
    code = f" {report['code']}" if report["code"] else ""
    out.print(
        f"incident {report['id']}{code}, {report['severity']}, {report['state']}: {one_line(report['title'])}",
        style="bold",
    )
    where = report["place"] or report["target"]
    rows = [
        ("fault", report["fault_id"]),
        ("where", where),
        ("request", report["request"]),
        (
            "count",
            f"{report['count']}, {report['suppressed']} of them held back, {report['companions']} companions",
        ),
        ("first seen", report["first_seen_at"]),
        ("last seen", report["last_seen_at"]),
        ("told with", f"incident {report['shares_with']}" if report["shares_with"] else None),
        ("issue", _issue_line(report["issue_state"])),
    ]
    for label, value in rows:
        if value:
            out.print(f"  {label:<11}{one_line(str(value))}")
    if report["excerpt"]:
        out.print("\nexcerpt", style="bold")
        out.print("\n".join(f"  {line}" for line in visible(report["excerpt"]).split("\n")))
    if report["diagnosis"]:
        print_diagnosis(report["diagnosis"])
    if report["evidence"]:
        print_evidence(report["evidence"])
    if report["usd"]:
        out.print(f"\nspent on it: ${report['usd']:.4f}")
    out.print("\nhistory", style="bold")
    for row in report["history"]:
        out.print(f"  {row['at']}  {one_line(row['what'])}: {one_line(row['why'])}")
    out.print("\njobs", style="bold")
    for job in report["jobs"]:
        error = f", {one_line(job['error'])}" if job["error"] else ""
        out.print(
            f"  {job['id']}  {job['key']}  {job['state']}, {job['attempts']} attempts, due {job['due_at']}{error}"
        )
    out.print("\nevents that were kept", style="bold")
    for event in report["events"]:
        mark = " (companion)" if event["companion"] else ""
        out.print(f"  {event['seen_at']}  {event['level']}{mark}  {one_line(event['text'])}")


def print_evidence(found: dict[str, Any]) -> None:
    """The evidence report, for people."""
    out = console()
    out.print("\nevidence (no AI has a part in it)", style="bold")
    if found["began"]:
        out.print(f"  began      {one_line(found['began'])}")
    if found["routes"]:
        out.print(f"  requests   {one_line(found['routes'])}")
    for place in found["places"]:
        out.print(f"  look at    {one_line(place['path'])}:{place['line']} {one_line(place['function'])}")
        out.print(f"             {one_line(place['why'])}", style="dim")
    for suspect in found["suspects"]:
        when = suspect["committed_at"][:16].replace("T", " ")
        out.print(
            f"  suspect    {suspect['sha'][:10]} {when} {one_line(suspect['author'])}: {one_line(suspect['subject'])}"
        )
        out.print(f"             {one_line(suspect['why'])}", style="dim")
    for other in found["similar"]:
        out.print(
            f"  like       incident {other['id']}: {one_line(other['title'])}, {one_line(other['outcome'])}"
        )
    for gap in found["gaps"]:
        out.print(f"  not seen   {one_line(gap)}")

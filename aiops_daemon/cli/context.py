"""`aiops-daemon context`: exactly what would be sent to Claude.

For an incident of the state, or for the most frequent one of log files that matches; these are read without touching the state.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiops_daemon import cli
from aiops_daemon.cli.output import configuration, console, print_json, state
from aiops_daemon.diagnosis import look
from aiops_daemon.diagnosis.budget import tokens_of
from aiops_daemon.diagnosis.inquiry import Inquiry, Subject
from aiops_daemon.diagnosis.log_rows import Row, read_rows
from aiops_daemon.diagnosis.log_view import view_of
from aiops_daemon.diagnosis.prompt import Prompt, prompt_for
from aiops_daemon.domain.evidence import Evidence
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.live import live_from
from aiops_daemon.redaction import Placeholders, Redaction
from aiops_daemon.settings import Loaded, Settings
from aiops_daemon.sources.formats import format_for
from aiops_daemon.triage.classify import classify

OUTPUT_TOKENS = 3000
"""Of an answer, thinking included: for the estimate of what it costs."""


def main(arguments: argparse.Namespace) -> int:
    """Gather, and print."""
    loaded = configuration(arguments)
    inquiry = inquiry_of(arguments, loaded)
    evidence = asyncio.run(inquiry.evidence())
    prompt = prompt_for(evidence, loaded.settings.language)
    if arguments.json:
        print_json(shape(evidence, prompt, loaded.settings))
        return cli.OK
    out = console()
    out.print(prompt.system, style="dim")
    for message in prompt.messages:
        for block in message["content"]:
            out.print(block["text"])
    return cli.OK


def inquiry_of(arguments: argparse.Namespace, loaded: Loaded) -> Inquiry:
    """What the arguments ask about: an incident of the state, or of log files.

    Raises:
        CommandError: neither or both are named, or there is no such thing.
    """
    if (arguments.id is None) is (not arguments.log):
        raise cli.CommandError(cli.USAGE, "name an incident, or log files with --log FILE...; one of the two")
    if arguments.id is not None and (arguments.code or arguments.contains):
        raise cli.CommandError(cli.USAGE, "--code and --contains choose among log files, with --log")
    if arguments.log:
        return of_logs(loaded, arguments.log, code=arguments.code, contains=arguments.contains)
    return of_incident(loaded, arguments.id)


def of_logs(loaded: Loaded, paths: list[Path], *, code: str | None, contains: str | None) -> Inquiry:
    """An inquiry into the most frequent incident of these files that matches.

    Raises:
        CommandError: a file can't be read, or there is no such incident.
    """
    live = live_from(loaded)
    try:
        rows = list(
            read_rows(
                ((path, 0, None) for path in paths),
                format_for(loaded.settings.logs.format),
                lambda event: classify(event, live.catalogue),
            )
        )
    except OSError as error:
        raise cli.CommandError(cli.NO_INPUT, f"{error.filename}: can't be read: {error.strerror}") from error
    chosen = most_frequent(rows, code=code, contains=contains)
    if chosen is None:
        wanted = " ".join(filter(None, (code, repr(contains) if contains else "")))
        raise cli.CommandError(
            cli.NO, f"there is no incident{' with ' if wanted else ''}{wanted} in these files"
        )
    view = view_of(rows, lambda sighting: _key(sighting) == _key(chosen))
    redact = Redaction(live.terms.redactor, Placeholders.fresh())
    subject = Subject(
        title=redact.text(chosen.title),
        code=chosen.code,
        severity=chosen.severity.value,
        count=len(view.rows),
        place=chosen.place,
    )
    return Inquiry(subject=subject, rows=rows, view=view, settings=loaded.settings, redact=redact)


def of_incident(loaded: Loaded, incident_id: int) -> Inquiry:
    """An inquiry into an incident of the state.

    Raises:
        CommandError: there is no such incident.
    """
    with state(loaded.settings) as connection:
        known = look.read(connection, incident_id, datetime.now(UTC))
    if known is None:
        missing = f"there is no incident {incident_id}; `aiops-daemon incidents --all` lists them"
        raise cli.CommandError(cli.NO, missing)
    return look.inquiry_into(known, live_from(loaded))


def most_frequent(rows: list[Row], *, code: str | None, contains: str | None) -> Sighting | None:
    """The newest sighting of the incident that has the most events among those that match."""
    counts: Counter[str] = Counter()
    newest: dict[str, Sighting] = {}
    for row in rows:
        sighting = row.sighting
        if sighting is None or (code and sighting.code != code):
            continue
        if contains and contains not in row.event.text:
            continue
        rank = (
            1 if sighting.code or row.event.panic else 0.25
        )  # what a coded record of the same request says counts for more
        counts[_key(sighting)] += rank  # type: ignore[assignment]
        newest[_key(sighting)] = sighting
    return newest[counts.most_common(1)[0][0]] if counts else None


def _key(sighting: Sighting) -> str:
    return f"panic {sighting.place}" if sighting.place else sighting.fingerprint.value


def shape(evidence: Evidence, prompt: Prompt, settings: Settings) -> dict[str, Any]:
    """The shape that programs rely on."""
    tokens = tokens_of(prompt.system) + sum(
        tokens_of(block["text"]) for each in prompt.messages for block in each["content"]
    )
    price = settings.claude.prices[settings.claude.model]
    return {
        "system": prompt.system,
        "messages": prompt.messages,
        "sources": [
            {"path": piece.path, "start_line": piece.start_line, "end_line": piece.end_line, "why": piece.why}
            for piece in evidence.pieces
            if piece.path is not None
        ],
        "commits": [
            {"sha": piece.sha, "why": piece.why} for piece in evidence.pieces if piece.sha is not None
        ],
        "tokens": tokens,
        "estimated_usd": round((tokens * price.input + OUTPUT_TOKENS * price.output) / 1e6, 4),
    }

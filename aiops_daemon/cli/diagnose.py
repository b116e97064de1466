"""`aiops-daemon diagnose`: one diagnosis now, for an incident of the state or of log files.

It is paid out of the same ledger as the daemon's, whether that runs or not. Of an incident of the state it is kept, and the daemon edits the
message.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from aiops_daemon import cli
from aiops_daemon.cli.context import inquiry_of
from aiops_daemon.cli.diagnosis_shape import diagnosis_shape, print_diagnosis
from aiops_daemon.cli.output import complain, configuration, print_json, silence_logs
from aiops_daemon.cli.show import print_evidence
from aiops_daemon.clients.claude import Claude
from aiops_daemon.clients.claude_failures import NoAnswer
from aiops_daemon.clock import wall_clock
from aiops_daemon.diagnosis import look
from aiops_daemon.diagnosis.diagnose import Diagnostician
from aiops_daemon.diagnosis.diagnosing import keep, rests_on
from aiops_daemon.diagnosis.inquiry import Inquiry
from aiops_daemon.diagnosis.paying import Payer
from aiops_daemon.domain.diagnosis import Diagnosis, Source
from aiops_daemon.domain.evidence import Evidence
from aiops_daemon.live import limits_of
from aiops_daemon.recovery import is_lost
from aiops_daemon.settings import Loaded
from aiops_daemon.store.database import FILE_NAME, Database, StateError
from aiops_daemon.store.purse import Purpose

NO_KEY = "there is no key for Claude: put it into /etc/aiops-daemon/credentials/anthropic_api_key, or into ANTHROPIC_API_KEY"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking.

    Attributes:
        is_unreachable: whether there is no diagnosis because Claude can't be had.
    """

    evidence: Evidence
    diagnosis: Diagnosis
    is_unreachable: bool = False


def main(arguments: argparse.Namespace) -> int:
    """Ask, print, and keep."""
    loaded = configuration(arguments)
    silence_logs()
    inquiry = inquiry_of(arguments, loaded)
    with _working(f"asking {loaded.settings.claude.model}"):
        answered = asyncio.run(_diagnosed(inquiry, loaded, arguments.id))
    said = diagnosis_shape(answered.diagnosis)
    is_there = answered.diagnosis.source is not Source.EVIDENCE_ONLY
    if arguments.json:
        print_json(said)
    else:
        print_diagnosis(said)
        if not is_there:
            print_evidence(asdict(answered.evidence.report))
    return cli.OK if is_there else cli.UNAVAILABLE if answered.is_unreachable else cli.NO


async def _diagnosed(inquiry: Inquiry, loaded: Loaded, incident_id: int | None) -> Answered:
    evidence = await inquiry.evidence()
    database = await open_ledger(loaded)
    try:
        now = datetime.now(UTC)
        key = f"diagnose:{incident_id or 'log'}:now:{os.getpid()}:{now.timestamp():.6f}"
        answered = await ask(inquiry, evidence, loaded, database, key, incident_id)
        if incident_id is not None and answered.diagnosis.source is not Source.EVIDENCE_ONLY:
            await _keep(database, incident_id, inquiry, answered.diagnosis)
        return answered
    finally:
        await database.close()


async def _keep(database: Database, incident_id: int, inquiry: Inquiry, diagnosis: Diagnosis) -> None:
    now = datetime.now(UTC)
    blobs = inquiry.blobs(rests_on(diagnosis, inquiry.shown))
    names = inquiry.redact.names
    try:
        known = await database.read(lambda connection: look.read(connection, incident_id, now))
        if known is not None:
            await database.write(lambda tx: keep(tx, known, names, diagnosis, blobs, now))
    except sqlite3.OperationalError as error:
        complain(f"the diagnosis is not kept: the state can't be written: {error}")


async def open_ledger(loaded: Loaded) -> Database:
    """The state, made where there is none: money is booked whoever spends it.

    Raises:
        CommandError: it can't be written.
    """
    directory = loaded.settings.state.directory
    if lost := is_lost(directory / FILE_NAME):
        why = f"{lost}; start the daemon, which takes the newest backup, or `aiops-daemon restore`"
        raise cli.CommandError(cli.NO, why)
    database = Database(directory / FILE_NAME)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        await database.open()
    except OSError as error:
        why = f"state.directory: {directory}: can't be written: {error.strerror}; what Claude costs is booked there"
        raise cli.CommandError(cli.CONFIG, why) from error
    except StateError as error:
        raise cli.CommandError(cli.NO, str(error)) from error
    return database


async def ask(
    inquiry: Inquiry,
    evidence: Evidence,
    loaded: Loaded,
    database: Database,
    key: str,
    incident_id: int | None = None,
    *,
    is_counted: bool = True,
) -> Answered:
    """One diagnosis, within the budgets: one of the hour's if `is_counted`; its money is booked either way."""
    settings = loaded.settings
    purpose = Purpose(
        key=key, incident_id=incident_id, is_new=True, most_usd=settings.claude.max_usd_per_diagnosis
    )
    payer = Payer(database, purpose, lambda: limits_of(settings), wall_clock)
    secret = settings.secrets.anthropic_api_key
    claude = Claude(secret.get_secret_value() if secret else "", settings.claude.base_url)
    asking = Diagnostician(claude, payer, settings, inquiry.redact)
    try:
        if secret is None:
            return Answered(evidence, await asking.without(NO_KEY))
        if is_counted and (refused := await payer.begin()):
            when = f"; the next one may be made at {refused.until:%H:%M:%S} UTC" if refused.until else ""
            return Answered(evidence, await asking.without(f"{refused.reason}{when}"))
        return Answered(evidence, await asking.diagnose(inquiry, evidence))
    except NoAnswer as failure:
        return Answered(evidence, await asking.without(str(failure)), is_unreachable=True)
    except sqlite3.OperationalError as error:
        why = f"state.directory: {loaded.settings.state.directory}: the ledger can't be written: {error}; nothing was asked"
        raise cli.CommandError(cli.NO, why) from error
    finally:
        await claude.close()


def _working(what: str) -> AbstractContextManager[Any]:
    """A sign of life on a terminal: an answer takes up to some minutes."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(f"{what} ...")

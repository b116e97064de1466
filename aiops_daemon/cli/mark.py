"""`aiops-daemon mark ID right|wrong`: what people think of the newest diagnosis of an incident. A wrong one is not recalled."""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
from datetime import UTC, datetime

from aiops_daemon import cli
from aiops_daemon.cli.diagnose import open_ledger
from aiops_daemon.cli.output import configuration, console, print_json, state
from aiops_daemon.domain.flow import Note
from aiops_daemon.settings import Loaded
from aiops_daemon.store import diagnoses, incidents


def main(arguments: argparse.Namespace) -> int:
    """Write it down, whether the daemon runs or not."""
    loaded = configuration(arguments)
    with state(loaded.settings) as connection:
        if incidents.by_id(connection, arguments.id) is None:
            missing = f"there is no incident {arguments.id}; `aiops-daemon incidents --all` lists them"
            raise cli.CommandError(cli.NO, missing)
        kept = diagnoses.newest(connection, arguments.id)
        if kept is None or not kept.diagnosis.root_cause:
            raise cli.CommandError(
                cli.NO, f"incident {arguments.id} has no diagnosis that could be {arguments.verdict}"
            )
    asyncio.run(_mark(loaded, arguments.id, arguments.verdict))
    if arguments.json:
        print_json({"id": arguments.id, "verdict": arguments.verdict})
    else:
        console().print(f"incident {arguments.id}: its diagnosis is marked {arguments.verdict}")
    return cli.OK


async def _mark(loaded: Loaded, incident_id: int, verdict: str) -> None:
    database = await open_ledger(loaded)
    note = Note(what=f"marked {verdict}", why="by the mark command")

    def mark(tx: sqlite3.Connection) -> None:
        diagnoses.mark(tx, incident_id, verdict)
        incidents.add_notes(tx, incident_id, (note,), datetime.now(UTC))

    try:
        await database.write(mark)
    except sqlite3.OperationalError as error:
        raise cli.CommandError(cli.NO, f"the state can't be written: {error}") from error
    finally:
        await database.close()

"""Opens the state, and where it is damaged, takes the newest sound backup in its place.

Told to people, never silent: what happened since the backup is not known. So log files are read on from where they were then
(an event counted since is counted once more in the restored state, where it is not), messages that were still to be sent
may have been sent and are marked, and the budgets of the present windows count as used up.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

import structlog

from aiops_daemon.clock import Clock
from aiops_daemon.domain import notice
from aiops_daemon.settings import Settings
from aiops_daemon.store import backup, jobs, ledger
from aiops_daemon.store.backup import Backup, BackupError
from aiops_daemon.store.database import Database, StateDamagedError

log = structlog.get_logger()


async def open_state(database: Database, settings: Settings, clock: Clock) -> None:
    """Open the state, whatever it takes.

    Raises:
        StateError: it can't be opened for another reason than damage, or not even an empty one can be made.
    """
    try:
        await database.open()
    except StateDamagedError as damage:
        now = clock()
        aside, restored = _replaced(database.path, now)
        await database.open()
        why = f"{damage}; set aside as {aside.name if aside else 'nothing'}; " + (
            f"restored from the backup of {restored.made_at:%Y-%m-%d %H:%M:%S} UTC"
            if restored
            else "there is no sound backup, so the state is empty"
        )
        notices = notice.after_recovery(why, now=now, is_restored=restored is not None)

        def note(tx: sqlite3.Connection) -> None:
            account_for_gap(tx, settings, now)
            jobs.emit(tx, notices, now)

        await database.write(note)
        log.critical("state.restored", why=why)


def _replaced(state: Path, now: datetime) -> tuple[Path | None, Backup | None]:
    aside = backup.set_aside(state, now)
    for candidate in backup.kept(state):
        try:
            backup.put_back(candidate.path, state, now)
        except BackupError as error:
            log.error("backup.failed", why=str(error))  # noqa: TRY400 - the next older one is tried
        else:
            return aside, candidate
    return aside, None


def account_for_gap(tx: sqlite3.Connection, settings: Settings, now: datetime) -> None:
    """What happened since a backup is not known: it counts as done, or as spent, whichever does less harm."""
    jobs.doubt(tx)
    ledger.write_off(tx, limits_of(settings), now)


def limits_of(settings: Settings) -> ledger.Limits:
    """The budgets of the configuration."""
    return ledger.Limits(
        diagnoses_per_hour=settings.claude.max_diagnoses_per_hour,
        pull_requests_per_day=settings.fix.max_pull_requests_per_day,
        usd_per_day=settings.claude.daily_budget_usd,
        usd_per_month=settings.claude.monthly_budget_usd,
    )

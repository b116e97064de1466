"""Opens the state, and where it is damaged or gone, takes the newest sound backup in its place.

Told to people, never silent: what happened since the backup is not known. So log files are read on from where they were then
(an event counted since is counted once more in the restored state, where it is not), messages that were still to be sent
may have been sent and are marked, and the budgets of the present windows count as used up. All of that is written into the new
state before it gets its name: whoever dies on the way does it again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import structlog

from aiops_daemon.clock import Clock
from aiops_daemon.domain import notice
from aiops_daemon.live import limits_of
from aiops_daemon.settings import Settings
from aiops_daemon.state_trouble import StateTrouble
from aiops_daemon.store import backup, jobs, ledger, runs
from aiops_daemon.store.backup import BackupError
from aiops_daemon.store.database import Database, StateBusyError, StateDamagedError, connect

log = structlog.get_logger()

_SMALLEST_STATE_BYTES = 512
"""SQLite takes a shorter file for one that is yet to be filled."""


async def open_state(database: Database, settings: Settings, trouble: StateTrouble, clock: Clock) -> None:
    """Open the state, whatever it takes; wait while it can't be written.

    Raises:
        StateError: it was written by a newer version.
    """
    while True:
        try:
            if (damage := is_lost(database.path)) is None:
                await database.open()
                return
        except StateDamagedError as error:
            damage = str(error)
        except StateBusyError as error:
            await trouble.wait(error)
            continue
        try:
            why = recover(database.path, settings, damage, clock())
        except (BackupError, sqlite3.Error, OSError) as error:
            await trouble.wait(error)
            continue
        log.critical("state.restored", why=why)


def is_lost(state: Path) -> str | None:
    """Whether there was a state and is none: a start with an empty one must not go unsaid."""
    if not backup.has_past(state):
        return None
    if not state.exists():
        return f"{state} is missing"
    return f"{state} is empty" if state.stat().st_size < _SMALLEST_STATE_BYTES else None


def recover(state: Path, settings: Settings, damage: str, now: datetime) -> str:
    """Put the newest sound backup in the place of the state, or an empty one; returns what was done, for people.

    Raises:
        BackupError, OSError: there is no room.
    """
    for candidate in backup.kept(state, now):
        why = f"{damage}; restored from the backup of {candidate.made_at:%Y-%m-%d %H:%M:%S} UTC"
        if (problem := backup.problem_of(candidate.path)) is not None:
            log.error("backup.failed", why=f"{candidate.path} can't be used: {problem}")
            continue
        backup.put_back(candidate.path, state, now, _accounting(settings, why, now, is_restored=True))
        return why
    why = f"{damage}; there is no sound backup, so the state is empty"
    backup.set_aside(state, now)
    _accounting(settings, why, now, is_restored=False)(state)
    return why


def restored_by_hand(settings: Settings, now: datetime) -> Callable[[Path], None]:
    """What a backup that somebody chose needs before it is the state: nobody has to be told."""

    def account(tx: sqlite3.Connection) -> None:
        account_for_gap(tx, settings, now)
        runs.note_end(tx, now)  # the copy was made of a running daemon, which did not crash

    return lambda path: _change(path, account)


def _accounting(settings: Settings, why: str, now: datetime, *, is_restored: bool) -> Callable[[Path], None]:
    def account(tx: sqlite3.Connection) -> None:
        account_for_gap(tx, settings, now, is_month_known=is_restored)
        jobs.emit(tx, notice.after_recovery(why, now=now, is_restored=is_restored), now)

    return lambda path: _change(path, account)


def _change(path: Path, account: Callable[[sqlite3.Connection], None]) -> None:
    """Change a state that nobody has open, in one transaction; all of it ends in the one file that gets the name."""
    with closing(connect(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        account(connection)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = DELETE")


def account_for_gap(
    tx: sqlite3.Connection, settings: Settings, now: datetime, *, is_month_known: bool = True
) -> None:
    """What happened since a backup is not known: it counts as done, or as spent, whichever does less harm."""
    jobs.doubt(tx)
    ledger.write_off(tx, limits_of(settings), now, is_month_known=is_month_known)

"""`aiops-daemon backup` and `aiops-daemon restore`: copies of the state, made and put back by hand."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiops_daemon import cli
from aiops_daemon.cli.output import configuration, console, print_json
from aiops_daemon.lifecycle import StateDirectoryError, StateHeldError, StateLock
from aiops_daemon.recovery import restored_by_hand
from aiops_daemon.settings import Settings
from aiops_daemon.store import backup
from aiops_daemon.store.backup import Backup, BackupError
from aiops_daemon.store.database import FILE_NAME, StateError, is_there


def main(arguments: argparse.Namespace) -> int:
    """Copy the state now, while the daemon runs or not; or list the copies."""
    settings = configuration(arguments).settings
    state = _state(settings)
    if arguments.list:
        return _list(state, arguments)
    if not state.exists():
        missing = f"there is no state in {state.parent} yet; `aiops-daemon run` makes it"
        raise cli.CommandError(cli.NO, missing)
    try:
        made = backup.take(state, datetime.now(UTC))
        backup.forget_old(state, datetime.now(UTC))
    except BackupError as error:
        raise cli.CommandError(cli.NO, str(error)) from error
    if arguments.json:
        print_json(_shape(made))
    else:
        console().print(f"{made.path}: made, {made.path.stat().st_size} bytes")
    return cli.OK


def restore(arguments: argparse.Namespace) -> int:
    """Make a copy the state. The present state is set aside, not deleted."""
    settings = configuration(arguments).settings
    state, now = _state(settings), datetime.now(UTC)
    chosen = arguments.file or next((found.path for found in backup.kept(state, datetime.now(UTC))), None)
    if chosen is None:
        raise cli.CommandError(cli.NO, f"there is no backup in {state.parent / backup.DIRECTORY}")
    if not chosen.is_file():
        raise cli.CommandError(
            cli.NO_INPUT, f"{chosen}: there is no such file; `backup --list` shows the backups"
        )
    try:
        with StateLock(state.parent, now):
            aside = backup.put_back(chosen, state, now, restored_by_hand(settings, now))
    except StateHeldError as error:
        raise cli.CommandError(cli.HELD, str(error)) from error
    except StateDirectoryError as error:
        raise cli.CommandError(cli.CONFIG, str(error)) from error
    except (BackupError, StateError) as error:
        raise cli.CommandError(cli.NO, str(error)) from error
    if arguments.json:
        print_json({"restored": str(chosen), "set_aside": str(aside) if aside else None})
        return cli.OK
    out = console()
    out.print(f"{state}: restored from {chosen}")
    if aside:
        out.print(f"the state that was there is now {aside}")
    out.print("log files are read on from where they were then: what was logged since may be told again")
    out.print("what was spent since is not known: the budgets of the present hour and day count as used up")
    return cli.OK


def _state(settings: Settings) -> Path:
    path = settings.state.directory / FILE_NAME
    try:
        is_there(path)
    except StateError as error:
        raise cli.CommandError(cli.NO, str(error)) from error
    return path


def _list(state: Path, arguments: argparse.Namespace) -> int:
    found = backup.kept(state, datetime.now(UTC))
    if arguments.json:
        print_json([_shape(each) for each in found])
        return cli.OK
    out = console()
    for each in found:
        out.print(f"{each.made_at:%Y-%m-%d %H:%M:%S} UTC  {each.path.stat().st_size:>10} bytes  {each.path}")
    if not found:
        out.print(
            f"there is no backup in {state.parent / backup.DIRECTORY} yet; the daemon makes one every hour"
        )
    return cli.OK


def _shape(found: Backup) -> dict[str, Any]:
    return {"path": str(found.path), "made_at": found.made_at.isoformat(), "bytes": found.path.stat().st_size}

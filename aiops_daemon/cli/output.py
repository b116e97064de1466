"""What commands share: reading the configuration and the state, and printing for people or for programs."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aiops_daemon import cli
from aiops_daemon.cli import CommandError
from aiops_daemon.settings import ConfigurationError, Loaded, Settings, load
from aiops_daemon.store.database import FILE_NAME, StateError, connect_to_read

if TYPE_CHECKING:
    from rich.console import Console


def complain(line: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"aiops-daemon: {line}\n")


def configuration(arguments: argparse.Namespace) -> Loaded:
    """The configuration.

    Raises:
        CommandError: it is invalid; says every error in it.
    """
    try:
        return load(arguments.config)
    except ConfigurationError as error:
        raise CommandError(cli.CONFIG, *map(str, error.problems)) from None


@contextmanager
def state(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The state, to be read.

    Raises:
        CommandError: there is none, or it can't be read.
    """
    path = settings.state.directory / FILE_NAME
    try:
        connection = connect_to_read(path)
    except StateError as error:
        raise CommandError(cli.NO, str(error)) from error
    if connection is None:
        raise CommandError(
            cli.NO, f"there is no state in {settings.state.directory} yet; `aiops-daemon run` makes it"
        )
    try:
        yield connection
    finally:
        connection.close()


def print_json(value: Any) -> None:
    """One JSON value on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
    sys.stdout.write("\n")


def iso(at: datetime | None) -> str | None:
    """A time for programs."""
    return None if at is None else at.isoformat()


def console() -> Console:
    """Where tables for people go: coloured on a terminal only, and no markup in any text."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def silence_logs() -> None:
    """What the daemon would write to its journal is no result: a command says what came of it."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

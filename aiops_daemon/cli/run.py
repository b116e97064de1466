"""`aiops-daemon run`."""

from __future__ import annotations

import argparse
import asyncio

import structlog

from aiops_daemon import cli
from aiops_daemon.cli.output import configuration

log = structlog.get_logger()


def main(arguments: argparse.Namespace) -> int:
    """Run the daemon until a signal asks for the end."""
    loaded = configuration(arguments)
    from aiops_daemon.daemon import run
    from aiops_daemon.lifecycle import StateDirectoryError, StateHeldError
    from aiops_daemon.store.database import StateError

    try:
        asyncio.run(run(loaded, arguments.config))
    except StateHeldError as error:
        raise cli.CommandError(cli.HELD, str(error)) from error
    except StateDirectoryError as error:
        raise cli.CommandError(cli.CONFIG, str(error)) from error
    except (StateError, RuntimeError) as error:
        raise cli.CommandError(cli.NO, str(error)) from error
    except Exception as bug:
        log.critical("daemon.failed", part="run", exc_info=True)
        raise cli.CommandError(cli.NO, f"ended by {type(bug).__name__}; the journal says more") from None
    return cli.OK

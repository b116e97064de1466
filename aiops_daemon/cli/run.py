"""`aiops-daemon run`."""

from __future__ import annotations

import argparse
import asyncio

from aiops_daemon import cli
from aiops_daemon.cli.output import complain, settings_or_complain


def main(arguments: argparse.Namespace) -> int:
    """Run the daemon until a signal asks for the end."""
    loaded = settings_or_complain(arguments)
    if loaded is None:
        return cli.CONFIG
    from aiops_daemon.daemon import run
    from aiops_daemon.lifecycle import StateDirectoryError, StateHeldError
    from aiops_daemon.store.database import StateError

    try:
        asyncio.run(run(loaded, arguments.config))
    except StateHeldError as error:
        complain(str(error))
        return cli.HELD
    except StateDirectoryError as error:
        complain(str(error))
        return cli.CONFIG
    except (StateError, RuntimeError) as error:
        complain(str(error))
        return cli.NO
    return cli.OK

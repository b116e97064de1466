"""Every check, in the order in which to mend what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial

from aiops_daemon.doctor import files, programs, remotes
from aiops_daemon.doctor.account import Account
from aiops_daemon.doctor.check import Check
from aiops_daemon.settings import Loaded, Settings


def examine(loaded: Loaded, account: Account) -> Iterator[Check]:
    """Try everything, and give each check away as it is done, since some take seconds.

    Args:
        loaded: the configuration.
        account: whom the daemon runs as; paths and programs are tried as this user.
    """
    settings = loaded.settings
    yield from files.configuration(loaded)
    yield account.check()
    if account.is_stranger:
        return
    yield from account.do(partial(files.readable, loaded))
    for kind in (files.logs, files.state, programs.all_of):
        yield from account.do(partial(kind, settings))
    yield from asyncio.run(_remotes(settings))


async def _remotes(settings: Settings) -> list[Check]:
    answers = await asyncio.gather(
        remotes.discord(settings), remotes.claude(settings), remotes.github(settings)
    )
    return [check for checks in answers for check in checks]

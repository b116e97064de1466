"""What happens while the state can't be written: a full disk, a read-only file system, a foreign lock.

People are told at once and past the state, since a job can't be stored either; the daemon waits, reads nothing more, and
goes on without a restart when it can.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import structlog

from aiops_daemon.actions.alert import Outlet, notice
from aiops_daemon.actions.texts import words
from aiops_daemon.domain.errors import JobError
from aiops_daemon.domain.playbook import Severity

log = structlog.get_logger()

RETRY_SECONDS = 1.0


class StateTrouble:
    """Says once that the state can't be written, and once that it can again.

    Attributes:
        errors: what the state raises when it can't be written.
    """

    errors = (sqlite3.OperationalError, OSError)

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._is_told = False

    async def wait(self, error: Exception) -> None:
        """Tell people, the first time, and wait before the next try."""
        if not self._is_told:
            self._is_told = True
            log.critical("state.failed", why=str(error))
            await self._say("notice_state", str(error), Severity.CRITICAL)
        await asyncio.sleep(RETRY_SECONDS)

    async def through(self, write: Callable[[], Awaitable[None]], *, most: int | None = None) -> None:
        """Write, however long it can't be done, or at most so many times."""
        tries = 0
        while True:
            try:
                await write()
            except self.errors as error:
                tries += 1
                if most is not None and tries >= most:
                    log.error("state.failed", why=str(error))  # noqa: TRY400 - the reason says it all
                    return
                await self.wait(error)
            else:
                await self.over()
                return

    async def over(self) -> None:
        """Tell people, if they were told of trouble."""
        if self._is_told:
            self._is_told = False
            log.warning("state.recovered")
            await self._say("notice_state_back", "", Severity.INFO)

    async def _say(self, key: str, what: str, severity: Severity) -> None:
        text = words(self._outlet.settings.language)
        advice = text["state_advice"] if what else ""
        try:
            await self._outlet.sink.post(notice(self._outlet.settings, text[key], what, advice, severity))
        except JobError as failure:
            # The journal has it already; there is no third place to tell, and no state to keep a job in.
            log.error("job.failed", job=key, why=str(failure))  # noqa: TRY400 - the reason says it all

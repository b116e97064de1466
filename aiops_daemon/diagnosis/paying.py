"""Who pays for the questions of one diagnosis: every one is reserved before it is asked, and settled by what it took."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

import structlog

from aiops_daemon.clock import Clock
from aiops_daemon.domain.job import NewJob
from aiops_daemon.domain.notice import after_exhausting, after_spending
from aiops_daemon.domain.usage import Usage
from aiops_daemon.store import jobs, ledger, purse
from aiops_daemon.store.database import Database
from aiops_daemon.store.ledger import Limits
from aiops_daemon.store.purse import Purpose, Refused

log = structlog.get_logger()

_WAITS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""An answer that was paid for must not be lost over a state that is busy for a moment."""


class OutOfMoneyError(Exception):
    """A limit says no: which one, in one line for people."""


class Payer:
    """Pays out of the state's ledger.

    Args:
        database: where the ledger is.
        purpose: what is paid for.
        limits: the budgets now; a reload may change them.
        clock: the time.
    """

    def __init__(
        self, database: Database, purpose: Purpose, limits: Callable[[], Limits], clock: Clock
    ) -> None:
        self._database = database
        self._purpose = purpose
        self._limits = limits
        self._clock = clock

    async def begin(self) -> Refused | None:
        """Count the diagnosis, once, or say why there is none now."""

        def begin(tx: sqlite3.Connection) -> Refused | None:
            refused = purse.begin(tx, self._purpose, self._limits(), self._clock())
            self._tell(tx, refused)
            return refused

        return await self._database.write(begin)

    async def reserve(self, question: str, usd: float) -> int:
        """Reserve what a question may cost.

        Raises:
            OutOfMoneyError: it may not be asked.
        """

        def reserve(tx: sqlite3.Connection) -> int | Refused:
            entry = purse.reserve(tx, self._purpose, question, usd, self._limits(), self._clock())
            self._tell(tx, entry if isinstance(entry, Refused) else None)
            return entry

        entry = await self._database.write(reserve)
        if isinstance(entry, Refused):
            raise OutOfMoneyError(entry.reason)
        return entry

    async def settle(self, entry: int, usd: float, usage: Usage | None = None) -> None:
        """Write down what a question cost, and have people told where a budget runs low."""

        def settle(tx: sqlite3.Connection) -> None:
            ledger.settle(tx, entry, usd=usd, usage=usage)
            jobs.emit(tx, self._notices(tx), self._clock())

        why = ""
        for wait in _WAITS:
            await asyncio.sleep(wait)
            try:
                await self._database.write(settle)
            except sqlite3.OperationalError as error:
                why = str(error)
            else:
                return
        log.warning("ledger.failed", why=why)  # what was reserved stays booked

    async def left_usd(self) -> float:
        """What further questions may cost."""
        return await self._database.read(
            lambda connection: purse.left_usd(connection, self._purpose, self._limits(), self._clock())
        )

    async def spent_usd(self) -> float:
        """What all questions of this diagnosis cost so far."""
        return await self._database.read(lambda connection: purse.spent_on(connection, self._purpose) or 0.0)

    def _tell(self, tx: sqlite3.Connection, refused: Refused | None) -> None:
        """A budget is used up once there is not enough left for a question."""
        if refused is not None and refused.budget:
            now = self._clock()
            period = f"{now:%Y-%m}" if refused.budget == "month" else f"{now:%Y-%m-%d}"
            jobs.emit(tx, after_exhausting(refused.budget, period, refused.reason, now=now), now)

    def _notices(self, tx: sqlite3.Connection) -> tuple[NewJob, ...]:
        limits, now = self._limits(), self._clock()
        month, day = (ledger.spent_usd(tx, since) for since in (ledger.month_of(now), now - ledger.DAY))
        return (
            *after_spending(month, limits.usd_per_month, "month", f"{now:%Y-%m}", now=now),
            *after_spending(day, limits.usd_per_day, "day", f"{now:%Y-%m-%d}", now=now),
        )

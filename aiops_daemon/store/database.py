"""The SQLite file: opened, migrated, and written by one thread in short transactions.

SQLite blocks while it waits for the disk, so every transaction runs in a thread of its own and the event loop never
does. One thread also makes the order of transactions the order of the calls. WAL with synchronous=FULL: a commit that
returned survives a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TypeVar

from aiops_daemon.failpoint import failpoint
from aiops_daemon.store import backup

T = TypeVar("T")

FILE_NAME = "state.db"
BUSY_TIMEOUT_SECONDS = 5.0
_UNREADABLE = "unsupported file format"
_MOST_VERSIONS = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class StateError(Exception):
    """The state can't be used; says what an operator can do."""


class StateDamagedError(StateError):
    """What is in the file is no sound database (any more)."""


class StateBusyError(StateError):
    """It can't be opened now: the disk is full or read-only, or somebody else holds it."""


def to_us(at: datetime) -> int:
    """Microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The aware UTC time of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)


def from_us_or_none(us: int | None) -> datetime | None:
    """As `from_us`, None for NULL."""
    return None if us is None else from_us(us)


class Database:
    """The state of one daemon."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open and migrate.

        Raises:
            StateDamagedError: the file is damaged.
            StateError: the file is too new, or can't be opened.
        """
        self._connection = await self._in_thread(lambda: connect(self.path))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction; all of it is durable when this returns, or none of it happened.

        A caller that is cancelled stops waiting; the transaction itself always runs to its end.

        Raises:
            sqlite3.OperationalError: the disk is full, read-only, or another process holds the file too long.
        """
        return await self._in_thread(lambda: self._transaction(work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, which only reads."""
        return await self._in_thread(lambda: work(self._open_connection()))

    async def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""

        def close() -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

        await self._in_thread(close)
        self._thread.shutdown(wait=True)

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StateError("the state is not open")
        return self._connection

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._open_connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            failpoint("before_commit")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def connect(path: Path) -> sqlite3.Connection:
    """A migrated connection that writes.

    Raises:
        StateDamagedError: the file is damaged.
        StateError: it was made by a newer version, or can't be opened.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.OperationalError as error:
        raise StateBusyError(f"{path} can't be opened: {error}") from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)  # noqa: TRY301 - one place closes and names the file
        _migrate(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        kind = StateDamagedError if _UNREADABLE in str(error) else StateBusyError
        raise kind(f"{path} can't be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StateDamagedError(f"{path} is damaged: {error}") from error
    except backup.BackupError as error:
        connection.close()
        raise StateBusyError(f"{path} must be backed up before it is brought up to date: {error}") from error
    except StateError:
        connection.close()
        raise
    return connection


def is_there(path: Path) -> bool:
    """Whether there is a state.

    Raises:
        StateError: this user may not even look.
    """
    try:
        return path.exists()
    except PermissionError as error:
        raise StateError(f"{path.parent} can't be read: permission denied; try it as root") from error


def connect_to_read(path: Path) -> sqlite3.Connection | None:
    """A connection that can't write, or None where there is no state yet.

    Raises:
        StateError: the file can't be opened.
    """
    if not is_there(path):
        return None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_SECONDS
        )
        connection.row_factory = sqlite3.Row
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path} can't be read: {error}") from error
    if version == 0:
        connection.close()
        return None
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    scripts = sorted(
        (
            entry
            for entry in resources.files("aiops_daemon.store").joinpath("migrations").iterdir()
            if entry.name.endswith(".sql")
        ),
        key=lambda entry: entry.name,
    )
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _MOST_VERSIONS:
        raise sqlite3.DatabaseError(f"its version is {version}")
    if version > len(scripts):
        raise StateError(
            f"{path} was written by a newer version of aiops-daemon; install that one, or move it away"
        )
    if 0 < version < len(scripts):
        backup.take(path, datetime.now(UTC))  # a newer version may have to be taken back
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.executescript(
            f"BEGIN;\n{script.read_text('utf-8')}\nPRAGMA user_version = {number};\nCOMMIT;"
        )

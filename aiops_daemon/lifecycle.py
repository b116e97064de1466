"""The process among others: the one-process lock, signals, and what systemd is told."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

LOCK_NAME = "lock"
_LOCK_TRIES = 5
_LOCK_PAUSE_SECONDS = 0.05
_EXTENSION_SECONDS = 30.0
_MOST_EXTENSIONS = 60
"""Ten minutes: checking a large state may take long, but what takes longer hangs."""


class StateHeldError(Exception):
    """Another process holds the state directory."""


class StateDirectoryError(Exception):
    """The state directory can't be made or written."""


class StateLock:
    """One `run` at a time on a state directory. The kernel lets go of the lock when the process dies, however it dies."""

    def __init__(self, directory: Path, now: datetime) -> None:
        self._directory = directory
        self._now = now
        self._fd = -1

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            StateHeldError: another process has it; names it.
            StateDirectoryError: the directory can't be used.
        """
        path = self._directory / LOCK_NAME
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.geteuid() == 0:  # a command of root's must not lock the service out
                owner = self._directory.stat()
                os.fchown(self._fd, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise StateDirectoryError(
                f"state.directory: {self._directory} can't be written: {error.strerror}; "
                "allowed: a directory that this user may write"
            ) from error
        if not self._locked():
            holder = holder_of(self._directory)
            os.close(self._fd)
            who = _named(holder) if holder else "another process"
            raise StateHeldError(
                f"{self._directory} is held by {who}; stop that one first, or give this one its own state.directory"
            )
        since = self._now.isoformat(timespec="seconds")
        holder = {"pid": str(os.getpid()), "since": since, "unit": _own_unit()}
        with contextlib.suppress(OSError):  # on a full disk nobody is named, and the lock holds all the same
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, json.dumps(holder).encode(), 0)
        return self

    def _locked(self) -> bool:
        """Take the lock; `is_running` of another process may hold it for an instant, so more than one try."""
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LOCK_PAUSE_SECONDS)
            else:
                return True
        return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
        os.close(self._fd)


def holder_of(directory: Path) -> dict[str, str] | None:
    """Which process wrote itself into the lock, if one did."""
    try:
        holder = json.loads((directory / LOCK_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return holder if isinstance(holder, dict) and {"pid", "since"} <= holder.keys() else None


def _named(holder: Mapping[str, str]) -> str:
    unit = f"{holder['unit']}, " if holder.get("unit") else ""
    return f"{unit}process {holder['pid']} since {holder['since']}"


def _own_unit() -> str:
    """The systemd service that this process belongs to, or nothing."""
    try:
        groups = Path("/proc/self/cgroup").read_text("utf-8")
    except OSError:
        return ""
    names = [line.rpartition("/")[2] for line in groups.splitlines()]
    return next((name for name in names if name.endswith(".service")), "")


def is_running(directory: Path) -> bool:
    """Whether a process holds the state directory."""
    try:
        fd = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def on_signals(stop: Callable[[], None], reload: Callable[[], None]) -> None:
    """SIGTERM and SIGINT stop, SIGHUP reloads. To be called inside of the running loop."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGHUP, reload)


class Systemd:
    """sd_notify: what the service manager is told, nothing at all where there is none.

    https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
    """

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        # Made once: a process that is out of file descriptors must still be able to say that it lives.
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_UNIX, kind) if address else None
        watchdog_pid = os.environ.get("WATCHDOG_PID")
        watchdog_us = os.environ.get("WATCHDOG_USEC", "")
        is_for_us = watchdog_pid in {None, "", str(os.getpid())}
        self.watchdog_seconds = int(watchdog_us) / 1e6 if is_for_us and watchdog_us.isdigit() else None
        for name in ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"):
            os.environ.pop(name, None)  # children have no business with them

    def ready(self, status: str) -> None:
        """Everything runs."""
        self._send(f"READY=1\nSTATUS={_one_line(status)}")

    def reloading(self) -> None:
        """A reload has begun; `ready` ends it. One datagram, as Type=notify-reload asks for."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={_one_line(status)}")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._send("STOPPING=1\nSTATUS=stopping")

    @contextlib.asynccontextmanager
    async def patience(self) -> AsyncIterator[None]:
        """Ask for more time again and again while what is inside goes on, as long as the event loop turns."""

        async def ask() -> None:
            for _ in range(_MOST_EXTENSIONS):
                self._send(f"EXTEND_TIMEOUT_USEC={int(_EXTENSION_SECONDS * 1e6)}")
                await asyncio.sleep(_EXTENSION_SECONDS / 3)

        asking = asyncio.create_task(ask(), name="patience")
        try:
            yield
        finally:
            asking.cancel()

    def close(self) -> None:
        """Nothing more is to be said."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, text: str) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(OSError):  # the manager may be busy with itself; the next word comes soon
            self._socket.sendto(text.encode("utf-8", "replace"), self._address)


def _one_line(status: str) -> str:
    """A status without line breaks: a file's name may hold one, and must not say anything to the manager."""
    return "".join(letter if letter.isprintable() else "?" for letter in status)

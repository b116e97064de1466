"""The journal's native protocol: entries with fields of their own, so that `journalctl INCIDENT=42` finds them.

https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ . Sending never waits: what the journal can't take at once is counted and
dropped, since a watcher must not stand still because its own journal does.
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import re
import socket
import struct
from collections.abc import Mapping
from typing import TextIO

SOCKET = "/run/systemd/journal/socket"
_BUFFER_BYTES = 8 * 1024 * 1024
_FIELD = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


def is_journal(stream: TextIO) -> bool:
    """Whether what is written to this stream goes to the journal, as `JOURNAL_STREAM` says.

    https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#%24JOURNAL_STREAM
    """
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class Journal:
    """Sends entries.

    Attributes:
        dropped: entries that could not be taken since the last one that was.
    """

    def __init__(self, path: str = SOCKET) -> None:
        self.dropped = 0
        self._socket = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._path = path

    def send(self, fields: Mapping[str, str]) -> bool:
        """Send one entry; says whether the journal is there at all.

        Args:
            fields: `MESSAGE`, `PRIORITY` and any others; names that the journal would refuse are left out.
        """
        content = encoded(fields)
        try:
            self._send(content)
        except BlockingIOError:
            self.dropped += 1
        except OSError:
            return False
        else:
            self.dropped = 0
        return True

    def _send(self, content: bytes) -> None:
        try:
            self._socket.sendto(content, self._path)
        except OSError as error:
            if error.errno not in {errno.EMSGSIZE, errno.ENOBUFS}:
                raise
            self._send_as_file(content)

    def _send_as_file(self, content: bytes) -> None:
        """What is too large for a datagram goes as a sealed file."""
        fd = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            with open(fd, "wb", closefd=False) as file:
                file.write(content)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
            # Not socket.send_fds: before Python 3.12 it forgets the address.
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))
            self._socket.sendmsg([b""], [rights], 0, self._path)
        finally:
            os.close(fd)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


def encoded(fields: Mapping[str, str]) -> bytes:
    """An entry on the wire. A value with a line break is sent with its length, so that it can't make up a field."""
    parts = []
    for name, value in fields.items():
        if not _FIELD.fullmatch(name):
            continue
        content = value.encode("utf-8", "replace")
        if b"\n" in content:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(content)) + content + b"\n")
        else:
            parts.append(name.encode() + b"=" + content + b"\n")
    return b"".join(parts)

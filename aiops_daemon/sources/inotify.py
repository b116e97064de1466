"""inotify, for waking up early: it says *that* something changed in a directory, never *what* is true.

By ctypes, on the event loop itself: an append is known after a fraction of a millisecond with no thread and no polling.
Every call is one of the C library's (https://man7.org/linux/man-pages/man7/inotify.7.html). A lost event costs at most
the second until the next rescan, so nothing here tries to be complete.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_IN_MODIFY = 0x002
_IN_ATTRIB = 0x004
_IN_MOVED_FROM = 0x040
_IN_MOVED_TO = 0x080
_IN_CREATE = 0x100
_IN_DELETE_SELF = 0x400
_IN_MOVE_SELF = 0x800
_IN_IGNORED = 0x8000
_MASK = _IN_MODIFY | _IN_ATTRIB | _IN_MOVED_FROM | _IN_MOVED_TO | _IN_CREATE | _IN_DELETE_SELF | _IN_MOVE_SELF
_NAMES = _IN_MOVED_FROM | _IN_MOVED_TO | _IN_CREATE
_IN_Q_OVERFLOW = 0x4000
_LOST = _IN_IGNORED | _IN_DELETE_SELF | _IN_MOVE_SELF
_HEADER_BYTES = 16


class Inotify:
    """Watches one directory.

    Attributes:
        fd: becomes readable when something happened.

    Raises:
        OSError: there is no inotify here, or no more watches are allowed.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(self._libc, "inotify_init1"):
            raise OSError("no inotify on this system")
        self.fd: int = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self.is_watching = False

    def watch(self, directory: Path) -> None:
        """Watch a directory; again after it was lost.

        Raises:
            OSError: it isn't there, or no more watches are allowed.
        """
        if self._libc.inotify_add_watch(self.fd, os.fsencode(directory), _MASK) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(directory))
        self.is_watching = True

    def drain(self) -> bool:
        """Take everything that is queued; says whether files may have come, gone or been renamed."""
        try:
            data = os.read(self.fd, 65_536)
        except BlockingIOError:
            return False
        at = 0
        names_changed = False
        while at + _HEADER_BYTES <= len(data):
            mask = int.from_bytes(data[at + 4 : at + 8], sys.byteorder)
            length = int.from_bytes(data[at + 12 : at + 16], sys.byteorder)
            if mask & _LOST:
                self.is_watching = False
            names_changed |= bool(mask & (_NAMES | _LOST | _IN_Q_OVERFLOW))
            at += _HEADER_BYTES + length
        return names_changed

    def close(self) -> None:
        """Stop watching."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

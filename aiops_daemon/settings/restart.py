"""Which keys cannot change while the daemon runs, and why."""

from collections.abc import Mapping
from functools import reduce

from aiops_daemon.settings.root import Settings

RESTART_ONLY: Mapping[str, str] = {
    "state.directory": "the state is open and locked by this process",
    "logs.directory": "file positions are known for the files of this directory",
    "logs.include": "which files are followed is decided once, or lines would be skipped or read twice",
    "logs.exclude": "which files are followed is decided once, or lines would be skipped or read twice",
    "logs.format": "a record may be half read, and its other half must be understood the same way",
    "logs.max_line_bytes": "a line may be half read, and the buffers are made",
    "journal.format": "the journal is set up once",
    "server.listen": "the socket is open",
}
"""The keys, each with the reason that people are told."""


def restart_only(old: Settings, new: Settings) -> tuple[str, ...]:
    """The dotted names of the keys that differ and cannot change live."""
    return tuple(key for key in RESTART_ONLY if _value(old, key) != _value(new, key))


def _value(settings: Settings, key: str) -> object:
    found: object = reduce(getattr, key.split("."), settings)
    return found

"""The daemon's own journal: structlog on stderr, and the list of everything it can say.

On a terminal a line is for people; under systemd it begins with the `<N>` priority that journald understands
(https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html). A secret never gets there: the last step before
the line is written masks every string.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import structlog

EVENTS: Mapping[str, str] = {
    "daemon.started": "the state is open, the first scan is done, everything runs",
    "daemon.stopping": "a signal asked for the end",
    "daemon.stopped": "everything is written and closed",
    "daemon.failed": "a part of the daemon died of an error it did not expect",
    "config.warning": "the configuration is valid but unwise",
    "config.reloaded": "SIGHUP: the new configuration is in force",
    "config.refused": "SIGHUP: the new configuration is invalid or needs a restart; the old one goes on",
    "watch.problem": "a file or the directory can't be read; it is tried again every second",
    "watch.directory_found": "the log directory is there (again)",
    "watch.degraded": "a way of waking up early failed; the rescan every second goes on",
    "file.followed": "a log file was opened",
    "file.renamed": "a log file was renamed and is read on",
    "file.truncated": "a log file was truncated or replaced; it is read from its beginning",
    "file.finished": "a log file is gone and was read to its end",
    "event.unclassified": "a record tripped triage: a bug; it is told as an unknown error",
    "incident.opened": "the first event of a fingerprint",
    "job.failed": "a job failed and is tried again",
    "job.buried": "a job was given up",
    "job.recovered": "jobs that were being done when the process died are to be done again",
    "lane.paused": "a sink takes nothing for now, or until the next reload",
    "lane.resumed": "a sink takes messages again",
    "state.failed": "the state can't be written; reading pauses until it can",
    "state.recovered": "the state can be written again",
}
"""Every event name, and what it means."""

_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}


def configure(mask: Callable[[str], str], *, stream: Any = None) -> None:
    """Set the journal up.

    Args:
        mask: takes secrets out of a string.
        stream: where lines go; stderr if None.
    """
    out = stream if stream is not None else sys.stderr
    under_systemd = "JOURNAL_STREAM" in os.environ or "INVOCATION_ID" in os.environ
    renderer: list[Any]
    if under_systemd:
        renderer = [_for_journal]
    else:
        renderer = [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=0, sort_keys=False),
        ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _Masking(mask),
            *renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=out, format="%(name)s: %(message)s", force=True)


class _Masking:
    """Takes secrets out of every string of an entry."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def __call__(self, _logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in entry.items():
            if isinstance(value, str) and key not in {"event", "level"}:
                entry[key] = self._mask(value)
        return entry


def _for_journal(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> str:
    """One entry a line: `<priority>event key=value ...`."""
    level = entry.pop("level", "info")
    event = entry.pop("event", "")
    values = " ".join(
        f"{key}={value!r}" if isinstance(value, str) else f"{key}={value}" for key, value in entry.items()
    )
    return f"<{_PRIORITIES.get(level, 6)}>{event} {values}".rstrip().replace("\n", "\\n")

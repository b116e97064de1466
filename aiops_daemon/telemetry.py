"""The daemon's own journal: structlog in front, and the list of everything it can say.

Three forms. Under systemd each entry goes to the journal natively, with fields (`journalctl INCIDENT=42`); where the journal
can't be reached, as a line that begins with the `<N>` priority it understands
(https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html). `json` writes one JSON object a line, for whatever
collects a container's output. On a terminal a line is for people.

A secret never gets there: the last step before an entry is written masks every value.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from aiops_daemon.journald import Journal, is_journal

EVENTS: Mapping[str, str] = {
    "daemon.started": "the state is open, the first scan is done, everything runs",
    "daemon.stopping": "a signal asked for the end",
    "daemon.stopped": "everything is written and closed",
    "daemon.failed": "a part of the daemon died of an error it did not expect",
    "daemon.crashed": "the run before this one ended without being asked to",
    "daemon.stuck": "a part of the daemon does not move; the watchdog is not fed until it does",
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
    "incident.escalated": "an incident is worse than it was",
    "incident.regressed": "an incident that was resolved is back",
    "alert.shown": "what people would read on Discord, where there is no webhook",
    "job.done": "a job did what it was for; routine edits of messages are not told",
    "job.failed": "a job failed and is tried again",
    "job.buried": "a job was given up",
    "job.recovered": "jobs that were being done when the process died are to be done again",
    "question.answered": "a model answered one question of a diagnosis; says what it cost",
    "reply.refused": "a model's reply was not of the form asked for; it is asked once more",
    "model.replaced": "the model can't be had, and claude.fallback_model is asked instead",
    "model.ends": "a model of the configuration is deprecated, or ends soon",
    "review.failed": "the second look at a diagnosis could not be had; it stays as it is",
    "ledger.failed": "what a question cost could not be written down; what was reserved for it stays booked",
    "issue.filed": "an issue was made on GitHub",
    "issue.found": "the issue of a fault was there already, and is gone on with",
    "issue.reopened": "an issue that was closed as fixed was opened again",
    "issues.unseen": "the issues could not be asked after; it is tried again at the next poll",
    "lane.paused": "a sink, or GitHub, takes nothing for now, or until the next reload",
    "lane.resumed": "a sink takes messages again",
    "state.failed": "the state can't be written; reading pauses until it can",
    "state.recovered": "the state can be written again",
    "state.restored": "the state was damaged: it was set aside, and the newest backup, if any, taken in its place",
    "backup.made": "the state was copied",
    "backup.failed": "the state could not be copied; it is tried again in an hour",
    "library.said": "a warning or an error of a library",
}
"""Every event name, and what it means."""

FIELDS: Mapping[str, tuple[str, str]] = {
    "incident": ("INCIDENT", "the number of the incident"),
    "code": ("ERROR_CODE", "the error code of the incident"),
    "severity": ("SEVERITY", "critical, high, warning or info"),
    "job": ("JOB", "the key of the job"),
    "job_kind": ("JOB_KIND", "what kind of job: alert, evidence, diagnosis, issue, quiet, notice"),
    "lane": ("LANE", "the lane of jobs"),
    "file": ("LOG_FILE", "the watched log file"),
    "why": ("WHY", "the reason, for people"),
}
"""The fields of an entry in the journal that are made to be asked for; any other key becomes one in capital letters."""

IDENTIFIER = "aiops-daemon"
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_NOT_FOR_THE_LINE = {"event", "level", "message", "exception"}


def is_under_systemd() -> bool:
    """Whether a service manager started this process and its output is not a terminal."""
    return ("JOURNAL_STREAM" in os.environ or "INVOCATION_ID" in os.environ) and not sys.stdout.isatty()


def is_for_machines(form: str) -> bool:
    """Whether entries are collected by a program: then messages for people are entries, too."""
    return form == "json" or is_under_systemd()


def configure(mask: Callable[[str], str], form: str = "auto", *, stream: TextIO | None = None) -> None:
    """Set the journal up.

    Args:
        mask: takes secrets out of a string.
        form: `auto`, `text` or `json`, as `journal.format` says.
        stream: where lines go; if None, stdout where a program collects them, else stderr.
    """
    out = stream or (sys.stdout if is_for_machines(form) else sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            _Masking(mask),
            *_renderers(form, out),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Printer(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)
    logging.captureWarnings(capture=True)


def _renderers(form: str, out: TextIO) -> list[Any]:
    if form == "json":
        written = _as_prefixed_json if is_under_systemd() else _as_json
        return [structlog.processors.TimeStamper(fmt="iso", utc=True), written]
    if not is_under_systemd():
        return [
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=0, sort_keys=False),
        ]
    native = [_Native(Journal())] if form == "auto" and is_journal(out) else []
    return [*native, _as_prefixed_line]


class _Printer:
    """Writes lines, and never raises: a watcher must not die of a journal that nobody reads any more."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def msg(self, line: str) -> None:
        """Write one."""
        with contextlib.suppress(OSError, ValueError):
            encoding = self._out.encoding or "utf-8"
            self._out.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            self._out.flush()

    log = debug = info = warn = warning = error = err = critical = fatal = exception = failure = msg


class _Masking:
    """Takes secrets out of every value of an entry, and makes texts of what is none."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask

    def __call__(self, _logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in entry.items():
            if key not in {"event", "level"} and not isinstance(value, int | float | None):
                entry[key] = self._mask(str(value))
        return entry


class _Native:
    """Hands an entry to the journal itself. What it can't take goes on to the next step, as a line."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, _logger: Any, _name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if self._journal.send(fields_of(entry, dropped=self._journal.dropped)):
            raise structlog.DropEvent
        return entry


def fields_of(entry: Mapping[str, Any], *, dropped: int = 0) -> dict[str, str]:
    """An entry as the journal's fields.

    Args:
        entry: as the loggers made it.
        dropped: how many entries before it the journal could not take.
    """
    line = _line(entry)
    if dropped:
        line = f"({dropped} entries before this one were lost) {line}"
    exception = entry.get("exception")
    fields = {
        "MESSAGE": f"{line}\n{exception}" if exception else line,
        "PRIORITY": str(_PRIORITIES.get(entry.get("level", "info"), 6)),
        "SYSLOG_IDENTIFIER": IDENTIFIER,
        "EVENT": str(entry.get("event", "")),
    }
    for key, value in entry.items():
        name = FIELDS[key][0] if key in FIELDS else key.upper()
        if key not in _NOT_FOR_THE_LINE and value is not None and name not in fields:
            fields[name] = str(value)
    return fields


def _line(entry: Mapping[str, Any]) -> str:
    """`event key=value ...`, or the message for people where the entry is one."""
    if "message" in entry:
        return str(entry["message"])
    values = " ".join(
        f"{key}={value!r}" if isinstance(value, str) and not value.isalnum() else f"{key}={value}"
        for key, value in entry.items()
        if key not in _NOT_FOR_THE_LINE and value is not None
    )
    return f"{entry.get('event', '')} {values}".rstrip()


def _as_prefixed_line(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> str:
    """One entry, one line, its priority in front."""
    line = "\n".join(filter(None, (_line(entry), entry.get("exception"))))
    return f"<{_PRIORITIES.get(entry.get('level', 'info'), 6)}>" + "\\n".join(line.splitlines())


def _as_json(_logger: Any, _name: str, entry: MutableMapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in entry.items() if value is not None}, ensure_ascii=False)


def _as_prefixed_json(logger: Any, name: str, entry: MutableMapping[str, Any]) -> str:
    """The priority is the journal's; the rest of the line is the object."""
    return f"<{_PRIORITIES.get(entry.get('level', 'info'), 6)}>{_as_json(logger, name, entry)}"


class _Libraries(logging.Handler):
    """What libraries log by Python's own means, brought into the same journal and masked by the same rule."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        level = min(logging.CRITICAL, record.levelno)
        trace = {"exc_info": record.exc_info} if record.exc_info and record.exc_info[0] else {}
        structlog.get_logger().log(
            level, "library.said", library=record.name, what=record.getMessage(), **trace
        )

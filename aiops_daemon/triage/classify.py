"""Event -> Sighting: severity, playbook, title and fingerprint. Pure; the catalogue is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import re2

from aiops_daemon.domain import error_code
from aiops_daemon.domain.error_code import ErrorCode
from aiops_daemon.domain.event import Event, Level
from aiops_daemon.domain.fingerprint import fingerprint_of, overflow_of
from aiops_daemon.domain.playbook import BUILT_IN, BY_SEVERITY, Playbook, Severity, default_severity
from aiops_daemon.domain.sighting import Sighting

_MODULE_PATH = re2.compile(r"^[A-Za-z_][A-Za-z0-9_]*(?:(?:::|\.|/|-)[A-Za-z_][A-Za-z0-9_]*)*$")
_MAX_TARGET = 160
_MAX_TITLE = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The rows in force, and the language of their titles."""

    rows: Mapping[str, Playbook]
    language: str = "en"


def catalogue(overrides: Mapping[str, Playbook] | None = None, language: str = "en") -> Catalogue:
    """The built-in rows with a team's own over them."""
    return Catalogue(rows={**BUILT_IN, **(overrides or {})}, language=language)


def classify(event: Event, rows: Catalogue) -> Sighting | None:
    """What an event is, or None where it is only counted: INFO and below, and WARN without a code."""
    code, lowers = _code_of(event)
    if event.level is Level.WARN:
        if code is None:
            return None
    elif event.level is None or not event.level.is_error:
        return None

    is_fatal = event.level is Level.FATAL or event.panic is not None
    row = rows.rows.get(code.value) if code else None
    severity = row.severity if row else default_severity(code, is_fatal=is_fatal)
    actions = row.actions if row else BY_SEVERITY[severity]
    if not lowers and severity.rank < Severity.HIGH.rank:
        # A code somewhere inside the text may be a user's word: it can't talk an ERROR down.
        severity, actions = Severity.HIGH, BY_SEVERITY[Severity.HIGH]

    target = _target_of(event)
    title, title_is_ours = _title(event, code, row, target, rows.language)
    place = event.panic.location if event.panic else None
    value = code.value if code else None
    subject = place or target
    return Sighting(
        event=event,
        code=value,
        severity=severity,
        actions=actions,
        title=title,
        title_is_ours=title_is_ours,
        fingerprint=fingerprint_of(value, subject, event.message),
        overflow=overflow_of(value, subject),
        target=target,
        place=place,
        twin_key=_twin_key(event),
        is_weak=_is_weak(event, code),
    )


def _code_of(event: Event) -> tuple[ErrorCode | None, bool]:
    """The code that decides, and whether it may make an ERROR less than high."""
    field = error_code.parse(event.code) or error_code.parse(event.other_code)
    if field is not None:
        return field, True
    found = error_code.find(event.message)
    if found is None:
        return None, True
    return found.code, found.at_head or event.level is Level.WARN


def _target_of(event: Event) -> str:
    """The target if it looks like one: anybody may write a log record, and this is shown outside of quotes."""
    target = event.target[:_MAX_TARGET]
    return target if _MODULE_PATH.match(target) else ""


def _title(
    event: Event, code: ErrorCode | None, row: Playbook | None, target: str, language: str
) -> tuple[str, bool]:
    ours = row.title(language) if row else None
    if ours:
        return ours, True
    head = event.message.strip().partition("\n")[0][:_MAX_TITLE].strip()
    if head:
        return head, False
    return (str(code) if code else target or "error without a message"), True


def _twin_key(event: Event) -> str | None:
    if event.panic is not None:
        return f"panic\x1f{event.panic.location}"
    if event.request is not None and event.request.id:
        return f"request\x1f{event.request.key}"
    return None


def _is_weak(event: Event, code: ErrorCode | None) -> bool:
    if event.panic is not None:
        return event.panic.is_raw_text
    return code is None and event.request is not None and bool(event.request.id)

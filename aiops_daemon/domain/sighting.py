"""A sighting: an event that triage takes seriously, with what it is and what may follow."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.domain.event import Event
from aiops_daemon.domain.fingerprint import Fingerprint
from aiops_daemon.domain.playbook import Action, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One event, classified.

    Attributes:
        code: the well-formed code that decided, wherever it stood.
        overflow: the fingerprint to use instead once its code and target have too many shapes.
        title_is_ours: whether no word of the log stands in the title.
        target: the place in the program that logged, if it looks like one; fit to be shown outside of quotes.
        place: the file and line that the log itself names.
        twin_key: what it has in common with other records of the same request or panic, None where nothing.
        is_weak: it says less than a twin would: a record without a code, or the raw text of a panic. It waits for a
            stronger twin before people are told, and becomes that one's companion if it comes.
    """

    event: Event
    code: str | None
    severity: Severity
    actions: frozenset[Action]
    title: str
    title_is_ours: bool
    fingerprint: Fingerprint
    overflow: Fingerprint
    target: str = ""
    place: str | None = None
    twin_key: str | None = None
    is_weak: bool = False

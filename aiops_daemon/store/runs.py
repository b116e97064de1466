"""The daemon's own starts and ends, so that a run that was not asked to end is known by the next one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiops_daemon.domain.notice import CRASH_WINDOW
from aiops_daemon.store import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashes:
    """Starts that followed a run which nobody had asked to end.

    Attributes:
        at: those of the last `CRASH_WINDOW`, oldest first.
        told_at: when people were told last.
        is_after_one: whether this start is one of them.
    """

    at: tuple[datetime, ...]
    told_at: datetime | None
    is_after_one: bool


def note_start(tx: sqlite3.Connection, run: Mapping[str, Any], now: datetime) -> Crashes:
    """Write down that a run begins."""
    before = files.fact(tx, "run")
    is_after_one = before is not None and before.get("ended_at") is None
    kept = files.fact(tx, "crashes") or {"at": [], "told_at": None}
    at = [moment for moment in map(datetime.fromisoformat, kept["at"]) if abs(now - moment) <= CRASH_WINDOW]
    if is_after_one:
        at.append(now)
    files.save_fact(tx, "crashes", {**kept, "at": [moment.isoformat() for moment in at]})
    files.save_fact(tx, "run", {**run, "ended_at": None})
    told_at = datetime.fromisoformat(kept["told_at"]) if kept["told_at"] else None
    return Crashes(at=tuple(at), told_at=told_at, is_after_one=is_after_one)


def note_told(tx: sqlite3.Connection, now: datetime) -> None:
    """Write down that people were told of the crashes."""
    files.save_fact(tx, "crashes", {**(files.fact(tx, "crashes") or {"at": []}), "told_at": now.isoformat()})


def note_end(tx: sqlite3.Connection, now: datetime) -> None:
    """Write down that a run ends because it was asked to."""
    files.save_fact(tx, "run", {**(files.fact(tx, "run") or {}), "ended_at": now.isoformat()})

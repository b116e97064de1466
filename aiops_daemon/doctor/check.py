"""One thing that was tried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was tried, how it went, and what to do about it.

    Attributes:
        remedy: one sentence for whoever is to mend it; empty where nothing is to be done.
    """

    check: str
    ok: bool
    detail: str
    remedy: str = ""


def passed(check: str, detail: str) -> Check:
    """It works, or is not needed."""
    return Check(check=check, ok=True, detail=detail)


def failed(check: str, detail: str, remedy: str) -> Check:
    """It doesn't work."""
    return Check(check=check, ok=False, detail=detail, remedy=remedy)

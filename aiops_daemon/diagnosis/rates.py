"""How often, before and after: an incident's records over time, beside the requests it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MOST_STEPS = 24
_STEPS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440, 10080)
)


@dataclass(frozen=True, slots=True)
class Rate:
    """What happened from a time on, for as long as a step: the incident's records, and the requests of the same routes."""

    since: datetime
    records: int
    requests: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Equal steps, oldest first, of all that was read of the log. Those in which nothing was asked for are left out."""

    step: timedelta
    of: tuple[Rate, ...]


def rates_of(
    records: Iterable[datetime], requests: Iterable[datetime], span: Sequence[datetime]
) -> Rates | None:
    """Counts in at most two dozen steps, or None where the log has no times, or is of one moment.

    Args:
        records: when the incident was logged.
        requests: when the requests of its routes were.
        span: all times of the log that was read.
    """
    if not span or max(span) - min(span) < _STEPS[0]:
        return None
    length = max(span) - min(span)
    step = next((each for each in _STEPS if length / each < _MOST_STEPS), length)
    bad, asked = Counter(_floor(at, step) for at in records), Counter(_floor(at, step) for at in requests)
    return Rates(step, tuple(Rate(at, bad[at], asked[at]) for at in sorted(bad.keys() | asked.keys())))


def _floor(at: datetime, step: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // step * step

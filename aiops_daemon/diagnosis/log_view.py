"""The log around an incident.

The same requests through all their records, what came before, what else began, which routes fail and which don't, since when, and
when the program was started.

Reads a bounded part of the files. Times are the log's own; a log is read in the order in which it was written.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiops_daemon.diagnosis.linked import linked_to
from aiops_daemon.diagnosis.log_rows import Row
from aiops_daemon.diagnosis.rates import Rates, rates_of
from aiops_daemon.domain.event import Event
from aiops_daemon.domain.sighting import Sighting

BYTES_BEFORE = 16 * 1024 * 1024
BYTES_AFTER = 4 * 1024 * 1024
"""How much of a log is looked at around an incident that the daemon knows of."""

SECONDS_BEFORE = timedelta(seconds=10)
NEAR = timedelta(minutes=10)
OWN_ACTS_BEFORE = timedelta(minutes=30)
_RARE = 6
_MOST_OWN_ACTS = 6
_MOST_REQUESTS = 3
_MOST_ROWS_A_REQUEST = 14
_MOST_BEFORE = 14
_MOST_OTHERS = 6
_MOST_HEALTHY = 6
_LEAST_HEALTHY = 3
_STARTS = re.compile(
    r"(?i)\b(?:server (?:running|started|listening)|listening on|started server|application startup complete|starting (?:server|application|service)|"
    r"started \w+ in [\d.]+ seconds|service started|booting|serving on|running on http)"
)


@dataclass(slots=True)
class LogView:
    """What the log tells of one incident.

    Attributes:
        rows: the incident's own records, oldest first.
        requests: the records of some of the requests that failed, request by request.
        before: what was logged in the seconds before the first of them.
        own_acts: what the program did by itself, seldom, in the minutes before.
        others: what else began near it: title, code and when.
        routes: method and shape of a path -> requests in all, and of them those that failed with the incident.
        rates: how often, before and after.
        healthy: method and path of one request of each route that never fails with it.
        linked: records of requests that the incident has to do with though they aren't its own: with the same code, or the same id.
        starts: when the program was started, before and after.
        near: the time of the last record before the first of the incident's.
        unread: the files that could not be read, and why.
    """

    rows: list[Row] = field(default_factory=list)
    requests: list[list[Row]] = field(default_factory=list)
    before: list[Row] = field(default_factory=list)
    own_acts: list[Row] = field(default_factory=list)
    others: list[tuple[str, str | None, datetime]] = field(default_factory=list)
    routes: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    rates: Rates | None = None
    healthy: list[tuple[str, str]] = field(default_factory=list)
    linked: list[Row] = field(default_factory=list)
    starts: list[Row] = field(default_factory=list)
    near: datetime | None = None
    unread: list[str] = field(default_factory=list)
    first_logged_at: datetime | None = None
    last_logged_at: datetime | None = None
    last_good_at: datetime | None = None

    @property
    def began_at(self) -> datetime | None:
        """When the first record of the incident was logged; of one without a time, when what stands before it was."""
        return next((row.event.logged_at for row in self.rows if row.event.logged_at), self.near)


def view_of(rows: Sequence[Row], is_ours: Callable[[Sighting], bool]) -> LogView:
    """What these records tell of the incident that a sighting may belong to."""
    view = LogView()
    ours = [row for row in rows if row.sighting is not None and is_ours(row.sighting)]
    view.rows = ours
    timed = [row.event.logged_at for row in rows if row.event.logged_at]
    view.first_logged_at, view.last_logged_at = (min(timed), max(timed)) if timed else (None, None)
    view.starts = [
        row
        for row in rows
        if row.event.request is None and not row.is_bad and _STARTS.search(row.event.message[:300])
    ]
    if not ours:
        return view
    view.near = max(
        (row.event.logged_at for row in rows if row.event.logged_at and row.number < ours[0].number),
        default=None,
    )
    by_request: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.event.request is not None:
            by_request[row.event.request.key].append(row)
    keys = list(dict.fromkeys(row.event.request.key for row in ours if row.event.request is not None))
    chosen = list(dict.fromkeys([*keys[:1], *keys[-(_MOST_REQUESTS - 1) :]])) if keys else []
    view.requests = [_shortened(by_request[key]) for key in chosen]
    _look_before(view, rows)
    _look_around(view, rows, is_ours)
    _count_routes(view, by_request, set(keys), timed)
    view.linked = linked_to(ours, rows)
    return view


def _shortened(rows: list[Row]) -> list[Row]:
    if len(rows) <= _MOST_ROWS_A_REQUEST:
        return rows
    bad = [row for row in rows if row.is_bad][: _MOST_ROWS_A_REQUEST - 4]
    return sorted(
        {row.number: row for row in [*rows[:3], *bad, rows[-1]]}.values(), key=lambda row: row.number
    )


def _look_before(view: LogView, rows: Sequence[Row]) -> None:
    first = view.rows[0]
    told = {row.number for request in view.requests for row in request}
    since = first.event.logged_at - SECONDS_BEFORE if first.event.logged_at else None
    earlier = [
        row
        for row in rows
        if first.number - 400 <= row.number < first.number
        and row.number not in told
        and (since is None or row.event.logged_at is None or row.event.logged_at >= since)
    ]
    bad = [row for row in earlier if row.is_bad][-_MOST_BEFORE // 2 :]
    quiet = [row for row in earlier if not row.is_bad][-(_MOST_BEFORE - len(bad)) :]
    view.before = sorted([*bad, *quiet], key=lambda row: row.number)
    view.own_acts = _own_acts(first, rows)


def _own_acts(first: Row, rows: Sequence[Row]) -> list[Row]:
    """What the program did by itself, not for a request, in the minutes before: a nightly purge, a reload, a reconnect."""
    by_itself = [row for row in rows if row.event.request is None and row.event.logged_at is not None]
    often = Counter(row.event.message[:60] for row in by_itself)
    since = first.event.logged_at - OWN_ACTS_BEFORE if first.event.logged_at else None
    return [
        row
        for row in by_itself
        if row.number < first.number
        and since is not None
        and row.event.logged_at is not None
        and row.event.logged_at >= since
        and often[row.event.message[:60]] <= _RARE
        and not _STARTS.search(row.event.message[:300])
    ][-_MOST_OWN_ACTS:]


def _look_around(view: LogView, rows: Sequence[Row], is_ours: Callable[[Sighting], bool]) -> None:
    seen: dict[str, Row] = {}
    for row in rows:
        if row.sighting is not None and not is_ours(row.sighting):
            seen.setdefault(row.sighting.fingerprint.value, row)
    began = view.began_at
    if began is None:
        return
    for row in seen.values():
        at = row.event.logged_at
        if at is not None and abs(at - began) <= NEAR and row.sighting is not None:
            view.others.append((_told(row) or row.sighting.title, row.sighting.code, at))
    view.others = sorted(view.others, key=lambda each: abs(each[2] - began))[:_MOST_OTHERS]


def _told(row: Row) -> str:
    """A record's message, and what its error says."""
    fields = row.values.get("fields", row.values)
    error = fields.get("error") or fields.get("err") if isinstance(fields, dict) else None
    message = row.event.message[:160]
    return f"{message}: {error[:200]}" if isinstance(error, str) and error not in message else message


def _count_routes(
    view: LogView, by_request: Mapping[str, list[Row]], failed: set[str], timed: Sequence[datetime]
) -> None:
    asked: list[datetime] = []
    examples: dict[tuple[str, str], tuple[str, str]] = {}
    totals: Counter[tuple[str, str]] = Counter()
    failures: Counter[tuple[str, str]] = Counter()
    began = view.began_at
    wanted = {route_of(row.event) for row in view.rows} - {None}
    for key, rows in by_request.items():
        route = next((found for row in rows if (found := route_of(row.event))), None)
        if route is None:
            continue
        totals[route] += 1
        examples.setdefault(route, next(found for row in rows if (found := asked_of(row.event))))
        failures[route] += key in failed
        at = rows[-1].event.logged_at
        if route in wanted and at is not None:
            asked.append(at)
        is_good = route in wanted and not any(row.is_bad for row in rows)
        if is_good and at is not None and (began is None or at < began):
            view.last_good_at = max(view.last_good_at or at, at)
    view.healthy = [
        examples[route]
        for route, count in totals.most_common()
        if not failures[route] and count >= _LEAST_HEALTHY
    ][:_MOST_HEALTHY]
    most = sorted(totals, key=lambda route: (-failures[route], -totals[route]))[:12]
    view.routes = {route: (totals[route], failures[route]) for route in most}
    view.rates = rates_of([row.event.logged_at for row in view.rows if row.event.logged_at], asked, timed)


def route_of(event: Event) -> tuple[str, str] | None:
    """Method and shape of a request's path: ids left out."""
    if event.request is None or event.request.path is None:
        return None
    return event.request.method or "", shape_of(event.request.path)


def shape_of(path: str) -> str:
    """A path with `{}` for what looks like an id."""
    return "/".join(
        "{}" if re.search(r"\d|%|[^\x20-\x7e]|.{33}", part) and not re.fullmatch(r"v\d+", part) else part
        for part in path.split("/")
    )


def asked_of(event: Event) -> tuple[str, str] | None:
    """Method and path of a request, as they came in."""
    if event.request is None or event.request.path is None:
        return None
    return event.request.method or "", event.request.path

"""Which requests an incident has to do with although none of its records is theirs.

A job in the background fails over what a request left behind: they share an id. And a request that fails with the same code, logged in
other words, fails of the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiops_daemon.diagnosis.log_rows import Row

_BEFORE = timedelta(minutes=5)
_MOST_OWN = 20
_MOST_LINKED = 60
_ROWS_BEFORE = 3_000
_ID = re.compile(r"(?<![\w.:-])(?:\d{3,19}|[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{1,6}-?\d{4,}[\w-]*)(?![\w.:-])")
_MEASURES = re.compile(
    r"(?i)status|elapsed|duration|latency|_ms$|_secs$|size|bytes|count|total|attempt|line|port|pid|limit|took"
)
_STATUS = re.compile(r"[1-5]\d\d")


def linked_to(ours: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Records of requests that fail with the same code, or that had to do with the same things shortly before."""
    codes = {row.sighting.code for row in ours if row.sighting is not None and row.sighting.code}
    own = {row.number for row in ours}
    found = [
        row
        for row in rows
        if row.number not in own
        and row.sighting is not None
        and row.sighting.code in codes
        and row.event.request
    ][-_MOST_LINKED // 2 :]
    if all(row.event.request is None for row in ours):
        found += _sharing_ids(ours[-_MOST_OWN:], rows)
    return found[:_MOST_LINKED]


def _sharing_ids(ours: Sequence[Row], rows: Sequence[Row]) -> Iterator[Row]:
    at = {row.number: index for index, row in enumerate(rows)}
    for row in ours:
        ids = {*_ids(row)}
        if not ids:
            continue
        index = at[row.number]
        for other in reversed(rows[max(0, index - _ROWS_BEFORE) : index]):
            if (
                row.event.logged_at
                and other.event.logged_at
                and row.event.logged_at - other.event.logged_at > _BEFORE
            ):
                break
            if other.event.request is not None and ids & {*_ids(other)}:
                yield other
                break


def _ids(row: Row) -> Iterator[str]:
    yield from (each for each in _ID.findall(row.event.message) if not _STATUS.fullmatch(each))
    fields = row.values.get("fields", row.values)
    yield from _of(fields) if isinstance(fields, Mapping) else ()


def _of(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        if name == "message" or _MEASURES.search(name):
            continue
        if isinstance(value, int) and not isinstance(value, bool) and value > 99:  # noqa: PLR2004 - small numbers are everywhere
            yield str(value)
        elif isinstance(value, str) and len(value) < 500:  # noqa: PLR2004
            yield from (each for each in _ID.findall(value) if not _STATUS.fullmatch(each))

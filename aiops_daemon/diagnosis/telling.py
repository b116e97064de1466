"""What the log around an incident gives away: the clues, in the order of how telling they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiops_daemon.diagnosis.clues import Clues, Request
from aiops_daemon.diagnosis.log_rows import Row
from aiops_daemon.diagnosis.log_view import LogView, asked_of, shape_of

_FRAMES = (
    re.compile(r'File "([^"\n]{1,300})", line (\d{1,6})'),
    re.compile(r"\bat \.?/?([\w./-]{1,300}\.rs):(\d{1,6})"),
    re.compile(r"\(?([\w./@-]{1,300}\.(?:ts|tsx|js|mjs)):(\d{1,6})(?::\d+)?\)?"),
    re.compile(r"\(([\w$]{1,100}\.java):(\d{1,6})\)"),
    re.compile(r"\b([\w./-]{1,300}\.go):(\d{1,6})\b"),
    re.compile(r"\b((?:src|crates|app|lib)/[\w./-]{1,300}\.rs):(\d{1,6})"),
)
_CAUSES = (
    "error",
    "err",
    "cause",
    "reason",
    "detail",
    "details",
    "exception",
    "exc_info",
    "error_message",
    "description",
)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+")
_THEIRS = re.compile(r"site-packages|/rustc/|node_modules|\.cargo|/usr/|internal/|java\.base|<frozen")


def clues_of(view: LogView, *, code: str | None, title: str, place: str | None) -> Clues:
    """What the log gives away, in the order of how telling it is."""
    newest = view.rows[-1:] + view.rows[:1]
    around = [row for request in view.requests for row in request if row.is_bad]
    told = [*newest, *around, *[row for row in view.before if row.is_bad and row.event.request is None]]
    messages = [said for row in told for said in _said(row) if said]
    counted = Counter(route for row in [*view.rows, *view.linked] if (route := asked_of(row.event)))
    rows = [*newest, *around]
    return Clues(
        code=code,
        messages=tuple(dict.fromkeys(messages)),
        frames=tuple(dict.fromkeys(_frames(rows, place))),
        requests=tuple(
            Request(method=method or None, uri=uri, count=number)
            for (method, uri), number in _by_shape(counted)
        ),
        healthy=view.healthy,
        spans=tuple(dict.fromkeys(name for row in rows for name in _spans(row.values))),
        targets=tuple(dict.fromkeys(row.event.target for row in [*around, *newest] if row.event.target)),
        names=tuple(dict.fromkeys(name for row in rows for name in _names(row.values)))[:8],
        fields=tuple(dict.fromkeys(name for row in newest for name in _fields(row.values))),
        began_at=view.began_at,
        last_good_at=view.last_good_at,
        title=title,
    )


def _said(row: Row) -> Iterator[str]:
    """What a record says, in its message and in the fields that are made for causes."""
    yield row.event.message
    fields = row.values.get("fields", row.values)
    for name in _CAUSES if isinstance(fields, dict) else ():
        if isinstance(value := fields.get(name), str) and value != row.event.message:
            yield value[:2000]


def _by_shape(counted: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    """One path for each shape, with the counts of all of that shape."""
    first: dict[tuple[str, str], tuple[str, str]] = {}
    sums: Counter[tuple[str, str]] = Counter()
    for (method, path), number in counted.items():
        shape = (method, shape_of(path))
        first.setdefault(shape, (method, path))
        sums[shape] += number
    return [(first[shape], count) for shape, count in sums.most_common(8)]


def _frames(rows: Iterable[Row], place: str | None) -> Iterator[tuple[str, int]]:
    if place and (found := re.match(r"(.+?):(\d+)", place)):
        yield found[1], int(found[2])
    for row in rows:
        if row.event.panic is not None and (found := re.match(r"(.+?):(\d+)", row.event.panic.location)):
            yield found[1], int(found[2])
        fields = row.values.get("fields", row.values)
        if isinstance(fields, dict):
            file, line = fields.get("log.file"), fields.get("log.line")
            if isinstance(file, str) and isinstance(line, int) and not _THEIRS.search(file):
                yield file, line
        file, line = row.values.get("filename"), row.values.get("line_number") or row.values.get("lineno")
        if isinstance(file, str) and isinstance(line, int) and not _THEIRS.search(file):
            yield file, line
        text = row.event.text.replace("\\n", "\n").replace('\\"', '"')
        for pattern in _FRAMES:
            found_here = [
                each
                for each in pattern.finditer(text[:60_000])
                if not _THEIRS.search(text[max(0, each.start() - 80) : each.end()])
            ]
            innermost_first = found_here[::-1] if "most recent call last" in text else found_here
            yield from ((each[1], int(each[2])) for each in innermost_first[:10])


def _names(values: Mapping[str, Any]) -> Iterator[str]:
    """`job=reservation_confirmed` names a function, more often than not."""
    fields = values.get("fields")
    for value in fields.values() if isinstance(fields, dict) else ():
        if isinstance(value, str) and _NAME.fullmatch(value):
            yield value


def _spans(values: Mapping[str, Any]) -> Iterator[str]:
    span, spans = values.get("span"), values.get("spans")
    for each in [span, *reversed(spans if isinstance(spans, list) else [])]:
        if isinstance(each, dict) and isinstance(each.get("name"), str) and each["name"].isidentifier():
            yield each["name"]


def _fields(values: Mapping[str, Any]) -> Iterator[str]:
    fields = values.get("fields")
    if isinstance(fields, dict):
        yield from (name for name in fields if name not in {"message", "error_code"})

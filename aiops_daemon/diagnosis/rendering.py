"""Log records, source and changes as text for a reader: redacted, with placeholders where a user wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.log_rows import Row
from aiops_daemon.diagnosis.syntax import Item
from aiops_daemon.domain.patch import Commit, FileChange, Hunk
from aiops_daemon.redaction import Redaction

_USERS_WORDS = """
user_agent useragent user-agent referer referrer origin_header body payload query query_string nickname username
user_name name title content comment text input email phone address ip remote_addr client_ip x-forwarded-for forwarded
host search keyword q filename
"""
_USERS = frozenset(_USERS_WORDS.split())
"""Fields whose values users write: what they hold can lead a reader astray, and seldom explains a fault."""

_ENVELOPE_WORDS = """
timestamp time ts @timestamp level severity target logger logger_name message msg fields span spans threadname
thread_name threadid pid hostname host v @version
"""
_ENVELOPE = frozenset(_ENVELOPE_WORDS.split())
_MESSAGE_CHARACTERS = 1200
_VALUE_CHARACTERS = 160
_MOST_FIELDS = 14
_UNSEEN = re.compile("[\u115f\u1160\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Fillers and variation selectors, which count as printable."""
_LINES = {ord("\n"): None, ord("\t"): None}

LONGEST_FUNCTION_LINES = 90


class Renderer:
    """Writes rows. One value of a user's gets one placeholder in all of them.

    Args:
        redact: takes secrets and personal data out of a text.
        known_segments: parts of paths that the source itself names; a user wrote the others.
        names: those that were given before.

    Attributes:
        names: the placeholders, by kind and value, parted by NUL.
    """

    def __init__(
        self,
        redact: Redaction,
        known_segments: Iterable[str] = (),
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._redact = redact
        self._known = set(known_segments)
        self.names: dict[str, str] = dict(names or {})

    def row(self, row: Row) -> str:
        """One record in one line, a panic's or traceback's further lines below it."""
        event = row.event
        when = f"{event.logged_at:%m-%d %H:%M:%S.%f}"[:-3] if event.logged_at else "--:--:--"
        code = f" [{event.code}]" if event.code else ""
        head = f"{when} {event.level or '?'} {event.target}{code}:"
        message = self.text(event.message)[:_MESSAGE_CHARACTERS]
        if event.panic is not None:
            head, message = (
                f"{head} panic at {event.panic.location}:",
                self.text(event.text if event.panic.is_raw_text else event.message)[:4000],
            )
        fields = " ".join(self._fields(row.values))
        return clean(f"{head} {message}" + (f" {{{fields}}}" if fields else ""))

    def text(self, text: str) -> str:
        """A text of the log's, without what may not leave. No line of it can pass for one of ours."""
        return self._redact.text(text).replace("\r", "").replace("\n", "\n    | ")

    def source(self, text: str) -> str:
        """Source or a change of it, without the secrets that were written into it."""
        return clean(self._redact.source(text))

    def _fields(self, values: Mapping[str, Any]) -> list[str]:
        found: list[str] = []
        fields = values.get("fields")
        groups: list[tuple[str, Any]] = [("", fields if isinstance(fields, dict) else values)]
        spans = values.get("spans")
        inner_spans = spans[-2:] if isinstance(spans, list) else []
        groups += [("span ", each) for each in inner_spans or [values.get("span")]]
        for lead, group in groups:
            if not isinstance(group, dict):
                continue
            name = group.get("name") if lead else None
            inner = [
                self._field(key, value)
                for key, value in group.items()
                if key.lower() not in _ENVELOPE and key not in {"error_code", "name"}
            ]
            if lead and isinstance(name, str):
                found.append(f"{lead}{name}({', '.join(inner[:_MOST_FIELDS])})")
            else:
                found += inner[:_MOST_FIELDS]
        return found

    def _field(self, key: str, value: Any) -> str:
        if key.lower() in {"uri", "path", "url", "http.target", "http.route", "route"} and isinstance(
            value, str
        ):
            return f"{key}={self.uri(value)}"
        if key.lower() in {"request_id", "x_request_id", "requestid", "req_id", "trace_id", "span_id"}:
            return f"{key}={self._name('id', str(value))}"
        if key.lower() in _USERS:
            return f"{key}={self._name(key, str(value))}"
        return f"{key}={self.text(str(value))[:_VALUE_CHARACTERS]}"

    def uri(self, uri: str) -> str:
        """A path whose parts are the source's own, or placeholders."""
        path, mark, _ = uri.partition("?")
        parts = [
            part
            if not part or part in self._known or re.fullmatch(r"api|v\d+", part)
            else self._name("segment", part)
            for part in path.split("/")
        ]
        return "/".join(parts) + (f"?{self._name('query', uri)}" if mark else "")

    def _name(self, kind: str, value: str) -> str:
        key = f"{kind}\0{value}"
        if key not in self.names:
            number = 1 + sum(name.startswith(f"<user:{kind}#") for name in self.names.values())
            self.names[key] = f"<user:{kind}#{number}>"
        return self.names[key]

    def value_of(self, placeholder: str) -> str | None:
        """What a placeholder stands for."""
        return next((key.partition("\0")[2] for key, name in self.names.items() if name == placeholder), None)


def clean(text: str) -> str:
    """Without what is not to be seen: control, zero-width, direction and tag characters; other blanks than the usual are spaces."""
    text = _UNSEEN.sub("", text)
    if text.translate(_LINES).isprintable():
        return text
    return "".join(each if each in "\n\t" or each.isprintable() else _in_place_of(each) for each in text)


def _in_place_of(character: str) -> str:
    return " " if unicodedata.category(character).startswith("Z") else ""


def source(code: Code, item: Item, focus: Iterable[int] = ()) -> tuple[str, int, int]:
    """The lines of an item, numbered; of a long one those around what matters. Text, first line, last line."""
    lines = code.snapshot.files[item.path].lines
    first, last = item.first_line, min(item.last_line, len(lines))
    if last - first + 1 > LONGEST_FUNCTION_LINES:
        middle = next((line for line in focus if first <= line <= last), None)
        if middle is not None and middle - first > LONGEST_FUNCTION_LINES // 2:
            first = max(first, middle - LONGEST_FUNCTION_LINES // 2)
        last = min(last, first + LONGEST_FUNCTION_LINES - 1)
    numbered = "\n".join(f"{number:>5} {lines[number - 1]}" for number in range(first, last + 1))
    return numbered, first, last


def diff(commit: Commit, weights: Mapping[str, float], most_lines: int, first: Sequence[Hunk] = ()) -> str:
    """What a commit changed, the files that matter and their hunks `first`, cut to so many lines."""
    changes = sorted(
        commit.changes, key=lambda change: -weights.get(change.path or change.old_path or "", 0.0)
    )
    lines: list[str] = []
    left_out = 0
    for change in changes:
        shown = _change(change, first)
        room = most_lines - len(lines)
        if room < 4:  # noqa: PLR2004 - a heading alone says nothing
            left_out += 1
            continue
        lines += (
            shown[:room]
            if len(shown) <= room
            else [*shown[: room - 1], f"... {len(shown) - room + 1} more lines"]
        )
    if left_out:
        lines.append(f"... and {left_out} more files")
    return "\n".join(lines)


def _change(change: FileChange, first: Sequence[Hunk]) -> list[str]:
    if change.old_path is None:
        head = f"+++ {change.path} (new file)"
    elif change.path is None:
        head = f"--- {change.old_path} (deleted)"
    elif change.old_path != change.path:
        head = f"=== {change.old_path} -> {change.path}"
    else:
        head = f"=== {change.path}"
    lines = [head]
    for hunk in sorted(change.hunks, key=lambda hunk: hunk not in first):
        lines.append(f"@@ -{hunk.old_start},{hunk.old_count} +{hunk.new_start},{hunk.new_count} @@")
        lines += [f"-{line}"[:300] for line in hunk.removed]
        lines += [f"+{line}"[:300] for line in hunk.added]
    return lines

"""A record as kept (redacted) -> the few lines of it that a person wants to read at night."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiops_daemon.actions.record import values_of
from aiops_daemon.actions.stack import condensed

EXCERPT_CHARACTERS = 1200
_MESSAGE_CHARACTERS = 700
_VALUE_CHARACTERS = 200
_STACK_CHARACTERS = 500
_FIELDS = 12

_MESSAGE_KEYS = ("message", "msg", "event", "MESSAGE", "body")
_PANIC_KEYS = ("panic.message", "panic_message", "panic.payload")
_REQUEST_KEYS = ("request_id", "x_request_id", "x-request-id", "requestId", "req_id", "reqId")
_STACK_KEYS = frozenset(
    {
        "panic.backtrace",
        "backtrace",
        "stack",
        "stack_trace",
        "stacktrace",
        "exception",
        "traceback",
        "exc_info",
    }
)
_SAID_ELSEWHERE = frozenset(
    {*_MESSAGE_KEYS, *_PANIC_KEYS, "error_code", "panic.location", "panic.thread", *_REQUEST_KEYS}
)
"""In the message's own facts, or in the lines that are put first and last."""

_ENVELOPE = _SAID_ELSEWHERE | {
    "timestamp", "time", "ts", "@timestamp", "@version", "level", "severity", "level_value", "levelname", "target", "span",
    "spans", "fields", "name", "logger", "logger_name", "module", "thread", "thread_name", "threadName", "v", "pid",
    "hostname", "method", "uri", "path", "_span", "stream", "log",
}  # fmt: skip
"""What a logger writes beside a flat record's own fields."""


def excerpt_of(text: str) -> str:
    """What went wrong, then the other fields a line each; of a stack trace only the team's own frames."""
    values = values_of(text)
    if values is None:
        return _cut(condensed(text.strip()), EXCERPT_CHARACTERS)
    nested = values.get("fields")
    fields: Mapping[str, Any] = nested if isinstance(nested, dict) else values
    hidden = _SAID_ELSEWHERE if isinstance(nested, dict) else _ENVELOPE
    said = _said(fields) or _said(values)
    lines = [_cut(condensed(said), _MESSAGE_CHARACTERS)] if said else []
    others = [(key, value) for key, value in fields.items() if key not in hidden and value not in (None, "")]
    for key, value in others[:_FIELDS]:
        lines.append(_field(key, value))
    request_id = _request_id(values, fields)
    if request_id and lines:
        lines.append(f"request_id = {_cut(request_id, _VALUE_CHARACTERS)}")
    return _cut("\n".join(lines), EXCERPT_CHARACTERS) or _cut(text, EXCERPT_CHARACTERS)


def headline_of(text: str, characters: int = 160) -> str:
    """One line of it: what it said first."""
    lines = (line.strip() for line in excerpt_of(text).split("\n"))
    said = [line for line in lines if line]
    if len(said) > 1 and said[0].startswith("thread '") and "panicked at" in said[0]:
        said[0] = f"{said[0]} {said[1]}"  # the raw text of a panic says what happened on its second line
    return _cut(said[0] if said else "", characters)


def _said(fields: Mapping[str, Any]) -> str:
    """The message: of a panic what it said, not that there was one."""
    for key in (*_PANIC_KEYS, *_MESSAGE_KEYS):
        value = fields.get(key)
        if value not in (None, ""):
            return _plain(value).strip()
    return ""


def _field(key: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = next(
            (value[name] for name in ("stack", "stack_trace", "stacktrace") if value.get(name)), None
        )
        if isinstance(inner, str):
            return f"{key} = {_cut(condensed(inner), _STACK_CHARACTERS)}"
    if key in _STACK_KEYS and isinstance(value, str):
        frames = condensed(value)
        return _cut(frames if key == "panic.backtrace" else f"{key} = {frames}", _STACK_CHARACTERS)
    return f"{key} = {_cut(_plain(value), _VALUE_CHARACTERS)}"


def _request_id(values: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    spans = values.get("spans")
    for scope in (fields, values, values.get("span"), *reversed(spans if isinstance(spans, list) else [])):
        for key in _REQUEST_KEYS if isinstance(scope, dict) else ():
            if isinstance(scope.get(key), (str, int)):
                return str(scope[key]).strip()
    return ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"

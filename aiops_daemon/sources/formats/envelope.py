"""A record's values -> an event: which key means what, for `tracing` nested and flattened and for the other loggers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiops_daemon.domain.error_code import MAX_CODE_CHARACTERS
from aiops_daemon.domain.event import Event, Panic, Request
from aiops_daemon.sources.formats.part import Record

MAX_TEXT_CHARACTERS = 65_536
_MAX_MESSAGE_CHARACTERS = 16_384
_MAX_REQUEST_CHARACTERS = 256

_MESSAGE_KEYS = ("message", "msg", "event", "error", "err", "exception", "reason")
_TARGET_KEYS = ("target", "logger", "logger_name", "name", "module")
_TIME_KEYS = ("timestamp", "@timestamp", "time", "ts", "datetime")
_CODE_KEYS = ("error_code",)
_OTHER_CODE_KEYS = frozenset({"code", "errorcode", "err_code", "errcode"})
_REQUEST_KEYS = ("request_id", "x_request_id", "x-request-id", "requestId", "req_id", "reqId")
_PATH_KEYS = ("uri", "path", "url", "http.target", "http.route")
_METHOD_KEYS = ("method", "http.method")
_PANIC_MESSAGE_KEYS = ("panic.message", "panic_message", "panic.payload", "payload")
_PANIC_PLACE_KEYS = ("panic.location", "panic_location", "location")
_PANIC_IN_MESSAGE = re.compile(r"panicked at (?:'[^']*', )?([^\s:']{1,300}:\d+:\d+)")
_MILLISECONDS_FROM = 100_000_000_000
_LAST_SECOND = 253_402_300_799
_PRINTED_BITS = 1024

_Scopes = tuple[Mapping[str, Any], ...]


def event_of(record: Record, offset: int) -> Event:
    """The event that a record tells of. `offset` is where the record begins in its file."""
    values = _lowered(record.values)
    fields = values.get("fields")
    scopes = (_lowered(fields), values) if isinstance(fields, dict) else (values,)
    message = _text(_first(scopes, _MESSAGE_KEYS))
    panic = _panic(scopes, message)
    if panic is not None:
        message = _text(_first(scopes, _PANIC_MESSAGE_KEYS)) or message
    return Event(
        offset=offset,
        level=record.level,
        code=_code(_first(scopes, _CODE_KEYS)),
        other_code=_code(_other_code(scopes)),
        message=message[:_MAX_MESSAGE_CHARACTERS],
        target=_text(_first(scopes[::-1], _TARGET_KEYS)),
        logged_at=_time(_first((values,), _TIME_KEYS)),
        request=_request(values, scopes),
        panic=panic,
        text=record.text[:MAX_TEXT_CHARACTERS],
        is_damaged=record.is_damaged,
    )


def _lowered(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values, and under lower-case names those too that a logger begins with a capital (`Message`, `LEVEL`)."""
    capitals = {name.lower(): value for name, value in values.items() if name[:1].isupper()}
    return {**capitals, **values} if capitals else values


def _first(scopes: _Scopes, keys: tuple[str, ...]) -> Any:
    for scope in scopes:
        for key in keys:
            value = scope.get(key)
            if value is not None and value != "":
                return _sound(value)
    return None


def _sound(value: Any) -> Any:
    """A string without lone surrogates (JSON can spell them, UTF-8 can't), an integer that Python will print."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int) and value.bit_length() > _PRINTED_BITS:
        return "a huge number"
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        inner = value.get("message") or value.get("msg")
        return _sound(inner) if isinstance(inner, str) else ""
    return "" if value is None else str(value)[:_MAX_MESSAGE_CHARACTERS]


def _code(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return text if 0 < len(text) <= MAX_CODE_CHARACTERS else None


def _other_code(scopes: _Scopes) -> Any:
    for scope in scopes:
        for key, value in scope.items():
            if key.lower() in _OTHER_CODE_KEYS and isinstance(value, str):
                return _sound(value)
    return None


def _panic(scopes: _Scopes, message: str) -> Panic | None:
    place = _first(scopes, _PANIC_PLACE_KEYS[:2])
    if place is None and "panic" in message[:200]:
        place = _first(scopes, _PANIC_PLACE_KEYS[2:])
    if isinstance(place, str):
        return Panic(location=place[:300], is_raw_text=False)
    found = _PANIC_IN_MESSAGE.search(message[:2000]) if "panicked at" in message[:2000] else None
    return Panic(location=found.group(1), is_raw_text=False) if found else None


def _request(values: Mapping[str, Any], scopes: _Scopes) -> Request | None:
    """The request, from the innermost span that names it: it can stand in `spans` alone, or beside the message."""
    span, spans = values.get("span"), values.get("spans")
    around = [span, *reversed(spans if isinstance(spans, list) else []), *scopes]
    for scope in around:
        if not isinstance(scope, dict):
            continue
        request_id = _first((scope,), _REQUEST_KEYS)
        if isinstance(request_id, (str, int)) and str(request_id).strip():
            method = _first((scope,), _METHOD_KEYS)
            path = _first((scope,), _PATH_KEYS)
            return Request(
                id=str(request_id)[:_MAX_REQUEST_CHARACTERS],
                method=method[:16] if isinstance(method, str) else None,
                path=path.partition("?")[0][:_MAX_REQUEST_CHARACTERS] if isinstance(path, str) else None,
            )
    return None


def _time(value: Any) -> datetime | None:
    """The log's time: RFC 3339 with any number of digits, or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value[:40])
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            seconds = value / 1000 if value > _MILLISECONDS_FROM else value
            return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST_SECOND else None
    except (ValueError, OverflowError, OSError):
        return None
    return None

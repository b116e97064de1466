from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from aiops_daemon.domain.event import Level, Panic, Request
from aiops_daemon.sources.formats.envelope import event_of
from aiops_daemon.sources.formats.json_lines import JsonLines


def event(values: dict, offset: int = 0):
    (part,) = JsonLines().parts(json.dumps(values).encode())
    return event_of(part, offset)


@pytest.mark.parametrize("is_flat", [False, True])
def test_message_and_code_are_found_nested_and_flattened(is_flat):
    fields = {"message": "boom", "error_code": "AI5001"}
    values = {"timestamp": "2026-11-22T03:04:05.5Z", "level": "ERROR", "target": "server::ai"}
    found = event(values | (fields if is_flat else {"fields": fields}), offset=7)
    assert (found.offset, found.level, found.message, found.code) == (7, Level.ERROR, "boom", "AI5001")
    assert (found.target, found.logged_at) == ("server::ai", datetime(2026, 11, 22, 3, 4, 5, 500_000, UTC))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", None),
        ("  ", None),
        (5001, "5001"),
        (True, None),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        (None, None),
        ({}, None),
    ],
)
def test_what_counts_as_a_code(code, expected):
    assert event({"level": "ERROR", "fields": {"error_code": code}}).code == expected


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-22T03:04:05Z", datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)),
        ("2026-11-22T12:04:05+09:00", datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)),
        ("2026-11-22T03:04:05.123456789Z", datetime(2026, 11, 22, 3, 4, 5, 123456, UTC)),
        ("2026-11-22T03:04:05.1Z", datetime(2026, 11, 22, 3, 4, 5, 100_000, UTC)),
        (1_795_316_645, datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)),
        (1_795_316_645_000, datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)),
        ("yesterday", None),
        (-1, None),
        (1e300, None),
        (True, None),
    ],
)
def test_the_logs_own_time(time, expected):
    assert event({"level": "ERROR", "time": time}).logged_at == expected


def test_a_request_is_the_innermost_span_that_names_one():
    outer = {"request_id": "outer", "method": "GET", "uri": "/a?token=secret"}
    inner = {"request_id": "inner", "method": "POST", "uri": "/b?x=1"}
    assert event({"level": "ERROR", "span": {"op": "x"}, "spans": [outer, inner]}).request == Request(
        id="inner", method="POST", path="/b"
    )
    assert event({"level": "ERROR", "span": {"op": "x"}}).request is None
    assert event({"level": "ERROR", "span": outer | {"request_id": " "}}).request is None


def test_a_panic_told_by_a_record():
    fields = {
        "message": "thread panicked",
        "panic.message": "index out of bounds",
        "panic.location": "src/a.rs:4:8",
    }
    found = event({"level": "ERROR", "fields": fields})
    assert found.panic == Panic(location="src/a.rs:4:8", is_raw_text=False)
    assert found.message == "index out of bounds"


@pytest.mark.parametrize(
    "values", [{"Fields": {"Message": "m", "Error_Code": "A1"}}, {"MESSAGE": "m", "ERROR_CODE": "A1"}]
)
def test_capital_keys_are_read_too(values):
    found = event({"Level": "ERROR"} | values)
    assert (found.level, found.message, found.code) == (Level.ERROR, "m", "A1")


@pytest.mark.parametrize("strange", [None, 3, [], {}, [{}], True, "x", [None, 1]])
def test_values_of_another_kind_than_expected_do_no_harm(strange):
    keys = ("fields", "span", "spans", "target", "message", "timestamp", "request_id", "panic.location")
    for key in keys:
        assert event({"level": "ERROR", key: strange}).level is Level.ERROR
        assert event({"level": "ERROR", "fields": {key: strange}}).level is Level.ERROR


def test_long_texts_are_bounded():
    found = event({"level": "ERROR", "message": "m" * 100_000})
    assert (len(found.message), len(found.text)) == (16_384, 65_536)

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watched import record

from aiops_daemon.domain.event import Level
from aiops_daemon.sources.assemble import Assembler
from aiops_daemon.sources.formats.envelope import event_of
from aiops_daemon.sources.formats.json_lines import JsonLines
from aiops_daemon.sources.formats.part import Record, Text
from aiops_daemon.sources.lines import LineSplitter

JSON_FILES = (
    "json_nested.log",
    "json_flatten.log",
    "json_nested_panic_stderr.log",
    "rolling/server.2026-11-18.log",
    "rolling/server.2026-11-19.log",
    "rolling/server.2026-11-21.log",
)
EXCEPTIONS = {
    "truncated JSON (process killed while writing)": [("ERROR", None)],  # the code had not been written yet
    "ANSI coloured plain text line": [],  # plain text is a format of its own, not read yet
    "3,000 nested objects": [],  # it names no level and no parser takes it: a line for people, counted
    "error_code of 5,000 characters": [("ERROR", None)],  # over 64 characters is no code
    "PascalCase keys": [("ERROR", None)],  # `ErrorCode` is no `error_code`: kept as the other code
    "upper case keys": [("ERROR", None)],  # so is `CODE`
}


def read(data: bytes, max_line_bytes: int = 1 << 20) -> tuple[Assembler, list]:
    splitter, assembler = LineSplitter(0, max_line_bytes), Assembler(JsonLines())
    for line in splitter.feed(data):
        assembler.feed(line)
    assembler.close_group()
    events, _, _ = assembler.take()
    return assembler, list(events)


def parts(line: bytes):
    return JsonLines().parts(line)


def only(line: bytes) -> Record:
    (part,) = parts(line)
    assert isinstance(part, Record)
    return part


@pytest.mark.parametrize("name", JSON_FILES)
def test_the_counts_of_a_real_log_are_exact(name, samples):
    """Every line, every level and every code of what tracing-subscriber wrote, nested and flattened."""
    expected = json.loads((samples / "rust-tracing/expected.json").read_text())[name]
    assembler, events = read((samples / "rust-tracing" / name).read_bytes())
    assert assembler.tally.lines == expected["lines"]
    assert dict(assembler.tally.levels) == expected["levels"]
    codes = {code: count for code, count in expected["error_codes"].items() if code}
    assert dict(assembler.tally.codes) == codes
    assert assembler.tally.unparsed == 0
    records = [event for event in events if event.panic is None or not event.panic.is_raw_text]
    assert len(records) == sum(expected["levels"][level] for level in ("WARN", "ERROR"))
    assert len(events) - len(records) == expected.get("raw_panics", 0)
    assert len({event.offset for event in events}) == len(events)


def nasty(samples):
    rows = json.loads((samples / "nasty/expected.json").read_text())
    return zip(rows, (samples / "nasty/nasty.jsonl").read_bytes().split(b"\n"), strict=False)


def test_nasty_lines_are_read_as_well_as_they_can_be(samples):
    found, wanted = {}, {}
    for row, line in nasty(samples):
        what = row["what"]
        events = [event_of(part, 0) for part in parts(line) if isinstance(part, Record)]
        found[what] = [(event.level, event.code) for event in events]
        wanted[what] = EXCEPTIONS.get(what, [(event["level"], event["code"]) for event in row["events"]])
    assert found == wanted


def test_a_code_under_another_name_is_kept_apart(samples):
    others = {row["what"]: line for row, line in nasty(samples) if row["what"].lower().endswith("case keys")}
    assert {what: event_of(only(line), 0).other_code for what, line in others.items()} == {
        "PascalCase keys": "AI5001",
        "upper case keys": "AI5001",
    }


def test_a_nasty_line_never_spoils_the_next(samples):
    for _, line in nasty(samples):
        _, events = read(line + b"\n" + record("the next one"))
        assert "the next one" in [event.message for event in events]


@pytest.mark.parametrize("limit", [4096, 1 << 20, 8 << 20])
def test_a_record_of_two_mebibytes_keeps_level_and_code(limit):
    """A message of 2 MiB stands before the code: what is cut is cut from the middle."""
    _, (event,) = read(record("AI Analysis Failed: " + "x" * (2 << 20)), limit)
    assert (event.level, event.code) == (Level.ERROR, "AI5001")
    assert event.message.startswith("AI Analysis Failed: xxx")
    assert len(event.text) <= 65_536


@pytest.mark.parametrize("filling", ['"', "\\", "회", "\n", "}{"])
@pytest.mark.parametrize("shift", range(7))
def test_wherever_a_long_record_is_cut_it_keeps_level_and_code(filling, shift):
    _, events = read(record("x" * shift + filling * 9000), 4096)
    assert [(event.level, event.code) for event in events] == [(Level.ERROR, "AI5001")]


@pytest.mark.parametrize(
    "line",
    [
        record("m").rstrip() + b"\r\n",
        b"\xef\xbb\xbf" + record("m"),
        b"\0" * 700 + record("m"),
        record("m").rstrip() + b"\0\0\n",
    ],
    ids=["CRLF", "BOM", "zeros before", "zeros behind"],
)
def test_what_surrounds_a_record_is_no_part_of_it(line):
    _, (event,) = read(line)
    assert (event.level, event.message, event.is_damaged) == (Level.ERROR, "m", False)


def test_the_first_of_two_levels_is_the_envelopes():
    line = b'{"timestamp":"2026-11-22T03:04:05Z","level":"ERROR","message":"m","level":"INFO","target":"t"}'
    assert only(line).level is Level.ERROR


def test_a_quoted_object_in_a_panic_is_no_record():
    line = b'  {"level":"ERROR","fields":{"error_code":"FAKE1"}}'
    assert [type(part) for part in parts(line)] == [Text]


def test_deep_nesting_and_huge_numbers_do_no_harm():
    deep = b'{"level":"ERROR","error_code":"AI5001","a":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    digits = b'{"level":"ERROR","error_code":"AI5001","n":' + b"9" * 10_000 + b"}"
    for line in (deep, digits):
        event = event_of(only(line), 0)
        assert (event.level, event.code) == (Level.ERROR, "AI5001")


LINES = st.sampled_from(
    [
        record("m", "INFO"),
        record("m", "DEBUG", code=""),
        record("m", "WARN"),
        record("m"),
        b"   0: core::panicking\n",
        b"thread 'main' panicked at src/a.rs:1:2:\n",
    ]
).map(lambda line: line.rstrip(b"\n"))
DAMAGE = st.sampled_from(
    [b"", b"}", b"{", b"\r", b" ", b"\0", b'"', b"x", b"\xff", b"\n", b'{"level":50,"time":1}']
)


@given(st.lists(st.tuples(LINES, st.integers(0, 300), st.integers(0, 300), DAMAGE), max_size=4))
def test_the_short_way_for_quiet_records_counts_as_the_long_one_does(pieces):
    """Whatever is cut out of lines and glued together: the level read off the head is the one a full look gives."""
    line = b"".join(
        text[min(a, b) % 40 :] + damage if a > b else text[:b] + damage for text, a, b, damage in pieces
    )
    for piece in line.split(b"\n"):
        level = JsonLines().quiet_level(piece)
        if level is not None:
            assert [part.level for part in parts(piece) if isinstance(part, Record)] == [level]
            assert level not in {Level.WARN, Level.ERROR, Level.FATAL}


def test_quiet_records_are_told_by_their_head(samples):
    """Else the reader is an order of magnitude slower on what is nearly all of a log."""
    lines = (samples / "rust-tracing/json_nested.log").read_bytes().splitlines()
    quiet = [line for line in lines if b'"level":"INFO"' in line[:80] or b'"level":"DEBUG"' in line[:80]]
    assert [line for line in quiet if JsonLines().quiet_level(line) is None] == []

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from watched import record

from aiops_daemon.domain.event import Level
from aiops_daemon.sources.assemble import RECORDS_BETWEEN_LINES, Assembler
from aiops_daemon.sources.formats import format_for
from aiops_daemon.sources.lines import LineSplitter

HEADER = b"thread 'tokio-runtime-worker-2' (21321) panicked at src/traffic.rs:49:16:\n"
TRACE = b"stack backtrace:\n   0: __rustc::rust_begin_unwind\n             at /rustc/library/std/src/panicking.rs:689:5\n"
NOTE = b"note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n"


class Reading:
    """Bytes fed to a reader from the beginning of a file."""

    def __init__(self, *pieces: bytes) -> None:
        self.splitter = LineSplitter(0, 65_536)
        self.assembler = Assembler(format_for("auto"))
        self.events = []
        self.unparsed = 0
        for piece in pieces:
            self.feed(piece)

    def feed(self, data: bytes) -> None:
        for line in self.splitter.feed(data):
            self.assembler.feed(line)
        events, _, unparsed = self.assembler.take()
        self.events += events
        self.unparsed += unparsed

    @property
    def messages(self) -> list[str]:
        return [event.message for event in self.events]

    @property
    def position(self) -> int:
        starts = (self.splitter.line_start, self.assembler.open_since)
        return min(start for start in starts if start is not None)


def test_a_panic_is_one_event_with_all_its_lines():
    text = HEADER + b"index out of bounds\n" + TRACE + NOTE
    (panic,) = Reading(b"\n", text).events
    assert (panic.offset, panic.level, panic.message) == (1, Level.FATAL, "index out of bounds")
    assert (panic.panic.location, panic.panic.is_raw_text) == ("src/traffic.rs:49:16", True)
    assert panic.text == text.decode().rstrip("\n")


def test_the_way_older_rust_writes_it():
    (panic,) = Reading(b"thread 'main' panicked at 'it broke', src/a.rs:1:2\n", NOTE).events
    assert (panic.message, panic.panic.location) == ("it broke", "src/a.rs:1:2")


def test_a_message_of_several_lines_stands_before_the_backtrace():
    (panic,) = Reading(HEADER, b"assertion failed\n  left: 2\n right: 3\n", TRACE, NOTE).events
    assert panic.message == "assertion failed\n  left: 2\n right: 3"


def test_records_of_other_threads_between_the_lines_go_on_at_once():
    """The position stays before the panic, and a record glued behind half a line of text is read too."""
    reading = Reading(HEADER, b"it broke\n", record("other"), b"   2: core", record("glued"))
    assert reading.messages == ["other", "glued"]
    assert reading.position == 0
    reading.feed(b"::panicking::assert_failed_inner\n" + NOTE)
    assert reading.messages == ["other", "glued", "it broke\n   2: core\n::panicking::assert_failed_inner"]
    assert reading.position == reading.splitter.line_start


def test_a_decoy_in_the_message_of_a_panic_is_no_record():
    decoy = b'  {"level":"ERROR","fields":{"error_code":"FAKE1"}}\n'
    (panic,) = Reading(HEADER, b"expected DRAFT\n", decoy, TRACE, NOTE).events
    assert "FAKE1" in panic.message
    assert panic.code is None


def test_a_second_panic_ends_the_first():
    reading = Reading(HEADER, b"one\n", HEADER, b"two\n", NOTE)
    assert reading.messages == ["one", "two"]


def test_a_panic_behind_a_record_on_one_line_keeps_the_position_before_the_line():
    """The position is where a line begins, so that reading again from there finds both of them again."""
    line = record("회고", "INFO").rstrip(b"\n") + HEADER
    reading = Reading(record("one"), line, b"it broke\n")
    assert reading.position == len(record("one"))
    assert reading.assembler.open_since == len(record("one"))
    reading.feed(NOTE)
    assert reading.messages == ["one", "it broke"]


def test_records_without_a_further_line_end_a_panic():
    reading = Reading(HEADER, b"it broke\n", record("x", "INFO") * RECORDS_BETWEEN_LINES)
    assert reading.position == 0
    reading.feed(record("x", "INFO"))
    assert reading.messages == ["it broke"]
    assert reading.position == reading.splitter.line_start


def test_a_panic_that_never_ends_does_not_hold_the_position_for_ever():
    """A stranger's text flows on behind a panic without a note: a mebibyte on, the position is free again."""
    reading = Reading(HEADER)
    flow = (b"plain text of some other program\n" + record("x", "INFO")) * 1000
    for _ in range(30):
        reading.feed(flow)
        assert reading.splitter.line_start - reading.position < (1 << 20) + 1000 + len(flow)
    assert len(reading.events) == 1
    assert len(reading.events[0].text) < 70_000
    assert reading.assembler.open_since is None


def test_lines_that_belong_to_nothing_are_counted_and_some_are_kept():
    assembler = Assembler(format_for("auto"))
    splitter = LineSplitter(0, 65_536)
    for line in splitter.feed(b"who\n\n \nknows\n" * 50):
        assembler.feed(line)
    _, kept, count = assembler.take()
    assert (count, len(kept), kept[0].text, kept[1].offset) == (100, 20, "who", 7)
    assert assembler.take() == ((), (), 0)


PIECES = st.sampled_from(
    [
        HEADER,
        TRACE,
        NOTE,
        b"it broke\n",
        b"   2: core",
        b"\r\n",
        b"\0\0\0",
        b"\xef\xbb\xbf",
        b"\xed\x95",
        "회".encode(),
        *(record("x", level) for level in ("INFO", "WARN", "ERROR")),
        record("x").rstrip(b"\n"),
        record("x")[:40],
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=25).map(b"".join), st.lists(st.integers(0, 10_000), max_size=6))
def test_any_split_of_any_bytes_gives_the_same_events_and_the_same_position(data, cuts):
    cuts = sorted({cut % (len(data) + 1) for cut in cuts})
    whole = Reading(data)
    pieces = Reading(*(data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)))
    assert pieces.events == whole.events
    assert pieces.position == whole.position
    assert (pieces.unparsed, pieces.assembler.tally) == (whole.unparsed, whole.assembler.tally)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=25).map(b"".join))
def test_no_two_events_of_a_file_have_one_offset(data):
    offsets = [event.offset for event in Reading(data + b"\n" + NOTE).events]
    assert len(set(offsets)) == len(offsets)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=25).map(b"".join), st.integers(0, 10_000))
def test_reading_again_from_the_position_finds_what_was_open(data, cut):
    """What a restart reads again, with what was admitted before it, is what one reading finds."""
    cut %= len(data) + 1
    before = Reading(data[:cut])
    again = Reading()
    again.splitter.line_start = before.position
    again.feed(data[before.position :])
    found = {event.offset: event for event in [*again.events, *before.events]}
    assert sorted(found) == sorted(event.offset for event in Reading(data).events)

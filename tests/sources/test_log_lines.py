from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.sources.lines import CUT, LineSplitter

MIB = 1 << 20


def split(pieces, limit=64, offset=0):
    splitter = LineSplitter(offset, limit)
    lines = [line for piece in pieces for line in splitter.feed(piece)]
    return lines, splitter


@given(
    st.lists(st.binary(max_size=200) | st.just(b"\n") | st.just(b"\\" * 40), max_size=20).map(b"".join),
    st.lists(st.integers(0, 4000), max_size=8),
)
def test_any_split_gives_the_same_lines_and_the_same_place(data, cuts):
    cuts = sorted({cut % (len(data) + 1) for cut in cuts})
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    whole, splitter = split([data])
    lines, pieced = split(pieces)
    assert lines == whole
    assert (pieced.line_start, pieced.pending_bytes, pieced.rest()) == (
        splitter.line_start,
        splitter.pending_bytes,
        splitter.rest(),
    )


@given(st.binary(max_size=300), st.integers(0, 1 << 40))
def test_lines_tile_the_file(data, offset):
    """Each line ends where the next begins, and the offsets count the bytes of the file."""
    lines, splitter = split([data], limit=1 << 20, offset=offset)
    assert [line.data for line in lines] == data.split(b"\n")[:-1]
    at = offset
    for line in lines:
        assert (line.offset, line.end) == (at, at + len(line.data) + 1)
        at = line.end
    assert splitter.line_start == at


def test_only_a_line_feed_ends_a_line():
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\rg\n".encode()
    lines, _ = split([text])
    assert [line.data for line in lines] == [text[:-1]]


def test_a_long_line_keeps_its_two_ends():
    lines, _ = split([b"a" * 32 + b"x" * 1000 + b"z" * 32 + b"\nnext\n"])
    assert [line.data for line in lines] == [b"a" * 32 + CUT + b"z" * 32, b"next"]


def test_a_cut_leaves_no_half_of_an_escape_behind():
    lines, _ = split([b"a" * 31 + b"\\" + b'"' * 100 + b"\n"])
    assert lines[0].data.startswith(b"a" * 31 + CUT)


def test_the_last_line_may_lack_its_end():
    lines, splitter = split([b"one\ntw", b"o"])
    assert [line.data for line in lines] == [b"one"]
    assert splitter.pending_bytes == 3
    assert splitter.rest() == (4, 7, b"two")
    assert splitter.rest() is None


def test_a_line_of_100_megabytes_is_held_in_bounded_memory():
    splitter = LineSplitter(0, MIB)
    piece = b"x" * (512 * 1024)
    for _ in range(200):
        assert list(splitter.feed(piece)) == []
        assert len(splitter._head) + len(splitter._tail) <= MIB
    assert splitter.pending_bytes == 200 * len(piece)
    assert len(next(splitter.feed(b"\n")).data) == MIB + len(CUT)
    assert splitter.line_start == 200 * len(piece) + 1

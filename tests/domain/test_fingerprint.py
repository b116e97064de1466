"""Which messages have one shape."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.domain.fingerprint import fingerprint_of, overflow_of, shape


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 17 failed", "order 99182 failed"),
        (
            "user 9f0c2a1e-1111-4222-8333-444455556666 is gone",
            "user 00000000-aaaa-4bbb-8ccc-ddddeeeeffff is gone",
        ),
        ("connect to 10.0.0.7:5432 refused", "connect to 10.1.22.9:5433 refused"),
        ('title "first" is taken', 'title "another one" is taken'),
        ("no user a.b@example.com", "no user someone.else@example.org"),
        ("GET https://a.example/x?y=1 failed", "GET http://b.example/ failed"),
        ("commit 9fceb02d0ae5 is unknown", "commit 1a2b3c4d5e6f is unknown"),
        ("took 30.127s", "took 9s"),
        ("회고 ID: 380, 에러", "회고 ID: 7, 에러"),
        (
            "index out of bounds: the len is 0 but the index is 5",
            "index out of bounds: the len is 3 but the index is 12",
        ),
        ("glyph not found: U+1F44D", "glyph not found: U+2764"),
    ],
)
def test_what_differs_from_one_occurrence_to_the_next_is_not_in_the_shape(one, other):
    assert shape(one) == shape(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("connection refused", "connection reset"),
        ("called `Option::unwrap()` on a `None` value", "called `Result::unwrap()` on an `Err` value"),
        ("can't open the file", "can't read the file"),
    ],
)
def test_two_messages_stay_two(one, other):
    assert shape(one) != shape(other)


def test_code_and_target_are_part_of_the_fingerprint():
    prints = {fingerprint_of(code, target, "m").value for code in ("AI5001", None) for target in ("a", "b")}
    assert len(prints) == 4


def test_a_fingerprint_carries_its_version_and_the_fault_id_does_not():
    found = fingerprint_of("AI5001", "a", "m")
    assert found.value.startswith("1:")
    assert found.fault_id == found.value[2:10]


def test_the_overflow_belongs_to_the_family():
    assert overflow_of("AI5001", "a").family == fingerprint_of("AI5001", "a", "m").family


def test_fingerprints_do_not_change_unseen():
    """Issues and branches bear the fault id for ever: whoever changes a shape raises VERSION."""
    assert fingerprint_of("AI5003", "server::ai", "timed out after 30 s").value == "1:8c4650e4bf77214e"


@given(st.text(max_size=3000))
def test_any_message_has_a_short_shape_on_one_line(message):
    found = shape(message)
    assert len(found) <= 300
    assert "\n" not in found


def test_a_hostile_message_costs_linear_time():
    started = time.process_time()
    for message in ('"' * 100_000, "a@" * 50_000, "1." * 50_000, "'" + "\\'" * 50_000, ":" * 100_000):
        shape(message)
    assert time.process_time() - started < 1

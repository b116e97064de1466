"""What is a code, and where one may stand."""

import pytest

from aiops_daemon.domain import error_code


@pytest.mark.parametrize(
    "text", ["AI5001", "AUTH4003", "RETRO4041", "COMMON500", "COMMON5001", "MEMBER4042", "DB5001"]
)
def test_the_codes_in_use_are_codes(text):
    assert str(error_code.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "5001",
        "AI",
        "AI3001",
        "AI50011",
        "AI50",
        "ai5001",
        "A5001",
        "X" * 5000,
        "AI5001\n",
        "ＡI5001",
    ],
)
def test_anything_else_is_none(text):
    assert error_code.parse(text) is None


@pytest.mark.parametrize(
    ("text", "server"), [("AI5001", True), ("AUTH4003", False), ("COMMON500", True), ("VAL4001", False)]
)
def test_the_first_digit_says_whose_fault_it_is(text, server):
    assert error_code.parse(text).is_server_fault is server


@pytest.mark.parametrize(
    ("message", "code", "at_head"),
    [
        ("[DB5004] connection closed", "DB5004", True),
        ("Error: [DB5004] connection closed", "DB5004", True),
        ("AI5003: too slow", "AI5003", True),
        ("no field, only in the text: [EXT5003] upstream", "EXT5003", False),
    ],
)
def test_a_code_can_stand_in_the_text(message, code, at_head):
    found = error_code.find(message)
    assert (str(found.code), found.at_head) == (code, at_head)


@pytest.mark.parametrize("message", ["HTTP404 not found", "SHA512 mismatch", "saw AI5003 once", ""])
def test_a_word_that_looks_like_one_is_none(message):
    assert error_code.find(message) is None

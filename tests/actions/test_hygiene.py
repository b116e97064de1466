"""What is left of a stranger's text does nothing but show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.actions.hygiene import one_line, visible


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[2m2026\x1b[0m \x1b[33m WARN", "2026  WARN"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]8;;https://evil\x1b\\text", "text"),
        ("\x1b\x1b[31mred", "red"),
        ("a\rb\r\nc", "a\nb\nc"),
        ("safe\u202eexe.", "safeexe."),
        ("a\u200bb\u2060c\ufeffd\u00ade", "abcde"),
        ("tag\U000e0041\U000e007f", "tag"),
        ("\ud83d\ude00 half\ud800", " half"),
        ("tab\tstays", "tab\tstays"),
        ("한국어 🔥 stays", "한국어 🔥 stays"),
    ],
)
def test_what_acts_is_dropped_and_what_shows_stays(text, left):
    assert visible(text) == left


@given(st.text(st.characters(exclude_categories=[])))
def test_nothing_that_controls_is_left(text):
    assert {letter for letter in visible(text) if unicodedata.category(letter) in {"Cc", "Cs"}} <= {
        "\n",
        "\t",
    }
    assert len(one_line(text).splitlines()) <= 1


def test_every_bidirectional_control_is_dropped():
    controls = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.bidirectional(chr(code))
        in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    ]
    assert visible("".join(controls) + "\u200e\u200f\u061c") == ""

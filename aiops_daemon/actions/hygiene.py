"""Text of strangers without the characters that do something instead of showing something.

Control characters move a terminal's cursor; bidirectional and invisible ones make a line read as another.
"""

from __future__ import annotations

import re

_SPANS = (
    (0x00, 0x09),  # all controls but tab and line feed
    (0x0B, 0x20),
    (0x7F, 0xA0),
    (0x00AD, 0x00AE),  # soft hyphen
    (0x034F, 0x0350),  # joins graphemes, shows nothing
    (0x061C, 0x061D),  # Arabic letter mark
    (0x115F, 0x1161),  # fillers of Hangul
    (0x17B4, 0x17B6),
    (0x180B, 0x1810),  # Mongolian selectors and separator
    (0x200B, 0x2010),  # zero width, left-to-right marks
    (0x2028, 0x202F),  # line separators, bidirectional controls
    (0x2060, 0x2070),
    (0x3164, 0x3165),  # fillers of Hangul
    (0xFE00, 0xFE10),  # variation selectors
    (0xFEFF, 0xFF00),
    (0xFFA0, 0xFFA1),
    (0xFFF0, 0xFFFC),
    (0xFFFE, 0x10000),  # no characters
    (0xD800, 0xE000),  # lone surrogates
    (0x1BCA0, 0x1BCA4),
    (0x1D173, 0x1D17B),
    (0xE0000, 0xE1000),  # tags, variation selectors
)
_DROPPED = dict.fromkeys(code for first, behind in _SPANS for code in range(first, behind))
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?)")
"""Colours, cursor movements, titles: without their first character the rest would be left as litter."""


def visible(text: str) -> str:
    """The text without them; line feeds and tabs stay."""
    if "\x1b" in text:
        text = _TERMINAL.sub("", text)
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROPPED)


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(visible(text).split())

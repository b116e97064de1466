"""Text of strangers without the characters that do something instead of showing something.

Control characters move a terminal's cursor; bidirectional and invisible ones make a line read as another.
"""

from __future__ import annotations

_SPANS = (
    (0x00, 0x09),  # all controls but tab and line feed
    (0x0B, 0x20),
    (0x7F, 0xA0),
    (0x00AD, 0x00AE),  # soft hyphen
    (0x200B, 0x2010),  # zero width, left-to-right marks
    (0x2028, 0x202F),  # line separators, bidirectional controls
    (0x2060, 0x2070),
    (0xFE00, 0xFE10),  # variation selectors
    (0xFEFF, 0xFF00),
    (0xFFF9, 0xFFFC),
    (0xD800, 0xE000),  # lone surrogates
    (0xE0000, 0xE0200),  # tags, variation selectors
)
_DROPPED = dict.fromkeys(code for first, behind in _SPANS for code in range(first, behind))


def visible(text: str) -> str:
    """The text without them; line feeds and tabs stay."""
    return text.translate(_DROPPED)


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(visible(text.replace("\r", "\n")).split())

"""Text of strangers in GitHub's markdown, where it shows and does nothing.

A mention, a reference, a closing keyword and a bare address take effect in plain text, whatever is escaped with a backslash: GitHub looks
for them in what was rendered. So they are broken up with a character that nobody sees. https://github.github.com/gfm/ ,
https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
"""

from __future__ import annotations

import re

from aiops_daemon.actions.hygiene import one_line, visible

_INVISIBLE = "\u200b"
_MEANS_SOMETHING = re.compile(r"([\\`*_{}\[\]()#!|~$^])")
_AT_THE_HEAD = re.compile(r"^(\d{0,9})([-+=.>):])")
_CALLS = re.compile(r"(?i)(@|#|\bgh-|://|www\.|\bmailto:)(?=\S)")
_COMMIT = re.compile(r"\b(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,40}\b")
_SHORTEST_COMMIT = 7
_RUN = re.compile(r"`+")
LONGEST_BODY = 60_000
"""Below GitHub's 65,536 characters, so that people have room for words of their own."""


def prose(text: str, limit: int = 2000) -> str:
    """A stranger's sentence, on one line."""
    words = cut(one_line(text), limit)
    # What is in the original is broken first: the backslashes come between.
    words = _CALLS.sub(lambda match: f"{match[1]}{_INVISIBLE}", words)
    words = _COMMIT.sub(_broken, words)
    words = _MEANS_SOMETHING.sub(r"\\\1", words)
    words = _AT_THE_HEAD.sub(r"\1\\\2", words)
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str, limit: int = 300) -> str:
    """A stranger's text as code within a line."""
    words = _unmarked(cut(one_line(text), limit))
    if not words:
        return ""
    mark = _mark(words, 1)
    pad = " " if words.startswith("`") or words.endswith("`") else ""
    return f"{mark}{pad}{words}{pad}{mark}"


def block(text: str, limit: int = 6000, language: str = "text") -> str:
    """A stranger's lines in a fence that they can't close."""
    words = _unmarked(cut(visible(text).strip("\n"), limit))
    mark = _mark(words, 3)
    return f"{mark}{language}\n{words}\n{mark}"


def cut(text: str, limit: int) -> str:
    """At most so many characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _broken(match: re.Match[str]) -> str:
    """In parts too short to be a commit's name."""
    step = _SHORTEST_COMMIT - 1
    return _INVISIBLE.join(match[0][at : at + step] for at in range(0, len(match[0]), step))


def _unmarked(text: str) -> str:
    """Without what could pass for one of the daemon's own marks, which are looked for in a body's text."""
    return text.replace("<!--", f"<!{_INVISIBLE}--")


def _mark(text: str, least: int) -> str:
    """More backticks than stand together anywhere in the text."""
    longest = max((len(run) for run in _RUN.findall(text)), default=0)
    return "`" * max(least, longest + 1)

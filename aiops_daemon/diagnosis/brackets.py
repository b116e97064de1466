"""Where the brackets of a file close: texts in quotes and comments are passed over."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aiops_daemon.diagnosis.names import COMMENT
from aiops_daemon.diagnosis.snapshot import SourceFile

_CHARACTER = r"'(?:[^'\\\n]|\\[^'\n]{1,8}|\\')'"
_BRACKET: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"{_CHARACTER}|{comment.pattern}|[(\[{{}}\])]")
    for language, comment in COMMENT.items()
}
_CLOSES = {")": "(", "]": "[", "}": "{"}


def brackets(file: SourceFile) -> dict[int, int]:
    """Where each bracket of a file closes, by where it opens; one that another kind closes is passed over."""
    pairs: dict[int, int] = {}
    opened: dict[str, list[int]] = {"(": [], "[": [], "{": []}
    assert file.language is not None
    for found in _BRACKET[file.language].finditer(file.text):
        bracket = found.group()
        if bracket in opened:
            opened[bracket].append(found.start())
        elif waiting := opened.get(_CLOSES.get(bracket, "")):
            start = waiting.pop()
            pairs[start] = found.start()
            for others in opened.values():
                while others and others[-1] > start:
                    others.pop()
    return pairs

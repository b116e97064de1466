"""Where brackets close: texts in quotes and comments are passed over."""

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


class Brackets:
    """Where the brackets of a file close, by where they open; one that another kind closes is passed over.

    Only what is asked about is read, as a large repository has a hundred routers and millions of brackets; all of the file where
    that has become more work than to read it once.
    """

    def __init__(self, file: SourceFile) -> None:
        assert file.language is not None
        self._text = file.text
        self._bracket = _BRACKET[file.language]
        self._known: dict[int, int] = {}
        self._room = 2 * len(file.text)

    def get(self, at: int, default: int) -> int:
        """Where the bracket at this place closes."""
        if at not in self._known:
            if self._room > 0:
                self._room -= self._read(at, stops=True)
            elif self._room <= 0 and -1 not in self._known:
                self._read(0, stops=False)
                self._known[-1] = -1  # all of it is known
        closes = self._known.get(at, -1)
        return default if closes < 0 else closes

    def _read(self, at: int, *, stops: bool) -> int:
        """Read from here on, to the end of the first bracket if it `stops` there; how many characters that took."""
        opened: dict[str, list[int]] = {"(": [], "[": [], "{": []}
        end = len(self._text)
        if stops:
            self._known[at] = -1
        for found in self._bracket.finditer(self._text, at):
            bracket = found.group()
            if bracket in opened:
                opened[bracket].append(found.start())
            elif waiting := opened.get(_CLOSES.get(bracket, "")):
                start = waiting.pop()
                self._known[start] = found.start()
                for others in opened.values():
                    while others and others[-1] > start:
                        others.pop()
                if stops and start == at:
                    end = found.start()
                    break
        return end - at

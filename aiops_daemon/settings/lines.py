"""On which line of a TOML text each key stands. `tomllib` reads values but forgets positions.

Only for texts that `tomllib` has accepted: it checks nothing, it merely has to skip strings, comments and brackets
without mistaking their content for keys. Keys inside an inline table are found by the line of the table.
"""

import re
import tomllib
from dataclasses import dataclass, field

Path = tuple[str, ...]

_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)+")


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) of every table and key. Of an array of tables, and of a key in it, the first one counts."""
    return _Scanner(text).scan()


@dataclass(slots=True)
class _Scanner:
    text: str
    position: int = 0
    line: int = 1
    table: Path = ()
    found: dict[Path, int] = field(default_factory=dict)

    def scan(self) -> dict[Path, int]:
        self._skip(_BLANK)
        while self.position < len(self.text):
            if self.text[self.position] == "[":
                self._header()
            else:
                self._pair()
            self._skip(_BLANK)
        return self.found

    def _header(self) -> None:
        line = self.line
        self._advance(2 if self.text.startswith("[[", self.position) else 1)
        self.table = _path(self._until("]"))
        self._note(self.table, line)
        while self.position < len(self.text) and self.text[self.position] == "]":
            self._advance(1)

    def _pair(self) -> None:
        line = self.line
        path = self.table + _path(self._until("="))
        self._note(path, line)
        self._advance(1)
        self._value()

    def _value(self) -> None:
        depth = 0
        while self.position < len(self.text):
            character = self.text[self.position]
            if character == "\n" and not depth:
                return
            if character in "\"'":
                self._skip(_STRING)
            elif character == "#":
                self._skip(_BLANK) if depth else self._to_line_end()
            else:
                depth += (character in "[{") - (character in "]}")
                self._advance(1)

    def _until(self, end: str) -> str:
        start = self.position
        while self.position < len(self.text) and self.text[self.position] != end:
            if self.text[self.position] in "\"'":
                self._skip(_STRING)
            else:
                self._advance(1)
        return self.text[start : self.position]

    def _to_line_end(self) -> None:
        end = self.text.find("\n", self.position)
        self._advance((len(self.text) if end < 0 else end) - self.position)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        matched = pattern.match(self.text, self.position)
        if matched:
            self._advance(matched.end() - self.position)
        elif pattern is _STRING:
            self._advance(1)

    def _advance(self, characters: int) -> None:
        self.line += self.text.count("\n", self.position, self.position + characters)
        self.position += characters

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.found.setdefault(path[:length], line)


def _path(key: str) -> Path:
    """The parts of a dotted, perhaps quoted key. `tomllib` itself says how quotes and escapes are read."""
    parts: list[str] = []
    level: object = tomllib.loads(f"{key.strip()} = 0")
    while isinstance(level, dict):
        [(name, level)] = level.items()
        parts.append(name)
    return tuple(parts)

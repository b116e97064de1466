"""Who defines a name, where a literal or a word stands, and which function a line belongs to. Files are taken apart only when asked for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from aiops_daemon.diagnosis.snapshot import Snapshot, SourceFile
from aiops_daemon.diagnosis.syntax import Item, outline

_DEFINES: Mapping[str, re.Pattern[str]] = {
    "rust": re.compile(
        r"\bfn\s+(\w+)|\b(?:struct|enum|trait)\s+(\w+)"
        r"|\b(?:const|static)\s+(?!(?:async|unsafe|extern|fn)\b)(?:(?:mut|ref)\s+)?(\w+)"
    ),
    "python": re.compile(r"\bdef\s+(\w+)|^class\s+(\w+)|^([A-Z][A-Z0-9_]+)\s*[:=]", re.MULTILINE),
    "typescript": re.compile(
        r"\bfunction\b\s*(?:\*\s*)?(\w+)|\b(?:const|let|var)\s+(\w+)|\b(?:class|interface|enum|type)\s+(\w+)"
        # In objects and classes: `find: async ...`, `find = (id) => ...`, `private find...`, `find(...) {`
        r"|\bexports\.(\w+)\s*=|^[ \t]+(\w+)\s*[:=]\s*(?:async\b|function\b|\([^()\n]*\)[^()=\n]*=>)"
        r"|^[ \t]+(?:(?:public|private|protected|static|async|readonly|override|get|set)[ \t]+)+(\w+)"
        r"|^[ \t]+(\w+)\s*(?:<[^>\n]*>)?\((?:[^;\n]*\{|[ \t]*\n[ \t]*@)",
        re.MULTILINE,
    ),
    "go": re.compile(
        r"\bfunc\s+(?:\([^)\n]*\)\s*)?(\w+)|\btype\s+(\w+)|^[ \t]*(?:const|var)\s+(\w+)"
        r"|^\t([A-Z]\w*|err[A-Z]\w*)(?:[ \t]+[\w.*\[\]]+)?[ \t]*=(?!=)",
        re.MULTILINE,
    ),
    "java": re.compile(
        r"\b(?:class|interface|enum|record)\s+(\w+)|\bstatic\s+final\s+[\w<>\[\]]+\s+(\w+)"
        r"|^[ \t]+(?:[\w@<>\[\],?.]+[ \t]+)+(\w+)\s*\([^;{]{0,600}\{",
        re.MULTILINE,
    ),
}
_DOUBLE, _SINGLE, _BACK = (rf"{quote}(?:[^{quote}\\\n]|\\.)*{quote}?" for quote in "\"'`")
_SLASHES = r"//[^\n]*|/\*(?:[\s\S]*?\*/|[\s\S]*)"
COMMENT: Mapping[str, re.Pattern[str]] = {
    "rust": re.compile(rf"({_DOUBLE})|{_SLASHES}"),
    "python": re.compile(rf"({_DOUBLE}|{_SINGLE})|#[^\n]*"),
    "typescript": re.compile(rf"({_DOUBLE}|{_SINGLE}|{_BACK})|{_SLASHES}"),
    "go": re.compile(rf"({_DOUBLE}|{_BACK})|{_SLASHES}"),
    "java": re.compile(rf"({_DOUBLE})|{_SLASHES}"),
}
"""Comments, and the texts in quotes that may look like one."""
_QUOTES = {"rust": '"', "python": "\"'", "typescript": "\"'`", "go": '"`', "java": '"'}
_LITERAL: Mapping[str, re.Pattern[str]] = {
    language: re.compile("|".join(rf"{quote}((?:[^{quote}\\\n]|\\.){{6,400}}){quote}" for quote in quotes))
    for language, quotes in _QUOTES.items()
}
_HOLE = re.compile(r"\$?\{[^{}]*\}|%(?:\(\w+\))?[-+#0-9.*]*[a-zA-Z%]|\\[nrt0]|\\")
_TEST = re.compile(r"#\[(?:\w+::)*test\b|#\[rstest\b")
_HEAD_CHARACTERS = 200
LEAST_STATIC = 8
"""Characters of a literal's fixed parts that say something."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of a file."""

    path: str
    line: int
    text: str


class Names:
    """The names of a snapshot, and the lines and literals they stand in."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._outlines: dict[str, tuple[Item, ...]] = {}

    @cached_property
    def definitions(self) -> dict[str, list[tuple[str, int]]]:
        """Where each name is defined, tests last: path and line."""
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for file in self.snapshot.code:
            assert file.language is not None
            starts = _line_starts(file.text)
            for match in _DEFINES[file.language].finditer(file.text):
                name = next(filter(None, match.groups()))
                found[name].append((file.path, _line_of(starts, match.start(match.lastindex or 0))))
        return found

    @cached_property
    def literals(self) -> list[tuple[str, int, tuple[str, ...]]]:
        """The fixed parts of every text in quotes: path, line, and what stands between its holes."""
        found = []
        for file in self.snapshot.code:
            assert file.language is not None
            literal = _LITERAL[file.language]
            for number, line in enumerate(() if file.is_test else file.lines, start=1):
                for match in literal.finditer(line):
                    text = next(filter(None, match.groups()), "")
                    parts = tuple(part for part in _HOLE.split(text) if part.strip())
                    if sum(map(len, parts)) >= LEAST_STATIC:
                        found.append((file.path, number, parts))
        return found

    def outline(self, path: str) -> tuple[Item, ...]:
        """The items of a file."""
        if path not in self._outlines:
            file = self.snapshot.files.get(path)
            self._outlines[path] = outline(file) if file else ()
        return self._outlines[path]

    def function_at(self, path: str, line: int) -> Item | None:
        """The innermost function around a line, else the type or constant there."""
        holding = [item for item in self.outline(path) if item.holds(line)]
        functions = [item for item in holding if not item.is_value]
        found = functions or holding
        return found[-1] if found else None

    def around(self, path: str, line: int, lines: int = 12) -> Item:
        """The function around a line, or a window where there is none."""
        if (item := self.function_at(path, line)) is not None:
            return item
        last = len(self.snapshot.files[path].lines)
        first = max(1, line - lines)
        return Item(
            path=path, name="", owner="", first_line=first, last_line=min(last, line + lines), is_value=True
        )

    def named(self, name: str, owner: str = "") -> list[Item]:
        """The items of a name; with an owner only those that belong to it."""
        items = []
        for path, line in self.definitions.get(name, ()):
            holding = (item for item in self.outline(path) if item.name == name and item.holds(line))
            found = max(holding, key=lambda item: item.first_line, default=None)
            if found is not None and (not owner or found.owner == owner) and found not in items:
                items.append(found)
        return items

    def functions_of(self, name: str, path: str) -> tuple[Item, ...]:
        """The functions that `handler::create` or `orders.list` may stand for in a file: those of that module or owner, or near it."""
        *modules, last = re.split(r"::|\.", name.removesuffix(".bind"))
        modules = [module.lower().replace("_", "") for module in modules]
        found = [item for item in self.named(last) if not item.is_value]
        beside = path.rpartition("/")[0] + "/"

        def fit(item: Item) -> tuple[int, bool, bool]:
            where = f"{item.path}/{item.owner}".lower().replace("_", "")
            return sum(each in where for each in modules), item.path == path, item.path.startswith(beside)

        best = max(map(fit, found), default=None)
        return tuple(item for item in found if fit(item) == best)[:2]

    def is_test(self, item: Item) -> bool:
        """Whether an item stands in a test's file, or is a test beside the code, as Rust has them."""
        is_marked = _TEST.search(self.text_of(item)[:_HEAD_CHARACTERS]) is not None
        return is_marked or self.snapshot.files[item.path].is_test

    def text_of(self, item: Item) -> str:
        """The lines of an item."""
        return "\n".join(self.snapshot.files[item.path].lines[item.first_line - 1 : item.last_line])

    def hits(self, pattern: re.Pattern[str], files: Iterable[SourceFile] | None = None) -> Iterator[Hit]:
        """Every line that a pattern is found on."""
        for file in self.snapshot.code if files is None else files:
            if pattern.search(file.text) is None:
                continue
            for number, line in enumerate(file.lines, start=1):
                if pattern.search(line):
                    yield Hit(file.path, number, line)


def without_comments(text: str, language: str | None) -> str:
    """Code without what is said beside it."""
    return COMMENT[language].sub(lambda match: match[1] or "", text) if language else text


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _line_of(starts: list[int], offset: int) -> int:
    from bisect import bisect_right

    return bisect_right(starts, offset)

"""What can be asked of a snapshot: who defines a name, who uses a word, which function a line belongs to, what it calls.

Names are found by their look, not by types: that is enough to lead a reader, and it works for five languages. Files are taken
apart only when one of their functions is asked for.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from aiops_daemon.diagnosis.declared import Declared
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
_CALL = re.compile(
    r"(?<!fn )(?<!def )(?<!func )(?<!function )"
    r"(?:\b(?P<owner>[A-Za-z_]\w*)(?P<sign>::|\??\.))?\b(?P<name>[A-Za-z_]\w*)"
    r"(?:\s*::<[^<>()]*(?:<[^<>()]*>[^<>()]*)*>|<[^<>()\n]*(?:<[^<>()\n]*>[^<>()\n]*)*>)?\s*\("
)
_CALLED = re.compile(r"\b([A-Za-z_]\w+)\(")
_MENTION = re.compile(r"(?:\b([a-z_]\w*)(?:::|\.))?\b([A-Z]\w+)")
_RECEIVER = re.compile(
    r"\b(?:self|this|state|ctx|app|deps|config)\.([a-z_]\w{2,})\b|\b([a-z_]\w{2,})\s*\.\s*\w+\("
)
_TYPE = re.compile(r"\b[A-Z]\w+")
_MOST_FILES = 8
"""A type that more files speak of tells nothing."""
_ENTITY = frozenset({"Entity", "Column", "ActiveModel", "Model", "Relation"})
"""sea-orm gives every table the same four names: https://www.sea-ql.org/SeaORM/docs/generate-entity/entity-structure/"""
_BROKEN_CHAIN = re.compile(r"\s*\n\s*\.(?=\w)")
_DOUBLE, _SINGLE, _BACK = (rf"{quote}(?:[^{quote}\\\n]|\\.)*{quote}?" for quote in "\"'`")
_SLASHES = r"//[^\n]*|/\*(?:[\s\S]*?\*/|[\s\S]*)"
_COMMENT: Mapping[str, re.Pattern[str]] = {
    "rust": re.compile(rf"({_DOUBLE})|{_SLASHES}"),
    "python": re.compile(rf"({_DOUBLE}|{_SINGLE})|#[^\n]*"),
    "typescript": re.compile(rf"({_DOUBLE}|{_SINGLE}|{_BACK})|{_SLASHES}"),
    "go": re.compile(rf"({_DOUBLE}|{_BACK})|{_SLASHES}"),
    "java": re.compile(rf"({_DOUBLE})|{_SLASHES}"),
}
"""Comments, and the texts in quotes that may look like one."""
_CHARACTER = r"'(?:[^'\\\n]|\\[^'\n]{1,8}|\\')'"
_BRACKET: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"{_CHARACTER}|{comment.pattern}|[(\[{{}}\])]")
    for language, comment in _COMMENT.items()
}
_CLOSES = {")": "(", "]": "[", "}": "{"}

_KEYWORDS_WORDS = """
if for while match return fn let in as loop else switch catch func def class new await async move print println
"""
_KEYWORDS = frozenset(_KEYWORDS_WORDS.split())
_EVERYDAY_WORDS = """
new default from into map map_err ok ok_or ok_or_else err unwrap unwrap_or unwrap_or_else expect clone to_string
to_owned as_str as_ref as_deref iter into_iter collect push len is_empty is_some is_none get insert remove contains
contains_key and_then or_else filter find all any one count sum min max fmt format write read close open lock send
recv await then join split trim parse replace starts_with ends_with eq cmp hash drop next take skip first last append
extend entry keys values some none string vec box arc info warn error debug trace set_value build body json status
header uri method text bytes request response http_request http handler add_message log run main test setup teardown init toString equals hashCode
"""
_EVERYDAY = frozenset(_EVERYDAY_WORDS.split())
"""Names that everybody's library has: found in a call they say nothing of who is called."""

MOST_CANDIDATES = 4
MOST_USES = 2
MOST_MAKERS = 4

_QUOTES = {"rust": '"', "python": "\"'", "typescript": "\"'`", "go": '"`', "java": '"'}
_LITERAL: Mapping[str, re.Pattern[str]] = {
    language: re.compile("|".join(rf"{quote}((?:[^{quote}\\\n]|\\.){{6,400}}){quote}" for quote in quotes))
    for language, quotes in _QUOTES.items()
}
_HOLE = re.compile(r"\$?\{[^{}]*\}|%(?:\(\w+\))?[-+#0-9.*]*[a-zA-Z%]|\\[nrt0]|\\")
LEAST_STATIC = 8
"""Characters of a literal's fixed parts that say something."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of a file."""

    path: str
    line: int
    text: str


class Code:
    """The code of a snapshot."""

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
    def declared(self) -> Declared:
        """What names are declared to be."""
        return Declared(self.snapshot)

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

    def calls(self, item: Item) -> list[Item]:
        """The functions of this source that an item calls, as far as names tell."""
        found: dict[Item, None] = {}
        seen: set[tuple[str, str, str]] = set()
        text = _without_comments(self.text_of(item), self.snapshot.files[item.path].language)
        text = _BROKEN_CHAIN.sub(".", text)
        for match in _CALL.finditer(text):
            owner, sign, name = match["owner"] or "", match["sign"] or "", match["name"]
            if not sign and text.endswith((".", "::"), 0, match.start()):
                sign = "."  # of something that has no plain name: `self.repository()?.find(...)`
            # Its own name alone is the definition, or recursion; behind another's name it is that other's function.
            if name in _KEYWORDS or (name == item.name and not owner) or (owner, sign, name) in seen:
                continue
            seen.add((owner, sign, name))
            for callee in self._resolve(owner, sign, name, item):
                if callee != item and self._language(callee) == self._language(item):
                    found.setdefault(callee)
        return list(found)

    def _language(self, item: Item) -> str | None:
        return self.snapshot.files[item.path].language

    def _resolve(self, owner: str, sign: str, name: str, caller: Item) -> list[Item]:
        if name not in self.definitions:
            return []
        wanted = caller.owner if owner in {"Self", "self", "this", "cls"} else owner
        if wanted and sign and (exact := self.named(name, wanted)):
            return exact[:MOST_CANDIDATES]
        candidates = [each for each in self.named(name) if not each.is_value]
        if owner and sign != "::" and (typed := self._typed(owner, name, caller)):
            return typed[:MOST_CANDIDATES]
        if owner and (near := [each for each in candidates if _is_called(owner, each)]):
            return near[:MOST_CANDIDATES]
        if name in _EVERYDAY:
            return []
        here = [each for each in candidates if each.path == caller.path]
        if here and not sign:
            return here[:1]
        ours = [each for each in candidates if not self.snapshot.files[each.path].is_test] or candidates
        return ours if len(ours) <= MOST_CANDIDATES else []

    def _typed(self, receiver: str, name: str, caller: Item) -> list[Item]:
        """The methods of what a receiver is declared to be; of those who implement it, where it is a trait."""
        found: dict[Item, None] = {}
        for declared in self.declared.types_of(receiver, caller.path):
            owners = self.declared.implementors(declared) or [declared]
            for owner in owners:
                found.update(dict.fromkeys(each for each in self.named(name, owner) if each != caller))
        return [each for each in found if not each.is_value]

    @cached_property
    def _calls_of(self) -> Counter[str]:
        """How often each name is called, tests left out."""
        return Counter(
            name for file in self.snapshot.code if not file.is_test for name in _CALLED.findall(file.text)
        )

    def rarity(self, name: str) -> float:
        """1 for what is called once or twice, less for what everybody calls."""
        return 1.0 / (1.0 + 0.2 * math.log2(max(1.0, self._calls_of[name] / 3)))

    def makers(self, item: Item) -> list[tuple[str, Item]]:
        """The functions that make what an item works with: the name it has there, and the function."""
        text = _without_comments(self.text_of(item), self._language(item))
        found: dict[tuple[str, Item], None] = {}
        for name in dict.fromkeys(field or plain for field, plain in _RECEIVER.findall(text)):
            for maker in self.declared.makers.get(name, ()):
                made = [each for each in self.named(maker) if not each.is_value and each != item]
                if (
                    maker not in _EVERYDAY
                    and 0 < len(made) <= MOST_USES
                    and self._language(made[0]) == self._language(item)
                ):
                    found.update(dict.fromkeys((name, each) for each in made))
        return list(found)[:MOST_MAKERS]

    @cached_property
    def _spoken_of(self) -> Counter[str]:
        """In how many files each type is spoken of."""
        return Counter(name for file in self.snapshot.code for name in set(_TYPE.findall(file.text)))

    def used_by(self, item: Item) -> list[Item]:
        """The types that an item speaks of; of an entity, first of all, what says how it hangs together with others."""
        entities: dict[Item, None] = {}
        others: dict[Item, None] = {}
        text = _without_comments(self.text_of(item), self._language(item))
        for module, name in dict.fromkeys(_MENTION.findall(text)):
            is_entity = bool(module) and name in _ENTITY
            if not is_entity and self._spoken_of[name] > _MOST_FILES:
                continue
            for each in ("Relation", "Model") if is_entity else (name,):
                found = [known for known in self.named(each) if known.is_value and known != item]
                if module:
                    near = [known for known in found if _is_module(module, known.path)]
                    found = near or (found if len(found) == 1 else [])
                if len(found) <= MOST_USES:
                    (entities if is_entity else others).update(dict.fromkeys(found))
        return [*entities, *others]

    def callers(self, item: Item, most: int = 6) -> list[Item]:
        """The functions that name this one in a call."""
        if item.name in _EVERYDAY:
            return []
        pattern = re.compile(rf"\b{re.escape(item.name)}[ \t]*(?:(?:::)?<[^()\n]*>)?\(")
        definitions = {*self.definitions.get(item.name, ())}
        found: dict[Item, None] = {}
        for hit in self.hits(pattern):
            if (hit.path, hit.line) in definitions or self.snapshot.files[hit.path].is_test:
                continue
            caller = self.function_at(hit.path, hit.line)
            if caller is None or caller == item:
                continue
            found.setdefault(caller)
            if len(found) >= most:
                break
        return list(found)


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


def is_everyday(name: str) -> bool:
    """Whether a name is one that everybody's library or language has."""
    return name in _EVERYDAY or name in _KEYWORDS


def _is_module(module: str, path: str) -> bool:
    stem = path.rpartition(".")[0]
    return stem.endswith((f"/{module}", f"/{module}/mod", f"/{module}/index", f"/{module}/__init__"))


def _is_called(receiver: str, item: Item) -> bool:
    """Whether a receiver or module bears the name of what a function belongs to: `member_service.find`, `ai::complete`."""
    plain = receiver.lower().replace("_", "").removesuffix("s")
    owner = item.owner.lower().replace("_", "")
    if owner and (plain in owner or owner in plain) and min(len(plain), len(owner)) > 2:  # noqa: PLR2004 - `s` is in everything
        return True
    parts = re.split(r"[/.]", item.path.lower().replace("_", ""))
    return plain in parts[-4:]


def _without_comments(text: str, language: str | None) -> str:
    return _COMMENT[language].sub(lambda match: match[1] or "", text) if language else text


def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _line_of(starts: list[int], offset: int) -> int:
    from bisect import bisect_right

    return bisect_right(starts, offset)

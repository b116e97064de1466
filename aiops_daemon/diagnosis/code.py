"""What a function calls, who calls it, and what it works with.

Names are found by their look, and by what they are declared to be: that is enough to lead a reader, and it works for five languages.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache, cached_property
from itertools import islice

from aiops_daemon.diagnosis.declared import Declared
from aiops_daemon.diagnosis.names import Names, without_comments
from aiops_daemon.diagnosis.syntax import Item

_CALL = re.compile(
    r"(?<!fn )(?<!def )(?<!func )(?<!function )"
    r"(?:\b(?P<owner>[A-Za-z_]\w*)(?P<sign>::|\??\.))?\b(?P<name>[A-Za-z_]\w*)"
    r"(?:\s*::<[^<>()]*(?:<[^<>()]*>[^<>()]*)*>|<[^<>()\n]*(?:<[^<>()\n]*>[^<>()\n]*)*>)?\s*\("
)
_CALLED = re.compile(r"\b([A-Za-z_]\w+)\(")
_MENTION = re.compile(r"(?:\b([a-z_]\w*)(?:::|\.))?\b([A-Z]\w+)")
_RECEIVER = re.compile(r"\b(?:self|this|state|ctx|app|deps|config)\.([a-z_]\w{2,})\b")
_STATE = re.compile(
    r"\b(?:self|this)\.\w+|\b\w+::(?:Entity|ActiveModel|Column)\b|\b[a-z]\w*_repo\w*\b|\b[A-Z][A-Z_]{4,}\b"
)
_IMPORT = re.compile(r"\b(?:use|import|from)\s[^;]{1,2000}?(?:;|$)", re.MULTILINE)
_MOST_FILES = 8
"""A type that more files speak of tells nothing."""
_ENTITY = frozenset({"Entity", "Column", "ActiveModel", "Model", "Relation"})
"""sea-orm gives every table the same four names: https://www.sea-ql.org/SeaORM/docs/generate-entity/entity-structure/"""
_BROKEN_CHAIN = re.compile(r"(?<!\s)\s++\.(?=\w)")
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
MOST_SIBLINGS = 24


class Code(Names):
    """The code of a snapshot."""

    @cached_property
    def declared(self) -> Declared:
        """What names are declared to be."""
        return Declared(self.snapshot)

    def calls(self, item: Item) -> list[Item]:
        """The functions of this source that an item calls, as far as names tell."""
        found: dict[Item, None] = {}
        seen: set[tuple[str, str, str]] = set()
        text = without_comments(self.text_of(item), self.snapshot.files[item.path].language)
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
        """Who may be meant: by what the receiver is, else by its name, else by the name alone where that says enough."""
        if name not in self.definitions:
            return []
        wanted = caller.owner if owner in {"Self", "self", "this", "cls"} else owner
        if wanted and sign and (exact := self.named(name, wanted)):
            return exact[:MOST_CANDIDATES]
        candidates = [each for each in self.named(name) if not each.is_value]
        near = self._typed(owner, name, caller) if owner and sign != "::" else []
        near = near or [each for each in candidates if owner and _is_called(owner, each)]
        if near or name in _EVERYDAY:
            return near[:MOST_CANDIDATES]
        here = [each for each in candidates if each.path == caller.path]
        if here and not sign:
            return here[:1]
        if not owner and not sign:
            candidates = self._imported(name, caller, candidates)
        ours = [each for each in candidates if not self.snapshot.files[each.path].is_test] or candidates
        return ours if len(ours) <= MOST_CANDIDATES else []

    def _imported(self, name: str, caller: Item, candidates: list[Item]) -> list[Item]:
        """Those that the caller's file imports; in Rust a bare name that is not imported is a macro's or a trait's."""
        text = self.snapshot.files[caller.path].text
        pattern = _import_of(name)
        modules = [
            found[1] or found[2]
            for statement in _IMPORT.findall(text)
            if name in statement
            for found in pattern.finditer(statement)
        ]
        if modules:
            near = [each for each in candidates if any(module in each.path for module in modules)]
            return near or candidates
        is_explicit = self._language(caller) == "rust" and "::*" not in text
        return [] if is_explicit else candidates

    def _typed(self, receiver: str, name: str, caller: Item) -> list[Item]:
        """The methods of what a receiver is declared to be; of those who implement it, where it is a trait."""
        found: dict[Item, None] = {}
        for declared in self.declared.types_of(receiver, caller.path):
            owners = self.declared.implementors(declared) or [declared]
            for owner in owners:
                found.update(dict.fromkeys(each for each in self.named(name, owner) if each != caller))
        return [each for each in found if not each.is_value]

    def siblings(self, item: Item) -> list[tuple[Item, bool]]:
        """The other functions of the same type, or else of the same file, and whether they touch the same fields or tables."""
        near = [
            each
            for each in self.outline(item.path)
            if not each.is_value and each != item and (each.owner == item.owner or not item.owner)
        ]
        own = {*_STATE.findall(self.text_of(item))}
        return [(each, bool(own & {*_STATE.findall(self.text_of(each))})) for each in near[:MOST_SIBLINGS]]

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
        text = without_comments(self.text_of(item), self._language(item))
        found: dict[tuple[str, Item], None] = {}
        for name in dict.fromkeys(_RECEIVER.findall(text)):
            for maker in self.declared.makers(name):
                made = [each for each in self.named(maker) if not each.is_value and each != item]
                if (
                    maker not in _EVERYDAY
                    and 0 < len(made) <= MOST_USES
                    and self._language(made[0]) == self._language(item)
                ):
                    found.update(dict.fromkeys((name, each) for each in made))
        return list(found)[:MOST_MAKERS]

    def _is_spoken_of_by_all(self, name: str) -> bool:
        speaking = (None for file in self.snapshot.code if name in file.text)
        return next(islice(speaking, _MOST_FILES, None), 0) is None

    def used_by(self, item: Item) -> list[Item]:
        """The types that an item speaks of; of an entity, first of all, what says how it hangs together with others."""
        entities: dict[Item, None] = {}
        others: dict[Item, None] = {}
        text = without_comments(self.text_of(item), self._language(item))
        for module, name in dict.fromkeys(_MENTION.findall(text)):
            is_entity = bool(module) and name in _ENTITY
            if not is_entity and (name not in self.definitions or self._is_spoken_of_by_all(name)):
                continue
            for each in ("Relation", "Model") if is_entity else (name,):
                found = [known for known in self.named(each) if known.is_value and known != item]
                if module:
                    near = [known for known in found if _is_module(module, known.path)]
                    # A file may hold further tables in modules of its own: the one it is named for comes first.
                    found = near[:1] if is_entity else near or (found if len(found) == 1 else [])
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
        having = [file for file in self.snapshot.code if item.name in file.text]
        for hit in self.hits(pattern, having):
            if (hit.path, hit.line) in definitions or self.snapshot.files[hit.path].is_test:
                continue
            caller = self.function_at(hit.path, hit.line)
            if caller is None or caller == item:
                continue
            found.setdefault(caller)
            if len(found) >= most:
                break
        return list(found)


@cache
def _import_of(name: str) -> re.Pattern[str]:
    """The module right before a name that is imported: `use a::{b::{name}}`, `from a.b import name`, `import { name } from "./b"`."""
    name = re.escape(name)
    return re.compile(
        rf"(\w+)(?:::(?:\{{[^{{}}]*?)?|\s+import\b[^\n]*?)\b{name}\b|\b{name}\b[^\"']*[\"'][^\"'\n]*?(\w+)[\"']"
    )


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

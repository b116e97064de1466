"""What a name is declared to be, who implements a type, and who makes a value: read off the look of the code, not inferred.

`state.place_order.execute(...)` leads to `PlaceOrder.execute` because a field says `place_order: PlaceOrder`, and
`self.addresses.find_default(...)` to `CachedAddressBook` because that implements the trait of the field. Only the names that are asked
about are looked for: a large repository has a hundred thousand declarations, and an incident a few dozen of them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import islice

from aiops_daemon.diagnosis.snapshot import Snapshot, SourceFile

_MOST_TYPES = 4
_MOST_FILES = 40
_UPPER = re.compile(r"\b[A-Z]\w+")
_WRAPPERS_WORDS = """
Arc Rc Box Option Vec Result Mutex RwLock RefCell Cell Cow Pin String State Json Path Query Extension Self Some Ok Err Into From
HashMap BTreeMap HashSet Option Promise Array Record Map Set Optional List Dict Any Annotated Depends Duration DateTime Utc Uuid
Sync Send Default Clone Fn FnOnce FnMut Future Iterator Ordering Instant Bytes StatusCode OnceLock LazyLock OnceCell
"""
_WRAPPERS = frozenset(_WRAPPERS_WORDS.split())
_DECLARES = (
    # name: Arc<dyn Type>, in a struct, an argument or an annotation; and the value of a field, name: Type::new()
    r"\b{name}\??\s*:\s*([^=;(){{}}\n]{{1,160}})",
    # let name = Type::new(, self.name = Type(, name := NewType(
    r"\b{name}\s*:?=\s*(?:await\s+)?((?:[\w:.]*\bnew\(\s*)*(?:\w+(?:::|\.))*(?:new\s+)?[A-Z]\w*|\w+\.New[A-Z]\w*)",
)
_GO_DECLARES = (*_DECLARES[1:], r"^[ \t]+{name}\s+\*?(?:\w+\.)?([A-Z]\w+)\s*(?:`|$)")
_JAVA_DECLARES = (*_DECLARES[1:], r"\b([A-Z]\w*)(?:<[^>\n]*>)?\s+{name}\s*[;,)=]")
_MADE_BY = r"(?<![\w.]){name}\s*(?::=|=|:)\s*(?:await\s+|Arc::new\()*(?:\w+(?:::|\.))*([a-z_]\w+)\s*\("
"""`http: http::build_client(&config)?`, `self.pool = make_pool(...)`."""
_RUST_IMPL = re.compile(r"\bimpl\b([^{\n]{0,400})")
_FOR = re.compile(r"\s+for\s+(?!<)")
_PATH = re.compile(r"&?(?:\w+::)*(\w+)")
_BASES = re.compile(r"\bclass\s+(\w+)[^({\n]{0,200}?(?:\(([^)\n]*)\)|\b(?:implements|extends)\b([^{\n]*))")


class Declared:
    """The declarations of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._files = [file for file in snapshot.code if not file.is_test]
        self._by_path = {file.path: file for file in self._files}
        self._anywhere: dict[str, Counter[str]] = {}
        self._makers: dict[str, dict[str, None]] = {}

    def types_of(self, name: str, path: str) -> list[str]:
        """What a name may be in a file: as this file says, else as others do if these agree more or less."""
        file = self._by_path.get(path)
        found = Counter(_types(name, file)) if file is not None else Counter()
        if not found:
            if name not in self._anywhere:
                self._anywhere[name] = Counter(
                    each for other in self._files if name in other.text for each in _types(name, other)
                )
            found = self._anywhere[name]
        return [each for each, _ in found.most_common(_MOST_TYPES)] if len(found) <= 2 * _MOST_TYPES else []

    def implementors(self, name: str) -> list[str]:
        """The types that implement a trait or an interface, or extend a class."""
        return list(self._implementors.get(name, ()))

    def makers(self, name: str) -> list[str]:
        """The functions whose answers a field or a variable of this name is given; none for a name that is everywhere."""
        if name not in self._makers:
            pattern = re.compile(_MADE_BY.format(name=re.escape(name)))
            having = list(islice((file for file in self._files if name in file.text), _MOST_FILES + 1))
            self._makers[name] = dict.fromkeys(
                maker
                for file in (having if len(having) <= _MOST_FILES else ())
                for maker in pattern.findall(file.text)
            )
        return list(self._makers[name])

    @cached_property
    def _implementors(self) -> dict[str, dict[str, None]]:
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for file in self._files:
            if file.language == "rust":
                for base, implementor in _implementations(file.text):
                    found[base][implementor] = None
            else:
                for match in _BASES.finditer(file.text):
                    for base in _UPPER.findall(match[2] or match[3] or ""):
                        found[base][match[1]] = None
        return found


def _implementations(text: str) -> Iterator[tuple[str, str]]:
    """Trait and type of `impl<T> a::Trait<T> for b::Type<T>`."""
    for head in _RUST_IMPL.findall(text):
        trait, *rest = _FOR.split(_without_generics(head))
        base, implementor = (_PATH.search(part) for part in (trait, rest[0] if rest else ""))
        if base is not None and implementor is not None:
            yield base[1], implementor[1]


def _without_generics(text: str) -> str:
    kept, depth = [], 0
    for sign in text:
        depth += sign == "<"
        if depth == 0:
            kept.append(sign)
        depth -= sign == ">" and depth > 0
    return "".join(kept)


def _types(name: str, file: SourceFile) -> Iterator[str]:
    if name not in file.text:
        return
    for pattern in _patterns(name, file.language or ""):
        for declared in pattern.findall(file.text):
            for each in _UPPER.findall(declared):
                if each not in _WRAPPERS and not each.isupper():
                    yield each.removeprefix("New") if file.language == "go" else each


@cache
def _patterns(name: str, language: str) -> tuple[re.Pattern[str], ...]:
    forms = {"go": _GO_DECLARES, "java": _JAVA_DECLARES}.get(language, _DECLARES)
    return tuple(re.compile(form.format(name=re.escape(name)), re.MULTILINE) for form in forms)

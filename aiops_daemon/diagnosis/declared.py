"""What a name is declared to be, and who implements a type: read off the look of the code, not inferred.

`state.place_order.execute(...)` leads to `PlaceOrder.execute` because a field says `place_order: PlaceOrder`, and
`self.addresses.find_default(...)` to `CachedAddressBook` because that implements the trait of the field.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from aiops_daemon.diagnosis.snapshot import Snapshot

_MOST_TYPES = 4
_UPPER = re.compile(r"\b[A-Z]\w+")
_WRAPPERS_WORDS = """
Arc Rc Box Option Vec Result Mutex RwLock RefCell Cell Cow Pin String State Json Path Query Extension Self Some Ok Err Into From
HashMap BTreeMap HashSet Option Promise Array Record Map Set Optional List Dict Any Annotated Depends Duration DateTime Utc Uuid
Sync Send Default Clone Fn FnOnce FnMut Future Iterator Ordering Instant Bytes StatusCode
"""
_WRAPPERS = frozenset(_WRAPPERS_WORDS.split())
_ANNOTATED = re.compile(r"\b([a-z_]\w*)\??\s*:\s*([^=;(){}\n]{1,160}|[^,;\n]{1,160})")
_ASSIGNED = re.compile(
    r"(?:\blet\s+(?:mut\s+)?|\bself\.|\bthis\.|\bconst\s+|\bvar\s+|^[ \t]*)([a-z_]\w*)\s*:?=\s*(?:await\s+)?"
    r"((?:[\w:.]*\bnew\(\s*)*(?:\w+(?:::|\.))*(?:new\s+|New)?[A-Z]\w*)",
    re.MULTILINE,
)
_MADE_BY = re.compile(
    r"(?<![\w.])([a-z_]\w{2,})\s*(?::=|=|:)\s*(?:await\s+|Arc::new\()*(?:\w+(?:::|\.))*([a-z_]\w+)\s*\("
)
"""`http: http::build_client(&config)?`, `self.pool = make_pool(...)`."""
_GO_FIELD = re.compile(r"^\s+([a-z]\w*)\s+\*?(?:\w+\.)?([A-Z]\w+)\s*(?:`|$)", re.MULTILINE)
_JAVA_FIELD = re.compile(r"\b([A-Z]\w*)(?:<[^>\n]*>)?\s+([a-z]\w*)\s*[;,)=]")
_RUST_IMPL = re.compile(
    r"^\s*(?:unsafe\s+)?impl(?:<[^{\n]*?>)?\s+(?:\w+::)*(\w+)(?:<[^{\n]*>)?\s+for\s+&?(?:\w+::)*(\w+)",
    re.MULTILINE,
)
_BASES = re.compile(r"\bclass\s+(\w+)[^({\n]*?(?:\(([^)\n]*)\)|\b(?:implements|extends)\b([^{\n]*))")


class Declared:
    """The declarations of a snapshot.

    Attributes:
        makers: for the name of a field or a variable, the functions whose answers it was seen to be given.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._in_file: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._anywhere: dict[str, Counter[str]] = defaultdict(Counter)
        self._implementors: dict[str, dict[str, None]] = defaultdict(dict)
        self.makers: dict[str, Counter[str]] = defaultdict(Counter)
        for file in snapshot.code:
            if file.is_test:
                continue
            for name, types in _declarations(file.text, file.language or ""):
                for each in _UPPER.findall(types):
                    if each not in _WRAPPERS and not each.isupper():
                        plain = each.removeprefix("New") if file.language == "go" else each
                        self._in_file[file.path, name][plain] += 1
                        self._anywhere[name][plain] += 1
            for name, maker in _MADE_BY.findall(file.text):
                self.makers[name][maker] += 1
            for base, implementor in _RUST_IMPL.findall(file.text) if file.language == "rust" else ():
                self._implementors[base][implementor] = None
            for found in _BASES.finditer(file.text) if file.language != "rust" else ():
                for base in _UPPER.findall(found[2] or found[3] or ""):
                    self._implementors[base][found[1]] = None

    def types_of(self, name: str, path: str) -> list[str]:
        """What a name may be in a file: as this file says, else as others do if these agree more or less."""
        found = self._in_file.get((path, name)) or self._anywhere.get(name, Counter())
        return [each for each, _ in found.most_common(_MOST_TYPES)] if len(found) <= 2 * _MOST_TYPES else []

    def implementors(self, name: str) -> list[str]:
        """The types that implement a trait or an interface, or extend a class."""
        return list(self._implementors.get(name, ()))


def _declarations(text: str, language: str) -> list[tuple[str, str]]:
    found = [(match[1], match[2]) for match in _ASSIGNED.finditer(text)]
    if language in {"rust", "python", "typescript"}:
        found += [(match[1], match[2]) for match in _ANNOTATED.finditer(text)]
    elif language == "go":
        found += [(match[1], match[2]) for match in _GO_FIELD.finditer(text)]
    else:
        found += [(match[2], match[1]) for match in _JAVA_FIELD.finditer(text)]
    return found

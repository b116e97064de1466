"""The ways to a place that begin at what the log says: frames, names, literals, the code, files and columns that are missing."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from aiops_daemon.diagnosis.code import is_everyday
from aiops_daemon.diagnosis.names import LEAST_STATIC, Hit
from aiops_daemon.diagnosis.places import Places, Way
from aiops_daemon.diagnosis.syntax import Item

_VARIANT = re.compile(r"\b([A-Z][A-Za-z0-9]+)\b|\b([A-Z][A-Z0-9_]{3,})\b")
_NOT_VARIANTS = frozenset(
    "Self String Result Option Error AppError ErrorCode StatusCode Some None Ok Err Json HttpStatus Display Debug From Into".split()  # noqa: SIM905
)
_STATUSES = re.compile(
    r"^(?:OK|CREATED|GONE|CONFLICT|FORBIDDEN|UNAUTHORIZED|BAD_\w+|NOT_\w+|\w+_REQUIRED|\w+_NOT_ALLOWED|UNPROCESSABLE_\w+|TOO_MANY_\w+|"
    r"INTERNAL_\w*ERROR|SERVICE_UNAVAILABLE|GATEWAY_TIMEOUT|REQUEST_TIMEOUT|PAYLOAD_\w+)$"
)
_MOST_USES = 40
_OF_SCHEMA = re.compile(
    r"(?i)\b(?:column|relation|table|constraint|index|field)\s+[`'\"“]?([a-z_][\w.]{2,60})"
)
_MOST_OF_SCHEMA = 4
_MISSING = re.compile(
    r"(?i)no such file|os error 2\b|ENOENT|file ?not ?found|cannot find the (?:file|path)|template.{0,20}not found"
)
_IMAGE = ("dockerfile", ".dockerignore", "docker-compose", "compose.")
_NAME = re.compile(r"\b[a-z_][a-z0-9_]{3,}\b")
_HEAD_CHARACTERS = 12
"""Before a literal that made a message may stand a code, or `Error: `."""
_TABLE_VARIANTS = 25
_MOST_NAMESAKES = 3


class FromLog(Places):
    """The ways from the log into the source."""

    # What the log names

    def by_frames(self) -> None:
        """Files and lines that stand in the log. Which tracked file is meant is told by the end of its path."""
        for rank, (named, line) in enumerate(self._clues.frames[:12]):
            for path in self._tracked(named):
                if line <= len(self._code.snapshot.files[path].lines):
                    self._add(
                        self._code.around(path, line),
                        Way.FRAME,
                        100.0 / (1 + 0.25 * rank),
                        f"the log names {path}:{line}",
                    )

    def named_on_frames(self) -> list[str]:
        """The names on the very lines that the log names: what was unwrapped, or called."""
        found: dict[str, None] = {}
        for named, line in self._clues.frames[:4]:
            for path in self._tracked(named):
                lines = self._code.snapshot.files[path].lines
                text = "\n".join(lines[max(0, line - 2) : line + 1])
                found.update(dict.fromkeys(word for word in _NAME.findall(text) if not is_everyday(word)))
        return list(found)[:8]

    def _tracked(self, named: str) -> list[str]:
        parts = [part for part in named.replace("\\", "/").split("/") if part not in {"", "."}]
        if ".." in parts:
            return []
        for length in range(len(parts), 0, -1):
            ending = "/".join(parts[-length:])
            found = [
                path for path in self._code.snapshot.files if path == ending or path.endswith(f"/{ending}")
            ]
            if found:
                return found if len(found) <= 2 else []  # noqa: PLR2004 - mod.rs is everywhere
        return []

    def by_names(self) -> None:
        """Spans bear the names of functions, targets those of modules."""
        for span in self._clues.spans:
            for item in self._code.named(span)[:3]:
                if not item.is_value and not is_everyday(span):
                    self._add(item, Way.NAME, 45.0, f"the span {span} is this function")
        for name in self._clues.names:
            items = [item for item in self._code.named(name) if not item.is_value]
            for item in items if len(items) <= _MOST_NAMESAKES else ():
                self._add(item, Way.NAME, 40.0, f"the log names {name}")
        for target in self._clues.targets:
            for path in self._module(target):
                for item in self._code.outline(path):
                    if not item.is_value:
                        self._add(item, Way.NAME, 6.0, f"in the module that logged ({target})")

    def _module(self, target: str) -> list[str]:
        parts = [part for part in re.split(r"::|\.|/", target) if part.isidentifier()]
        for length in range(len(parts), 1, -1):
            ending = "/".join(parts[-length:])
            found = [
                file.path
                for file in self._code.snapshot.code
                if re.search(rf"(?:^|/){re.escape(ending)}(?:/mod|/index|/__init__)?\.\w+$", file.path)
            ]
            if found:
                return found[:2]
        return []

    # What it says

    def by_literals(self) -> None:
        """The text in the source that a message was made from: all its fixed parts, in their order."""
        messages = [message for message in self._clues.messages if len(message) >= LEAST_STATIC][:12]
        for rank, message in enumerate(messages):
            found = [(weight, hit) for weight, hit in self._literals_of(message)]
            best = max((length for length, _ in found), default=0)
            same = [hit for length, hit in found if length >= 0.7 * best][:8]
            for hit in same:
                weight = 55.0 if rank == 0 else 35.0
                score = weight * min(1.0, best / 30) / math.sqrt(len(same))
                self._add(
                    self._code.around(hit.path, hit.line),
                    Way.LITERAL,
                    score,
                    "writes its message" if rank == 0 else "writes a message of the same request",
                )

    def _literals_of(self, message: str) -> Iterator[tuple[float, Hit]]:
        """The texts that may have made a message, and how much each says: one that stands at its head made it, most likely."""
        for path, line, parts in self._code.literals:
            at, head = 0, 1.0
            for rank, part in enumerate(parts):
                found = message.find(part, at)
                if found < 0:
                    break
                if rank == 0 and found < _HEAD_CHARACTERS:
                    head = 2.5
                at = found + len(part)
            else:
                static = "".join(parts)
                yield len(static) * head * (1.0 if " " in static else 0.4), Hit(path, line, "")

    def by_missing_files(self) -> None:
        """A file that the program doesn't find is one that didn't get to where it runs."""
        if not any(_MISSING.search(message) for message in self._clues.messages[:6]):
            return
        for path in self._code.snapshot.files:
            if path.rpartition("/")[2].lower().startswith(_IMAGE):
                self._add(
                    self._code.around(path, 1, 60),
                    Way.MISSING,
                    34.0,
                    "says what gets to where the program runs; a file is missing there",
                )

    def by_schema(self) -> None:
        """A database complains of a column, a table or a constraint: where the migrations make it, or change it."""
        names = dict.fromkeys(
            name.rpartition(".")[2]
            for message in self._clues.messages[:6]
            for name in _OF_SCHEMA.findall(message)
        )
        schema = [file for file in self._code.snapshot.files.values() if file.path.endswith(".sql")]
        for name in list(names)[:4]:
            hits = list(self._code.hits(re.compile(rf"\b{re.escape(name)}\b"), schema))
            self.named_in_schema += [name] if hits else []
            for hit in hits[-_MOST_OF_SCHEMA:]:  # the latest migrations
                self._add(self._code.around(hit.path, hit.line, 6), Way.LITERAL, 32.0, f"defines {name}")

    # Its code

    def by_code(self) -> None:
        """Where the code is written, which variant or constant bears it, and who makes one of those."""
        code = self._clues.code
        if not code:
            return
        pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])")
        names: Counter[str] = Counter()
        qualified: set[str] = set()
        for hit in list(self._code.hits(pattern))[:20]:
            if self._code.snapshot.files[hit.path].is_test:
                continue
            item = self._code.around(hit.path, hit.line)
            self._add(item, Way.CODE, 12.0, f"holds the code {code}")
            bearers = [*self._bearers(hit)]
            names.update(bearers)
            qualified |= {name for name in bearers if f"::{name}" in hit.text}
        for name, _ in names.most_common(6):
            self._by_variant(name, code, "::" if name in qualified else "")

    def _bearers(self, hit: Hit) -> Iterator[str]:
        lines = self._code.snapshot.files[hit.path].lines
        here = _names_in(re.sub(r"\"[^\"]*\"", "", hit.text))
        if not any(map(_may_bear, here)):
            here = [name for line in lines[hit.line : hit.line + 2] for name in _names_in(line)[:1]]
            here += [
                name for line in lines[max(0, hit.line - 3) : hit.line - 1] for name in _names_in(line)[-1:]
            ]
        yield from filter(_may_bear, here)

    def _by_variant(self, name: str, code: str, before: str) -> None:
        # A variant is named behind its enum; `Query` alone is an extractor.
        pattern = re.compile(rf"{before or chr(92) + 'b'}{re.escape(name)}\b")
        users: dict[Item, int] = defaultdict(int)
        for hit in self._code.hits(pattern):
            if self._code.snapshot.files[hit.path].is_test:
                continue
            item = self._code.function_at(hit.path, hit.line)
            if item is not None and not item.is_value:
                users[item] += 1
        if not users or len(users) > _MOST_USES:
            return
        self.variants.append(name)
        for item in users:
            is_table = len(
                _names_in(self._code.text_of(item))
            ) > _TABLE_VARIANTS and code in self._code.text_of(item)
            score = 10.0 if is_table else 38.0 / math.sqrt(1 + 0.35 * (len(users) - 1))
            self._add(item, Way.CODE, score, f"makes {name}, which is {code}")


def _names_in(text: str) -> list[str]:
    return [name or constant for name, constant in _VARIANT.findall(text)]


def _may_bear(name: str) -> bool:
    """Whether a name can be that of one error: not a type of the language's, nor a status that many share."""
    return name not in _NOT_VARIANTS and not _STATUSES.match(name)

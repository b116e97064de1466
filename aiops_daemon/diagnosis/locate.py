"""Where in the source an incident comes from: every way to a function that a good engineer would try, added up.

    what the log names      a panic's file and line, stack frames, `log.file`, the names of spans, the module
    what it says            the literal that a message was made from
    its code                the error's variant, and who makes it
    what was asked for      method and path through the route table to the handler, and down its calls
    who lets it in          extractors and layers in front of the handler
    what it is about        the words of the message and of the code's domain

A central error handler logs for everybody, so the place that logged counts for less than what several ways lead to.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from aiops_daemon.diagnosis.clues import Clues, words_of
from aiops_daemon.diagnosis.code import LEAST_STATIC, Code, Hit, is_everyday
from aiops_daemon.diagnosis.routes import Match, RouteTable
from aiops_daemon.diagnosis.settings_read import Setting
from aiops_daemon.diagnosis.syntax import Item

if TYPE_CHECKING:
    from aiops_daemon.diagnosis.history import Suspect

_CODES = re.compile(r"[\"'][A-Z]{2,12}[45]\d{2,3}[\"']")
_CENTRAL_CODES = 6
_VARIANT = re.compile(r"\b([A-Z][A-Za-z0-9]+)\b|\b([A-Z][A-Z0-9_]{3,})\b")
_NOT_VARIANTS = frozenset(
    "Self String Result Option Error AppError ErrorCode StatusCode Some None Ok Err Json HttpStatus Display Debug From Into".split()  # noqa: SIM905
)
_STATUSES = re.compile(
    r"^(?:OK|CREATED|GONE|CONFLICT|FORBIDDEN|UNAUTHORIZED|BAD_\w+|NOT_\w+|\w+_REQUIRED|\w+_NOT_ALLOWED|UNPROCESSABLE_\w+|TOO_MANY_\w+|"
    r"INTERNAL_\w*ERROR|SERVICE_UNAVAILABLE|GATEWAY_TIMEOUT|REQUEST_TIMEOUT|PAYLOAD_\w+)$"
)
_MOST_USES = 40
_NAME = re.compile(r"\b[a-z_][a-z0-9_]{3,}\b")
_SUSPECTS_FOLLOWED = 12
_ITEMS_A_SUSPECT = 8
_TELLING_LINE = 10
_HEAD_CHARACTERS = 12
"""Before a literal that made a message may stand a code, or `Error: `."""
_PLACES_WITH_ORIGIN = 16
_CONSTRUCTORS = (
    "new",
    "from_env",
    "from_config",
    "connect",
    "build",
    "init",
    "create",
    "__init__",
    "constructor",
    "default",
)
_TABLE_VARIANTS = 25
_DEPTHS = (30.0, 20.0, 12.0, 7.0)
_MOST_CALLEES = 12
_WORDS_FILES = 60

MOST_PLACES = 60


class Way(StrEnum):
    """A kind of way that leads to a place."""

    FRAME = "frame"
    NAME = "name"
    LITERAL = "literal"
    CODE = "code"
    ROUTE = "route"
    LAYER = "layer"
    ORIGIN = "origin"
    SETTING = "setting"
    CHANGED = "changed"
    WORDS = "words"


@dataclass(slots=True)
class Place:
    """A function, with all that leads to it.

    Attributes:
        ways: the best that each kind of way gave; several kinds add up, many of one kind hardly do.
        discount: below 1 for what logs or answers for everybody, and for tests.
    """

    item: Item
    ways: dict[Way, float] = field(default_factory=dict)
    whys: list[str] = field(default_factory=list)
    discount: float = 1.0

    @property
    def score(self) -> float:
        """How much speaks for it: the best way in full, each further one for half."""
        best = sorted(self.ways.values(), reverse=True)
        return self.discount * sum(value * 0.5 ** min(rank, 1) for rank, value in enumerate(best))

    def add(self, way: Way, score: float, why: str) -> None:
        """One more way leads here."""
        known = self.ways.get(way, 0.0)
        self.ways[way] = max(known, score) + 0.1 * min(known, score)
        if why not in self.whys:
            self.whys.append(why)


class Places:
    """The places found so far."""

    def __init__(self, code: Code, clues: Clues) -> None:
        self._code = code
        self._clues = clues
        self._found: dict[Item, Place] = {}
        self.matches: list[Match] = []
        self.variants: list[str] = []

    def ranked(self) -> list[Place]:
        """The best first."""
        order = sorted(
            self._found.values(), key=lambda place: (-place.score, place.item.path, place.item.first_line)
        )
        return order[:MOST_PLACES]

    def _add(self, item: Item, way: Way, score: float, why: str) -> None:
        if item not in self._found:
            self._found[item] = Place(item, discount=self._discount(item))
        self._found[item].add(way, score, why)

    def _discount(self, item: Item) -> float:
        """Tests fail of a fault and are none; a file that holds the codes of all errors logs for everybody."""
        if self._code.snapshot.files[item.path].is_test:
            return 0.15
        return 0.5 if item.path in self._central else 1.0

    @cached_property
    def _central(self) -> set[str]:
        return {
            file.path
            for file in self._code.snapshot.code
            if len(set(_CODES.findall(file.text))) >= _CENTRAL_CODES and not file.is_test
        }

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
                if not item.is_value:
                    self._add(item, Way.NAME, 45.0, f"the span {span} is this function")
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
                    self._code.around(hit.path, hit.line), Way.LITERAL, score, f"writes {_short(message)!r}"
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

    # Its code

    def by_code(self) -> None:
        """Where the code is written, which variant or constant bears it, and who makes one of those."""
        code = self._clues.code
        if not code:
            return
        pattern = re.compile(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])")
        names: Counter[str] = Counter()
        for hit in list(self._code.hits(pattern))[:20]:
            if self._code.snapshot.files[hit.path].is_test:
                continue
            item = self._code.around(hit.path, hit.line)
            self._add(item, Way.CODE, 12.0, f"holds the code {code}")
            names.update(self._bearers(hit))
        for name, _ in names.most_common(6):
            self._by_variant(name, code)

    def _bearers(self, hit: Hit) -> Iterator[str]:
        lines = self._code.snapshot.files[hit.path].lines
        here = _names_in(re.sub(r"\"[^\"]*\"", "", hit.text))
        if not any(map(_may_bear, here)):
            here = [name for line in lines[hit.line : hit.line + 2] for name in _names_in(line)[:1]]
            here += [
                name for line in lines[max(0, hit.line - 3) : hit.line - 1] for name in _names_in(line)[-1:]
            ]
        yield from filter(_may_bear, here)

    def _by_variant(self, name: str, code: str) -> None:
        pattern = re.compile(rf"\b{re.escape(name)}\b")
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

    # What was asked for

    def by_routes(self, table: RouteTable) -> None:
        """From the requests that failed to their handlers, what these call, and who lets a request in."""
        total = sum(request.count for request in self._clues.requests) or 1
        for request in self._clues.requests[:8]:
            share = max(0.35, request.count / total)
            for match in table.match(request.method, request.uri)[:2]:
                self.matches.append(match)
                told = f"answers {request.method or ''} {match.route.path}".replace("  ", " ")
                self._add(match.handler, Way.ROUTE, 48.0 * share, told)
                self._down(match.handler, share)
                self._extractors(match.handler, share)
                route = self._code.around(match.route.file, match.route.line, 6)
                self._add(route, Way.ROUTE, 6.0 * share, f"routes {match.route.path}")

    def _down(self, handler: Item, share: float) -> None:
        """Breadth first, so that each function is reached by its shortest way."""
        level, seen = [handler], {handler}
        for depth, weight in enumerate(_DEPTHS):
            further: list[Item] = []
            for caller in level:
                for callee in self._code.calls(caller)[:_MOST_CALLEES]:
                    if callee in seen:
                        continue
                    seen.add(callee)
                    further.append(callee)
                    if not callee.is_value:
                        self._add(
                            callee,
                            Way.ROUTE,
                            weight * share,
                            f"called by {caller.label}"
                            + (f", {depth + 1} calls below {handler.label}" if depth else ""),
                        )
            level = further[:40]

    def _extractors(self, handler: Item, share: float) -> None:
        """Axum takes a request apart by the types of a handler's arguments; FastAPI by `Depends`."""
        head = self._code.text_of(handler).split("{", 1)[0]
        boost = 1.5 if self._clues.domain in {"AUTH", "VAL", "COMMON"} else 0.6
        for name in dict.fromkeys(re.findall(r"\b([A-Z]\w+)\b", head)):
            for method in ("from_request_parts", "from_request", "validate"):
                for item in self._code.named(method, name):
                    self._add(
                        item,
                        Way.ROUTE,
                        28.0 * share * boost,
                        f"takes {name} out of the request for {handler.label}",
                    )
                    for callee in self._code.calls(item)[:8]:
                        self._add(callee, Way.ROUTE, 20.0 * share * boost, f"called by {item.label}")
        for name in re.findall(r"Depends\(\s*([\w.]+)", head) + re.findall(
            r"Depends\(\s*([\w.]+)", self._code.text_of(handler)
        ):
            for item in self._code.named(name.rpartition(".")[2])[:2]:
                self._add(item, Way.ROUTE, 28.0 * share * boost, f"{handler.label} depends on it")
                for callee in self._code.calls(item)[:8]:
                    self._add(callee, Way.ROUTE, 20.0 * share * boost, f"called by {item.label}")

    def by_layers(self) -> None:
        """Middleware in front of everything: asked about where requests are turned away."""
        if self._clues.domain != "AUTH":
            return
        for hit in self._code.hits(
            re.compile(r"from_fn|\.layer\(|\.use\(|Middleware|add_middleware|UseGuards")
        ):
            if self._code.snapshot.files[hit.path].is_test:
                continue
            for name in re.findall(r"\b([A-Za-z_]\w+)\b", hit.text):
                for item in self._code.named(name)[:2]:
                    if not item.is_value:
                        self._add(item, Way.LAYER, 18.0, "stands in front of the handlers")
                        for callee in self._code.calls(item)[:8]:
                            self._add(callee, Way.LAYER, 14.0, f"called by {item.label}")

    # What they are made of

    def by_construction(self) -> None:
        """What a place works with was put together elsewhere: its type's constructors, what these call, and who calls them."""
        for place in self.ranked()[:_PLACES_WITH_ORIGIN]:
            item = place.item
            if not item.owner or item.name in _CONSTRUCTORS:
                continue
            share = place.score / 100.0
            for name in (*_CONSTRUCTORS, f"New{item.owner}"):
                for constructor in self._code.named(name, "" if name.startswith("New") else item.owner)[:1]:
                    self._add(
                        constructor,
                        Way.ORIGIN,
                        min(22.0, 40 * share),
                        f"makes the {item.owner} of {item.label}",
                    )
                    for callee in self._code.calls(constructor)[:6]:
                        self._add(callee, Way.ORIGIN, min(18.0, 32 * share), f"called by {constructor.label}")
                    for caller in self._callers_of(item.owner, name)[:3]:
                        self._add(caller, Way.ORIGIN, min(14.0, 24 * share), f"makes a {item.owner}")
                        for callee in self._code.calls(caller)[:8]:
                            self._add(callee, Way.ORIGIN, min(12.0, 20 * share), f"called by {caller.label}")

    def _callers_of(self, owner: str, name: str) -> list[Item]:
        pattern = re.compile(
            rf"\b{re.escape(owner)}(?:::|\.){re.escape(name)}\s*\(|\bnew\s+{re.escape(owner)}\s*\("
        )
        found = (self._code.function_at(hit.path, hit.line) for hit in self._code.hits(pattern))
        return list(dict.fromkeys(item for item in found if item is not None and not item.is_value))

    def by_settings(self, settings: Iterable[Setting]) -> None:
        """Who reads a setting from outside, or fixes it, for the places that go by it."""
        best = max((place.score for place in self._found.values()), default=0.0)
        for rank, setting in enumerate(settings):
            for hit in setting.lines:
                file = self._code.snapshot.files[hit.path]
                if file.language is None or file.is_test:
                    continue
                item = self._code.function_at(hit.path, hit.line)
                if item is not None:
                    self._add(
                        item,
                        Way.SETTING,
                        best * 0.35 / (1 + 0.1 * rank),
                        f"sets {setting.name}, which {setting.readers[0]} reads",
                    )

    def by_suspects(self, suspects: Sequence[Suspect]) -> None:
        """What the most suspicious commits changed: the two searches strengthen each other."""
        best = suspects[0].score if suspects else 0.0
        for suspect in suspects[:_SUSPECTS_FOLLOWED]:
            for item in self._changed_by(suspect):
                self._add(
                    item,
                    Way.CHANGED,
                    22.0 * suspect.score / best,
                    f"changed by the suspect {suspect.commit.sha[:10]}",
                )

    def _changed_by(self, suspect: Suspect) -> list[Item]:
        """The functions in which lines stand today that a commit added, and those followed back to it."""
        found = dict.fromkeys(suspect.touched)
        for change in suspect.commit.changes:
            file = self._code.snapshot.files.get(change.path or "")
            if file is None or change.old_path is None:
                continue
            added = {
                line.strip()
                for hunk in change.hunks
                for line in hunk.added
                if len(line.strip()) > _TELLING_LINE
            }
            for number, line in enumerate(file.lines, start=1):
                if line.strip() in added and (item := self._code.function_at(file.path, number)) is not None:
                    found.setdefault(item)
        return list(found)[:_ITEMS_A_SUSPECT]

    # What it is about

    def by_words(self) -> None:
        """Functions that speak of the same things, the rarer a word in this source the more it counts."""
        wanted = self._clues.words()
        spoken = {
            file.path: words_of(file.text) & wanted.keys()
            for file in self._code.snapshot.code
            if not file.is_test
        }
        rarity = _rarity(wanted, spoken.values())

        def weight(words: Iterable[str]) -> float:
            return sum(wanted[word] * rarity[word] for word in words)

        files = sorted(spoken, key=lambda path: -weight(spoken[path]))[:_WORDS_FILES]
        scored = []
        for path in files:
            for item in self._code.outline(path):
                words = words_of(f"{item.label} {self._code.text_of(item)}") & wanted.keys()
                size = item.last_line - item.first_line + 1
                named = words_of(item.label) & wanted.keys()
                scored.append(
                    ((weight(words) + weight(named)) / (1 + 0.15 * math.log2(size + 1)), words, item)
                )
        best = max((value for value, *_ in scored), default=0.0)
        for value, words, item in sorted(scored, key=lambda each: -each[0])[:30]:
            if best and value > 0.3 * best:
                about = ", ".join(sorted(words, key=lambda word: -wanted[word] * rarity[word])[:4])
                self._add(item, Way.WORDS, 30.0 * value / best, f"speaks of {about}")


def locate(code: Code, clues: Clues, table: RouteTable) -> Places:
    """Try every way."""
    places = Places(code, clues)
    places.by_frames()
    places.by_names()
    places.by_literals()
    places.by_code()
    places.by_routes(table)
    places.by_layers()
    places.by_words()
    places.by_construction()
    return places


def _names_in(text: str) -> list[str]:
    return [name or constant for name, constant in _VARIANT.findall(text)]


def _may_bear(name: str) -> bool:
    """Whether a name can be that of one error: not a type of the language's, nor a status that many share."""
    return name not in _NOT_VARIANTS and not _STATUSES.match(name)


def _rarity(wanted: Iterable[str], spoken: Iterable[set[str]]) -> dict[str, float]:
    sets = list(spoken)
    counts: Counter[str] = Counter(word for words in sets for word in words)
    return {word: math.log((1 + len(sets)) / (1 + counts[word])) + 0.1 for word in wanted}


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004

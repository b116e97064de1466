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
from collections.abc import Iterable

from aiops_daemon.diagnosis.clues import Clues, words_of
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.origins import Origins
from aiops_daemon.diagnosis.places import Way
from aiops_daemon.diagnosis.routes import RouteTable
from aiops_daemon.diagnosis.syntax import Item

_DEPTHS = (30.0, 24.0, 18.0, 14.0, 11.0, 9.0)
_MOST_CALLEES = 12
_WORDS_FILES = 60
_TELLING = 20.0
_ORIGINS = (Way.FRAME, Way.NAME, Way.LITERAL, Way.CODE)
_PLACES_WITH_USES = 24
_PLACES_WITH_SIBLINGS = 10
_PLACES_WITH_CALLERS = 6
_MOST_CALLERS = 4
_JOINS = re.compile(r"find_also_related|find_with_related|find_related|\.(?:inner_|left_)?join\(|Relation::")
_MOST_ROUTES = 8
_MOST_USED = 6


class Locator(Origins):
    """The ways that go on from there: through the source itself."""

    # What was asked for

    def by_routes(self, table: RouteTable) -> None:
        """From the requests that failed to their handlers, what these call, and who lets a request in.

        What all of them go through counts for more, and what requests that don't fail go through as well for less.
        """
        requests = self._clues.requests[:_MOST_ROUTES]
        total = sum(request.count for request in requests) or 1
        well = [
            reached
            for method, path in self._clues.healthy
            for match in table.match(method or None, path)[:1]
            if (reached := self._reached(match.handler))
        ]
        found: dict[Item, list[tuple[float, float, str]]] = defaultdict(list)
        for request in requests:
            share = request.count / total
            for match in table.match(request.method, request.uri)[:2]:
                self.matches.append(match)
                told = f"answers {request.method or ''} {match.route.path}".replace("  ", " ")
                found[match.handler].append((48.0, share, told))
                for item, (weight, why) in self._reached(match.handler).items():
                    found[item].append((weight, share, why))
                self._extractors(match.handler, max(0.35, share))
                route = self._code.around(match.route.file, match.route.line, 6)
                self._add(route, Way.ROUTE, 6.0 * max(0.35, share), f"routes {match.route.path}")
        for item, reaches in found.items():
            through = min(1.0, sum(share for _, share, _ in reaches))
            healthy = sum(item in reached for reached in well) / len(well) if well else 0.0
            best, _, why = max(reaches)
            more = f" and by {len(reaches) - 1} other requests that fail" if len(reaches) > 1 else ""
            self._add(item, Way.ROUTE, best * (0.45 + 0.75 * through) * (1.0 - 0.5 * healthy), f"{why}{more}")

    def by_calls(self) -> None:
        """What is called by those that the log names, or that wrote its message."""
        for place in self.ranked():
            best = max((place.ways.get(way, 0.0) for way in _ORIGINS), default=0.0)
            if best >= _TELLING and place.discount == 1.0 and not place.item.is_value:
                self._down(place.item, min(0.9, best / 55.0), Way.CALLED)

    def _down(self, start: Item, share: float, way: Way) -> None:
        for item, (weight, why) in self._reached(start).items():
            self._add(item, way, weight * share, why)

    def _reached(self, start: Item) -> dict[Item, tuple[float, str]]:
        """What a function calls, and what that calls: breadth first, so that each is reached by its shortest way."""
        level, found = [start], dict[Item, tuple[float, str]]()
        for depth, weight in enumerate(_DEPTHS):
            further: list[Item] = []
            for caller in level:
                for callee in self._code.calls(caller)[:_MOST_CALLEES]:
                    if callee in found or callee == start:
                        continue
                    further.append(callee)
                    if not callee.is_value:
                        below = f", {depth + 1} calls below {start.label}" if depth else ""
                        why = f"called by {caller.label}{below}"
                        found[callee] = weight * self._code.rarity(callee.name), why
            level = list(dict.fromkeys(further))[:40]
        return found

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

    def by_callers(self) -> None:
        """Who hands the best places what they fail of."""
        for place in self.ranked()[:_PLACES_WITH_CALLERS]:
            if place.discount < 1.0 or place.item.is_value:
                continue
            for caller in self._code.callers(place.item, _MOST_CALLERS):
                self._add(caller, Way.CALLER, min(15.0, 0.25 * place.score), f"calls {place.item.label}")

    def by_siblings(self) -> None:
        """What stands beside the best places: a lock, a cache or a table is filled by one function and found wanting by another."""
        handlers = {match.handler for match in self.matches}
        for place in self.ranked()[:_PLACES_WITH_SIBLINGS]:
            if place.discount < 1.0 or place.item.is_value or place.item in handlers:
                continue
            for item, shares_state in self._code.siblings(place.item):
                weight = min(16.0, (0.36 if shares_state else 0.16) * place.score)
                why = (
                    f"touches the same as {place.item.label}"
                    if shares_state
                    else f"stands beside {place.item.label}"
                )
                self._add(item, Way.SIBLING, weight, why)

    def by_use(self) -> None:
        """Types, and the entities of tables, that the places found so far speak of."""
        for place in self.ranked()[:_PLACES_WITH_USES]:
            if place.discount < 1.0:
                continue
            joins = _JOINS.search(self._code.text_of(place.item)) is not None
            for item in self._code.used_by(place.item)[:_MOST_USED]:
                is_joined = joins and item.name == "Relation"
                weight = min(26.0, 0.6 * place.score) if is_joined else min(18.0, 0.35 * place.score)
                why = f"{place.item.label} joins by it" if is_joined else f"used by {place.item.label}"
                self._add(item, Way.USED, weight, why)

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
            return sum(wanted[word] * rarity[word] for word in sorted(words))

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
                about = ", ".join(sorted(words, key=lambda word: (-wanted[word] * rarity[word], word))[:4])
                self._add(item, Way.WORDS, 30.0 * value / best, f"speaks of {about}")


def locate(code: Code, clues: Clues, table: RouteTable) -> Locator:
    """Try every way."""
    places = Locator(code, clues)
    places.by_frames()
    places.by_names()
    places.by_literals()
    places.by_missing_files()
    places.by_schema()
    places.by_code()
    places.by_routes(table)
    places.by_calls()
    places.by_layers()
    places.by_callers()
    places.by_use()
    places.by_siblings()
    places.by_words()
    places.by_makers()
    places.by_construction()
    return places


def _rarity(wanted: Iterable[str], spoken: Iterable[set[str]]) -> dict[str, float]:
    sets = list(spoken)
    counts: Counter[str] = Counter(word for words in sets for word in words)
    return {word: math.log((1 + len(sets)) / (1 + counts[word])) + 0.1 for word in wanted}

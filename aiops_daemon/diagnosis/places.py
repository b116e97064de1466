"""Places of the source that something leads to, and how much speaks for each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from aiops_daemon.diagnosis.clues import Clues
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.routes import Match
from aiops_daemon.diagnosis.syntax import Item

_CODES = re.compile(r"[\"'][A-Z]{2,12}[45]\d{2,3}[\"']")
_CENTRAL_CODES = 6
_WIRING_LINES = 40
_WIRING_MAKES = 8
_MADE = re.compile(r"(?:::|\.)(?:new|connect|build|from_\w+)\(|\bnew [A-Z]")
MOST_PLACES = 100


class Way(StrEnum):
    """A kind of way that leads to a place."""

    FRAME = "frame"
    NAME = "name"
    LITERAL = "literal"
    CODE = "code"
    ROUTE = "route"
    CALLED = "called"
    CALLER = "caller"
    LAYER = "layer"
    USED = "used"
    SIBLING = "sibling"
    MISSING = "missing"
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
        self.named_in_schema: list[str] = []

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
        """What speaks for an item without much meaning.

        Tests fail of a fault and are none; so do other programs in the repository; a file that holds the codes of all errors logs for everybody, and what puts the whole
        program together makes everything.
        """
        if self._code.is_test(item):
            return 0.15
        if not self._code.snapshot.is_of_service(item.path):
            return 0.25
        if item.path in self._central:
            return 0.5
        is_long = item.last_line - item.first_line >= _WIRING_LINES
        return 0.5 if is_long and len(_MADE.findall(self._code.text_of(item))) >= _WIRING_MAKES else 1.0

    @cached_property
    def _central(self) -> set[str]:
        return {
            file.path
            for file in self._code.snapshot.code
            if len(set(_CODES.findall(file.text))) >= _CENTRAL_CODES and not file.is_test
        }

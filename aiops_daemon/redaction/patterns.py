"""What a rule is, and how patterns are compiled. The rules themselves stand in `tokens`, `personal` and `fields`.

Every pattern works on UTF-8 bytes and treats each byte as one character. That is what makes a Korean particle
glued to a value harmless (its bytes are no word characters), spares the conversion of offsets, and gives lone
surrogates nowhere to fail. The price: a class must hold either all bytes above 0x7f or none, or be spelled out,
and a repetition of such a class must not be bounded, or a match could end inside a character.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import re2

# `pw=x`; a line of very many very small objects is still read in good time.
SHORTEST_FINDING: Final = 4

# Its stubs do not exist; the methods used are those of `re.Pattern[bytes]`.
Pattern = Any
Check = Callable[[bytes, int, int], bool]


class Span(NamedTuple):
    """A stretch of bytes that has to go, and the kind of thing it is."""

    start: int
    end: int
    kind: str


class Rule(Protocol):
    """Something that finds stretches to take out."""

    @property
    def hints(self) -> tuple[str, ...]:
        """Lower-case literals of which one must occur for the rule to have a chance; none means always try."""

    def spans(self, data: bytes) -> Iterator[Span]:
        """What has to go, from left to right, without overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A rule that is one pattern: its first group is what goes, if `check` agrees."""

    kind: str
    pattern: Pattern
    hints: tuple[str, ...] = ()
    check: Check | None = None

    def spans(self, data: bytes) -> Iterator[Span]:
        """What has to go, from left to right, without overlap."""
        for match in self.pattern.finditer(data):
            start, end = match.span(1)
            if start < end and (self.check is None or self.check(data, start, end)):
                yield Span(start, end, self.kind)


class Rulebook:
    """Rules in the order in which they are tried, and a quick word on which of them a text can concern."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = tuple((rule, frozenset(rule.hints)) for rule in rules)
        self._hints = tuple({hint for rule in rules for hint in rule.hints})

    def with_a_chance(self, text: str) -> list[Rule]:
        """The rules of which a hint occurs, or that have none."""
        if len(text) < SHORTEST_FINDING:
            return []
        lowered = text.lower()
        present = {hint for hint in self._hints if hint in lowered}
        return [rule for rule, hints in self._rules if not hints or not hints.isdisjoint(present)]


def compiled(pattern: bytes) -> Pattern:
    """A pattern over bytes that runs in linear time, whatever it is given."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(pattern, options)

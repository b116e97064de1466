"""A budget of tokens, shared among the sections of the evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from aiops_daemon.domain.evidence import Piece, PieceKind

_SHARES = {
    PieceKind.LOG: 0.16,
    PieceKind.SOURCE: 0.40,
    PieceKind.SETTING: 0.08,
    PieceKind.COMMIT: 0.30,
    PieceKind.HISTORY: 0.04,
    PieceKind.MEMORY: 0.02,
}
_BYTES_A_TOKEN = 3.2
"""Of source and logs, measured low on purpose: an estimate must not be less than what is paid for."""
_PIECE_TOKENS = 40
"""Of a piece's title and reason."""


def tokens_of(text: str) -> int:
    """How many tokens a text will be, estimated."""
    return int(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN) + 1


Offer = tuple[str, dict[str, Any]]
"""A piece before it is taken: its text, and the rest of it."""


class Budget:
    """Takes pieces while there is room in their section, and at the end whatever still fits."""

    def __init__(self, tokens: int) -> None:
        self._tokens = tokens
        self._room = 0.0
        self._refused: list[tuple[PieceKind, Offer, str]] = []
        self._counts: Counter[str] = Counter()
        self.pieces: list[Piece] = []

    def section(self, kind: PieceKind, offers: Iterable[Offer], letter: str) -> None:
        """Take the pieces of a section in their order, until its share, and what was left over before, is used up."""
        self._room += self._tokens * _SHARES[kind]
        for offer in offers:
            if not self._take(kind, offer, letter):
                self._refused.append((kind, offer, letter))

    def fill(self) -> None:
        """Give what is left to what was refused, in turn from each section."""
        sections: dict[PieceKind, list[tuple[PieceKind, Offer, str]]] = defaultdict(list)
        for refused in self._refused:
            sections[refused[0]].append(refused)
        for row in zip_longest(*sections.values()):
            for refused in filter(None, row):
                self._take(*refused)

    def _take(self, kind: PieceKind, offer: Offer, letter: str) -> bool:
        text, more = offer
        cost = tokens_of(text) + _PIECE_TOKENS
        if cost > self._room:
            return False
        self._room -= cost
        self._counts[letter] += 1
        self.pieces.append(Piece(id=f"{letter}{self._counts[letter]}", kind=kind, text=text, **more))
        return True

"""What the log gives away about an incident: the words to look for in the source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]{2,}(?=[A-Z][a-z]|\b|_|\d)|[가-힣]{2,}")
_STOP_WORDS = """
out com org net www https use used get set new one into read kind took value me you all any has have had will would should must
the a an of to in on at by for from with and or not no is was were be been are it its this that error failed failure
fail could can cannot response request status code internal server http api message while after before during
unexpected unknown could not while info warn debug true false none null some ok err
"""
_STOP = frozenset(_STOP_WORDS.split())

_DOMAINS = """
AI client model prompt completion timeout retry retries api key token reqwest reply parse
AUTH token jwt cookie claims expire expiry exp secret decode bearer auth session login permission
DB database db pool connection connections acquire connect sqlx sea query migration transaction
VAL validate validation length min max required range regex dto request
EXT client timeout retry url endpoint external http reqwest key
COMMON json parse body deserialize serde extractor config
"""
DOMAIN_WORDS: Mapping[str, frozenset[str]] = {
    line.split()[0]: frozenset(line.split()[1:]) for line in _DOMAINS.strip().splitlines()
}
"""What people call the things that a domain of error codes is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Requests of one kind that the incident failed: method, a path as it came in, and how many."""

    method: str | None
    uri: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What is known before anything is looked up.

    Attributes:
        messages: what the records of the incident say, the most telling first; then what else the same requests logged.
        frames: files and lines that the log names: a panic's place, stack frames, `log.file`.
        healthy: requests that go well all the while: method and a path as it came in.
        spans: the names of the spans around the records.
        targets: the modules that logged.
        names: values of their fields that look like names in source.
        began_at: when the first one was logged.
        last_good_at: until when the same requests are known to have worked.
        title: what the catalogue calls the code.
    """

    code: str | None
    messages: Sequence[str]
    frames: Sequence[tuple[str, int]] = ()
    requests: Sequence[Request] = ()
    healthy: Sequence[tuple[str, str]] = ()
    spans: Sequence[str] = ()
    targets: Sequence[str] = ()
    names: Sequence[str] = ()
    fields: Sequence[str] = ()
    began_at: datetime | None = None
    last_good_at: datetime | None = None
    title: str = ""

    @property
    def domain(self) -> str:
        """The letters of the code."""
        return re.match(r"[A-Z]*", self.code or "").group()  # type: ignore[union-attr]

    def words(self) -> dict[str, float]:
        """The words worth looking for, with their weight."""
        weights: dict[str, float] = {}
        for weight, texts in (
            (1.0, self.messages[:2]),
            (0.6, self.messages[2:6]),
            (0.7, (self.title,)),
            (0.7, self.targets),
            (0.8, self.spans),
        ):
            for text in texts:
                for word in words_of(text):
                    weights[word] = max(weights.get(word, 0.0), weight)
        for word in map(_stem, DOMAIN_WORDS.get(self.domain, ())):
            weights[word] = max(weights.get(word, 0.0), 0.35)
        for request in self.requests[:3]:
            for word in words_of(request.uri):
                weights[word] = max(weights.get(word, 0.0), 0.5)
        return weights


def words_of(text: str) -> set[str]:
    """The words of a text or of names in it, in small letters, without the plural's s."""
    found = {word.lower() for word in _WORD.findall(text)}
    return {_stem(word) for word in found if len(word) > 1 and word not in _STOP}


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if len(word) > len(ending) + 3 and word.endswith(ending) and word.isascii():
            return word[: -len(ending)]
    return word

"""The daemon's own secrets, in every form in which they could turn up in a text.

Not for secrets of others: these are known to the letter, so they are found wherever and however they stand.
"""

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import re2

from aiops_daemon.redaction.patterns import Pattern, Span, compiled

# Shorter ones would be found in ordinary words.
SHORTEST_SECRET: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSecrets:
    """The rule that finds them."""

    pattern: Pattern
    hints: tuple[str, ...] = ()

    def spans(self, data: bytes) -> Iterator[Span]:
        """What has to go, from left to right, without overlap."""
        for match in self.pattern.finditer(data):
            yield Span(match.start(), match.end(), "SECRET")


def own_secrets(secrets: Iterable[str]) -> OwnSecrets | None:
    """A rule for these secrets, or None if none is long enough to be told from chance."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in forms_of(secret)}
    if not forms:
        return None
    # RE2 prefers the earlier alternative: the longer one first, so that no tail is left standing.
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return OwnSecrets(pattern=compiled(b"|".join(re2.escape(form) for form in ordered)))


def forms_of(secret: str) -> set[bytes]:
    """A secret as it is, backwards, and as the usual encodings write it."""
    raw = secret.encode("utf-8", "surrogatepass")
    stripped = raw.strip() or raw
    forms = {raw, stripped, stripped[::-1]}
    for ensure_ascii in (True, False):
        forms.add(
            json.dumps(secret.strip(), ensure_ascii=ensure_ascii)[1:-1].encode("utf-8", "surrogatepass")
        )
    forms |= {stripped.hex().encode(), stripped.hex().upper().encode()}
    forms |= {quote(stripped, safe="").encode() for quote in (urllib.parse.quote, urllib.parse.quote_plus)}
    for shift in range(3):
        forms |= _inner_base64(stripped, shift)
    return {form for form in forms if len(form) >= SHORTEST_SECRET}


def _inner_base64(raw: bytes, shift: int) -> set[bytes]:
    """Base64 of a text that holds `raw` after `shift` other bytes (mod 3): only what does not hang on its neighbours."""
    encoded = base64.b64encode(bytes(shift) + raw)
    first = (shift * 8 + 5) // 6
    last = (shift + len(raw)) * 8 // 6
    inner = encoded[first:last]
    return {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}

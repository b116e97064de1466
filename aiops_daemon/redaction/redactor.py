"""The way in: rules and structure together, over a text, an excerpt, or a line of the daemon's own journal.

Not for cutting text to what a channel allows, except in `excerpt`, where the order of the two decides whether half
a secret is shown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aiops_daemon.redaction.credentials import CREDENTIALS
from aiops_daemon.redaction.fields import AFTER_SCHEME, Cookies, Fields, pairs_of_cookies
from aiops_daemon.redaction.keys import PERSONAL_KINDS, is_harmless, is_version
from aiops_daemon.redaction.literals import LITERALS
from aiops_daemon.redaction.own import own_secrets
from aiops_daemon.redaction.patterns import Rule, Rulebook, Span
from aiops_daemon.redaction.personal import PERSONAL
from aiops_daemon.redaction.placeholders import Placeholders, is_placeholder
from aiops_daemon.redaction.structure import Token, objects, tokens, written
from aiops_daemon.redaction.tokens import TOKENS

# What is longer is cut to this before it is read, so that one line cannot hold the daemon up.
EXCERPT_INPUT_CHARACTERS: Final = 64 * 1024
MASKED: Final = "<REDACTED>"

# A replacement can uncover another match; each pass takes something out, so this ends by itself long before.
_PASSES: Final = 8
# JSON inside a string inside JSON: deeper than this only the patterns look.
_DEPTH: Final = 4
_DELIMITERS: Final = " \t\r\n\"',;&<>()[]{}|"
_LONGEST_PLACEHOLDER: Final = 24

Name = Callable[[str, str], str]


class Redactor:
    """Takes secrets and personal data out of text; holds the daemon's own secrets and no other state."""

    def __init__(self, own_secrets: Iterable[str] = ()) -> None:
        own = _own(own_secrets)
        self._own = Rulebook(own) if own else None
        secret = (*own, *TOKENS, *CREDENTIALS, Cookies())
        self._all = Rulebook((*secret, Fields(), *PERSONAL))
        self._secret = Rulebook((*secret, Fields(personal=False)))
        self._source = Rulebook((*own, *TOKENS, *LITERALS))

    def text(self, text: str, names: Placeholders) -> str:
        """The text without secrets and personal data: one line, JSON or not, or several.

        Doing it twice changes nothing more, and a text that holds nothing of the kind comes back as it was.
        """
        return _settled(_Pass(rules=self._all, name=names.name, personal=True), text)

    def source(self, text: str, names: Placeholders) -> str:
        """Source code or a change of it without the secrets that were written into it; its own words are left alone."""
        return _settled(_Pass(rules=self._source, name=names.name, personal=False), text, depth=0)

    def excerpt(self, text: str, names: Placeholders, limit: int) -> str | None:
        """At most `limit` characters of the redacted text, or None if it could not be redacted.

        Redaction comes before the cut. Only a text beyond `EXCERPT_INPUT_CHARACTERS` is cut before as well, and
        then the token that the cut went through is dropped whole.
        """
        try:
            return _cut(self.text(_bounded(text), names), limit)
        except Exception:  # noqa: BLE001 - whatever went wrong, nothing unread may leave
            return None

    def mask(self, text: str) -> str:
        """The text without secrets, for the daemon's own journal: no numbers, no state, people left alone."""
        try:
            return _settled(_Pass(rules=self._secret, name=_masked, personal=False), text)
        except Exception:  # noqa: BLE001 - a log call must neither fail nor leak
            return MASKED

    def mask_own(self, text: str) -> str:
        """The text without the daemon's own secrets, and else as it is: the last look at what leaves the machine."""
        if self._own is None:
            return text
        return _settled(_Pass(rules=self._own, name=_masked, personal=False), text)


@dataclass(frozen=True, slots=True)
class Redaction:
    """A redactor with the names of one incident."""

    redactor: Redactor
    names: Placeholders

    def text(self, text: str) -> str:
        """As `Redactor.text`."""
        return self.redactor.text(text, self.names)

    def source(self, text: str) -> str:
        """As `Redactor.source`."""
        return self.redactor.source(text, self.names)


def _own(secrets: Iterable[str]) -> tuple[Rule, ...]:
    rule = own_secrets(secrets)
    return () if rule is None else (rule,)


def _masked(kind: str, value: str) -> str:  # noqa: ARG001 - one name for all is the point
    return MASKED


def _settled(once: "_Pass", text: str, depth: int = _DEPTH) -> str:
    for _ in range(_PASSES):
        redacted = once.text(text, depth)
        if redacted == text:
            break
        text = redacted
    return text


def _bounded(text: str) -> str:
    if len(text) <= EXCERPT_INPUT_CHARACTERS:
        return text
    cut = text[:EXCERPT_INPUT_CHARACTERS]
    return cut[: max(cut.rfind(character) for character in _DELIMITERS) + 1]


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    cut = text[: max(0, limit)]
    opened = cut.rfind("<", max(0, len(cut) - _LONGEST_PLACEHOLDER))
    if opened >= 0 and ">" not in cut[opened:]:
        close = text.find(">", opened, opened + _LONGEST_PLACEHOLDER)
        if close > 0 and is_placeholder(text[opened : close + 1].encode("utf-8", "surrogatepass")):
            cut = cut[:opened]
    return cut


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """One reading of a text by a set of rules."""

    rules: Rulebook
    name: Name
    personal: bool

    def text(self, text: str, depth: int) -> str:
        """The text once over: JSON by its structure, what stands between by patterns alone."""
        pieces: list[str] = []
        done = 0
        if depth > 0 and "{" in text:
            for start, end in objects(text):
                pieces += (self._plain(text[done:start]), self._object(text, start, end, depth))
                done = end
        return "".join((*pieces, self._plain(text[done:])))

    def _object(self, text: str, start: int, end: int, depth: int) -> str:
        found = tuple(tokens(text, start, end))
        # All strings at once tell which rules have a chance; hardly a line makes it necessary to look at each.
        rules = self._firing("\n".join(token.value for token in found if token.quoted))
        pieces: list[str] = []
        done = start
        for token in found:
            value = self._value(token, rules, depth)
            if value != token.value:
                pieces += (text[done : token.start], written(value))
                done = token.end
        return "".join((*pieces, text[done:end]))

    def _value(self, token: Token, rules: Sequence[Rule], depth: int) -> str:
        value = token.value
        if token.name is not None and is_version(token.name, value):
            return value
        if token.quoted and "{" in value and '"' in value:
            value = self.text(value, depth - 1)
        elif token.quoted and rules:
            value = self._replaced(value, rules)
        if token.kind is None or (token.kind in PERSONAL_KINDS and not self.personal):
            return value
        return self._under_its_name(token.kind, token.value, value)

    def _under_its_name(self, kind: str, value: str, redacted: str) -> str:
        data = value.encode("utf-8", "surrogatepass")
        if is_placeholder(redacted.encode("utf-8", "surrogatepass")) or is_harmless(kind, data):
            return redacted
        if kind == "COOKIE" and b"=" in data:
            return _decoded(_without(data, pairs_of_cookies(data, 0, len(data)), self.name))
        scheme = AFTER_SCHEME.search(data)
        if scheme is None:
            return self.name(kind, value)
        if is_placeholder(scheme[1]) or is_harmless(kind, scheme[1]):
            return redacted
        return _decoded(_without(data, [Span(scheme.start(1), len(data), kind)], self.name))

    def _plain(self, text: str) -> str:
        if not text or text.isspace():
            return text
        return self._replaced(text, self.rules.with_a_chance(text))

    def _firing(self, text: str) -> Sequence[Rule]:
        rules = self.rules.with_a_chance(text)
        data = text.encode("utf-8", "surrogatepass")
        return [rule for rule in rules if next(rule.spans(data), None) is not None]

    def _replaced(self, text: str, rules: Sequence[Rule]) -> str:
        before = text.encode("utf-8", "surrogatepass")
        data = before
        for rule in rules:
            data = _without(data, rule.spans(data), self.name)
        return text if data is before else _decoded(data)


def _without(data: bytes, spans: Iterable[Span], name: Name) -> bytes:
    """The data with a name in the place of every span; the same object if there is none."""
    pieces: list[bytes] = []
    done = 0
    for start, end, kind in spans:
        value = data[start:end]
        if not is_placeholder(value):
            pieces += (data[done:start], name(kind, value.decode("utf-8", "replace")).encode())
            done = end
    return b"".join((*pieces, data[done:])) if pieces else data


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")

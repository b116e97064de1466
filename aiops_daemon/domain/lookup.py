"""A look-up: what a model may ask for instead of answering. Data in its reply; the daemon answers, and nothing acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_LOOKUPS = 6
"""In one round."""


class LookupKind(StrEnum):
    """What can be asked for."""

    TEXT = "text"
    """Where a text stands in the tracked files."""
    LINES = "lines"
    """Lines of a tracked file."""
    HISTORY = "history"
    """What changed in a function or a setting."""
    DIFF = "diff"
    """What a commit changed."""
    LOG = "log"
    """More of the log: of a request, around a time, or with a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One question.

    Attributes:
        text: what to look for: a text, a function or setting, a commit, a request, a time.
        path: of a tracked file; with `text` only files below it are searched.
        first_line, last_line: with `lines`.
    """

    kind: LookupKind
    text: str = ""
    path: str = ""
    first_line: int = 0
    last_line: int = 0

    @property
    def title(self) -> str:
        """The question in one line."""
        lines = f":{self.first_line}-{self.last_line}" if self.kind is LookupKind.LINES else ""
        return " ".join(filter(None, [self.kind.value, self.text, f"{self.path}{lines}"]))

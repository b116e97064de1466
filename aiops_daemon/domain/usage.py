"""What an answer took, in tokens of the five classes that are priced apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens. `input` is the part that was neither written to a cache nor read from one.

    https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
    """

    input: int = 0
    output: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    cache_read: int = 0

    @property
    def prompt(self) -> int:
        """All tokens of the question."""
        return self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read

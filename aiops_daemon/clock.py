"""Where time enters, once. Everything else takes it as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The present time, aware and in UTC."""
    return datetime.now(UTC)

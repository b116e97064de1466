"""Kinds of values: numbers, durations, choices. Each check says what is wrong and what is allowed, in words of its own.

A check is used as `Annotated[int, BeforeValidator(whole(at_least=1))]`; pydantic's own sentences are never shown. Texts
and paths are in `texts.py`, URLs in `urls.py`.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

Chosen = TypeVar("Chosen", bound=StrEnum)
Member = TypeVar("Member")

REFUSED = "refused"
"""The type of every error raised here: its context carries the two halves of a `Problem`."""

_SHOWN_CHARACTERS = 60
_PERHAPS_SECRET = re.compile(r"://|BEGIN [A-Z ]*KEY|\bsk-|\bgh[a-z]_|\bgithub_pat_|[A-Za-z0-9_-]{40}")
_LARGEST = 1_000_000_000
_LONGEST = timedelta(days=3650)
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_PART = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
_EXAMPLES = '"250ms", "5s", "5m", "1h30m", "90d"'


def refuse(wrong: str, allowed: str) -> PydanticCustomError:
    """The error to raise for a value that cannot be."""
    return PydanticCustomError(REFUSED, "{wrong}; allowed: {allowed}", {"wrong": wrong, "allowed": allowed})


def halves(context: Mapping[str, Any] | None) -> tuple[str, str]:
    """What is wrong and what is allowed, out of the context of an error that `refuse` made."""
    return (str(context["wrong"]), str(context["allowed"])) if context else ("this value is not possible", "")


def shown(value: object) -> str:
    """A value as people wrote it, cut short; without what looks like a URL or a key, put where it does not belong."""
    match value:
        case bool():
            words = str(value).lower()
        case str() if _PERHAPS_SECRET.search(value):
            words = "this text (not shown, because it may hold a secret)"
        case str():
            cut = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "..."
            words = json.dumps(cut, ensure_ascii=False)
        case int() | float():
            # An int has no bound in TOML, and str() refuses the longest.
            words = f"{value}" if abs(value) < _LARGEST * _LARGEST else "this huge number"
        case list() | tuple():
            words = "a list"
        case dict():
            words = "a table"
        case None:
            words = "null"
        case _:
            words = "a date or a time of day"
    return words


def whole(*, at_least: int, at_most: int = _LARGEST) -> Callable[[object], int]:
    """A whole number in a range."""
    allowed = f"a whole number, {at_least} to {at_most}"

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse(f"{shown(value)} is not a whole number", allowed)
        if value < at_least:
            raise refuse(f"{shown(value)} is too small", allowed)
        if value > at_most:
            raise refuse(f"{shown(value)} is too large", allowed)
        return value

    return check


def amount(value: object) -> float:
    """An amount of money or a factor: a number that is neither negative nor boundless."""
    allowed = f"a number, 0 to {_LARGEST}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(f"{shown(value)} is not a number", allowed)
    if value < 0:
        raise refuse(f"{shown(value)} is negative", allowed)
    if value > _LARGEST:
        raise refuse(f"{shown(value)} is too large", allowed)
    if math.isnan(value):
        raise refuse("nan is not a number", allowed)
    return float(value)


def duration(*, zero: bool) -> Callable[[object], timedelta]:
    """A time with its unit; a bare number is refused, because nobody remembers whether it means seconds."""
    allowed = f"a time such as {_EXAMPLES}" + (', or "0s"' if zero else ", more than 0") + ", at most 3650d"

    def check(value: object) -> timedelta:
        span = value if isinstance(value, timedelta) else _parsed(value, allowed)
        if span > _LONGEST:
            raise refuse(f"{shown(value)} is too long", allowed)
        if not zero and not span:
            raise refuse(f"{shown(value)} is no time at all", allowed)
        return span

    return check


def _parsed(value: object, allowed: str) -> timedelta:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and re.fullmatch(r"\s*[0-9.]+\s*", value)):
        raise refuse(f"{shown(value)} has no unit", allowed)
    if not isinstance(value, str):
        raise refuse(f"{shown(value)} is not a time", allowed)
    parts = _PART.findall(value)
    units = [unit for _, unit in parts]
    if not parts or "".join(number + unit for number, unit in parts) != value or len(set(units)) < len(units):
        raise refuse(f"{shown(value)} is not a time", allowed)
    try:
        return sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        raise refuse(f"{shown(value)} is too long", allowed) from None


def span_of(text: str) -> timedelta:
    """A time on a command line.

    Raises:
        ValueError: it is none; says what is allowed.
    """
    try:
        return duration(zero=False)(text)
    except PydanticCustomError as error:
        raise ValueError(error.message()) from None


def span_text(span: timedelta) -> str:
    """A time as it is written: "1h30m". Nothing below a millisecond can be written."""
    parts = []
    for unit, length in sorted(_UNITS.items(), key=lambda unit: unit[1], reverse=True):
        number, span = divmod(span, length)
        parts.append(f"{number}{unit}" if number else "")
    return "".join(parts) or "0s"


def filled(value: tuple[Member, ...]) -> tuple[Member, ...]:
    """A list that is not empty. `min_length` would also complain where an entry was refused."""
    if not value:
        raise refuse("the list is empty", "a list with at least one entry")
    return value


def one_of(choices: type[Chosen]) -> Callable[[object], Chosen]:
    """One of the values of an enumeration."""
    allowed = ", ".join(choice.value for choice in choices)

    def check(value: object) -> Chosen:
        for choice in choices:
            if choice.value == value:
                return choice
        raise refuse(f"{shown(value)} is not known", allowed)

    return check


Count = Annotated[int, BeforeValidator(whole(at_least=0))]
PositiveCount = Annotated[int, BeforeValidator(whole(at_least=1))]
Usd = Annotated[float, BeforeValidator(amount)]
Duration = Annotated[timedelta, BeforeValidator(duration(zero=True))]
PositiveDuration = Annotated[timedelta, BeforeValidator(duration(zero=False))]

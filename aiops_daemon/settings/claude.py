"""`[claude]`: the models, what they cost, and how much money there is. Prices are data of a day and can be overridden.

Prices and retirements: docs of platform.claude.com as of 2026-11-22 (USD per million tokens).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from aiops_daemon.settings.kinds import Count, PositiveCount, Usd, one_of, refuse, shown
from aiops_daemon.settings.section import Section
from aiops_daemon.settings.texts import ModelId, OptionalModelId
from aiops_daemon.settings.urls import Endpoint

RETIRED: Mapping[str, tuple[str, str]] = {
    "claude-sonnet-4-20250514": ("was retired on 2026-06-15", "claude-sonnet-5-5"),
    "claude-sonnet-4-0": ("was retired on 2026-06-15", "claude-sonnet-5-5"),
    "claude-sonnet-4-5": ("ends on 2026-11-30", "claude-sonnet-5-5"),
}
"""Models that are refused, by id or by an id with a date: when they end, and what replaces them."""


class Effort(StrEnum):
    """How long the model thinks."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class Price(Section):
    """What a model costs, in USD per million tokens."""

    input: Usd = Field(description="USD per million tokens of uncached input")
    output: Usd = Field(description="USD per million tokens of output, thinking included")
    cache_write_5m: Usd = Field(description="USD per million tokens written to the 5-minute cache")
    cache_write_1h: Usd = Field(description="USD per million tokens written to the 1-hour cache")
    cache_read: Usd = Field(description="USD per million tokens read from the cache")
    long_prompt_tokens: Count = Field(
        default=0,
        description="prompts of more tokens than this cost more, the whole request; 0 = no such limit",
    )
    long_prompt_factor: Usd = Field(
        default=1.0, description="by how much all five prices are multiplied for such a prompt"
    )


def _price(
    numbers: tuple[float, float, float, float, float], *, above: int = 0, factor: float = 1.0
) -> Price:
    return Price(
        input=numbers[0],
        output=numbers[1],
        cache_write_5m=numbers[2],
        cache_write_1h=numbers[3],
        cache_read=numbers[4],
        long_prompt_tokens=above,
        long_prompt_factor=factor,
    )


PRICES: Mapping[str, Price] = {
    "claude-haiku-5-5": _price((0.10, 0.50, 0.125, 0.20, 0.01), above=100_000, factor=5.0),
    "claude-sonnet-5-5": _price((2.0, 10.0, 2.5, 4.0, 0.10)),
    "claude-opus-5-5": _price((4.0, 20.0, 5.0, 8.0, 0.20)),
    "claude-fable-5-1": _price((10.0, 50.0, 12.5, 20.0, 0.25)),
    "claude-sonnet-4-6": _price((3.0, 15.0, 3.75, 6.0, 0.30)),
}
"""The prices that ship."""


def _over_shipped(given: object) -> object:
    """The given prices over the shipped ones, number by number."""
    if not isinstance(given, Mapping):
        return given
    prices: dict[object, object] = dict(given)
    for model, price in PRICES.items():
        mine = given.get(model, {})
        prices[model] = {**price.model_dump(), **mine} if isinstance(mine, Mapping) else mine
    return prices


class ClaudeSettings(Section):
    """The API, the models and the budget."""

    # Stands first because the models are checked against it, and fields are checked in this order.
    prices: Annotated[Mapping[ModelId, Price], BeforeValidator(_over_shipped)] = Field(
        default=PRICES, description="USD per million tokens, by model; yours are laid over the shipped ones"
    )
    model: ModelId = Field(default="claude-sonnet-5-5", description="the model that diagnoses and fixes")
    fallback_model: OptionalModelId = Field(
        default="claude-sonnet-4-6",
        description="the model asked when the first is not available; empty = none",
    )
    review_model: OptionalModelId = Field(
        default="",
        description="the model that looks at each diagnosis once more and may only lower its confidence; empty = none",
    )
    effort: Annotated[Effort, BeforeValidator(one_of(Effort))] = Field(
        default=Effort.MEDIUM, description="how long the model thinks"
    )
    base_url: Endpoint = Field(default="https://api.anthropic.com", description="URL of the API")
    max_diagnoses_per_hour: Count = Field(default=10, description="diagnoses an hour at most; 0 = none")
    max_rounds: PositiveCount = Field(
        default=3, description="questions to the model within one diagnosis at most"
    )
    max_usd_per_diagnosis: Usd = Field(default=0.50, description="USD that one diagnosis may cost")
    daily_budget_usd: Usd = Field(default=5.0, description="USD a day, over all uses of Claude")
    monthly_budget_usd: Usd = Field(default=30.0, description="USD a month, over all uses of Claude")

    @field_validator("model", "fallback_model", "review_model")
    @classmethod
    def _can_be_paid(cls, model: str, info: ValidationInfo) -> str:
        prices: Mapping[str, Price] | None = info.data.get("prices")
        priced = ", ".join(prices or ())
        undated = re.sub(r"-20[0-9]{6}$", "", model)
        if gone := RETIRED.get(model) or RETIRED.get(undated):
            ended, replacement = gone
            raise refuse(f'{shown(model)} {ended}, use "{replacement}"', priced or replacement)
        if model and prices is not None and model not in prices:
            raise refuse(
                f"{shown(model)} has no price", f'{priced}, or add its price as [claude.prices."<model>"]'
            )
        return model

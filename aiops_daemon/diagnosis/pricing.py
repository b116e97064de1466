"""What a question may cost at most, and what it did cost, by the price table of the configuration. Nothing is ever free by mistake."""

from __future__ import annotations

from aiops_daemon.clients.claude import Ask
from aiops_daemon.domain.usage import Usage
from aiops_daemon.settings import Price

_BYTES_A_TOKEN = 2.0
"""Fewer than any text was seen to have; Korean has some 2.4, code 3.5."""
_MILLION = 1_000_000


def cost_usd(usage: Usage, price: Price) -> float:
    """What an answer cost: five classes of tokens, each at its own price."""
    usd = (
        usage.input * price.input
        + usage.output * price.output
        + usage.cache_write_5m * price.cache_write_5m
        + usage.cache_write_1h * price.cache_write_1h
        + usage.cache_read * price.cache_read
    ) / _MILLION
    return usd * _factor(usage.prompt, price)


def most_usd(ask: Ask, price: Price) -> float:
    """What a question may cost: all of it written to the cache, and the longest answer."""
    texts = [block["text"] for block in ask.system]
    for message in ask.messages:
        content = message["content"]
        texts += [content] if isinstance(content, str) else [block["text"] for block in content]
    tokens = int(sum(len(text.encode("utf-8", "replace")) for text in texts) / _BYTES_A_TOKEN) + 1
    dearest = max(price.input, price.cache_write_5m)
    return (tokens * dearest + ask.max_tokens * price.output) / _MILLION * _factor(tokens, price)


def _factor(prompt_tokens: int, price: Price) -> float:
    is_long = price.long_prompt_tokens and prompt_tokens > price.long_prompt_tokens
    return price.long_prompt_factor if is_long else 1.0

"""The Messages API: one question, one answer, and what every failure means for the money.

The SDK's own retries are off: it would wait for as long as a `retry-after` says, which may be hours. What comes back is read here,
bounded, and taken apart only after its usage was noted: a reply that can't be read was paid for all the same.
https://platform.claude.com/docs/en/api/messages , https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiolimiter import AsyncLimiter
from pydantic import BaseModel, ConfigDict, ValidationError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from aiops_daemon.clients.claude_failures import NoAnswer, Trouble, refusal, unheard
from aiops_daemon.domain.usage import Usage

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_CONNECT_SECONDS = 5.0
_REQUESTS_A_MINUTE = 30
_MOST_TOKENS = 10_000_000
"""More than any model takes: whoever says so is not to be believed."""
_LARGEST_ANSWER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question.

    Attributes:
        system, messages: as the API has them.
        schema: what the answer must look like, as JSON schema.
        max_tokens: of the answer, thinking included.
        seconds: the longest that it may take in all.
    """

    model: str
    system: Sequence[Mapping[str, Any]]
    messages: Sequence[Mapping[str, Any]]
    schema: Mapping[str, Any]
    effort: str
    max_tokens: int
    seconds: float = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back. `usage` is None where the reply didn't say what it cost."""

    text: str
    stop_reason: str
    usage: Usage | None
    model: str


class _CacheCreation(BaseModel):
    ephemeral_5m_input_tokens: int | None = 0
    ephemeral_1h_input_tokens: int | None = 0


class _Usage(BaseModel):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = 0
    cache_read_input_tokens: int | None = 0
    cache_creation: _CacheCreation | None = None


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    content: list[dict[str, Any]]
    stop_reason: str | None = None
    model: str = ""


class Claude:
    """One account at one address."""

    def __init__(self, key: str, base_url: str) -> None:
        self._key = key
        self._base_url = base_url
        self._sdk: AsyncAnthropic | None = None
        self._limiter: AsyncLimiter | None = None

    async def ask(self, ask: Ask) -> Reply:
        """Put a question, and wait for the answer.

        Raises:
            NoAnswer: with what can be done about it, and whether it may have to be paid.
        """
        try:
            async with asyncio.timeout(ask.seconds):
                async for attempt in AsyncRetrying(
                    retry=retry_if_exception(lambda error: isinstance(error, NoAnswer) and error.is_unsent),
                    stop=stop_after_attempt(3),
                    wait=wait_random_exponential(multiplier=0.3, max=3),
                    reraise=True,
                ):
                    with attempt:
                        return await self._once(ask)
        except TimeoutError:
            raise NoAnswer(
                Trouble.LATER, f"Claude did not answer within {ask.seconds:g} s", may_be_paid=True
            ) from None
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def close(self) -> None:
        """Close the connections."""
        if self._sdk is not None:
            await self._sdk.close()
            self._sdk = None

    async def _once(self, ask: Ask) -> Reply:
        if self._limiter is None:
            self._limiter = AsyncLimiter(_REQUESTS_A_MINUTE, 60)
        if self._sdk is None:
            self._sdk = await asyncio.to_thread(_sdk, self._key, self._base_url)
        import anthropic

        question: dict[str, Any] = {
            "model": ask.model,
            "max_tokens": ask.max_tokens,
            "system": ask.system,
            "messages": ask.messages,
            "output_config": {
                "effort": ask.effort,
                "format": {"type": "json_schema", "schema": ask.schema},
            },
            "timeout": ask.seconds,
        }
        failure: NoAnswer
        try:
            async with (
                self._limiter,
                self._sdk.messages.with_streaming_response.create(**question) as response,
            ):
                raw = await _read(response.iter_bytes())
                is_theirs = "request-id" in response.headers
        except anthropic.APIStatusError as error:
            failure = refusal(error)
        except anthropic.APIConnectionError as error:
            failure = unheard(error)
        except (anthropic.AnthropicError, OSError, ValueError) as error:
            failure = NoAnswer(
                Trouble.LATER,
                f"the connection to Claude broke off ({type(error).__name__})",
                may_be_paid=True,
            )
        except Exception as error:
            if type(error).__module__.split(".")[0] not in {"httpx2", "httpcore2"}:
                raise
            failure = NoAnswer(
                Trouble.LATER,
                f"the connection to Claude broke off ({type(error).__name__})",
                may_be_paid=True,
            )
        else:
            return _reply(raw, is_theirs=is_theirs)
        raise failure


def _sdk(key: str, base_url: str) -> AsyncAnthropic:
    """Made in a thread: it takes a second to load, once."""
    from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient, Timeout

    return AsyncAnthropic(
        api_key=key,
        auth_token=None,
        base_url=base_url,
        max_retries=0,
        timeout=Timeout(240.0, connect=_CONNECT_SECONDS),
        http_client=DefaultAsyncHttpxClient(trust_env=False, follow_redirects=False),
    )


async def _read(parts: Any) -> bytes:
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > _LARGEST_ANSWER_BYTES:
            raise ValueError("more than an answer can be")
    return bytes(body)


def _reply(raw: bytes, *, is_theirs: bool) -> Reply:
    """Take an answer apart. What it cost is the first thing that is looked for.

    A page of a proxy costs nothing. What bears the API's own `request-id` may have to be paid, whatever became of it.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        what = "a page" if raw.lstrip()[:1] == b"<" else "no whole JSON"
        raise NoAnswer(Trouble.GARBLED, f"what answered is no Messages API: {what}", may_be_paid=is_theirs)
    usage = _usage(body.get("usage"))
    try:
        message = _Message.model_validate(body)
    except ValidationError:
        raise NoAnswer(
            Trouble.GARBLED, "what answered is no Messages API: no message in its JSON", may_be_paid=True
        ) from None
    texts = [
        block["text"]
        for block in message.content
        if block.get("type") == "text" and isinstance(block.get("text"), str)
    ]
    return Reply(
        text="".join(texts), stop_reason=message.stop_reason or "", usage=usage, model=message.model[:100]
    )


def _usage(given: Any) -> Usage | None:
    try:
        found = _Usage.model_validate(given)
    except ValidationError:
        return None
    if found.input_tokens is None or found.output_tokens is None:
        return None
    apart = found.cache_creation or _CacheCreation()
    hour, five = apart.ephemeral_1h_input_tokens or 0, apart.ephemeral_5m_input_tokens or 0
    written = max(found.cache_creation_input_tokens or 0, hour + five)
    counts = (found.input_tokens, found.output_tokens, written, found.cache_read_input_tokens or 0)
    if not all(0 <= count <= _MOST_TOKENS for count in counts):
        return None
    return Usage(
        input=max(0, found.input_tokens),
        output=max(0, found.output_tokens),
        cache_write_5m=written - hour,
        cache_write_1h=hour,
        cache_read=max(0, found.cache_read_input_tokens or 0),
    )

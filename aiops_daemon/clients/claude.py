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
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aiolimiter import AsyncLimiter
from pydantic import BaseModel, ConfigDict, ValidationError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from aiops_daemon.domain.errors import JobError
from aiops_daemon.domain.usage import Usage

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

_CONNECT_SECONDS = 5.0
_REQUESTS_A_MINUTE = 30
_LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
_LONGEST_WAIT = timedelta(hours=1)
_CREDIT = ("credit balance", "billing", "spend limit", "quota")


class Trouble(StrEnum):
    """Why there is no answer, by what can be done about it."""

    KEY = "key"
    """The key is not valid, or may not do this."""
    CREDIT = "credit"
    """The account has no money left."""
    MODEL = "model"
    """There is no such model, or not any more."""
    OVERLOADED = "overloaded"
    """This model has no room at present; another one may have."""
    QUESTION = "question"
    """The API can't take the question; it never will."""
    LATER = "later"
    """A limit, a fault of its own, no connection: it may work later."""
    GARBLED = "garbled"
    """What came back is no answer of the Messages API."""


class NoAnswer(JobError):  # noqa: N818 - it says what happened
    """There is no answer.

    Attributes:
        trouble: what it is about.
        may_be_paid: the question may have been answered, and be billed, although we heard nothing.
        retry_after: the least time to wait, where the other side said so; an hour at most.
    """

    def __init__(
        self,
        trouble: Trouble,
        reason: str,
        *,
        may_be_paid: bool = False,
        retry_after: timedelta | None = None,
        is_unsent: bool = False,
    ) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.may_be_paid = may_be_paid
        self.retry_after = retry_after
        self.is_unsent = is_unsent


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
        except anthropic.APIStatusError as error:
            failure = _refusal(error)
        except anthropic.APIConnectionError as error:
            failure = _unheard(error)
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
            return _reply(raw)
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


def _reply(raw: bytes) -> Reply:
    """Take an answer apart. What it cost is the first thing that is looked for."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        what = "a page" if raw.lstrip()[:1] == b"<" else "no whole JSON"
        raise NoAnswer(Trouble.GARBLED, f"what answered is no Messages API: {what}", may_be_paid=True)
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
    hour = (found.cache_creation and found.cache_creation.ephemeral_1h_input_tokens) or 0
    written = max(found.cache_creation_input_tokens or 0, hour)
    return Usage(
        input=max(0, found.input_tokens),
        output=max(0, found.output_tokens),
        cache_write_5m=written - hour,
        cache_write_1h=hour,
        cache_read=max(0, found.cache_read_input_tokens or 0),
    )


_STATUS_TROUBLE = {
    401: (Trouble.KEY, "Claude refuses the key (401)"),
    402: (Trouble.CREDIT, "the Claude account has no credit (402)"),
    403: (Trouble.KEY, "the key may not use this model or API (403)"),
    404: (Trouble.MODEL, "Claude knows no such model (404)"),
    408: (Trouble.LATER, "Claude gave up waiting for the question (408)"),
    409: (Trouble.LATER, "Claude says there is a conflict (409)"),
    413: (Trouble.QUESTION, "the question is too large for Claude (413)"),
    429: (Trouble.LATER, "the Claude account is over its rate limit (429)"),
    529: (Trouble.OVERLOADED, "Claude is overloaded (529)"),
}
_MAY_BE_PAID = frozenset({502, 504, 520, 524})
"""A gateway lost the answer of the server behind it."""
_SERVER_FAULT = 500


def _refusal(error: Any) -> NoAnswer:
    """What a status means. The text of an error only tells whether it is about money; it may hold what we sent."""
    status = int(error.status_code)
    kind = str(getattr(error, "type", None) or "")
    if status in {400, 403, 429} and (kind == "billing_error" or _is_about_credit(error.body)):
        return NoAnswer(Trouble.CREDIT, f"the Claude account has no credit ({status})")
    after = _retry_after(error.response.headers)
    if status in _STATUS_TROUBLE:
        trouble, reason = _STATUS_TROUBLE[status]
        return NoAnswer(trouble, reason, retry_after=after)
    if status >= _SERVER_FAULT:
        reason = f"Claude has a fault of its own ({status})"
        return NoAnswer(Trouble.LATER, reason, retry_after=after, may_be_paid=status in _MAY_BE_PAID)
    if 300 <= status < 400:  # noqa: PLR2004 - redirects are not followed
        return NoAnswer(Trouble.GARBLED, f"what answers at claude.base_url sends elsewhere ({status})")
    return NoAnswer(Trouble.QUESTION, f"Claude refuses the question ({status}{', ' + kind if kind else ''})")


def _is_about_credit(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    said = str(error.get("message", "")) if isinstance(error, dict) else ""
    return any(word in said.lower() for word in _CREDIT) and "rate limit" not in said.lower()


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    if not 0 <= seconds < float("inf"):
        return None
    return min(timedelta(seconds=min(seconds, 1e6)), _LONGEST_WAIT)


def _unheard(error: BaseException) -> NoAnswer:
    """A connection that failed: before the question was sent, or afterwards."""
    cause: BaseException | None = error
    names = set()
    for _ in range(6):
        if cause is None:
            break
        names.add(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    if names & {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"}:
        return NoAnswer(Trouble.LATER, "Claude can't be reached", is_unsent=True)
    if names & {"ReadTimeout", "WriteTimeout", "APITimeoutError"}:
        return NoAnswer(Trouble.LATER, "Claude did not answer in time", may_be_paid=True)
    return NoAnswer(Trouble.LATER, "the connection to Claude broke off", may_be_paid=True)

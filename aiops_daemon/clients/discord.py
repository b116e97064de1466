"""A Discord webhook: execute it, edit what it posted, and know what each refusal means.

The URL is the credential, so it stands in no error. Facts and numbers:
https://discord.com/developers/docs/resources/webhook, https://discord.com/developers/docs/topics/rate-limits
"""

from __future__ import annotations

import json
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from aiops_daemon.clients import http
from aiops_daemon.domain.errors import JobError, Paused, Transient

_REQUESTS_PER_SECOND = 45
"""Below the 50 a second that Discord allows an address over all its webhooks."""

_CLOUDFLARE_WAIT = timedelta(minutes=5)
_SHORTEST_WAIT = timedelta(milliseconds=250)
_LONGEST_WAIT = timedelta(hours=1)

_UNKNOWN_MESSAGE = 10008
_EDITED_TOO_OFTEN = 30046

_OFF = {
    401: "Discord says the webhook's token is invalid (401)",
    403: "Discord forbids the webhook to post (403)",
    404: "Discord knows no such webhook (404): it was deleted, or the URL is wrong",
}


class Refused(JobError):  # noqa: N818 - it says what Discord did
    """Discord calls the payload malformed (400)."""


class MessageLost(JobError):  # noqa: N818
    """The message can't be edited any more: it is gone, or was edited too often."""


class _Unreached(Transient):
    """Nothing was sent, so another try at once is safe."""


class DiscordWebhook:
    """One webhook."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None
        self._limiter: AsyncLimiter | None = None
        self._closed_until = 0.0

    async def execute(self, payload: dict[str, Any]) -> str:
        """Post a message; returns its id.

        Raises:
            Refused: the payload is malformed.
            Paused: a rate limit, or the webhook is gone.
            Transient: anything that may work later; `ambiguous` where the message may be there.
        """
        body = await self._request("POST", self._address("", wait="true"), payload)
        message_id = body.get("id") if isinstance(body, dict) else None
        if not isinstance(message_id, str) or not message_id:
            raise Transient("Discord's answer names no message", ambiguous=True)
        return message_id

    async def edit(self, message_id: str, payload: dict[str, Any]) -> None:
        """Edit a message.

        Raises:
            MessageLost: it can't be edited any more.
            Refused, Paused, Transient: as for `execute`.
        """
        await self._request("PATCH", self._address(f"/messages/{message_id}"), payload)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _address(self, path: str, **query: str) -> str:
        """The URL of a call: a `thread_id` in the configured URL goes with every one."""
        parts = urlsplit(self._url)
        both = "&".join(filter(None, [urlencode(query), parts.query]))
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, both, ""))

    async def _request(self, method: str, url: str, payload: dict[str, Any]) -> Any:
        wait = self._closed_until - time.monotonic()
        if wait > 0:
            raise Paused("Discord's rate limit", wait=timedelta(seconds=wait))
        if self._session is None:
            self._session = http.session()
            self._limiter = AsyncLimiter(_REQUESTS_PER_SECOND, 1)
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(_Unreached),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.2, max=1.5),
            reraise=True,
        ):
            with attempt:
                return await self._once(method, url, payload)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _once(self, method: str, url: str, payload: dict[str, Any]) -> Any:
        assert self._session is not None
        assert self._limiter is not None
        try:
            async with (
                self._limiter,
                self._session.request(method, url, json=payload, allow_redirects=False) as response,
            ):
                raw = await response.content.read(http.MAX_BODY_BYTES)
                return self._judge(method, response, raw)
        except aiohttp.ClientConnectorError as error:
            raise _Unreached(
                f"Discord can't be reached: {error.os_error.strerror or 'no connection'}"
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            what = "did not answer in time" if isinstance(error, TimeoutError) else "broke the connection off"
            raise Transient(f"Discord {what} ({type(error).__name__})", ambiguous=method == "POST") from None

    def _judge(self, method: str, response: aiohttp.ClientResponse, raw: bytes) -> Any:
        body = _json(raw)
        code = body.get("code") if isinstance(body, dict) else None
        status = response.status
        if status in {200, 204}:
            self._note_limits(response)
            return body
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self._rate_limit(response, body)
        if method == "PATCH" and (code in {_UNKNOWN_MESSAGE, _EDITED_TOO_OFTEN}):
            raise MessageLost("the message is gone or was edited too often")
        if status in _OFF:
            raise Paused(_OFF[status], wait=None)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Transient(f"Discord has a fault of its own ({status})")
        if status >= HTTPStatus.BAD_REQUEST:
            raise Refused(f"{status}, code {code}" if code else str(status))
        raise Paused(f"the webhook's URL answers like no webhook ({status})", wait=None)

    def _note_limits(self, response: aiohttp.ClientResponse) -> None:
        """Wait out a bucket that is empty, instead of running into a 429."""
        if response.headers.get("X-RateLimit-Remaining") == "0":
            after = _seconds(response.headers.get("X-RateLimit-Reset-After"))
            if after is not None:
                self._closed_until = time.monotonic() + min(after, _LONGEST_WAIT.total_seconds())

    def _rate_limit(self, response: aiohttp.ClientResponse, body: Any) -> Paused:
        said = body.get("retry_after") if isinstance(body, dict) else None
        after = _seconds(said if said is not None else response.headers.get("Retry-After"))
        scope = response.headers.get("X-RateLimit-Scope", "")
        if said is None and "Via" not in response.headers:
            # Cloudflare's own block, in front of Discord: going on makes it longer.
            wait = max(_CLOUDFLARE_WAIT, timedelta(seconds=after or 0))
            reason = "Cloudflare blocks this address (429)"
        else:
            wait = timedelta(seconds=after if after is not None else 1)
            reason = (
                "Discord's global rate limit"
                if scope == "global" or (isinstance(body, dict) and body.get("global"))
                else "Discord's rate limit"
            )
        wait = min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT)
        self._closed_until = time.monotonic() + wait.total_seconds()
        return Paused(reason, wait=wait)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return None


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < float("inf") else None

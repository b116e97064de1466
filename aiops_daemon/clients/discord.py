"""A Discord webhook: execute it, edit what it posted, and know what each refusal means.

The URL is the credential, so it stands in no error and in no error's chain. Facts and numbers:
https://discord.com/developers/docs/resources/webhook, https://discord.com/developers/docs/topics/rate-limits
"""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

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

_LOST = frozenset({10008, 30046, 50005, 50083})
"""Unknown message; edited too often; another webhook's message; an archived thread: post anew instead."""

_OFF = {
    401: "Discord says the webhook's token is invalid (401)",
    403: "Discord forbids the webhook to post (403)",
    404: "Discord knows no such webhook (404): it was deleted, or the URL is wrong",
}
_MALFORMED = frozenset({400, 413, 422})
_NOT_NOW = frozenset({408, 425})
_MAYBE_DONE = frozenset({502, 504, 520, 524})
"""A gateway lost the answer of the server behind it, which may have posted."""


class Refused(JobError):  # noqa: N818 - it says what Discord did
    """Discord calls the payload malformed (400)."""


class MessageLost(JobError):  # noqa: N818
    """The message can't be edited any more: it is gone, or was edited too often."""


class _Unreached(Transient):
    """Nothing was sent, so another try at once is safe."""


class DiscordWebhook:
    """One webhook.

    Args:
        url: with its token; a `thread_id` in its query goes with every request.
        total_seconds: the longest that one request may take.
    """

    def __init__(self, url: str, *, total_seconds: float = http.TOTAL_SECONDS) -> None:
        self._url = url
        self._total_seconds = total_seconds
        self._session: aiohttp.ClientSession | None = None
        self._limiter: AsyncLimiter | None = None
        self._shut_until = 0.0
        self._shut_why = ""
        self._in_flight = 0
        self._is_closed = False

    async def execute(self, payload: dict[str, Any]) -> str:
        """Post a message; returns its id, "" where a relay answered as if nobody waited for one.

        Raises:
            Refused: the payload is malformed.
            Paused: a rate limit, or the webhook is gone.
            Transient: anything that may work later; `ambiguous` where the message may be there.
        """
        body = await self._request("POST", self._address("", wait="true"), payload)
        if body is None:
            return ""
        message_id = body.get("id") if isinstance(body, dict) else None
        if not isinstance(message_id, str) or not message_id:
            raise Transient("Discord's answer names no message", ambiguous=True)
        return message_id

    async def edit(self, message_id: str, payload: dict[str, Any]) -> None:
        """Edit a message; one without an id stays as it is.

        Raises:
            MessageLost: it can't be edited any more.
            Refused, Paused, Transient: as for `execute`.
        """
        if message_id:
            path = f"/messages/{quote(message_id, safe='')}"
            await self._request("PATCH", self._address(path), payload)

    async def name(self) -> str:
        """What the webhook is called, which only one that is there can answer.

        Raises:
            Refused, Paused, Transient: as for `execute`.
        """
        body = await self._request("GET", self._address(""), None)
        found = body.get("name") if isinstance(body, dict) else None
        return found if isinstance(found, str) else "(without a name)"

    async def close(self) -> None:
        """Close the connections, once what is under way has ended."""
        self._is_closed = True
        await self._close_if_idle()

    async def _close_if_idle(self) -> None:
        if self._is_closed and not self._in_flight and self._session is not None:
            open_session, self._session = self._session, None
            await open_session.close()

    def _address(self, path: str, **query: str) -> str:
        """The URL of a call: a `thread_id` in the configured URL goes with every one."""
        parts = urlsplit(self._url)
        kept = "&".join(
            pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] not in query
        )
        both = "&".join(filter(None, [urlencode(query), kept]))
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, both, ""))

    async def _request(self, method: str, url: str, payload: dict[str, Any] | None) -> Any:
        """The body of the answer, None for an empty one.

        Whatever goes wrong is raised here, outside of any `except`: aiohttp's errors name the URL.
        """
        wait = self._shut_until - time.monotonic()
        if wait > 0:
            raise Paused(self._shut_why, wait=timedelta(seconds=wait))
        self._in_flight += 1
        try:
            if self._session is None:
                self._session = http.session(self._total_seconds)
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
        finally:
            self._in_flight -= 1
            await self._close_if_idle()

    async def _once(self, method: str, url: str, payload: dict[str, Any] | None) -> Any:
        assert self._session is not None
        assert self._limiter is not None
        failure: JobError
        try:
            async with (
                self._limiter,
                self._session.request(method, url, json=payload, allow_redirects=False) as response,
            ):
                raw = await http.read_body(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _failure(method, error)
        else:
            return self._judge(method, response, raw)
        raise failure

    def _judge(self, method: str, response: aiohttp.ClientResponse, raw: bytes) -> Any:
        body = _json(raw)
        status = response.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise self._rate_limit(response, raw, body)
        self._note_limits(response)
        if status == HTTPStatus.NO_CONTENT or (status == HTTPStatus.OK and not raw):
            return None
        if status == HTTPStatus.OK:
            if body is None:
                is_json = response.content_type == "application/json"
                raise Transient("what answers is no Discord (200)", ambiguous=method == "POST" and is_json)
            return body
        raise self._refusal(method, response, body)

    def _refusal(self, method: str, response: aiohttp.ClientResponse, body: Any) -> JobError:
        status = response.status
        said = body.get("code") if isinstance(body, dict) else None
        code = said if isinstance(said, int) else None
        if method == "PATCH" and code in _LOST:
            return MessageLost("the message is gone or was edited too often")
        if status == HTTPStatus.FORBIDDEN and response.content_type == "text/html":
            return self._shut("Cloudflare blocks this address (403)", _CLOUDFLARE_WAIT)
        if status in _OFF:
            return Paused(_OFF[status], wait=None)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _NOT_NOW:
            after = _seconds(response.headers.get("Retry-After"))
            return Transient(
                f"Discord has a fault of its own ({status})",
                retry_after=None if after is None else min(timedelta(seconds=after), _LONGEST_WAIT),
                ambiguous=method == "POST" and status in _MAYBE_DONE,
            )
        if status in _MALFORMED:
            return Refused(f"{status}, code {code}" if code else str(status))
        return Paused(f"the webhook's URL answers like no webhook ({status})", wait=None)

    def _note_limits(self, response: aiohttp.ClientResponse) -> None:
        """Wait out a bucket that is empty, instead of running into a 429."""
        if response.headers.get("X-RateLimit-Remaining") == "0":
            after = _seconds(response.headers.get("X-RateLimit-Reset-After"))
            if after:
                self._shut("Discord's rate limit", timedelta(seconds=after))

    def _rate_limit(self, response: aiohttp.ClientResponse, raw: bytes, body: Any) -> Paused:
        said = _seconds(body.get("retry_after")) if isinstance(body, dict) else None
        after = said if said is not None else _seconds(response.headers.get("Retry-After"))
        if said is None and "Via" not in response.headers and (after is None or _is_page(raw)):
            # Cloudflare's own block, in front of Discord: going on makes it longer.
            return self._shut(
                "Cloudflare blocks this address (429)", max(_CLOUDFLARE_WAIT, timedelta(seconds=after or 0))
            )
        is_global = response.headers.get("X-RateLimit-Scope") == "global" or (
            isinstance(body, dict) and body.get("global") is True
        )
        return self._shut(
            "Discord's global rate limit" if is_global else "Discord's rate limit",
            timedelta(seconds=1 if after is None else after),
        )

    def _shut(self, why: str, wait: timedelta) -> Paused:
        """Ask nothing of Discord for so long."""
        wait = min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT)
        self._shut_until = time.monotonic() + wait.total_seconds()
        self._shut_why = why
        return Paused(why, wait=wait)


def _failure(method: str, error: Exception) -> Transient:
    """What a broken connection means. Only the error's kind goes into words: its text may name the URL."""
    kind = type(error).__name__
    if isinstance(error, aiohttp.ClientSSLError):
        return _Unreached("Discord can't be reached: no TLS connection that can be trusted")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _Unreached("Discord can't be reached: its name can't be resolved")
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno  # its text names the address
        return _Unreached(f"Discord can't be reached: {os.strerror(number) if number else 'no connection'}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return _Unreached("Discord can't be reached: no connection in time")
    what = "did not answer in time" if isinstance(error, TimeoutError) else "broke the connection off"
    return Transient(f"Discord {what} ({kind})", ambiguous=method == "POST")


def _is_page(raw: bytes) -> bool:
    return raw.lstrip()[:11].lower().startswith((b"<", b"error code:"))


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        return None


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(seconds, _LONGEST_WAIT.total_seconds()) if 0 <= seconds < float("inf") else None

"""Calls to GitHub's REST API for one repository, over gidgethub: limits, tokens that run out, and what each refusal means.

Writes go one after the other, a second apart (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api).
A limit shuts the wire for as long as GitHub says, whoever asks. Reads are conditional: what did not change costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp
from cachetools import LRUCache
from gidgethub import HTTPException
from gidgethub.aiohttp import GitHubAPI
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from aiops_daemon import __version__
from aiops_daemon.clients import http
from aiops_daemon.clients.github_failures import Unreached, failure_of, limit_of, no_connection
from aiops_daemon.clients.github_tokens import TokenSource
from aiops_daemon.domain.errors import Paused, Transient

T = TypeVar("T")

API_VERSION = "2022-11-28"
"""https://docs.github.com/en/rest/about-the-rest-api/api-versions"""

PAUSE_BETWEEN_WRITES = 1.0
_TOTAL_SECONDS = 20.0
_CACHE_BYTES = 8 << 20
_MOST_BODY_BYTES = 16 << 20
_FIRST_SECONDARY_WAIT = timedelta(seconds=60)
_LONGEST_SECONDARY_WAIT = timedelta(minutes=30)


class Wire:
    """The calls. Paths are relative to the repository."""

    def __init__(self, repository: str, api_url: str, tokens: TokenSource, pause_seconds: float) -> None:
        self._repository = repository
        self._api_url = api_url
        self._tokens = tokens
        self._pause_seconds = pause_seconds
        self._session: aiohttp.ClientSession | None = None
        self._cache = _Seen()
        self._writing = asyncio.Lock()
        self._wrote_at = float("-inf")
        self._shut: tuple[float, str] | None = None
        self._limits_in_a_row = 0

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, path: str, **query: str) -> Any:
        """Read; `query` fills the template in the path.

        Raises:
            Paused, Transient, Refused: see `github_failures.py`.
        """
        return await self._ask(
            "GET",
            lambda api: api.getitem(f"/repos/{self._repository}{path}", query, extra_headers=_headers()),
        )

    async def write(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Write, after the write before.

        Raises:
            Paused, Transient, Refused: as for `get`.
        """
        send = {"POST": GitHubAPI.post, "PATCH": GitHubAPI.patch}[method]
        url = f"/repos/{self._repository}{path}"
        async with self._one_at_a_time():
            return await self._ask(method, lambda api: send(api, url, data=body, extra_headers=_headers()))

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        async with self._writing:
            wait = self._wrote_at + self._pause_seconds - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            try:
                yield
            finally:
                self._wrote_at = time.monotonic()

    async def _ask(self, method: str, call: Callable[[GitHubAPI], Awaitable[T]]) -> T:
        """One call. What can safely be sent again at once is; a token that is refused is renewed once."""
        if self._shut is not None and (left := self._shut[0] - time.monotonic()) > 0:
            raise Paused(self._shut[1], wait=timedelta(seconds=left))
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(Unreached),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(multiplier=0.2, max=1.5),
            reraise=True,
        ):
            with attempt:
                try:
                    return await self._once(method, call, renew=False)
                except _Unauthorised:
                    return await self._once(method, call, renew=True)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _once(self, method: str, call: Callable[[GitHubAPI], Awaitable[T]], *, renew: bool) -> T:
        if self._session is None:
            self._session = http.session(_TOTAL_SECONDS)
        token = await self._tokens.token(self._session, renew=renew)
        api = _Api(
            self._session,
            f"aiops-daemon/{__version__}",
            oauth_token=token,
            cache=self._cache,
            base_url=self._api_url,
        )
        try:
            answer = await call(api)
        except HTTPException as refusal:
            if refusal.status_code == 401 and self._tokens.is_renewable and not renew:  # noqa: PLR2004
                raise _Unauthorised from None
            if (limit := limit_of(refusal)) is not None:
                raise self._limited(*limit) from None
            raise failure_of(refusal, method, self._repository) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise no_connection(error, method) from None
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Transient("what answers is no GitHub", ambiguous=method == "POST") from None
        self._limits_in_a_row = 0
        return answer

    def _limited(self, why: str, wait: timedelta | None) -> Paused:
        """Ask nothing for so long; where GitHub doesn't say how long, longer each time."""
        if wait is None:
            wait = min(_FIRST_SECONDARY_WAIT * 2**self._limits_in_a_row, _LONGEST_SECONDARY_WAIT)
            self._limits_in_a_row += 1
        self._shut = (time.monotonic() + wait.total_seconds(), why)
        return Paused(why, wait=wait)


class _Seen(LRUCache[str, Any]):
    """What was read, with the tag to ask by whether it is still so; a page too long to be kept is read again."""

    def __init__(self) -> None:
        super().__init__(_CACHE_BYTES, getsizeof=lambda entry: len(repr(entry[2])))

    def __setitem__(self, key: str, value: Any) -> None:
        with suppress(ValueError):
            super().__setitem__(key, value)


class _Unauthorised(Exception):  # noqa: N818 - it is caught where it is raised
    """The token may have run out."""


class _Api(GitHubAPI):
    """gidgethub over our session: no redirects, a body of bounded length, and the token as GitHub asks for it today.

    https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
    """

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        bearer = {"authorization": headers.get("authorization", "").replace("token ", "Bearer ", 1)}
        async with self._session.request(
            method, url, headers={**headers, **bearer}, data=body, allow_redirects=False
        ) as response:
            return response.status, response.headers, await http.read_body(response, _MOST_BODY_BYTES)


def _headers() -> dict[str, str]:
    return {"X-GitHub-Api-Version": API_VERSION}

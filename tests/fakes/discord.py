"""A fake Discord: the wire format of webhooks, its limits and its failures, on a port of its own.

It says no where Discord says no (https://discord.com/developers/docs/resources/webhook and .../message), a little
earlier where the documentation leaves it open: lengths are counted in UTF-16 units.

    async with FakeDiscord() as discord:
        discord.script(Fault.status(500), Fault.rate_limit(0.3))   # one for each of the next requests
        ...                                                        # something posts to discord.url
        await discord.until(lambda: discord.posts, timeout=5)
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.fakes.discord_faults import INVALID_TOKEN, UNKNOWN_MESSAGE, UNKNOWN_WEBHOOK, Fault
from tests.fakes.discord_rules import problem_with

__all__ = ["TOKEN", "WEBHOOK_ID", "Edited", "FakeDiscord", "Fault", "Posted", "Requested", "Shown"]

WEBHOOK_ID = "123456789012345678"
TOKEN = "T0kenOfTheWebhook-abcdefghijklmnopqrstuvwxyz_0123456789"
_WEBHOOK = re.compile(
    r"/api(?:/v\d+)?/webhooks/(?P<id>[^/]+)/(?P<token>[^/]+)(?:/messages/(?P<message>[^/]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A request as it came, whatever became of it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any
    at: float
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as it was posted, or as one edit left it."""

    message_id: str
    payload: dict[str, Any]
    at: float
    """Monotonic seconds."""

    @property
    def embed(self) -> dict[str, Any]:
        return (self.payload.get("embeds") or [{}])[0]

    @property
    def title(self) -> str:
        return self.embed.get("title", "")

    @property
    def text(self) -> str:
        """All its words, for `in`."""
        embed = self.embed
        parts = [self.payload.get("content") or "", self.title, embed.get("description", "")]
        parts += [f"{each['name']}: {each['value']}" for each in embed.get("fields", ())]
        return "\n".join([*parts, embed.get("footer", {}).get("text", "")])


class Posted(Shown):
    """A message that was accepted."""


class Edited(Shown):
    """An edit that was accepted."""


class FakeDiscord:
    """One webhook on 127.0.0.1.

    Args:
        bucket: (requests, seconds) that the webhook really allows, such as Discord's own (5, 2.0); None: no limit.

    Attributes:
        requests: everything that came.
        posts, edits: what was accepted, in order.
        messages: message id -> what it shows now.
    """

    def __init__(self, bucket: tuple[int, float] | None = None) -> None:
        self.requests: list[Requested] = []
        self.posts: list[Posted] = []
        self.edits: list[Edited] = []
        self.messages: dict[str, dict[str, Any]] = {}
        self.closing = asyncio.Event()
        self._bucket = bucket
        self._taken: deque[float] = deque()
        self._faults: deque[Fault] = deque()
        self._threads: dict[str, str | None] = {}
        self._changed = asyncio.Condition()
        self._origin = ""
        self._runner: web.AppRunner | None = None
        self._next_id = 1_100_000_000_000_000_000

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_) -> None:
        self.closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The webhook's URL; its token is a secret."""
        return f"{self._origin}/api/webhooks/{WEBHOOK_ID}/{TOKEN}"

    def script(self, *faults: Fault) -> None:
        """Let these happen to the next requests, one each."""
        self._faults.extend(faults)

    @property
    def is_script_done(self) -> bool:
        return not self._faults

    def forget(self, message_id: str) -> None:
        """Somebody deletes a message in the channel."""
        del self.messages[message_id]

    async def until(self, condition: Callable[[], Any], timeout: float) -> None:
        """Wait until it holds; it is looked at after each request."""
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: bool(condition()))
        except TimeoutError:
            seen = [f"POST {each.title or each.text[:80]!r}" for each in self.posts]
            seen += [f"PATCH {each.title or each.text[:80]!r}" for each in self.edits]
            raise AssertionError(
                f"not within {timeout} s; {len(self.requests)} requests, accepted: {seen}"
            ) from None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        try:
            payload = json.loads(raw)
        except ValueError:
            payload = None
        self.requests.append(
            Requested(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                headers=dict(request.headers),
                json=payload,
                at=time.monotonic(),
            )
        )
        try:
            if self._faults:
                answering = asyncio.create_task(self._faults.popleft().answer(self, request, payload))
                await asyncio.wait({answering}, timeout=0.01)  # what it does, it does at once
                await self._notify()
                return await answering
            return self._limited() or self.obey(request, payload)
        finally:
            await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _limited(self) -> web.Response | None:
        if self._bucket is None:
            return None
        limit, seconds = self._bucket
        now = time.monotonic()
        while self._taken and now - self._taken[0] >= seconds:
            self._taken.popleft()
        if len(self._taken) < limit:
            self._taken.append(now)
            return None
        after = round(seconds - (now - self._taken[0]), 3)
        headers = {
            "Via": "1.1 google",
            "Retry-After": str(max(1, round(after))),
            "X-RateLimit-Scope": "user",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset-After": str(after),
        }
        body = {"message": "You are being rate limited.", "retry_after": after, "global": False}
        return web.json_response(body, status=429, headers=headers)

    def _limit_headers(self) -> dict[str, str]:
        limit, seconds = self._bucket or (5, 2.0)
        remaining = limit - len(self._taken) if self._bucket else limit - 1
        after = seconds - (time.monotonic() - self._taken[0]) if self._taken else seconds
        return {
            "Via": "1.1 google",
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, remaining)),
            "X-RateLimit-Reset": f"{time.time() + after:.3f}",
            "X-RateLimit-Reset-After": f"{after:.3f}",
            "X-RateLimit-Bucket": "abcd1234",
        }

    def obey(self, request: web.Request, payload: Any) -> web.Response:
        """What Discord does with a request."""
        status, body = self._judge(request, payload)
        if status == 204:
            return web.Response(status=204, headers=self._limit_headers())
        return web.json_response(body, status=status, headers=self._limit_headers())

    def _judge(self, request: web.Request, payload: Any) -> tuple[int, Any]:
        match = _WEBHOOK.fullmatch(request.path)
        if match is None:
            return 404, {"message": "404: Not Found", "code": 0}
        if (match["id"], match["token"]) != (WEBHOOK_ID, TOKEN):
            return (404, UNKNOWN_WEBHOOK) if match["id"] != WEBHOOK_ID else (401, INVALID_TOKEN)
        if request.method == "GET" and match["message"] is None:
            return 200, {
                "id": WEBHOOK_ID,
                "type": 1,
                "channel_id": "1",
                "name": "night watch",
                "token": TOKEN,
            }
        return self._take(request, payload, match["message"])

    def _take(self, request: web.Request, payload: Any, message_id: str | None) -> tuple[int, Any]:
        if request.content_type != "application/json":
            return 400, {"message": 'Expected "Content-Type" header to be application/json', "code": 50035}
        if request.method == "POST" and message_id is None:
            return self._post(request, payload)
        if request.method == "PATCH" and message_id:
            return self._patch(request, message_id, payload)
        return 405, {"message": "405: Method Not Allowed", "code": 0}

    def _post(self, request: web.Request, payload: Any) -> tuple[int, Any]:
        if problem := problem_with(payload):
            return 400, problem
        self._next_id += 1
        message_id = str(self._next_id)
        self.messages[message_id] = payload
        self._threads[message_id] = request.query.get("thread_id")
        self.posts.append(Posted(message_id=message_id, payload=payload, at=time.monotonic()))
        if request.query.get("wait") != "true":
            return 204, None
        return 200, {"id": message_id, "type": 0, "channel_id": "1", "webhook_id": WEBHOOK_ID, **payload}

    def _patch(self, request: web.Request, message_id: str, payload: Any) -> tuple[int, Any]:
        if message_id not in self.messages or self._threads[message_id] != request.query.get("thread_id"):
            return 404, UNKNOWN_MESSAGE
        if not isinstance(payload, dict):
            return 400, problem_with(payload)
        merged = {**self.messages[message_id], **payload}
        if problem := problem_with(merged):
            return 400, problem
        self.messages[message_id] = merged
        self.edits.append(Edited(message_id=message_id, payload=merged, at=time.monotonic()))
        return 200, {"id": message_id, "type": 0, "webhook_id": WEBHOOK_ID, **merged}

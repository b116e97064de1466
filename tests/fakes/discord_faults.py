"""What can go wrong between a webhook's client and Discord, each as something to be scripted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

UNKNOWN_MESSAGE = {"message": "Unknown Message", "code": 10008}
UNKNOWN_WEBHOOK = {"message": "Unknown Webhook", "code": 10015}
INVALID_TOKEN = {"message": "Invalid Webhook Token", "code": 50027}
TOO_MANY_EDITS = {"message": "Maximum number of edits to messages older than 1 hour reached.", "code": 30046}
_CLOUDFLARE = "<!doctype html><html><title>Access denied | discord.com used Cloudflare</title></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request."""

    name: str
    answer: Callable[[Any, web.Request, Any], Awaitable[web.StreamResponse]] = field(repr=False)

    @classmethod
    def status(cls, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Self:
        """This status, and nothing was done."""

        async def answer(discord, request, payload):
            return web.json_response(body if body is not None else {}, status=status, headers=headers)

        return cls(f"status {status}", answer)

    @classmethod
    def rate_limit(cls, retry_after: float = 0.3, scope: str = "user") -> Self:
        """429 of Discord itself; `scope` is user, shared or global."""
        is_global = scope == "global"
        body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": is_global}
        headers = {
            "Via": "1.1 google",
            "Retry-After": str(max(1, round(retry_after))),
            "X-RateLimit-Scope": scope,
        }
        if is_global:
            headers["X-RateLimit-Global"] = "true"
        else:
            headers |= {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": str(retry_after)}
        return cls.status(429, body, headers)

    @classmethod
    def cloudflare(cls, retry_after: int | None = None) -> Self:
        """429 from in front of Discord: HTML, and no `Via` header."""

        async def answer(discord, request, payload):
            headers = {"Retry-After": str(retry_after)} if retry_after else None
            return web.Response(text=_CLOUDFLARE, status=429, content_type="text/html", headers=headers)

        return cls("cloudflare", answer)

    @classmethod
    def exhausted(cls, reset_after: float) -> Self:
        """Done, and the bucket is empty now."""

        async def answer(discord, request, payload):
            response = discord.obey(request, payload)
            response.headers.update(
                {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": str(reset_after)}
            )
            return response

        return cls("exhausted", answer)

    @classmethod
    def reset_after_accept(cls) -> Self:
        """Done, but the connection breaks before the answer."""

        async def answer(discord, request, payload):
            discord.obey(request, payload)
            return cls._cut_off(request)

        return cls("reset after accept", answer)

    @classmethod
    def reset(cls) -> Self:
        """The connection breaks, and nothing was done."""

        async def answer(discord, request, payload):
            return cls._cut_off(request)

        return cls("reset", answer)

    @classmethod
    def hang(cls, *, accept: bool = False) -> Self:
        """No answer at all, as long as the client waits; `accept`: it was done nevertheless."""

        async def answer(discord, request, payload):
            if accept:
                discord.obey(request, payload)
            await discord.closing.wait()
            return cls._cut_off(request)

        return cls("hang", answer)

    @classmethod
    def drip(cls, interval: float = 1.0) -> Self:
        """Done; the answer comes a byte at a time."""

        async def answer(discord, request, payload):
            body = discord.obey(request, payload).body
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            response.content_length = len(body)
            await response.prepare(request)
            for index in range(len(body)):
                if discord.closing.is_set() or request.transport is None or request.transport.is_closing():
                    return cls._cut_off(request)
                await response.write(body[index : index + 1])
                try:
                    await asyncio.wait_for(discord.closing.wait(), interval)
                except TimeoutError:
                    continue
            return response

        return cls("drip", answer)

    @classmethod
    def html(cls, status: int = 200) -> Self:
        """A page of something that is no Discord."""

        async def answer(discord, request, payload):
            return web.Response(text="<html>Sign in</html>", status=status, content_type="text/html")

        return cls(f"html {status}", answer)

    @classmethod
    def redirect(cls, location: str) -> Self:
        """Somewhere else."""
        return cls.status(302, headers={"Location": location})

    @classmethod
    def unknown_webhook(cls) -> Self:
        """The webhook was deleted."""
        return cls.status(404, UNKNOWN_WEBHOOK)

    @classmethod
    def invalid_token(cls) -> Self:
        """The token is wrong."""
        return cls.status(401, INVALID_TOKEN)

    @classmethod
    def too_many_edits(cls) -> Self:
        """The message is old and was edited too often."""
        return cls.status(400, TOO_MANY_EDITS)

    @classmethod
    def malformed(cls) -> Self:
        """Discord doesn't like the payload, whatever it is."""
        return cls.status(400, {"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": ["0"]}})

    @staticmethod
    def _cut_off(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

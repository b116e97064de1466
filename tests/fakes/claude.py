"""A Messages API that speaks the wire format, refuses what the real one refuses, and fails in every way that one can.

What it answers is written by hand in the tests: it shows that the plumbing works, and nothing about a model's accuracy.
https://platform.claude.com/docs/en/api/messages , .../errors , .../build-with-claude/structured-outputs , .../prompt-caching
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY = "sk-ant-api03-the-right-key"
MODELS = ("claude-sonnet-5-5", "claude-sonnet-4-6", "claude-haiku-5-5", "claude-opus-5-5")
_REFUSED_FIELDS = ("temperature", "top_p", "top_k", "tool_choice", "tools", "stop_sequences")

_UNSUPPORTED = ("minimum", "maximum", "minLength", "maxLength", "maxItems", "pattern", "default")
_MOST_MARKS = 4

Answer = dict[str, Any] | str
Script = Callable[[dict[str, Any]], Answer]


def error(
    status: int, kind: str, message: str = "no", headers: dict[str, str] | None = None
) -> Callable[..., Any]:
    """A fault: the API's own kind of error."""

    async def respond(request: web.Request) -> web.StreamResponse:
        body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
        return web.json_response(body, status=status, headers=headers)

    return respond


def page(status: int = 200) -> Callable[..., Any]:
    """A proxy's page."""

    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, text="<html><body>Service portal</body></html>", content_type="text/html"
        )

    return respond


def cut_off() -> Callable[..., Any]:
    """The connection breaks in the middle of the answer."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "5000"})
        await response.prepare(request)
        await response.write(b'{"id": "msg_1", "content": [{"type": "te')
        assert request.transport is not None
        request.transport.abort()
        return response

    return respond


def half_json() -> Callable[..., Any]:
    """A whole answer of half the JSON."""

    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(
            text='{"id": "msg_1", "content": [{"type": "te',
            content_type="application/json",
            headers={"request-id": "req_1"},
        )

    return respond


def reset() -> Callable[..., Any]:
    """The question is read, and the connection reset."""

    async def respond(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return respond


def drip(release: asyncio.Event) -> Callable[..., Any]:
    """One byte after the other, for as long as nobody calls it off."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while not release.is_set():
                await response.write(b" ")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(release.wait(), 0.05)
        return response

    return respond


def silent(release: asyncio.Event) -> Callable[..., Any]:
    """No answer at all."""

    async def respond(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.Response(status=503)

    return respond


class FakeClaude:
    """The server. `script` makes an answer of a question: a text, or the fields of a message. `faults` come first, one a question.

    Attributes:
        questions: the bodies of all well-formed questions.
        paid: what the answers cost that were sent whole, in tokens: input, output.
    """

    def __init__(self, script: Script | None = None) -> None:
        self.script: Script = script or (lambda _: "{}")
        self.faults: list[Callable[..., Any]] = []
        self.always: Callable[..., Any] | None = None
        self.missing: set[str] = set()
        self.questions: list[dict[str, Any]] = []
        self.answered: list[dict[str, Any]] = []
        self.requests = 0
        self.life: dict[str, Any] = {}
        self._cached: set[str] = set()
        application = web.Application(client_max_size=64 << 20)
        application.router.add_post("/v1/messages", self._messages)
        application.router.add_get("/v1/models/{model}", self._model)
        self._server = TestServer(application)
        self._arrived = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    async def until(self, condition: Callable[[], bool], timeout: float = 25) -> None:
        """Wait until it holds; looked at whenever a question came."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._arrived.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), 0.1)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self._arrived.set()
        if refusal := _unauthorised(request):
            return refusal
        body = json.loads(await request.read())
        if problem := _problem(body):
            return await error(400, "invalid_request_error", problem)(request)
        if body["model"] not in MODELS or body["model"] in self.missing:
            return await error(404, "not_found_error", f"model: {body['model']}")(request)
        self.questions.append(body)
        self._arrived.set()
        if self.faults:
            return await self.faults.pop(0)(request)
        if self.always is not None:
            return await self.always(request)
        answer = self.script(body)
        fields = {"text": answer} if isinstance(answer, str) else answer
        message = self._message(body, fields)
        self.answered.append(message)
        return web.json_response(message, headers={"request-id": message["id"]})

    def _message(self, body: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
        text = fields.get("text", "")
        usage = {**self._usage(body), "output_tokens": 200 + len(text) // 4}
        return {
            "id": f"msg_{len(self.questions)}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            # Thinking comes before the text, and is no part of it.
            "content": [
                {"type": "thinking", "thinking": "hm {", "signature": "x"},
                {"type": "text", "text": text},
            ],
            "stop_reason": fields.get("stop_reason", "end_turn"),
            "stop_sequence": None,
            "usage": fields.get("usage", usage),
        }

    def _usage(self, body: dict[str, Any]) -> dict[str, Any]:
        """Counts as prompt caching does: up to the last mark read or written, the rest plain."""
        blocks = [*body["system"]] if isinstance(body["system"], list) else [{"text": body["system"]}]
        for message in body["messages"]:
            content = message["content"]
            blocks += content if isinstance(content, list) else [{"text": content}]
        read = written = plain = 0
        prefix = body["model"]
        sizes = []
        for block in blocks:
            prefix += block["text"]
            sizes.append((len(block["text"]) // 4, prefix, "cache_control" in block))
        last_mark = max((i for i, (_, _, marked) in enumerate(sizes) if marked), default=-1)
        last_hit = max((i for i, (_, key, _) in enumerate(sizes) if key in self._cached), default=-1)
        for index, (tokens, key, marked) in enumerate(sizes):
            if index <= last_hit:
                read += tokens
            elif index <= last_mark:
                written += tokens
            else:
                plain += tokens
            if marked:
                self._cached.add(key)
        return {
            "input_tokens": plain,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "service_tier": "standard",
        }

    async def _model(self, request: web.Request) -> web.StreamResponse:
        if refusal := _unauthorised(request):
            return refusal
        name = request.match_info["model"]
        if name not in MODELS or name in self.missing:
            return await error(404, "not_found_error", "model")(request)
        body = {"type": "model", "id": name, "display_name": name, "created_at": "2026-09-28T00:00:00Z"}
        return web.json_response({**body, "lifecycle": "active", "retires_at": None, **self.life})


def _unauthorised(request: web.Request) -> web.Response | None:
    given = request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix(
        "Bearer "
    )
    if given == KEY and "anthropic-version" in request.headers:
        return None
    failure = {"type": "authentication_error", "message": "invalid x-api-key"}
    return web.json_response({"type": "error", "error": failure}, status=401)


def _problem(body: dict[str, Any]) -> str | None:
    """What the real API would say 400 to."""
    messages = body.get("messages") or [{"role": "nobody"}]
    roles = [message["role"] for message in messages]
    marks = json.dumps(body).count('"cache_control"')
    form = body.get("output_config", {}).get("format")
    faults = {
        "a field that current models refuse": any(name in body for name in _REFUSED_FIELDS),
        "max_tokens: required": not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1,
        "messages: the first must be the user's": roles[0] != "user",
        "messages: prefill is not supported by this model": roles[-1] != "user",
        "messages: roles must alternate": any(
            earlier == later for earlier, later in itertools.pairwise(roles)
        ),
        f"cache_control: at most 4, found {marks}": marks > _MOST_MARKS,
        "output_config.format.type: must be json_schema": form is not None
        and form.get("type") != "json_schema",
    }
    found = [problem for problem, is_so in faults.items() if is_so]
    found += [] if found or form is None else _schema_problems(form["schema"], "schema")
    return found[0] if found else None


def _schema_problems(schema: Any, path: str) -> list[str]:
    if isinstance(schema, list):
        return [problem for each in schema for problem in _schema_problems(each, path)]
    if not isinstance(schema, dict):
        return []
    found = [f"{path}: {key} is not supported" for key in _UNSUPPORTED if key in schema]
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            found.append(f"{path}: additionalProperties must be false")
        if set(schema.get("required", ())) != set(schema.get("properties", {})):
            found.append(f"{path}: this fake wants every property required")
    for name, value in schema.items():
        children = value.items() if name in {"properties", "$defs"} else [(name, value)]
        found += [problem for key, child in children for problem in _schema_problems(child, f"{path}.{key}")]
    return found

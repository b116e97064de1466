"""The two questions that `doctor` puts to the Claude API and to GitHub, answered as their documentation says.

https://platform.claude.com/docs/en/api/models-get , https://docs.github.com/en/rest/repos/repos#get-a-repository
"""

from __future__ import annotations

from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY = "sk-ant-api03-the-right-key"
TOKEN = "github_pat_the_right_token"


class Accounts:
    """One server for both; `model` and `repository` are what it answers with."""

    def __init__(self) -> None:
        self.model: dict[str, Any] = {"type": "model", "id": "claude-sonnet-5-5", "retires_at": None}
        self.repository: dict[str, Any] = {
            "full_name": "team/server",
            "has_issues": True,
            "permissions": {"pull": True, "triage": True, "push": True},
        }
        application = web.Application()
        application.router.add_get("/v1/models/{model}", self._model)
        application.router.add_get("/repos/{owner}/{name}", self._repository)
        self._server = TestServer(application)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    async def _model(self, request: web.Request) -> web.Response:
        if request.headers.get("x-api-key") != KEY or "anthropic-version" not in request.headers:
            error = {"type": "authentication_error", "message": "invalid x-api-key"}
            return web.json_response({"type": "error", "error": error}, status=401)
        if request.match_info["model"] != self.model["id"]:
            error = {"type": "not_found_error", "message": "model not found"}
            return web.json_response({"type": "error", "error": error}, status=404)
        return web.json_response(self.model)

    async def _repository(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return web.json_response({"message": "Bad credentials"}, status=401)
        if request.path != f"/repos/{self.repository['full_name']}":
            return web.json_response({"message": "Not Found"}, status=404)
        return web.json_response(self.repository)

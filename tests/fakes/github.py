"""A GitHub that speaks the wire format for issues, labels and comments, keeps what it is told, and fails as the real one can.

https://docs.github.com/en/rest/issues , .../rate-limits-for-the-rest-api , FACTS of the design: its list is right at once, its search would lag
(so there is none here), a write may have been done although its answer never came.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "github_pat_the_right_token_of_the_team"
REPOSITORY = "team/server"
_REACTIONS = {"+1": 0, "-1": 0, "laugh": 0, "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0}


@dataclass(frozen=True, slots=True)
class Called:
    """A request that came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    at: float
    headers: dict[str, str]


Fault = Callable[[web.Request], Any]


def refusal(status: int, message: str = "no", headers: dict[str, str] | None = None, **body: Any) -> Fault:
    """An error of GitHub's, and nothing was done."""

    async def answer(github: FakeGitHub, request: web.Request) -> web.StreamResponse:
        return web.json_response({"message": message, **body}, status=status, headers=headers)

    return answer


def page(status: int = 502) -> Fault:
    """A page in place of an answer: the gateway's."""

    async def answer(github: FakeGitHub, request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="<html><h1>Unicorn!</h1></html>", content_type="text/html")

    return answer


def done_but(status: int | None) -> Fault:
    """It is done, and the answer is an error; or, for None, the connection is reset."""

    async def answer(github: FakeGitHub, request: web.Request) -> web.StreamResponse:
        github.obey(request, await json_of(request))
        if status is None:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"message": "Server Error"}, status=status or 500)

    return answer


def reset() -> Fault:
    """The connection is reset, and nothing was done."""

    async def answer(github: FakeGitHub, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


@dataclass
class Issue:
    """An issue as it is kept."""

    number: int
    title: str
    body: str
    labels: list[str]
    assignees: list[str]
    state: str = "open"
    state_reason: str | None = None
    closed_at: str | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)
    reactions: dict[str, int] = field(default_factory=lambda: dict(_REACTIONS))
    is_pull_request: bool = False

    def wire(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": 10_000 + self.number,
            "number": self.number,
            "title": self.title,
            "body": self.body,
            "state": self.state,
            "state_reason": self.state_reason,
            "closed_at": self.closed_at,
            "labels": [{"id": 1, "name": name, "color": "ededed"} for name in self.labels],
            "assignees": [{"login": login} for login in self.assignees],
            "comments": len(self.comments),
            "reactions": {"total_count": sum(self.reactions.values()), **self.reactions},
            "html_url": f"https://github.com/{REPOSITORY}/issues/{self.number}",
        }
        return shown | ({"pull_request": {"url": "x"}} if self.is_pull_request else {})


class FakeGitHub:
    """One repository.

    Attributes:
        called: what came, in order.
        issues: those there are, by number.
        labels: those that were made.
        faults: what happens to the next requests that match: (method, pattern of the path, fault).
    """

    def __init__(self) -> None:
        self.called: list[Called] = []
        self.issues: dict[int, Issue] = {}
        self.labels: dict[str, dict[str, Any]] = {"bug": {"name": "bug", "color": "d73a4a"}}
        self.faults: deque[tuple[str, str, Fault]] = deque()
        self.token = TOKEN
        self.installation_tokens: list[str] = []
        self.has_issues = True
        self.may_label = True
        self.unknown_logins: set[str] = set()
        self.gone: set[int] = set()
        self._changed = asyncio.Condition()
        application = web.Application(client_max_size=10 << 20)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._server = TestServer(application)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    # What people do

    def close(self, number: int, reason: str = "completed") -> None:
        issue = self.issues[number]
        issue.state, issue.state_reason = "closed", reason
        issue.closed_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def reopen(self, number: int) -> None:
        issue = self.issues[number]
        issue.state, issue.state_reason, issue.closed_at = "open", "reopened", None

    def add(self, **rest: Any) -> Issue:
        number = max(self.issues, default=0) + 1
        issue = Issue(**{"number": number, "title": "t", "body": "", "labels": [], "assignees": []} | rest)
        self.issues[number] = issue
        return issue

    def script(self, method: str, pattern: str, *faults: Fault) -> None:
        self.faults.extend((method, pattern, fault) for fault in faults)

    @property
    def only(self) -> Issue:
        assert len(self.issues) == 1, list(self.issues)
        return next(iter(self.issues.values()))

    def writes(self) -> list[Called]:
        return [each for each in self.called if each.method != "GET"]

    async def until(self, condition: Callable[[], Any], timeout: float = 30) -> None:
        """Wait until it holds; it is looked at after each request."""
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: bool(condition()))
        except TimeoutError:
            seen = [f"{each.method} {each.path}" for each in self.called]
            raise AssertionError(f"not within {timeout} s; called: {seen}") from None

    # The wire

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await json_of(request)
        self.called.append(
            Called(
                request.method,
                request.path,
                dict(request.query),
                body,
                time.monotonic(),
                {name.lower(): value for name, value in request.headers.items()},
            )
        )
        try:
            for index, (method, pattern, fault) in enumerate(self.faults):
                if method == request.method and re.search(pattern, request.path):
                    del self.faults[index]
                    return await fault(self, request)  # type: ignore[call-arg]
            return self.obey(request, body)
        finally:
            async with self._changed:
                self._changed.notify_all()

    def obey(self, request: web.Request, body: Any) -> web.Response:
        status, answer = self._judge(request, body)
        headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Used": "1"}
        headers["X-RateLimit-Reset"] = str(int(time.time()) + 3600)
        if request.method == "GET" and status == 200:
            tag = 'W/"' + hashlib.sha256(json.dumps(answer).encode()).hexdigest()[:32] + '"'
            headers["ETag"] = tag
            if request.headers.get("If-None-Match") == tag:
                return web.Response(status=304, headers=headers)
        return web.json_response(answer, status=status, headers=headers)

    def _judge(self, request: web.Request, body: Any) -> tuple[int, Any]:
        if found := re.fullmatch(r"/app/installations/(\d+)/access_tokens", request.path):
            return self._mint(request, int(found[1]), body)
        if "User-Agent" not in request.headers:
            return 403, {"message": "Request forbidden by administrative rules."}
        if request.headers.get("Authorization", "").partition(" ")[2] not in {
            self.token,
            *self.installation_tokens[-1:],
        }:
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        prefix = f"/repos/{REPOSITORY}"
        if not request.path.startswith(prefix):
            return 404, {"message": "Not Found"}
        path = request.path.removeprefix(prefix)
        for pattern, methods in self._routes().items():
            if (found := re.fullmatch(pattern, path)) and request.method in methods:
                return methods[request.method](request, body, *map(int, found.groups()))
        return 404, {"message": "Not Found"}

    def _routes(self) -> dict[str, dict[str, Callable[..., tuple[int, Any]]]]:
        return {
            "": {"GET": self._about},
            "/issues": {"GET": self._list, "POST": self._create},
            r"/issues/(\d+)": {"GET": self._one, "PATCH": self._edit},
            r"/issues/(\d+)/labels": {"POST": self._label},
            r"/issues/(\d+)/comments": {"GET": self._comments, "POST": self._comment},
            "/labels": {"GET": self._labels, "POST": self._make_label},
        }

    def _about(self, request: web.Request, body: Any) -> tuple[int, Any]:
        permissions = {"pull": True, "triage": True, "push": True}
        return 200, {"full_name": REPOSITORY, "has_issues": self.has_issues, "permissions": permissions}

    def _list(self, request: web.Request, body: Any) -> tuple[int, Any]:
        query = request.query
        wanted = {label for label in query.get("labels", "").split(",") if label}
        state = query.get("state", "open")
        found = [
            issue
            for issue in self.issues.values()
            if wanted <= set(issue.labels) and state in {"all", issue.state} and issue.number not in self.gone
        ]
        found.sort(key=lambda issue: issue.number, reverse=query.get("direction", "desc") == "desc")
        size, number = int(query.get("per_page", "30")), int(query.get("page", "1"))
        return 200, [issue.wire() for issue in found[size * (number - 1) : size * number]]

    def _create(self, request: web.Request, body: Any) -> tuple[int, Any]:
        if not self.has_issues:
            return 410, {"message": "Issues has been disabled in this repository."}
        if not isinstance(body, dict) or not body.get("title"):
            return _invalid("title", "missing_field")
        if len(body.get("body") or "") > 65_536 or len(body["title"]) > 256:
            return _invalid("body", "custom", "body is too long (maximum is 65536 characters)")
        if unknown := set(body.get("assignees", ())) & self.unknown_logins:
            return _invalid("assignees", "invalid", str(unknown))
        labels = list(body.get("labels", ())) if self.may_label else []
        made = self.add(
            title=body["title"],
            body=body.get("body") or "",
            labels=labels,
            assignees=list(body.get("assignees", ())),
        )
        for label in labels:
            self.labels.setdefault(label, {"name": label, "color": "ededed"})
        return 201, made.wire()

    def _one(self, request: web.Request, body: Any, number: int) -> tuple[int, Any]:
        if number in self.gone:
            return 410, {"message": "This issue was deleted"}
        return (200, self.issues[number].wire()) if number in self.issues else (404, {"message": "Not Found"})

    def _edit(self, request: web.Request, body: Any, number: int) -> tuple[int, Any]:
        if number not in self.issues or number in self.gone:
            return 404, {"message": "Not Found"}
        issue = self.issues[number]
        if "body" in body:
            if len(body["body"]) > 65_536:
                return _invalid("body", "custom")
            issue.body = body["body"]
        if body.get("state") == "open":
            self.reopen(number)
        elif body.get("state") == "closed":
            self.close(number, body.get("state_reason") or "completed")
        return 200, issue.wire()

    def _label(self, request: web.Request, body: Any, number: int) -> tuple[int, Any]:
        issue = self.issues[number]
        issue.labels += [label for label in body["labels"] if label not in issue.labels]
        return 200, issue.wire()["labels"]

    def _comments(self, request: web.Request, body: Any, number: int) -> tuple[int, Any]:
        since = request.query.get("since", "")
        found = [each for each in self.issues[number].comments if each["updated_at"] >= since]
        size, page_number = int(request.query.get("per_page", "30")), int(request.query.get("page", "1"))
        return 200, found[size * (page_number - 1) : size * page_number]

    def _comment(self, request: web.Request, body: Any, number: int) -> tuple[int, Any]:
        if not body.get("body"):
            return _invalid("body", "missing_field")
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = {
            "id": len(self.issues[number].comments) + 1,
            "body": body["body"],
            "created_at": at,
            "updated_at": at,
        }
        self.issues[number].comments.append(made)
        return 201, made

    def _labels(self, request: web.Request, body: Any) -> tuple[int, Any]:
        size, number = int(request.query.get("per_page", "30")), int(request.query.get("page", "1"))
        return 200, list(self.labels.values())[size * (number - 1) : size * number]

    def _make_label(self, request: web.Request, body: Any) -> tuple[int, Any]:
        if body["name"].lower() in {name.lower() for name in self.labels}:
            return _invalid("name", "already_exists")
        if not re.fullmatch("[0-9a-f]{6}", body.get("color", "")) or len(body.get("description") or "") > 100:
            return _invalid("color", "invalid")
        self.labels[body["name"]] = body
        return 201, body

    def _mint(self, request: web.Request, installation: int, body: Any) -> tuple[int, Any]:
        import jwt

        claims = jwt.decode(
            request.headers["Authorization"].partition(" ")[2],
            options={"verify_signature": False},
            algorithms=["RS256"],
        )
        if installation != 77 or claims["iss"] != "12" or claims["exp"] - claims["iat"] > 600:
            return 401, {"message": "A JSON web token could not be decoded"}
        if body.get("repositories") != [REPOSITORY.partition("/")[2]]:
            return 422, {"message": "There is at least one repository that does not exist"}
        self.installation_tokens.append(f"ghs_installation_token_number_{len(self.installation_tokens)}")
        ends = datetime.fromtimestamp(time.time() + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 201, {"token": self.installation_tokens[-1], "expires_at": ends}


def _invalid(name: str, code: str, message: str = "") -> tuple[int, Any]:
    error = {"resource": "Issue", "field": name, "code": code, **({"message": message} if message else {})}
    return 422, {"message": "Validation Failed", "errors": [error]}


async def json_of(request: web.Request) -> Any:
    raw = await request.read()
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None

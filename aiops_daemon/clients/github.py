"""One repository on GitHub: its issues, labels and comments.

https://docs.github.com/en/rest/issues
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from aiops_daemon.clients.github_failures import Gone, Refused
from aiops_daemon.clients.github_tokens import TokenSource
from aiops_daemon.clients.github_wire import PAUSE_BETWEEN_WRITES, Wire
from aiops_daemon.domain.errors import Transient
from aiops_daemon.domain.issue import Closing, NewIssue, RemoteIssue

_MOST_PAGES = 300
_COLOURS = {"bug": "d73a4a", "ai-generated": "8250df", "regression": "b60205", "priority:critical": "b60205"}
_COLOUR = "ededed"


class GitHub:
    """One repository.

    Args:
        repository: `owner/name`.
        api_url: of the API, such as https://api.github.com, or https://host/api/v3.
        tokens: where the token comes from.
        pause_seconds: between two writes.
    """

    def __init__(
        self,
        repository: str,
        api_url: str,
        tokens: TokenSource,
        *,
        pause_seconds: float = PAUSE_BETWEEN_WRITES,
    ) -> None:
        self.repository = repository
        self._wire = Wire(repository, api_url, tokens, pause_seconds)

    # Issues

    async def issue(self, number: int) -> RemoteIssue | None:
        """An issue; None where people deleted it, or moved it away.

        Raises:
            Paused, Transient: it can't be known now.
        """
        try:
            return _issue(await self._wire.get(f"/issues/{number}"))
        except Gone:
            await self.about()  # a token that sees nothing any more gets the same answer
            return None

    async def issues_with(self, label: str) -> AsyncIterator[RemoteIssue]:
        """Every issue with a label, open or closed, the oldest first: from the list, since the search lags behind.

        Raises:
            Paused, Transient: the list is not to be had, or not to its end.
        """
        for page in range(1, _MOST_PAGES + 1):
            found = await self._wire.get(
                "/issues{?labels,state,sort,direction,per_page,page}",
                labels=label,
                state="all",
                sort="created",
                direction="asc",
                per_page="100",
                page=str(page),
            )
            if not isinstance(found, list):
                raise Transient("what answers is no GitHub: its list of issues is none")
            for each in found:
                if isinstance(each, dict) and "pull_request" not in each:
                    yield _issue(each)
            if len(found) < 100:  # noqa: PLR2004 - a page that is not full is the last
                return
        raise Transient(f"there are more than {100 * _MOST_PAGES} issues with the label {label}")

    async def create_issue(self, new: NewIssue) -> RemoteIssue:
        """Make an issue.

        Raises:
            Refused: GitHub finds it invalid.
            Transient: `ambiguous` where it may have been made.
            Paused: issues are switched off, or may not be made by this token.
        """
        body: dict[str, Any] = {"title": new.title, "body": new.body, "labels": list(new.labels)}
        if new.assignees:
            body["assignees"] = list(new.assignees)
        return _issue(await self._wire.write("POST", "/issues", body))

    async def edit_issue(
        self, number: int, *, body: str | None = None, is_open: bool | None = None
    ) -> RemoteIssue:
        """Replace the body, or open it again.

        Raises:
            Refused, Transient, Paused: as for `create_issue`.
        """
        change: dict[str, Any] = {} if body is None else {"body": body}
        if is_open is not None:
            change |= {"state": "open", "state_reason": "reopened"} if is_open else {"state": "closed"}
        return _issue(await self._wire.write("PATCH", f"/issues/{number}", change))

    async def add_labels(self, number: int, labels: tuple[str, ...]) -> None:
        """Add labels to an issue, making those that are missing."""
        await self._wire.write("POST", f"/issues/{number}/labels", {"labels": list(labels)})

    async def comment(self, number: int, body: str) -> None:
        """Comment on an issue."""
        await self._wire.write("POST", f"/issues/{number}/comments", {"body": body})

    async def has_comment(self, number: int, marker: str, since: datetime) -> bool:
        """Whether a comment with this marker was made since then."""
        for page in range(1, _MOST_PAGES + 1):
            found = await self._wire.get(
                f"/issues/{number}/comments{{?since,per_page,page}}",
                since=f"{since:%Y-%m-%dT%H:%M:%SZ}",
                per_page="100",
                page=str(page),
            )
            bodies = (
                [each.get("body") for each in found if isinstance(each, dict)]
                if isinstance(found, list)
                else []
            )
            if any(isinstance(body, str) and marker in body for body in bodies):
                return True
            if len(bodies) < 100:  # noqa: PLR2004
                return False
        return False

    # Labels and the repository

    async def make_labels(self, wanted: Mapping[str, str]) -> None:
        """Make the labels that are missing: name -> description. What exists stays as it is."""
        known = set()
        for page in range(1, _MOST_PAGES + 1):
            found = await self._wire.get("/labels{?per_page,page}", per_page="100", page=str(page))
            names = [str(each.get("name")) for each in found if isinstance(each, dict)]
            known |= {name.lower() for name in names}
            if len(names) < 100:  # noqa: PLR2004
                break
        for name, description in wanted.items():
            if name.lower() in known:
                continue
            label = {"name": name, "color": _COLOURS.get(name, _COLOUR), "description": description[:100]}
            try:
                await self._wire.write("POST", "/labels", label)
            except Refused as refusal:
                if "already_exists" not in refusal.codes:
                    raise

    async def about(self) -> dict[str, Any]:
        """The repository, and what the token may do there.

        Raises:
            Paused: the token is not valid, or sees no such repository.
        """
        found = await self._wire.get("")
        if not isinstance(found, dict):
            raise Transient("what answers is no GitHub")
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()


def _issue(found: Any) -> RemoteIssue:
    """An issue of the wire.

    Raises:
        Transient: it is none.
    """
    if not isinstance(found, dict) or not isinstance(found.get("number"), int):
        raise Transient("what answers is no GitHub: it names no issue", ambiguous=True)
    is_open = found.get("state") != "closed"
    reason = found.get("state_reason")
    reactions = found.get("reactions")
    thumbs = reactions if isinstance(reactions, dict) else {}
    labels = found.get("labels")
    return RemoteIssue(
        number=found["number"],
        is_open=is_open,
        body=found["body"] if isinstance(found.get("body"), str) else "",
        closing=None if is_open else Closing(reason) if reason in set(Closing) else Closing.COMPLETED,
        closed_at=None if is_open else _time(found.get("closed_at")),
        labels=frozenset(
            str(each.get("name")) if isinstance(each, dict) else str(each)
            for each in (labels if isinstance(labels, list) else [])
        ),
        thumbs=(_count(thumbs.get("+1")), _count(thumbs.get("-1"))),
    )


def _time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo is not None else None


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0

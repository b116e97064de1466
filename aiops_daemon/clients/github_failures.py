"""What GitHub's refusals mean, classed by what can be done about them.

Limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api . Of these gidgethub knows only the primary
one, and only as a 403. A 404 is also what a token gets that may not see, or may not write:
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import aiohttp
from gidgethub import HTTPException

from aiops_daemon.domain.errors import JobError, Paused, Transient

_NEEDS_SOMEBODY_WAIT = timedelta(minutes=15)
"""What people mend on GitHub's side needs no reload: it is tried again by itself."""
_LONGEST_WAIT = timedelta(hours=1)
_MOVED = frozenset({301, 302, 307, 308})


class NeedsSomebody(Paused):
    """Nothing can be done until somebody mends the token, its permissions, or the repository's settings."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, wait=_NEEDS_SOMEBODY_WAIT)


class Gone(NeedsSomebody):
    """There is no such thing, or not for this token."""


class Refused(JobError):  # noqa: N818
    """GitHub finds a request invalid (422).

    Attributes:
        codes: GitHub's words for what is wrong, such as `already_exists`.
        fields: the fields it is wrong with.
    """

    def __init__(self, reason: str, errors: Any) -> None:
        super().__init__(reason)
        told = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
        self.codes = frozenset(str(each.get("code")) for each in told)
        self.fields = frozenset(str(each.get("field")) for each in told)


class Unreached(Transient):
    """Nothing was sent, so another try at once is safe."""


def limit_of(refusal: HTTPException) -> tuple[str, timedelta | None] | None:
    """Whether a refusal is a limit, and how long to wait; None for the time where GitHub doesn't say."""
    if refusal.status_code not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    headers = refusal.headers
    after = _seconds(headers.get("retry-after"))
    said = str(refusal).lower()
    if after is not None:
        return "GitHub's secondary rate limit", timedelta(seconds=after)
    if headers.get("x-ratelimit-remaining") == "0":
        reset = _seconds(headers.get("x-ratelimit-reset"), most=float("inf"))
        wait = 60.0 if reset is None else reset - time.time()
        return "GitHub's rate limit", timedelta(seconds=min(max(wait, 1.0), _LONGEST_WAIT.total_seconds()))
    if (
        refusal.status_code == HTTPStatus.TOO_MANY_REQUESTS
        or "secondary rate limit" in said
        or "abuse" in said
    ):
        return "GitHub's secondary rate limit", None
    return None


def failure_of(refusal: HTTPException, method: str, repository: str) -> JobError:
    """What a refusal that is no limit means. GitHub's own words go to people, cut; no URL and no token stands in them."""
    status = refusal.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        after = _seconds(refusal.headers.get("retry-after"))
        return Transient(
            f"GitHub has a fault of its own ({status.value})",
            retry_after=None if after is None else timedelta(seconds=after),
            ambiguous=method != "GET",
        )
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return Refused(f"GitHub refused it (422): {_said(refusal)}", getattr(refusal, "errors", None))
    needed = refusal.headers.get("x-accepted-github-permissions", "")
    may_need = f"; it needs {needed[:80]}" if needed.isprintable() and needed else ""
    if status == HTTPStatus.NOT_FOUND:
        why = f"GitHub knows no {repository}, or the token may not see it, or may not do this there (404)"
        return Gone(f"{why}{may_need}")
    if status == HTTPStatus.GONE and method == "GET":
        return Gone("it was deleted (410)")
    if status in _MOVED:
        return Gone(
            f"GitHub says that {repository} was moved ({status.value}): set github.repository to its new name"
        )
    told = {
        HTTPStatus.UNAUTHORIZED: "GitHub says that the token is not valid (401)",
        HTTPStatus.FORBIDDEN: f"GitHub forbids it (403): {_said(refusal)}",
        HTTPStatus.GONE: f"issues are switched off in {repository} (410)",
    }
    unexpected = f"GitHub answers in an unexpected way ({status.value}): {_said(refusal)}"
    return NeedsSomebody(f"{told.get(status, unexpected)}{may_need}")


def no_connection(error: Exception, method: str) -> Transient:
    """What a broken connection means. Only the error's kind goes into words."""
    if isinstance(error, aiohttp.ClientSSLError):
        return Unreached("GitHub can't be reached: no TLS connection that can be trusted")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Unreached("GitHub can't be reached: its name can't be resolved")
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno
        return Unreached(f"GitHub can't be reached: {os.strerror(number) if number else 'no connection'}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Unreached("GitHub can't be reached: no connection in time")
    what = "did not answer in time" if isinstance(error, TimeoutError) else "broke the connection off"
    return Transient(f"GitHub {what} ({type(error).__name__})", ambiguous=method != "GET")


def _said(refusal: HTTPException) -> str:
    """The first argument may be the status: the last is what was said."""
    words = " ".join(str(refusal.args[-1]).split()) if refusal.args else refusal.status_code.phrase
    return words[:200]


def _seconds(value: Any, most: float = _LONGEST_WAIT.total_seconds()) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return min(seconds, most) if 0 <= seconds < float("inf") else None

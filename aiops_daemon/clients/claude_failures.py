"""Why there is no answer of the Messages API, classed by what can be done about it and by whether it may have to be paid.

https://platform.claude.com/docs/en/api/errors . The texts of errors are not passed on: they may hold what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from aiops_daemon.domain.errors import JobError

_LONGEST_WAIT = timedelta(hours=1)
_CREDIT = ("credit balance", "billing", "spend limit", "quota")


class Trouble(StrEnum):
    """Why there is no answer, by what can be done about it."""

    KEY = "key"
    """The key is not valid, or may not do this."""
    CREDIT = "credit"
    """The account has no money left."""
    MODEL = "model"
    """There is no such model, or not any more."""
    OVERLOADED = "overloaded"
    """This model has no room at present; another one may have."""
    QUESTION = "question"
    """The API can't take the question; it never will."""
    LATER = "later"
    """A limit, a fault of its own, no connection: it may work later."""
    GARBLED = "garbled"
    """What came back is no answer of the Messages API."""


class NoAnswer(JobError):  # noqa: N818 - it says what happened
    """There is no answer.

    Attributes:
        trouble: what it is about.
        may_be_paid: the question may have been answered, and be billed, although we heard nothing.
        retry_after: the least time to wait, where the other side said so; an hour at most.
    """

    def __init__(
        self,
        trouble: Trouble,
        reason: str,
        *,
        may_be_paid: bool = False,
        retry_after: timedelta | None = None,
        is_unsent: bool = False,
    ) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.may_be_paid = may_be_paid
        self.retry_after = retry_after
        self.is_unsent = is_unsent


_STATUS_TROUBLE = {
    401: (Trouble.KEY, "Claude refuses the key (401)"),
    402: (Trouble.CREDIT, "the Claude account has no credit (402)"),
    403: (Trouble.KEY, "the key may not use this model or API (403)"),
    404: (Trouble.MODEL, "Claude knows no such model (404)"),
    408: (Trouble.LATER, "Claude gave up waiting for the question (408)"),
    409: (Trouble.LATER, "Claude says there is a conflict (409)"),
    413: (Trouble.QUESTION, "the question is too large for Claude (413)"),
    429: (Trouble.LATER, "the Claude account is over its rate limit (429)"),
    529: (Trouble.OVERLOADED, "Claude is overloaded (529)"),
}
_MAY_BE_PAID = frozenset({502, 504, 520, 524})
"""A gateway lost the answer of the server behind it."""
_SERVER_FAULT = 500


def refusal(error: Any) -> NoAnswer:
    """What a status means. The text of an error only tells whether it is about money; it may hold what we sent."""
    status = int(error.status_code)
    kind = str(getattr(error, "type", None) or "")
    if status in {400, 403, 429} and (kind == "billing_error" or _is_about_credit(error.body)):
        return NoAnswer(Trouble.CREDIT, f"the Claude account has no credit ({status})")
    after = _retry_after(error.response.headers)
    if status in _STATUS_TROUBLE:
        trouble, reason = _STATUS_TROUBLE[status]
        return NoAnswer(trouble, reason, retry_after=after)
    if status >= _SERVER_FAULT:
        reason = f"Claude has a fault of its own ({status})"
        return NoAnswer(Trouble.LATER, reason, retry_after=after, may_be_paid=status in _MAY_BE_PAID)
    if 300 <= status < 400:  # noqa: PLR2004 - redirects are not followed
        return NoAnswer(Trouble.GARBLED, f"what answers at claude.base_url sends elsewhere ({status})")
    return NoAnswer(Trouble.QUESTION, f"Claude refuses the question ({status}{', ' + kind if kind else ''})")


def _is_about_credit(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    said = str(error.get("message", "")) if isinstance(error, dict) else ""
    return any(word in said.lower() for word in _CREDIT) and "rate limit" not in said.lower()


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    if not 0 <= seconds < float("inf"):
        return None
    return min(timedelta(seconds=min(seconds, 1e6)), _LONGEST_WAIT)


def unheard(error: BaseException) -> NoAnswer:
    """A connection that failed: before the question was sent, or afterwards."""
    cause: BaseException | None = error
    names = set()
    for _ in range(6):
        if cause is None:
            break
        names.add(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    if names & {"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"}:
        return NoAnswer(Trouble.LATER, "Claude can't be reached", is_unsent=True)
    if names & {"ReadTimeout", "WriteTimeout", "APITimeoutError"}:
        return NoAnswer(Trouble.LATER, "Claude did not answer in time", may_be_paid=True)
    return NoAnswer(Trouble.LATER, "the connection to Claude broke off", may_be_paid=True)

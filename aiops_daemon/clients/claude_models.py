"""What Claude's API says of a model: whether the key knows it, and for how long there will be one.

Asked without the SDK, which takes a second and fifty megabytes to load. https://platform.claude.com/docs/en/api/models-get
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import aiohttp

from aiops_daemon.clients import http

API_VERSION = "2026-10-21"
SOON = timedelta(days=60)


async def model_facts(key: str, base_url: str, model: str) -> dict[str, Any] | None:
    """What is said of a model, its life-cycle "unknown" where there is none; None where that can't be had."""
    headers = {"x-api-key": key, "anthropic-version": API_VERSION}
    try:
        async with (
            http.session() as session,
            session.get(f"{base_url}/v1/models/{model}", headers=headers, allow_redirects=False) as response,
        ):
            raw = await http.read_body(response)
            if response.status == HTTPStatus.NOT_FOUND and b"not_found_error" in raw:
                return {"lifecycle": "unknown"}
            said = json.loads(raw) if response.status == HTTPStatus.OK else None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def trouble_ahead(model: str, said: dict[str, Any], now: datetime) -> str | None:
    """That a model is on its way out, in one line; None where it is not."""
    if said.get("lifecycle") == "unknown":
        return f"model {model} is not known to Claude, or not any more"
    ends_at = _moment(said.get("retires_at"))
    if ends_at is not None and ends_at - now < SOON:
        days = max(0, (ends_at - now).days)
        return f"model {model} ends on {ends_at:%Y-%m-%d}, in {days} days"
    deprecated_at = _moment(said.get("deprecated_at"))
    is_deprecated = said.get("lifecycle") in ("deprecated", "retired") or (
        deprecated_at is not None and deprecated_at <= now
    )
    return f"model {model} is deprecated: it will end some day" if is_deprecated else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)

"""The accounts: does each credential open what it is for? Nothing is posted anywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
from pydantic import SecretStr

from aiops_daemon.actions.github_account import tokens_of
from aiops_daemon.clients import http
from aiops_daemon.clients.claude_models import API_VERSION, trouble_ahead
from aiops_daemon.clients.discord import DiscordWebhook
from aiops_daemon.clients.github import GitHub
from aiops_daemon.doctor.check import Check, failed, passed
from aiops_daemon.domain.errors import JobError
from aiops_daemon.settings import GithubAuth, Mode, Settings

_PUT = "put it into /etc/aiops-daemon/credentials/{name} (mode 600) and restart, or into {variable}"


async def discord(settings: Settings) -> list[Check]:
    """Ask each webhook for its name."""
    secrets = settings.secrets
    if secrets.discord_webhook_url is None:
        remedy = _PUT.format(name="discord_webhook_url", variable="DISCORD_WEBHOOK_URL")
        return [
            failed(
                "discord", "there is no webhook: people are told in the terminal or the journal only", remedy
            )
        ]
    checks = [await _webhook("discord", secrets.discord_webhook_url)]
    if secrets.discord_security_webhook_url is None:
        checks.append(
            passed(
                "discord security", "no webhook of its own: security alerts go to the ordinary one, marked"
            )
        )
    else:
        checks.append(await _webhook("discord security", secrets.discord_security_webhook_url))
    return checks


async def _webhook(check: str, url: SecretStr) -> Check:
    webhook = DiscordWebhook(url.get_secret_value())
    try:
        name = await webhook.name()
    except JobError as error:
        return failed(
            check, str(error), "make a new webhook in the channel's settings (Integrations) and use its URL"
        )
    finally:
        await webhook.close()
    return passed(check, f"the webhook is there and is called {name}")


async def claude(settings: Settings) -> list[Check]:
    """Ask for the model by its name, which needs a key that is valid and costs nothing."""
    key = settings.secrets.anthropic_api_key
    if settings.mode is Mode.OBSERVE:
        return [passed("claude", "not needed: mode is observe")]
    if key is None:
        remedy = _PUT.format(name="anthropic_api_key", variable="ANTHROPIC_API_KEY")
        return [failed("claude", "there is no key: alerts bring evidence only, no diagnosis", remedy)]
    model = settings.claude.model
    headers = {"x-api-key": key.get_secret_value(), "anthropic-version": API_VERSION}
    status, body = await _get(f"{settings.claude.base_url}/v1/models/{model}", headers)
    if status == 200:  # noqa: PLR2004
        return [_life_of(model, body)]
    remedy = {
        401: "the key is not valid (any more): make a new one",
        403: "the key may not use this model or API: look at its workspace",
        404: "the model is not known (any more): set claude.model to one of docs/configuration.md",
        429: "the account is over its rate limit: try again later",
    }.get(status or 0, "look at the network, claude.base_url, and the status page of the API")
    return [failed("claude", f"model {model}: {body if status is None else f'answered {status}'}", remedy)]


def _life_of(model: str, body: Any) -> Check:
    """Whether the model will be there for long."""
    ahead = trouble_ahead(model, body if isinstance(body, dict) else {}, datetime.now(UTC))
    if ahead is not None:
        return failed("claude", ahead, "set claude.model to another one")
    return passed("claude", f"the key is valid and knows model {model}")


_GITHUB_REMEDY = {
    GithubAuth.TOKEN: "make a fine-grained token for this repository with Metadata: read and Issues: write (for fixes Contents and "
    "Pull requests: write, too), and " + _PUT.format(name="github_token", variable="GITHUB_TOKEN"),
    GithubAuth.GH: "gh auth login, as the user that the daemon runs as",
    GithubAuth.APP: "look at github.app_id, github.installation_id and the secret github_app_private_key; install the App on the repository",
}


async def github(settings: Settings) -> list[Check]:
    """Ask for the repository, and what the token may do there."""
    wanted = settings.github
    if settings.mode not in {Mode.PROPOSE, Mode.FIX}:
        return [passed("github", f"not needed: mode is {settings.mode.value}")]
    if not wanted.repository:
        return [
            failed(
                "github",
                "mode files issues, but github.repository is empty",
                'set github.repository = "owner/name"',
            )
        ]
    client = GitHub(wanted.repository, wanted.api_url, tokens_of(settings))
    try:
        return [_permitted(settings, await client.about())]
    except JobError as error:
        return [failed("github", str(error), _GITHUB_REMEDY[wanted.auth])]
    finally:
        await client.close()


def _permitted(settings: Settings, body: dict[str, Any]) -> Check:
    name, may = settings.github.repository, body.get("permissions") or {}
    if body.get("has_issues") is False:
        return failed(
            "github", f"{name}: issues are switched off", "switch them on in the repository's settings"
        )
    if settings.mode is Mode.FIX and not may.get("push"):
        return failed(
            "github", f"{name}: the token may not push", "give it Contents: write and Pull requests: write"
        )
    if not (may.get("push") or may.get("triage")):
        return failed("github", f"{name}: the token may only read", "give it Issues: write")
    return passed("github", f"the token opens {name}")


async def _get(url: str, headers: dict[str, str]) -> tuple[int | None, Any]:
    """Status and JSON body; without a status, why there is none. No URL in it: it may be a secret."""
    try:
        async with (
            http.session() as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            raw = await http.read_body(response)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return None, f"can't be reached ({type(error).__name__})"
    try:
        return response.status, json.loads(raw)
    except (ValueError, RecursionError):
        return response.status, None

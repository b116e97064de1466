"""`aiops-daemon report-failure`: tells people that systemd gave the daemon up. Started by the unit's OnFailure=.

It must work where the daemon doesn't, above all where the configuration is what is broken: then only the webhook is looked
for, and the mistake is what people are told.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
from dataclasses import dataclass
from pathlib import Path

import structlog

from aiops_daemon import cli, telemetry
from aiops_daemon.actions.alert import notice
from aiops_daemon.actions.sinks import DiscordSink
from aiops_daemon.actions.texts import words
from aiops_daemon.clients.discord import DiscordWebhook
from aiops_daemon.domain.errors import JobError, Paused, Permanent, Transient
from aiops_daemon.domain.playbook import Severity
from aiops_daemon.redaction import Redactor
from aiops_daemon.settings import ConfigurationError, SecretSettings, Settings, load, secret_lookup
from aiops_daemon.settings import document as documents
from aiops_daemon.settings.document import Document
from aiops_daemon.settings.environment import Overrides

log = structlog.get_logger()

TRIES = 8
LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    settings: Settings
    secrets: SecretSettings
    problems: tuple[str, ...] = ()


def main(arguments: argparse.Namespace) -> int:
    """Say it on Discord, and in the journal in any case."""
    found = _configuration(arguments.config)
    redactor = Redactor(found.secrets.all_values())
    telemetry.configure(redactor.mask, found.settings.journal.format)
    what = redactor.mask("\n".join([_cause(), *found.problems]))
    log.critical("daemon.failed", part=os.environ.get("MONITOR_UNIT", "aiops-daemon.service"), why=what)
    url = found.secrets.discord_webhook_url
    if url is None:
        if found.problems:
            raise cli.CommandError(cli.UNAVAILABLE, "people could not be told: no webhook was found")
        return cli.OK
    advice = words(found.settings.language)["failed_advice"].format(host=socket.gethostname())
    headline = words(found.settings.language)["notice_failed"]
    sink = DiscordSink(DiscordWebhook(url.get_secret_value()), found.settings.discord.mention_on_critical)
    message = notice(found.settings, headline, what, advice, Severity.CRITICAL, calls=True)

    async def send() -> None:
        try:
            for attempt in range(1, TRIES + 1):
                try:
                    await sink.post(message)
                except (Transient, Paused) as error:
                    wait = _wait(error, attempt)
                    if wait is None or attempt == TRIES:
                        raise
                    await asyncio.sleep(wait)
                else:
                    return
        finally:
            await sink.close()

    try:
        asyncio.run(send())
    except JobError as error:
        raise cli.CommandError(cli.UNAVAILABLE, f"people could not be told: {error}") from error
    return cli.OK


def _wait(error: JobError, attempt: int) -> float | None:
    """Seconds until the next try, or None where none can help."""
    if isinstance(error, Permanent) or (isinstance(error, Paused) and error.wait is None):
        return None
    asked = error.wait if isinstance(error, Paused) else getattr(error, "retry_after", None)
    return min(LONGEST_WAIT_SECONDS, max(2.0**attempt, asked.total_seconds() if asked else 0.0))


def _configuration(path: Path | None) -> _Found:
    try:
        settings = load(path).settings
    except ConfigurationError as error:
        problems = tuple(str(problem) for problem in error.problems)
    else:
        return _Found(settings=settings, secrets=settings.secrets)
    return _Found(settings=Settings(), secrets=_secrets(path), problems=problems)


def _secrets(path: Path | None) -> SecretSettings:
    """The secrets alone: from wherever they are looked for, as far as the file can be read at all."""
    document = documents.read(path, os.environ)
    if not isinstance(document, Document):
        document = Document()
    found = secret_lookup.look_up(document, Overrides(), os.environ)
    try:
        return SecretSettings(**found.values)  # type: ignore[arg-type]
    except ValueError:
        return SecretSettings()


def _cause() -> str:
    """What systemd says of it: https://www.freedesktop.org/software/systemd/man/252/systemd.exec.html#%24MONITOR_SERVICE_RESULT ."""
    told = {
        name: os.environ.get(f"MONITOR_{name}", "") for name in ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS")
    }
    parts = [told["SERVICE_RESULT"] or "unknown", told["EXIT_CODE"], told["EXIT_STATUS"]]
    return f"{os.environ.get('MONITOR_UNIT', 'aiops-daemon.service')}: {' '.join(filter(None, parts))}"

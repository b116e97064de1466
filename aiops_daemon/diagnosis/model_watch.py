"""Looks, at start and daily, whether the models of the configuration are on their way out, and has people told in time."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

import structlog

from aiops_daemon.clients.claude_models import model_facts, trouble_ahead
from aiops_daemon.clock import Clock
from aiops_daemon.domain.notice import after_news_of_model
from aiops_daemon.live import Live
from aiops_daemon.settings import Mode
from aiops_daemon.store import jobs
from aiops_daemon.store.database import Database

log = structlog.get_logger()

EVERY = timedelta(days=1)


class ModelWatch:
    """Watches the models."""

    def __init__(self, database: Database, live: Live, clock: Clock) -> None:
        self._database = database
        self._live = live
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled. What can't be had is nothing to tell: a diagnosis will say so."""
        while True:
            try:
                await self._look()
            except sqlite3.OperationalError:
                pass  # who writes events or jobs tells people
            except Exception:  # an odd answer must not take the daemon with it
                log.exception("daemon.failed", part="models")
            await asyncio.sleep(EVERY.total_seconds())

    async def _look(self) -> None:
        settings = self._live.settings
        key = settings.secrets.anthropic_api_key
        if settings.mode is Mode.OBSERVE or key is None:
            return
        for model in filter(
            None, (settings.claude.model, settings.claude.fallback_model, settings.claude.review_model)
        ):
            said = await model_facts(key.get_secret_value(), settings.claude.base_url, model)
            now = self._clock()
            if said is None or (news := trouble_ahead(model, said, now)) is None:
                continue
            log.warning("model.ends", what=news)
            notices = after_news_of_model(model, news, now=now)
            await self._database.write(lambda tx, notices=notices, now=now: jobs.emit(tx, notices, now))  # type: ignore[misc]

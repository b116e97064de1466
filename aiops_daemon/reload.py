"""SIGHUP: read the configuration anew and swap it whole, or change nothing and say exactly why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from aiops_daemon.actions.alert import Outlet
from aiops_daemon.actions.sinks import Sink
from aiops_daemon.live import Live, live_from
from aiops_daemon.settings import RESTART_ONLY, ConfigurationError, Loaded, Settings, load, restart_only

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a reload changed nothing."""

    problems: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.problems)


async def reload(
    path: Path | None, live: Live, outlet: Outlet, make_sink: Callable[[Settings], Sink]
) -> Refusal | None:
    """Put a new configuration in force.

    All that can fail is done first; from the first change on nothing can.
    """
    try:
        loaded = load(path)
    except ConfigurationError as error:
        return Refusal(tuple(str(problem) for problem in error.problems))
    if frozen := restart_only(live.settings, loaded.settings):
        return Refusal(tuple(_needs_restart(key, loaded) for key in frozen))
    new = live_from(loaded)
    sink = make_sink(loaded.settings)

    for warning in loaded.warnings:
        log.warning("config.warning", what=warning)
    old_sink, outlet.sink, outlet.settings = outlet.sink, sink, loaded.settings
    live.loaded, live.catalogue, live.terms = new.loaded, new.catalogue, new.terms
    await old_sink.close()
    return None


def _needs_restart(key: str, loaded: Loaded) -> str:
    where = f"{loaded.path}: " if loaded.path else ""
    return f"{where}{key}: can't change while running ({RESTART_ONLY[key]}); restart to apply it"

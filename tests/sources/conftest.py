from __future__ import annotations

from pathlib import Path

import pytest
from watched import Watched

from aiops_daemon.sources import roster, watch

SAMPLES = Path(__file__).parent.parent / "samples"


@pytest.fixture
def samples() -> Path:
    return SAMPLES


@pytest.fixture(params=["inotify", "none"])
def wake(request, monkeypatch) -> str:
    """How the watcher is woken: every promise holds with the rescan alone."""
    monkeypatch.setenv("AIOPS_WAKE", request.param)
    monkeypatch.setattr(watch, "RESCAN_SECONDS", 0.05 if request.param == "none" else 0.2)
    monkeypatch.setattr(roster, "UNLINKED_SECONDS", 0.1)
    return request.param


@pytest.fixture
def log(tmp_path) -> Path:
    """The log of a server; its directory is there."""
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / "server.log"


@pytest.fixture
async def logs(wake, log):
    watched = Watched(log.parent)
    yield watched
    await watched.stop()

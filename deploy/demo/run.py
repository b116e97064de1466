"""`make run`: the daemon in the foreground; where there is no log to watch yet, the player writes one.

Everything is the default of an empty configuration but the log directory: state in ./var/state, no accounts, no keys,
messages on the terminal (or on Discord, if DISCORD_WEBHOOK_URL is set).
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

HERE = Path(__file__).parent
MARK = ".played-by-the-demo"


def main() -> int:
    """Start the daemon, and the player beside it where the directory holds nothing but what it wrote itself."""
    parser = argparse.ArgumentParser(
        description="the daemon in the foreground, with a recorded log where there is none"
    )
    parser.add_argument("--logs", type=Path, default=Path("var/logs"))
    logs = parser.parse_args().logs

    plays = logs == Path("var/logs") and prepare(logs)
    environment = {**os.environ, "AIOPS_LOGS__DIRECTORY": str(logs), "PYTHONPATH": str(HERE.parent.parent)}
    if plays:
        environment["AIOPS_LOGS__START_AT"] = "beginning"  # the player may be the quicker one
    config = HERE / "demo.toml"
    print(
        f"demo: watching {logs}"
        + (f"; {HERE.name}/player.py plays a recorded server log into it" if plays else "")
    )
    print("demo: what would go to Discord is printed here, framed by ┏━ and ┗━; Ctrl-C ends it\n", flush=True)
    daemon = subprocess.Popen(
        [sys.executable, "-m", "aiops_daemon", "run", "--config", str(config)], env=environment
    )
    player = subprocess.Popen([sys.executable, str(HERE / "player.py"), str(logs)]) if plays else None

    def forward(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGINT:  # the terminal sends that one to every process by itself
            daemon.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    try:
        return daemon.wait()
    finally:
        if player is not None:
            player.terminate()
            player.wait()


def prepare(logs: Path) -> bool:
    """Whether there is nothing to watch but what the player wrote; makes the directory."""
    logs.mkdir(parents=True, exist_ok=True)
    mark = logs / MARK
    if mark.exists():
        return True
    if any(logs.iterdir()):
        return False
    mark.touch()
    return True


if __name__ == "__main__":
    sys.exit(main())

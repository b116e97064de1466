"""Plays a recorded server log into a directory, line by line, as if a server ran there now.

For newcomers and for nothing else: the daemon doesn't know of it. The lines are real ones of a Rust service that logs
with `tracing`; only their time is made the present.

    python deploy/demo/player.py DIRECTORY [--lines-per-second N]
"""

from __future__ import annotations

import argparse
import re
import time
from datetime import UTC, datetime
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded.log")
_TIMESTAMP = re.compile(r'^\{"timestamp":"[^"]*"')


def play(directory: Path, lines_per_second: float) -> Path:
    """Write the recording once; returns the file that was written."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"server.{datetime.now(UTC):%Y-%m-%d}.log"
    with path.open("a", encoding="utf-8") as log, RECORDED.open(encoding="utf-8") as recorded:
        for line in recorded:
            log.write(
                _TIMESTAMP.sub(
                    f'{{"timestamp":"{datetime.now(UTC).isoformat().replace("+00:00", "Z")}"', line
                )
            )
            log.flush()
            time.sleep(1 / lines_per_second)
    return path


def main() -> None:
    """Play, then say what to try next."""
    parser = argparse.ArgumentParser(description="plays a recorded server log into a directory")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--lines-per-second", type=float, default=8.0)
    arguments = parser.parse_args()
    path = play(arguments.directory, arguments.lines_per_second)
    example = '{"level":"ERROR","fields":{"message":"the disk is full","error_code":"EXT5001"},"target":"server::demo"}'
    print(
        f"\ndemo: the recording is over. Write a line yourself, from another terminal:\n  echo '{example}' >> {path}\n"
        "demo: and look at what was kept: .venv/bin/aiops-daemon incidents ; .venv/bin/aiops-daemon show 1\n",
        flush=True,
    )


if __name__ == "__main__":
    main()

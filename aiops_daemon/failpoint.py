"""Named places where the process can be made to die or fail, for the tests of what then must be true.

Off unless the environment says `AIOPS_FAILPOINT=name:action[:nth]`, several parted by commas. Actions: `kill` (as by
kill -9), `error` (an OSError) and `sleep` (30 s). `nth` counts from 1 and defaults to the first time. The names stand
in `NAMES`; docs/architecture.md says which invariant each one tests.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from functools import cache

NAMES = frozenset(
    {
        "before_commit",
        "after_admit",
        "after_claim",
        "before_post",
        "after_post",
        "after_edit",
        "before_admit",
        "after_first_scan",
        "after_source",
        "before_question",
        "after_answer",
        "after_diagnosis",
    }
)

_passed: Counter[str] = Counter()


@cache
def _armed() -> dict[str, tuple[str, int]]:
    plan = {}
    for entry in filter(None, os.environ.get("AIOPS_FAILPOINT", "").split(",")):
        name, action, nth, *_ = [*entry.split(":"), "1", "1"]
        if name not in NAMES or action not in {"kill", "error", "sleep"} or not nth.isdigit():
            raise SystemExit(
                f"AIOPS_FAILPOINT: {entry!r} is unknown; names: {', '.join(sorted(NAMES))}; actions: kill, error, sleep"
            )
        plan[name] = (action, int(nth))
    return plan


def failpoint(name: str) -> None:
    """Do nothing, unless this place was named in the environment.

    Raises:
        OSError: the action here is `error`.
    """
    if name not in _armed():
        return
    action, nth = _armed()[name]
    _passed[name] += 1
    if _passed[name] != nth:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "sleep":
        time.sleep(30)
    raise OSError(f"failpoint {name}")

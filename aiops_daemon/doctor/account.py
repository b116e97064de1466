"""Whom the daemon runs as: what root may read says nothing of what the service may."""

from __future__ import annotations

import grp
import json
import os
import pwd
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aiops_daemon.doctor.check import Check, failed, passed

UNIT = "aiops-daemon.service"
_ASKED = ("LoadState", "ActiveState", "User", "Group", "SupplementaryGroups", "NeedDaemonReload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The service's user and groups where root asks and the unit is installed; otherwise whoever asks."""

    unit: dict[str, str] = field(default_factory=dict)
    user: str = ""
    groups: tuple[str, ...] = ()
    is_stranger: bool = False
    """Neither root nor the service's user asks: what is not allowed to them says nothing."""

    def check(self) -> Check:
        """What systemd says of the service."""
        if not self.unit:
            return passed("service", "not managed by systemd here; it runs as whoever starts it")
        if self.is_stranger:
            return failed(
                "service", f"{UNIT} runs as {self.unit['User']}, and not as you", "sudo aiops-daemon doctor"
            )
        state = self.unit["ActiveState"]
        as_whom = f"; paths are tried as {self.user}" if self.user else ""
        if self.unit["NeedDaemonReload"] == "yes":
            return failed("service", f"{UNIT} was changed on disk", "systemctl daemon-reload")
        if state in {"active", "reloading", "activating"}:
            return passed("service", f"{UNIT} is {state}{as_whom}")
        remedy = f"systemctl start {UNIT}; journalctl -u {UNIT} -n 50 says why it stopped, if it did"
        return failed("service", f"{UNIT} is {state}{as_whom}", remedy)

    def do(self, work: Callable[[], Iterable[Check]]) -> list[Check]:
        """Have the checks made as the service's user, in a process of its own; as oneself where that is nobody else."""
        if not self.user:
            return list(work())
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._work_and_exit(work, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            said = answer.read()
        os.waitpid(child, 0)
        try:
            return [Check(**each) for each in json.loads(said)]
        except ValueError:
            problem = said.decode(errors="replace") or "the process that tried it ended without a word"
            return [
                failed("paths", f"could not be tried as {self.user}: {problem}", "run doctor as that user")
            ]

    def _work_and_exit(self, work: Callable[[], Iterable[Check]], writing: int) -> None:
        try:
            entry = pwd.getpwnam(self.user)
            os.initgroups(self.user, entry.pw_gid)
            os.setgroups([*os.getgroups(), *(grp.getgrnam(name).gr_gid for name in self.groups)])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            answer = json.dumps([asdict(check) for check in work()])
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent tells it and this process ends here
            answer = f"{type(error).__name__}: {error}"
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(answer.encode())
        os._exit(0)


def account() -> Account:
    """Ask systemd, if it is there and the unit is installed."""
    if not Path("/run/systemd/system").is_dir():
        return Account()
    asked = ["systemctl", "show", UNIT, *(f"--property={name}" for name in _ASKED)]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return Account()
    unit = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    if unit.get("LoadState") != "loaded":
        return Account()
    user = unit.get("User", "")
    if os.geteuid() != 0:
        return Account(unit=unit, is_stranger=_is_user(user) and pwd.getpwnam(user).pw_uid != os.geteuid())
    if not _is_user(user):
        return Account(unit=unit)
    return Account(unit=unit, user=user, groups=tuple(unit.get("SupplementaryGroups", "").split()))


def _is_user(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid != 0
    except KeyError:
        return False

"""The programs: is each one there that the mode asks for, and does it do what it is for?"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator

from aiops_daemon.clients.programs import Ran, run
from aiops_daemon.doctor.check import Check, failed, passed
from aiops_daemon.settings import Editor, Mode, Settings

_SECONDS = 20.0


def all_of(settings: Settings) -> Iterator[Check]:
    """Git and the clone, and what a fix is made with."""
    yield _clone(settings)
    if settings.mode is not Mode.FIX:
        yield passed("fixing", f"not needed: mode is {settings.mode.value}")
        return
    yield _sandbox()
    yield _editor(settings)
    yield _tests(settings)


def _run(*argv: str) -> Ran:
    return asyncio.run(run(argv, seconds=_SECONDS))


def _clone(settings: Settings) -> Check:
    wanted = settings.repository
    if wanted.path is None:
        if settings.mode is Mode.OBSERVE:
            return passed("repository", "not needed: mode is observe")
        detail = "repository.path is empty: a diagnosis sees the log only, not the source"
        return failed("repository", detail, "clone the repository for the daemon and set repository.path")
    safe = ("git", "-c", "safe.directory=*", "-C", str(wanted.path))
    ran = _run(*safe, "rev-parse", "--verify", "--quiet", f"{wanted.base_branch}^{{commit}}")
    if ran.code == 0:
        return passed("repository", f"{wanted.path}, {wanted.base_branch} is {ran.out[:12]}")
    if shutil.which("git") is None:
        return failed("repository", "git is not installed", "apt-get install git")
    inside = _run(*safe, "rev-parse", "--git-dir")
    if inside.code != 0:
        remedy = "clone it there, readable by the service's user and outside of /home and /root"
        return failed("repository", f"{wanted.path}: {inside.said}", remedy)
    return failed(
        "repository", f"{wanted.path}: no branch {wanted.base_branch}", "set repository.base_branch"
    )


def _sandbox() -> Check:
    """A sandbox made for real: whether it may be is decided by the kernel, by AppArmor and by the unit together."""
    if shutil.which("bwrap") is None:
        return failed("sandbox", "bubblewrap is not installed: no fix is made", "apt-get install bubblewrap")
    ran = _run(
        "bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "true"
    )
    if ran.code == 0:
        return passed("sandbox", "bubblewrap makes one")
    return failed("sandbox", f"bubblewrap can't make one: {ran.said}", "allow user namespaces for it")


def _editor(settings: Settings) -> Check:
    ran = _run("claude", "--version")
    if ran.code == 0:
        return passed("editor", f"Claude Code {ran.out.split()[0] if ran.out.split() else '?'}")
    if settings.fix.editor is Editor.CLAUDE_CODE:
        return failed("editor", f"fix.editor is claude-code, but {ran.said}", "install the Claude Code CLI")
    return passed("editor", "edits are asked from the API; there is no Claude Code CLI")


def _tests(settings: Settings) -> Check:
    program = settings.fix.test_command[0]
    if (found := shutil.which(program)) is not None:
        return passed("tests", f"{' '.join(settings.fix.test_command)} ({found})")
    remedy = "install it outside of /home and /root, or set fix.test_command"
    return failed("tests", f"{program} is not to be found on the PATH", remedy)

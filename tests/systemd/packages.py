"""What the tests of the installers do with a package, and with a box that doesn't see this machine's /tmp."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd import box as boxes
from tests.systemd.box import Box

ROOT = Path(__file__).parent.parent.parent
PYTHON = "/usr/bin/python3.11"  # what the package depends on

UNIT = "aiops-daemon.service"
CONFIG = "/etc/aiops-daemon/config.toml"
STATE = "/var/lib/aiops-daemon"
MINE = '[logs]\ndirectory = "/var/log/server"\n[service]\nname = "mine"\n'

BOOKS = ("/var/lib/dpkg", "/var/lib/systemd", "/run/systemd")
OLD_ACCOUNTS = {"/etc/group-", "/etc/gshadow-", "/etc/passwd-", "/etc/shadow-"}
"""What any change of accounts leaves."""


@contextlib.contextmanager
def booted(scratch: Path) -> Iterator[Box]:
    """A box in which the package can be installed, or a skip."""
    if why := boxes.missing():
        pytest.skip(why)
    if not Path(PYTHON).exists():
        pytest.skip(f"{PYTHON}, which the package depends on, is not installed")
    box = Box(scratch)
    try:
        yield box
    finally:
        box.close()


def put(box: Box, file: Path) -> str:
    """Copy a file into the box; returns its path there."""
    path = f"/var/tmp/{file.name}"
    with file.open("rb") as content:
        subprocess.run(box.command("sh", "-c", f"cat > {path}"), stdin=content, check=True)
    return path


def install(box: Box, package: Path) -> str:
    """Install a package, or upgrade to it and keep a changed configuration; returns what was said."""
    ran = box.run_sync("dpkg", "--force-confold", "--install", put(box, package))
    assert ran.code == 0, ran.out + ran.err
    return ran.out + ran.err


def version_of(package: Path) -> str:
    return subprocess.run(
        ["dpkg-deb", "--field", package, "Version"], capture_output=True, text=True, check=True
    ).stdout.strip()


def repacked(package: Path, scratch: Path, version: str, **replaced: str) -> Path:
    """The same package under another version; `config="text"` is another default configuration."""
    subprocess.run(["dpkg-deb", "--raw-extract", package, scratch], check=True)
    control = scratch / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {version}", control.read_text()))
    if "config" in replaced:
        (scratch / "etc/aiops-daemon/config.toml").write_text(replaced["config"])
    target = scratch.with_suffix(".deb")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", scratch, target],
        check=True,
        capture_output=True,
    )
    return target


async def property_of(box: Box, name: str) -> str:
    return (await box.must("systemctl", "show", f"--property={name}", "--value", UNIT)).strip()


async def started(box: Box) -> None:
    """With a configuration of the administrator's own, and logs to watch."""
    await box.must("install", "-d", "-g", "adm", "-m", "750", "/var/log/server")
    await box.write(CONFIG, MINE)
    await box.must("systemctl", "start", UNIT)


async def files(box: Box) -> set[str]:
    """All that stands where an installer or the daemon leaves things, but for dpkg's and systemd's own books."""
    books = [part for path in BOOKS for part in ("-path", path, "-prune", "-o")]
    listed = await box.must(
        "find", "/etc", "/lib/systemd", "/opt", "/run", "/usr", "/var/lib", "-xdev", *books, "-print"
    )
    return set(listed.splitlines())

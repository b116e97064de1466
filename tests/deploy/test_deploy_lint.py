"""What the linters of each trade say of the files that install the daemon: nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = sorted(
    path
    for directory in ("deploy", "tests/systemd")
    for path in (ROOT / directory).rglob("*")
    if path.is_file() and path.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
)


def findings(program, *arguments):
    """What a linter found; a skip where it isn't installed."""
    found = shutil.which(program, path=Path(sys.executable).parent) or shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    ran = subprocess.run([found, *arguments], check=False, capture_output=True, text=True)
    return (ran.stdout + ran.stderr) if ran.returncode else ""


def test_every_script_is_linted():
    names = {path.name for path in SCRIPTS}
    assert names >= {"tree.sh", "install.sh", "build.sh", "preinst", "postinst", "prerm", "postrm", "boot.sh"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script):
    assert findings("shellcheck", script) == ""


def test_hadolint_finds_nothing():
    assert findings("hadolint", ROOT / "deploy/Dockerfile") == ""


@pytest.fixture
def sample(tmp_path):
    """The sample, for a log in a directory of the test's own."""
    log = tmp_path / "logs/server.log"
    log.parent.mkdir()
    log.write_text("a line\n", encoding="utf-8")
    sample = tmp_path / "server"
    text = (ROOT / "deploy/logrotate/server").read_text(encoding="utf-8")
    sample.write_text(text.replace("/var/log/server", str(log.parent)), encoding="utf-8")
    sample.chmod(0o644)  # others may not write what logrotate obeys
    return sample


def test_logrotate_takes_the_sample(tmp_path, sample):
    assert findings("logrotate", "--debug", "--state", tmp_path / "state", sample) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="the sample gives the new file to root:adm, which root may")
def test_a_log_rotated_by_the_sample_keeps_a_name_that_is_read_by_default(tmp_path, sample):
    assert findings("logrotate", "--force", "--state", tmp_path / "state", sample) == ""
    rotated, fresh = sorted((tmp_path / "logs").iterdir(), key=lambda path: path.stat().st_size, reverse=True)
    assert (fresh.name, fresh.stat().st_size) == ("server.log", 0)
    assert rotated.match("*.log.*")
    assert rotated.read_text(encoding="utf-8") == "a line\n"

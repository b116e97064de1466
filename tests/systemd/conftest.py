"""The package, built once, and booted systems to install it on."""

import fcntl
import os
import shutil
import subprocess
import sys

import pytest

from tests.systemd.packages import ROOT, booted, install


@pytest.fixture(scope="session")
def deb(tmp_path_factory):
    """The path of the package. Workers share the one that the first of them builds."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the package holds wheels for Python 3.11, and this is another")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    directory = shared / "package"
    with (shared / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (packages := list(directory.glob("*.deb"))):
            build = [ROOT / "deploy/debian/build.sh", directory]
            environment = {**os.environ, "PYTHON": sys.executable}
            built = subprocess.run(build, check=False, capture_output=True, text=True, env=environment)
            assert built.returncode == 0, built.stderr
            packages = list(directory.glob("*.deb"))
    return packages[0]


@pytest.fixture(scope="module")
def box(tmp_path_factory, deb):
    """A booted system with the package installed, shared by a module's tests."""
    with booted(tmp_path_factory.mktemp("box") / "root") as system:
        install(system, deb)
        yield system


@pytest.fixture
def new_box(tmp_path):
    """A booted system without the package, and of one test alone."""
    with booted(tmp_path / "root") as system:
        yield system

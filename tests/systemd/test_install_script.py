"""deploy/install.sh under a real systemd.

One test builds the program; for the others a tree taken from the package is put in place of what deploy/tree.sh would build.
"""

import os
import subprocess

import pytest

from tests.systemd.packages import (
    CONFIG,
    MINE,
    OLD_ACCOUNTS,
    PYTHON,
    ROOT,
    STATE,
    UNIT,
    booted,
    files,
    property_of,
    put,
    started,
)

SOURCE = "/usr/src/aiops-daemon"
SCRIPT = f"{SOURCE}/deploy/install.sh"
READY_MADE = f"""\
#!/bin/sh
set -e
dpkg-deb -x /var/tmp/PACKAGE "$1.x"
mv "$1.x/opt/aiops-daemon" "$1"
rm -r "$1.x"
mkdir "$1/share/systemd"
cp {SOURCE}/systemd/aiops-daemon* "$1/share/systemd"
cp {SOURCE}/deploy/config.toml "$1/share"
! [ -e {SOURCE}/spoil ] || . {SOURCE}/spoil
"""
NETWORK = ("PIP_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


PARTS = (
    "aiops_daemon",
    "deploy",
    "docs",
    "systemd",
    "pyproject.toml",
    "requirements.lock",
    "requirements-dev.lock",
)
PARTS += ("README.md", "CHANGELOG.md", "LICENSE")


def unpack_release(box):
    """What install.sh needs beside itself, and nothing else."""
    packed = subprocess.run(
        ["tar", "-C", ROOT, "-c", "--exclude=__pycache__", *PARTS], capture_output=True, check=True
    )
    unpack = box.command("sh", "-c", f"mkdir {SOURCE} && tar -C {SOURCE} --no-same-owner -x")
    subprocess.run(unpack, input=packed.stdout, check=True, capture_output=True)


@pytest.fixture
def source(new_box):
    """A system with a release to install from."""
    unpack_release(new_box)
    return new_box


@pytest.fixture
async def quick(source, deb):
    """The same, with a program that need not be built."""
    put(source, deb)
    await source.write(f"{SOURCE}/deploy/tree.sh", READY_MADE.replace("PACKAGE", deb.name), mode="755")
    return source


@pytest.fixture(scope="module")
def untouched(tmp_path_factory):
    """A system with a release that is never installed from, for all the tests of what is refused."""
    with booted(tmp_path_factory.mktemp("box") / "root") as box:
        unpack_release(box)
        yield box


async def running(box):
    """Installed, changed and started."""
    await box.must(SCRIPT)
    await started(box)


async def test_a_build_from_the_lock_files_is_installed_enabled_and_not_started(source):
    through = [f"{name}={value}" for name, value in os.environ.items() if name.upper().startswith(NETWORK)]
    said = await source.must("env", *through, SCRIPT, "install", timeout=110)
    assert "systemctl start aiops-daemon" in said
    assert (await source.run("systemctl", "is-enabled", UNIT)).out == "enabled\n"
    assert await property_of(source, "ActiveState") == "inactive"
    assert await source.must("readlink", "/opt/aiops-daemon/bin/python3") == f"{PYTHON}\n"
    assert (await source.must("aiops-daemon", "--version")).startswith("aiops-daemon ")
    assert await source.must("find", "/opt/aiops-daemon", "!", "-type", "l", "-perm", "/7022") == ""
    verified = await source.run("systemd-analyze", "verify", UNIT)
    assert (verified.code, verified.out + verified.err) == (0, "")
    await source.must("systemctl", "start", UNIT)


async def test_installing_again_upgrades_and_keeps_what_was_changed(quick):
    await running(quick)
    before = await property_of(quick, "MainPID")
    assert "is installed and running" in await quick.must(SCRIPT, "install")
    assert await property_of(quick, "ActiveState") == "active"
    assert await property_of(quick, "MainPID") not in {before, "0"}
    assert await quick.must("cat", CONFIG) == MINE
    assert (await quick.run("test", "-e", f"{CONFIG}.new")).code == 1
    await quick.must("sh", "-c", f"ls {STATE}/backups/state-*.db")
    assert await quick.must("find", STATE, "!", "-user", "aiops") == ""


async def test_a_new_default_lies_beside_a_changed_configuration_and_replaces_an_unchanged_one(quick):
    await quick.must(SCRIPT)
    await quick.write(f"{SOURCE}/deploy/config.toml", "# the second default\n")
    await quick.must(SCRIPT)
    assert await quick.must("cat", CONFIG) == "# the second default\n"
    await quick.write(CONFIG, MINE)
    await quick.write(f"{SOURCE}/deploy/config.toml", "# the third default\n")
    assert f"{CONFIG}.new" in await quick.must(SCRIPT)
    assert await quick.must("cat", CONFIG, f"{CONFIG}.new") == f"{MINE}# the third default\n"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("exit 1", "can't be built"),
        ('printf "#!/bin/sh\\nexit 1\\n" > "$1/bin/aiops-daemon"', "doesn't run as user aiops"),
        (
            "sed -i 's/bin.aiops-daemon run/bin\\/aiops-daemon nonsense/' \"$1/share/systemd/aiops-daemon.service\"",
            "does not start",
        ),
    ],
    ids=["not built", "not working", "not starting"],
)
async def test_where_an_upgrade_fails_the_version_before_goes_on(quick, spoil, why):
    await running(quick)
    before = await quick.must("stat", "-c", "%i", "/opt/aiops-daemon")
    await quick.write(f"{SOURCE}/spoil", spoil)
    ran = await quick.run(SCRIPT)
    assert ran.code == 1
    assert why in ran.err
    assert await property_of(quick, "ActiveState") == "active"
    assert await quick.must("stat", "-c", "%i", "/opt/aiops-daemon") == before
    assert [
        name for name in (await quick.must("ls", "/opt")).split() if name.startswith("aiops-daemon.")
    ] == []


async def test_a_first_install_that_fails_half_way_leaves_no_program_behind(quick):
    await quick.write(f"{SOURCE}/spoil", 'rm "$1/share/config.toml"')
    assert (await quick.run(SCRIPT)).code == 1
    assert "aiops-daemon" not in await quick.must("ls", "/opt")
    await quick.must("rm", f"{SOURCE}/spoil")
    assert "Next:" in await quick.must(SCRIPT)


async def test_a_log_group_becomes_a_drop_in(quick):
    await quick.must("groupadd", "serverlogs")
    await quick.must(SCRIPT, "--log-group", "serverlogs")
    assert await property_of(quick, "SupplementaryGroups") == "adm serverlogs"


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["--log-group", "nobodys"], 1, "--log-group nobodys: there is no such group; allowed:"),
        (["--python", "/nowhere/python3"], 1, "/nowhere/python3: not there; allowed:"),
        (["--python", "/bin/false"], 1, "/bin/false can't be run; allowed: Python 3.11 or newer"),
        (["--log-group"], 2, "--log-group: its value is missing"),
        (["--loud"], 2, "--loud: no such option of install"),
        (["--purge"], 2, "--purge: no such option of install"),
        (["upgrade"], 2, "upgrade: no such command"),
    ],
    ids=str,
)
async def test_what_can_not_be_done_is_said_and_changes_nothing(untouched, arguments, code, why):
    ran = await untouched.run(SCRIPT, *arguments)
    assert ran.code == code
    assert why in ran.err
    assert (await untouched.run("test", "-e", "/opt/aiops-daemon")).code == 1


@pytest.mark.parametrize("home", ["/root", "/home/someone", "/tmp"])
async def test_a_python_that_the_service_could_not_see_is_refused(untouched, home):
    await untouched.must("install", "-D", PYTHON, f"{home}/python3.11")
    ran = await untouched.run(SCRIPT, "--python", f"{home}/python3.11")
    assert ran.code == 1
    assert f"{home}/python3.11, which the service can't see" in ran.err
    assert "allowed: a Python elsewhere" in ran.err


async def test_only_root_may_install_and_everybody_may_ask_for_help(untouched):
    nobody = ("runuser", "-u", "nobody", "--", SCRIPT)
    refused = await untouched.run(*nobody)
    assert refused.code == 1
    assert "install.sh: the user is nobody; allowed: root\n" in refused.err
    assert "usage: install.sh" in await untouched.must(*nobody, "--help")


async def test_what_the_package_installed_is_left_alone(quick, deb):
    await quick.must("dpkg", "--install", f"/var/tmp/{deb.name}")
    for command in ("install", "uninstall"):
        ran = await quick.run(SCRIPT, command)
        assert ran.code == 1
        assert "installed as a Debian package" in ran.err
    assert await quick.must("dpkg", "--verify", "aiops-daemon") == ""


async def test_uninstalling_keeps_configuration_and_state_and_purging_leaves_nothing(quick):
    before = await files(quick)
    await running(quick)
    said = await quick.must(SCRIPT, "uninstall")
    assert "/etc/aiops-daemon" in said
    assert STATE in said
    assert await property_of(quick, "LoadState") == "not-found"
    assert (await quick.run("test", "-e", "/opt/aiops-daemon")).code == 1
    assert await quick.must("cat", CONFIG) == MINE

    await quick.must(SCRIPT, "uninstall", "--purge")
    assert await files(quick) - before <= OLD_ACCOUNTS
    assert (await quick.run("getent", "passwd", "aiops")).code != 0

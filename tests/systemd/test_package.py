"""The Debian package, from the first install to the purge, by dpkg under a real systemd."""

import shutil
import subprocess

import pytest

from tests.systemd.packages import (
    CONFIG,
    MINE,
    OLD_ACCOUNTS,
    ROOT,
    STATE,
    UNIT,
    files,
    install,
    property_of,
    put,
    repacked,
    started,
    version_of,
)


@pytest.fixture(scope="module")
def newer(deb, tmp_path_factory):
    """A package of a higher version, with another default configuration."""
    return repacked(deb, tmp_path_factory.mktemp("newer") / "package", "99.0", config="# another default\n")


async def test_a_first_install_enables_the_service_and_does_not_start_it(box):
    assert (await box.run("systemctl", "is-enabled", UNIT)).out == "enabled\n"
    assert await property_of(box, "ActiveState") == "inactive"


async def test_a_first_install_names_the_next_three_steps(new_box, deb):
    said = install(new_box, deb)
    for step in ("credentials/discord_webhook_url", "aiops-daemon doctor", "systemctl start aiops-daemon"):
        assert step in said


async def test_installed_files_are_as_packed_and_nobody_but_root_may_write_them(box):
    assert await box.must("dpkg", "--verify", "aiops-daemon") == ""
    everything = ("/opt/aiops-daemon", CONFIG, f"/lib/systemd/system/{UNIT}")
    loose = ("(", "!", "-user", "root", "-o", "!", "-group", "root", "-o", "-perm", "/7022", ")")
    assert await box.must("find", *everything, "!", "-type", "l", *loose) == ""


async def test_directories_and_user_are_there_with_least_rights(box):
    modes = await box.must(
        "stat", "-c", "%a %U:%G %n", "/etc/aiops-daemon", "/etc/aiops-daemon/credentials", STATE
    )
    assert modes.splitlines() == [
        "755 root:root /etc/aiops-daemon",
        "700 root:root /etc/aiops-daemon/credentials",
        f"700 aiops:aiops {STATE}",
    ]
    assert (await box.must("getent", "passwd", "aiops")).strip().endswith(f":{STATE}:/usr/sbin/nologin")


async def test_systemd_finds_no_fault_in_the_units(box):
    ran = await box.run("systemd-analyze", "verify", UNIT, "aiops-daemon-failure.service")
    assert (ran.code, ran.out + ran.err) == (0, "")


async def test_the_command_is_on_the_path_and_tells_the_packages_version(box, deb):
    assert await box.must("aiops-daemon", "--version") == f"aiops-daemon {version_of(deb)}\n"


async def test_nothing_is_imported_from_the_working_directory_or_pythonpath(box):
    await box.write("/var/tmp/trap/aiops_daemon/__init__.py", "raise SystemExit('imported from elsewhere')\n")
    await box.must("env", "-C", "/var/tmp/trap", "PYTHONPATH=/var/tmp/trap", "aiops-daemon", "--version")


async def test_compiled_files_name_the_place_where_they_stand(box):
    said = await box.must(
        "/opt/aiops-daemon/bin/python3",
        "-Ic",
        "import aiops_daemon.cli as it, marshal, pathlib\n"
        "print(marshal.loads(pathlib.Path(it.__cached__).read_bytes()[16:]).co_filename == it.__file__, it.__file__)",
    )
    assert said.startswith("True /opt/aiops-daemon/lib/python3.11/site-packages/aiops_daemon/")


async def test_the_default_configuration_is_valid(box):
    assert (await box.run("aiops-daemon", "check-config")).code == 0
    assert await box.must("cat", CONFIG) == (ROOT / "deploy/config.toml").read_text(encoding="utf-8")


async def test_it_starts_and_its_status_is_found_by_a_configuration_without_a_state_directory(new_box, deb):
    install(new_box, deb)
    await started(new_box)
    assert await property_of(new_box, "ActiveState") == "active"
    assert '"running": true' in await new_box.must("aiops-daemon", "status", "--json")


async def test_an_upgrade_restarts_what_ran_and_keeps_configuration_and_state(new_box, deb, newer):
    install(new_box, deb)
    await started(new_box)
    before = await property_of(new_box, "MainPID")
    await new_box.write(f"{STATE}/mine", "kept")
    install(new_box, newer)
    assert await property_of(new_box, "ActiveState") == "active"
    assert await property_of(new_box, "MainPID") not in {before, "0"}
    assert await new_box.must("cat", CONFIG, f"{STATE}/mine") == MINE + "kept"


async def test_an_upgrade_backs_the_state_up_first(new_box, deb, newer):
    install(new_box, deb)
    await started(new_box)
    before = set((await new_box.run("ls", "-i", f"{STATE}/backups")).out.splitlines())
    said = install(new_box, newer)
    assert "not backed up" not in said
    made = set((await new_box.must("ls", "-i", f"{STATE}/backups")).splitlines()) - before
    assert made
    assert await new_box.must("find", STATE, "!", "-user", "aiops") == ""


async def test_an_upgrade_starts_nothing_and_enables_nothing_that_an_administrator_turned_off(
    new_box, deb, newer
):
    install(new_box, deb)
    await new_box.must("systemctl", "disable", UNIT)
    install(new_box, newer)
    assert await property_of(new_box, "ActiveState") == "inactive"
    assert (await new_box.run("systemctl", "is-enabled", UNIT)).out == "disabled\n"


async def test_an_unchanged_configuration_follows_the_new_default(new_box, deb, newer):
    install(new_box, deb)
    install(new_box, newer)
    assert await new_box.must("cat", CONFIG) == "# another default\n"


async def test_removing_stops_and_keeps_configuration_and_state_for_the_next_install(new_box, deb):
    install(new_box, deb)
    await started(new_box)
    await new_box.must("dpkg", "--remove", "aiops-daemon")
    assert await property_of(new_box, "ActiveState") == "inactive"
    assert await property_of(new_box, "LoadState") == "not-found"
    assert (await new_box.run("test", "-e", "/opt/aiops-daemon")).code == 1
    await new_box.must("test", "-s", f"{STATE}/state.db")

    install(new_box, deb)
    assert await new_box.must("cat", CONFIG) == MINE
    assert (await new_box.run("systemctl", "is-enabled", UNIT)).out == "enabled\n"
    await new_box.must("systemctl", "start", UNIT)


async def test_purging_leaves_nothing(new_box, deb):
    put(new_box, deb)
    before = await files(new_box)
    install(new_box, deb)
    await started(new_box)
    await new_box.write("/etc/aiops-daemon/credentials/server_token", "secret", mode="600")
    await new_box.write(
        f"/etc/systemd/system/{UNIT}.d/log-group.conf", "[Service]\nSupplementaryGroups=adm\n"
    )
    await new_box.must("dpkg", "--purge", "aiops-daemon")
    assert await files(new_box) - before <= OLD_ACCOUNTS
    for database in ("passwd", "group"):
        assert (await new_box.run("getent", database, "aiops")).code != 0


async def test_it_does_not_install_over_what_the_script_installed(new_box, deb):
    await new_box.must("mkdir", "/opt/aiops-daemon")
    ran = await new_box.run("dpkg", "--install", put(new_box, deb))
    assert ran.code != 0
    assert "install.sh uninstall" in ran.err


async def test_it_installs_and_purges_where_no_systemd_runs(new_box, deb):
    """As in an image that is being built."""
    package = put(new_box, deb)
    hidden = ("unshare", "--mount", "sh", "-ec", 'mount -t tmpfs none /run; cd /; "$@"', "sh")
    await new_box.must(*hidden, "dpkg", "--install", package)
    await new_box.must("test", "-h", f"/etc/systemd/system/multi-user.target.wants/{UNIT}")
    await new_box.must(*hidden, "dpkg", "--purge", "aiops-daemon")
    assert (await new_box.run("getent", "passwd", "aiops")).code != 0


def test_lintian_finds_no_error(deb):
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed")
    ran = subprocess.run(["lintian", "--fail-on", "error", deb], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout

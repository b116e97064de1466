"""What a fix is made with works inside of the unit's hardening: bubblewrap, git, cargo, the Claude Code CLI.

Each runs in a unit that is `aiops-daemon.service` itself, but for what it starts.
"""

import re
import shutil
import subprocess

import pytest

from tests.systemd.packages import UNIT

PROBE = "probe.service"
SHELL = "#!/bin/sh\nset -eu\ncd /var/lib/aiops-daemon\nexport HOME=/var/lib/aiops-daemon\n"
NOT_FOR_A_PROBE = r"(?m)^(Type|NotifyAccess|ExecStart|ExecReload|Restart|RestartSec|RestartPrevent\w+|WatchdogSec|OnFailure)=.*\n"


async def probe(box, script, *more):
    """Run a script as the service would; gives what it printed, and its exit status."""
    unit = await box.must("cat", f"/lib/systemd/system/{UNIT}")
    service = "\n".join(
        [
            "[Service]",
            "Type=oneshot",
            "ExecStart=/opt/probe",
            "StandardOutput=file:/var/tmp/said",
            "StandardError=inherit",
            *more,
        ]
    )
    await box.write(
        f"/etc/systemd/system/{PROBE}", re.sub(NOT_FOR_A_PROBE, "", unit).replace("[Service]", service, 1)
    )
    await box.write("/opt/probe", SHELL + script, "755")
    await box.must("rm", "-f", "/var/tmp/said")
    await box.must("systemctl", "daemon-reload")
    ran = await box.run("systemctl", "start", PROBE, timeout=110)
    said = await box.must("cat", "/var/tmp/said")
    return ran.code, said + ("" if ran.code == 0 else await box.must("journalctl", "-u", PROBE, "-o", "cat"))


async def test_bubblewrap_makes_a_room_without_network_in_which_nothing_else_is_seen(box):
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    room = (
        "env -i bwrap --unshare-user --unshare-all --disable-userns --die-with-parent --new-session --clearenv --cap-drop ALL"
        " --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64"
        " --proc /proc --dev /dev --size 1048576 --tmpfs /tmp"
    )
    code, said = await probe(
        box,
        f"{room} sh -c 'id -u; ls /; ls /proc | grep -c ^[0-9]; cat /proc/net/dev | wc -l; touch /tmp/x'\n",
    )
    assert code == 0, said
    lines = said.split()
    assert not {"etc", "var", "home", "root"} & set(lines)
    assert lines[-1] == "3"  # two lines of heading, and the loopback device


async def test_git_makes_commits_and_clones(box):
    code, said = await probe(
        box,
        "git init -q -b main a && cd a && echo x > x && git add x"
        " && git -c user.name=a -c user.email=a@b commit -q -m x && cd .. && git clone -q a b && git -C b log --oneline; rm -rf a b\n",
    )
    assert code == 0, said
    assert said.strip().endswith("x")


async def test_cargo_builds_and_tests_a_crate(box):
    if shutil.which("rustc") is None:
        pytest.skip("rustc is not installed")
    sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()  # noqa: ASYNC221 - it is quick
    more = []
    if sysroot != "/usr":  # a toolchain of rustup's, which may lie where the unit can't see it
        await box.must("mkdir", "-p", "/opt/rust")
        more = [f"BindReadOnlyPaths={sysroot}:/opt/rust", "Environment=PATH=/opt/rust/bin:/usr/bin:/bin"]
    code, said = await probe(
        box,
        'mkdir -p crate/src && cd crate && printf \'[package]\\nname = "c"\\nversion = "0.1.0"\\n\' > Cargo.toml'
        " && echo '#[test] fn works() { std::thread::spawn(|| assert_eq!(1, 1)).join().unwrap() }' > src/lib.rs"
        " && echo 'fn main() { println!(\"built\") }' > build.rs && cargo test --offline; cd ..; rm -rf crate\n",
        *more,
    )
    assert code == 0, said
    assert "test works ... ok" in said


async def test_the_claude_code_cli_starts_and_asks_for_a_key(box):
    claude = shutil.which("claude")
    if claude is None or claude.startswith(("/root/", "/home/")):
        pytest.skip("the Claude Code CLI is not installed where a unit can see it")
    _, said = await probe(
        box,
        f"mkdir -p room && cd room && echo hello | env -i HOME=$PWD PATH=/usr/bin:/bin CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1"
        f" DISABLE_AUTOUPDATER=1 DISABLE_TELEMETRY=1 {claude} -p --output-format json --restricted --tools Read"
        " --permission-mode acceptEdits --setting-sources '' --strict-mcp-config --max-turns 1; echo; rm -rf $PWD\n",
    )
    assert '"is_error":true' in said, said
    assert "Not logged in" in said

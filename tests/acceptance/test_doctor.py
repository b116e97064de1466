"""`doctor` on a machine where all is well, and with one thing wrong at a time: it names it, and says what to do."""

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.harness import line
from tests.fakes.accounts import KEY, TOKEN, Accounts


@pytest.fixture
async def accounts():
    async with Accounts() as server:
        yield server


@pytest.fixture
def clone(tmp_path):
    path = tmp_path / "clone"
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(path)]
    subprocess.run(["git", "init", "-q", "-b", "main", str(path)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    return path


@pytest.fixture
def healthy(daemon, accounts, clone):
    """Configured to propose issues, with everything there is to be wrong."""
    daemon.write(line("AI5003"))
    daemon.environment |= {"ANTHROPIC_API_KEY": KEY, "GITHUB_TOKEN": TOKEN}
    daemon.extra = (
        f'[claude]\nbase_url = "{accounts.url}"\n[github]\napi_url = "{accounts.url}"\nrepository = "team/server"\n'
        f'[repository]\npath = "{clone}"\n'
    )
    configure(daemon)
    return daemon


def configure(daemon, mode="propose", extra=""):
    daemon.configure(daemon.extra + extra)
    daemon.config.write_text(f'mode = "{mode}"\n' + daemon.config.read_text())


async def examined(daemon):
    code, out, err = await daemon.command("doctor", "--json")
    assert err == ""
    import json

    checks = {check["check"]: check for check in json.loads(out)}
    assert code == (0 if all(check["ok"] for check in checks.values()) else 1)
    assert all(check["remedy"] for check in checks.values() if not check["ok"])
    return checks


async def only(daemon, wrong):
    """The one check that fails."""
    checks = await examined(daemon)
    assert [name for name, check in checks.items() if not check["ok"]] == [wrong], checks
    return f"{checks[wrong]['detail']} -> {checks[wrong]['remedy']}"


async def test_all_is_well(healthy):
    await healthy.start()
    checks = await examined(healthy)
    assert [check for check in checks.values() if not check["ok"]] == []
    assert "a daemon runs on it" in checks["state"]["detail"]
    assert "1 records in the last 1 lines" in checks["log format"]["detail"]


async def test_for_people_each_check_is_a_line_and_what_to_do_stands_below(healthy):
    code, out, _ = await healthy.command("doctor")
    assert code == 0
    assert out.splitlines()[-1].endswith("are well; nothing is to be done")
    healthy.log.unlink()
    code, out, _ = await healthy.command("doctor")
    assert code == 1
    assert (
        "FAIL  log files: no file is called *.log or *.log.*; it is empty\n      -> set logs.include\n" in out
    )


async def test_a_log_that_is_not_there_or_not_understood(healthy, tmp_path):
    healthy.log.rename(healthy.logs / "server.txt")
    assert "there are server.txt" in await only(healthy, "log files")
    healthy.write(*["just words"] * 5)
    assert "5 lines belong to none" in await only(healthy, "log format")
    shutil.rmtree(healthy.logs)
    assert "No such file or directory -> set logs.directory" in await only(healthy, "log directory")


async def test_a_state_that_is_damaged_or_can_not_be_written(healthy, tmp_path):
    healthy.state.mkdir()
    (healthy.state / "state.db").write_bytes(b"not a database, but long enough for one" * 100)
    assert "newest sound backup" in await only(healthy, "state")
    shutil.rmtree(healthy.state)
    healthy.state.write_text("a file")
    assert "can't be written" in await only(healthy, "state directory")


async def test_a_webhook_that_is_gone_or_missing(healthy, discord):
    healthy.environment["DISCORD_WEBHOOK_URL"] = discord.url.replace("webhooks/", "webhooks/9")
    said = await only(healthy, "discord")
    assert "404" in said
    assert discord.url.rsplit("/", 1)[1] not in said
    del healthy.environment["DISCORD_WEBHOOK_URL"]
    assert "credentials/discord_webhook_url" in await only(healthy, "discord")
    assert discord.posts == []


async def test_a_key_of_claude_that_is_wrong_and_a_model_that_ends(healthy, accounts):
    healthy.environment["ANTHROPIC_API_KEY"] = "sk-ant-api03-another"
    said = await only(healthy, "claude")
    assert "401" in said
    assert "another" not in said.replace("set claude.model to another one", "")
    healthy.environment["ANTHROPIC_API_KEY"] = KEY
    accounts.model["retires_at"] = (datetime.now(UTC) + timedelta(days=5, hours=1)).isoformat()
    assert "in 5 days" in await only(healthy, "claude")
    accounts.model["id"] = "claude-other"
    assert "404" in await only(healthy, "claude")


async def test_a_token_of_github_that_is_wrong_or_may_too_little(healthy, accounts):
    healthy.environment["GITHUB_TOKEN"] = "github_pat_wrong"
    assert "401" in await only(healthy, "github")
    healthy.environment["GITHUB_TOKEN"] = TOKEN
    accounts.repository["permissions"] = {"pull": True}
    assert "Issues: write" in await only(healthy, "github")
    accounts.repository["has_issues"] = False
    assert "issues are switched off" in await only(healthy, "github")
    accounts.repository["full_name"] = "other/name"
    assert "404" in await only(healthy, "github")


async def test_a_server_that_answers_nothing_is_said_to(healthy, accounts, unused_tcp_port):
    configure(healthy, extra="")
    text = healthy.config.read_text().replace(
        f'base_url = "{accounts.url}"', f'base_url = "http://127.0.0.1:{unused_tcp_port}"'
    )
    healthy.config.write_text(text)
    assert "can't be reached" in await only(healthy, "claude")


async def test_a_clone_that_is_none_or_lacks_the_branch(healthy, clone):
    text = healthy.config.read_text()
    healthy.config.write_text(text.replace("[repository]", '[repository]\nbase_branch = "release"'))
    assert "no branch release" in await only(healthy, "repository")
    healthy.config.write_text(text)
    shutil.rmtree(clone / ".git")
    assert "not a git repository" in await only(healthy, "repository")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a clone to somebody else")
async def test_a_link_to_a_clone_of_another_user_is_read_as_the_daemon_reads_it(healthy, clone, tmp_path):
    for path in (clone, *clone.rglob("*")):
        os.chown(path, 12345, 12345)
    (tmp_path / "link").symlink_to(clone)
    healthy.config.write_text(healthy.config.read_text().replace(str(clone), str(tmp_path / "link")))
    assert (await examined(healthy))["repository"]["ok"]


async def test_what_the_mode_does_not_need_is_not_tried(healthy):
    healthy.environment.pop("ANTHROPIC_API_KEY")
    healthy.environment.pop("GITHUB_TOKEN")
    configure(healthy, mode="observe")
    checks = await examined(healthy)
    assert all(check["ok"] for check in checks.values())
    assert checks["claude"]["detail"] == "not needed: mode is observe"


async def test_a_fix_needs_a_sandbox_and_the_programs_of_its_tests(healthy, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh", "env"):
        (programs / name).symlink_to(shutil.which(name))
    healthy.environment["PATH"] = str(programs)
    configure(healthy, mode="fix")
    checks = await examined(healthy)
    assert [name for name, check in checks.items() if not check["ok"]] == ["sandbox", "tests"]
    assert "cargo is not to be found" in checks["tests"]["detail"]


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
async def test_the_sandbox_is_tried_for_real(healthy):
    configure(healthy, mode="fix", extra='[fix]\ntest_command = ["true"]\n')
    checks = await examined(healthy)
    assert checks["sandbox"]["detail"] == "bubblewrap makes one"
    fake = healthy.config.parent / "bin"
    fake.mkdir()
    (fake / "bwrap").write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n"
    )
    (fake / "bwrap").chmod(0o755)
    healthy.environment["PATH"] = f"{fake}:{os.environ['PATH']}"
    assert "No permissions to create a new namespace" in await only(healthy, "sandbox")


async def test_an_invalid_configuration_ends_it_at_once(healthy):
    healthy.config.write_text("[nonsense]\n")
    code, out, err = await healthy.command("doctor", "--json")
    assert (code, out) == (78, "")
    assert "nonsense" in err

"""`init` as a newcomer meets it: questions on a terminal, flags without one, and a file that is whole and never lost."""

import json
import os
import pty
import re
import select
import stat
import subprocess
import termios
import tomllib
from pathlib import Path

import pytest

from aiops_daemon import cli
from aiops_daemon.cli import CommandError, init, placing, surroundings
from aiops_daemon.settings import LogsSettings, load
from aiops_daemon.settings.annotated import SHIPPED, annotated
from tests.acceptance.harness import COMMAND

ENVIRON = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}
EVERY_ANSWER = (
    *("--language", "ko", "--service", "orders", "--logs", "/var/log/none", "--include", "a.*.log, b.log"),
    *("--timezone", "Asia/Seoul", "--mode", "propose", "--repository", "team/orders", "--clone", "clone"),
    *("--mention", "here", "--environment", "staging"),
)


class Place:
    """A directory to work in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "config.toml"
        self.logs = path / "logs"

    def log(self, *names: str) -> None:
        self.logs.mkdir(exist_ok=True)
        for name in names:
            (self.logs / name).touch()

    def init(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "init", *arguments],
            cwd=self.path,
            env=ENVIRON | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def written(self) -> dict:
        return tomllib.loads(self.file.read_text(encoding="utf-8"))

    def names(self) -> set[str]:
        return {path.name for path in self.path.iterdir()}


class Terminal:
    """The command on a real pseudo-terminal, and a person who reads what it says before answering."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self.screen = ""
        self._read_to = 0
        self._mine, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (50, 200))
        self._process = subprocess.Popen(
            [*COMMAND, "init", *arguments],
            cwd=place.path,
            env=ENVIRON | {"TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)

    def _more(self) -> bool:
        assert select.select([self._mine], [], [], 20)[0], self.screen
        try:
            chunk = os.read(self._mine, 4096)
        except OSError:  # Linux: the other side is closed
            chunk = b""
        self.screen += chunk.decode(errors="replace")
        return bool(chunk)

    def until(self, words: str) -> None:
        while words not in self.screen[self._read_to :]:
            assert self._more(), self.screen
        self._read_to = self.screen.index(words, self._read_to) + len(words)

    def answer(self, question: str, answer: str) -> None:
        self.until(question)
        self.until("]: ")
        os.write(self._mine, answer.encode() + (b"" if answer == "\x04" else b"\n"))

    def end(self) -> int:
        while self._more():
            pass
        os.close(self._mine)
        return self._process.wait(20)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_questions_on_a_terminal_with_a_wrong_answer_and_defaults(place):
    place.log("server.2026-11-23.log", "server.2026-11-24.log", "dpkg.log", "server.2026-11-22.log.gz")
    terminal = Terminal(place, "--output", "config.toml")
    terminal.answer("Language of messages, en or ko [en", "de")
    terminal.until('language: "de" is not known; allowed: en, ko')
    terminal.answer("Language", "ko")
    terminal.answer("Name of the watched service", "")
    terminal.answer("Directory of its log files", "~/logs")
    terminal.until('begins with "~"')
    terminal.answer("Directory of its log files", "logs")
    terminal.answer("[server.*.log", "")
    terminal.answer("Time zone", "Asia/Soul")
    terminal.until('service.timezone: "Asia/Soul" is not known')
    terminal.answer("Time zone", "Asia/Seoul")
    terminal.answer("How far it may go", "observe")
    terminal.answer("Whom a critical alert calls", "none")
    terminal.until("config.toml is written")
    terminal.until("discord_webhook_url")
    terminal.until("doctor --config config.toml")
    terminal.until("aiops-daemon run --config config.toml")
    assert terminal.end() == 0
    assert "warning" not in terminal.screen
    assert {name: table for name, table in place.written().items() if table} == {
        "language": "ko",
        "mode": "observe",
        "service": {"name": "server", "timezone": "Asia/Seoul"},
        "logs": {"directory": "./logs", "include": ["server.*.log"]},
    }


def test_where_on_github_is_asked_only_of_whom_it_concerns(place):
    terminal = Terminal(place, "--output", "config.toml", *EVERY_ANSWER[:10], "--mention", "here")
    terminal.answer("How far it may go", "fix")
    terminal.answer("GitHub repository", "")
    terminal.until('warning: github.repository: mode "fix" opens issues')
    terminal.answer("Local clone", "/nowhere")
    terminal.until("warning: repository.path: /nowhere is no git repository")
    assert terminal.end() == 0
    assert terminal.screen.count("/nowhere is no git repository") == 1
    assert place.written()["repository"] == {"path": "/nowhere"}


def test_a_log_directory_that_is_not_there_is_told_at_once(place):
    terminal = Terminal(place, "--output", "config.toml", *EVERY_ANSWER[:4], *EVERY_ANSWER[6:])
    terminal.answer("Directory of its log files", "sever")
    terminal.until(f"warning: logs.directory: {place.path}/sever: there is no such directory yet")
    assert terminal.end() == 0


def test_who_leaves_in_the_middle_leaves_no_trace(place):
    terminal = Terminal(place, "--output", "new/config.toml")
    terminal.answer("Language", "ko")
    terminal.answer("Name of the watched service", "\x04")
    assert terminal.end() == 1
    assert "nothing was written" in terminal.screen
    assert place.names() == set()


def test_nobody_answers_questions_for_a_file_that_can_not_be_written(place):
    place.file.write_text("mine")
    for output, why in (
        ("config.toml", "is there already"),
        ("config.toml/x", "not a directory"),
        (".", "is a"),
    ):
        terminal = Terminal(place, "--output", output)
        assert terminal.end() == 1
        assert why in terminal.screen
        assert "Language" not in terminal.screen


def test_flags_say_everything_without_a_terminal(place):
    done = place.init("--output", "deep/er/config.toml", *EVERY_ANSWER)
    assert done.returncode == 0, done.stderr
    place.file = place.path / "deep/er/config.toml"
    assert {name: table for name, table in place.written().items() if table} == {
        "language": "ko",
        "mode": "propose",
        "service": {"name": "orders", "environment": "staging", "timezone": "Asia/Seoul"},
        "logs": {"directory": "/var/log/none", "include": ["a.*.log", "b.log"]},
        "discord": {"mention_on_critical": "here"},
        "repository": {"path": "./clone"},
        "github": {"repository": "team/orders"},
    }
    assert "warning: logs.directory: /var/log/none: there is no such directory yet" in done.stderr


def test_without_a_terminal_what_is_missing_is_one_line_and_nothing_hangs(place):
    done = place.init("--output", "config.toml", *EVERY_ANSWER[:12])
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--mention, or --yes" in done.stderr
    assert "--repository" in place.init("--mode", "fix", "--output", "config.toml").stderr
    assert place.names() == set()


def test_yes_takes_what_is_offered(place):
    place.log("api.log", "api.log.1", "other.2026-11-24.log")
    done = place.init("--yes", "--service", "api", "--logs", "logs", "--output", "config.toml")
    assert done.returncode == 0
    assert place.written()["logs"] == {"directory": "./logs", "include": ["api.log", "api.log.*"]}
    assert place.written()["service"] == {"name": "api", "timezone": surroundings.time_zone()}


def test_every_wrong_flag_is_said_with_what_is_allowed(place):
    wrong = ("--mode", "fixx", "--timezone", "Asia/Soul", "--include", "", "--mention", "@everyone")
    done = place.init("--yes", "--output", "config.toml", *wrong)
    assert done.returncode == 2
    assert sorted(re.findall(r"aiops-daemon: --(\w+): .+; allowed: .+", done.stderr)) == [
        "include",
        "mention",
        "mode",
        "timezone",
    ]
    assert place.names() == set()


@pytest.mark.parametrize("how", ["--output", "--config", "AIOPS_CONFIG"])
def test_the_file_is_the_one_that_is_named(place, how):
    done = place.init("--yes", **{how: "x.toml"}) if how.isupper() else place.init("--yes", how, "x.toml")
    assert done.returncode == 0
    assert place.names() == {"x.toml"}


def test_standard_output_gets_the_file_and_nothing_else(place):
    done = place.init("--yes", "--output", "-", "--language", "ko")
    assert done.returncode == 0
    assert tomllib.loads(done.stdout)["language"] == "ko"
    assert place.names() == set()
    assert place.init("--yes", "--output", "-", "--json").returncode == 2


def test_what_it_writes_is_valid_and_readable_by_the_daemon_whatever_the_umask(place):
    umask = os.umask(0o077)
    try:
        assert place.init("--yes", "--output", "new/config.toml").returncode == 0
    finally:
        os.umask(umask)
    file = place.path / "new" / "config.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o755
    check = subprocess.run(
        [*COMMAND, "check-config", "--config", str(file)], env=ENVIRON, capture_output=True, check=False
    )
    assert check.returncode == 0


def test_another_file_is_never_overwritten_and_the_same_one_is_no_trouble(place):
    first = place.init("--yes", "--output", "config.toml")
    again = place.init("--yes", "--output", "config.toml", "--force")
    assert (first.returncode, again.returncode) == (0, 0)
    assert place.names() == {"config.toml"}
    before = place.file.read_bytes()
    refused = place.init("--yes", "--output", "config.toml", "--language", "ko")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "--force" in refused.stderr
    assert place.file.read_bytes() == before
    assert place.names() == {"config.toml"}


def test_a_configuration_that_is_still_as_it_was_installed_may_be_replaced(place):
    place.file.write_text(annotated(SHIPPED), encoding="utf-8")
    ran = place.init("--yes", "--output", "config.toml", "--service", "orders")
    assert ran.returncode == 0, ran.stderr
    assert load(place.file, environ={}).settings.service.name == "orders"


def test_force_keeps_the_old_file_beside_the_new_one_as_private_as_it_was(place):
    place.file.write_text("mine")
    place.file.chmod(0o600)
    done = place.init("--yes", "--output", "config.toml", "--force")
    assert done.returncode == 0
    [kept] = [path for path in place.path.iterdir() if path != place.file]
    assert re.fullmatch(r"config\.toml\.bak-\d{8}T\d{6}\.\d{6}Z", kept.name)
    assert kept.name in done.stdout
    assert kept.read_text() == "mine"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert place.written()["language"] == "en"


def test_a_link_stays_one(place):
    (place.path / "real").mkdir()
    place.file.symlink_to("real/config.toml")
    assert place.init("--yes", "--output", "config.toml").returncode == 0
    assert place.file.is_symlink()
    assert (place.path / "real" / "config.toml").is_file()


@pytest.mark.parametrize("output", [".", "file/config.toml", "/proc/none/config.toml", ""])
def test_what_can_not_be_written_is_one_clear_line(place, output):
    (place.path / "file").touch()
    done = place.init("--yes", "--output", output)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "can't be written" in done.stderr
    assert place.names() == {"file"}


def test_what_would_not_load_is_told_like_any_configuration_and_never_put_in_place(place):
    place.file.write_text("mine")
    with pytest.raises(CommandError) as raised:
        placing.put(place.file, 'mode = "x"\n[logs]\nformat = 1\n', force=True)
    assert raised.value.code == 78
    assert [line.partition(";")[0] for line in raised.value.lines] == [
        f'{place.file}:1: mode: "x" is not known',
        f"{place.file}:3: logs.format: 1 is not known",
    ]
    assert place.names() == {"config.toml"}
    assert place.file.read_text() == "mine"


def test_who_may_not_write_hears_what_to_do(place, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CommandError, match="permission denied; try it as root, or --output FILE") as raised:
        placing.check_place(place.path / "new" / "config.toml", force=False)
    assert raised.value.code == 1


def test_programs_get_the_path_and_the_warnings_as_one_value(place):
    call = ("--yes", "--output", "config.toml", "--logs", "logs", "--json")
    done = place.init(*call, DISCORD_WEBHOOK_URL="https://evil.example/hush")
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (told["path"], told["written"]) == ("config.toml", True)
    assert [warning.split(":")[0] for warning in told["warnings"]] == [
        "logs.directory",
        "DISCORD_WEBHOOK_URL",
    ]
    assert "hush" not in done.stdout
    assert json.loads(place.init(*call).stdout)["written"] is False


def test_files_that_the_pattern_misses_are_told(place):
    place.log("api.txt")
    done = place.init("--yes", "--output", "config.toml", "--logs", "logs", "--include", "*.log")
    assert f"no file in {place.logs} matches *.log yet" in done.stderr


@pytest.mark.parametrize(("user", "state"), [(0, {"directory": "/var/lib/aiops-daemon"}), (1000, {})])
def test_the_service_of_this_machine_gets_its_directories(place, monkeypatch, capsys, user, state):
    monkeypatch.setattr(init, "DEFAULT_PATH", place.file)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.delenv("AIOPS_CONFIG", raising=False)
    assert cli.main(["init", "--yes", "--service", "orders"]) == 0
    assert place.written()["state"] == state
    assert place.written()["logs"]["directory"] == "/var/log/orders"
    assert "systemctl start aiops-daemon" in capsys.readouterr().out
    assert load(place.file, environ={}).warnings == ()


@pytest.mark.parametrize(
    ("files", "offered"),
    [
        (["server.2026-11-24.log"], ("server.*.log",)),
        (["server.2026-11-24", "server.2026-11-25"], ("server.*",)),
        (["server.2026-11-24-17.log", "server.2026-11-24-18.log"], ("server.*.log",)),
        (["server.2026-11-24.1.log"], ("server.*.log",)),
        (["server.log", "server.log.1", "server.log.2.gz"], ("server.log", "server.log.*")),
        (["server.log", "server.log-20261124"], ("server.log", "server.log-*")),
        (["api2.log"], ("api2.log",)),
        (["server.pid", ".server.log", "a[1].log", "a,b.log"], LogsSettings().include),
        (["a.log", "b.log", "c.log", "d.log"], LogsSettings().include),
        ([], LogsSettings().include),
    ],
)
def test_the_pattern_offered_is_read_off_the_files(place, files, offered):
    place.log(*files)
    assert surroundings.patterns(LogsSettings(directory=place.logs), "server") == offered


def test_the_time_zone_offered_is_the_machines(tmp_path):
    assert surroundings.time_zone(tmp_path) == "UTC"
    (tmp_path / "localtime").symlink_to("../usr/share/zoneinfo/Asia/Seoul")
    assert surroundings.time_zone(tmp_path) == "Asia/Seoul"
    (tmp_path / "timezone").write_text("Europe/Berlin\n")
    assert surroundings.time_zone(tmp_path) == "Europe/Berlin"
    (tmp_path / "timezone").write_text("no such zone\n")
    assert surroundings.time_zone(tmp_path) == "Asia/Seoul"

"""Where the configuration is found, which place wins, and what a value is once it is loaded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pydantic
import pytest

from aiops_daemon.domain.playbook import Action, Severity
from aiops_daemon.settings import (
    ConfigurationError,
    LogFormat,
    Mode,
    Settings,
    document,
    load,
    restart_only,
)


def test_an_empty_file_is_valid_and_equals_the_defaults(configuration):
    loaded = configuration.write("").load()
    assert loaded.settings == Settings()
    assert (loaded.path, loaded.warnings) == (configuration.path, ())


def test_settings_alone_read_nothing(monkeypatch):
    monkeypatch.setenv("AIOPS_MODE", "fix")
    monkeypatch.setenv("MODE", "fix")
    assert Settings().mode is Mode.DIAGNOSE


def test_without_a_file_at_the_default_path_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "DEFAULT_PATH", tmp_path / "config.toml")
    assert load(None, environ={}).path is None
    (tmp_path / "config.toml").write_text('mode = "fix"')
    loaded = load(None, environ={})
    assert (loaded.path, loaded.settings.mode) == (tmp_path / "config.toml", Mode.FIX)


def test_the_argument_wins_over_the_variable(configuration, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text('mode = "fix"')
    assert load(None, environ={"AIOPS_CONFIG": str(other)}).settings.mode is Mode.FIX
    assert configuration.write('mode = "propose"').load(AIOPS_CONFIG=str(other)).settings.mode is Mode.PROPOSE


def test_a_named_file_must_be_there(tmp_path):
    missing = tmp_path / "no.toml"
    for path, environ in ((missing, {}), (None, {"AIOPS_CONFIG": str(missing)})):
        with pytest.raises(ConfigurationError) as raised:
            load(path, environ=environ)
        assert str(raised.value) == f"{missing}: there is no such file"


def test_an_unreadable_file_says_so(configuration, modes_count):
    configuration.write("", mode=0)
    assert configuration.problems() == ["config.toml: the file cannot be read: permission denied"]


def test_a_directory_says_so(tmp_path):
    with pytest.raises(ConfigurationError, match="this is a directory, not a file"):
        load(tmp_path, environ={})


def test_a_file_that_is_not_utf_8_says_so(configuration):
    configuration.path.write_bytes('\n\nname = "서버"'.encode("euc-kr"))
    assert configuration.problems() == ["config.toml:3: the file is not UTF-8; allowed: TOML in UTF-8"]


def test_a_byte_order_mark_is_forgiven(configuration):
    configuration.path.write_bytes(b'\xef\xbb\xbfmode = "fix"')
    assert configuration.load().settings.mode is Mode.FIX


def test_the_environment_wins_over_the_file(configuration):
    configuration.write('mode = "fix"\n[logs]\nformat = "json"\nmax_line_bytes = 4096')
    settings = configuration.load(
        AIOPS_MODE="observe", AIOPS_LOGS__FORMAT="text", AIOPS_CLAUDE__DAILY_BUDGET_USD="2.5"
    ).settings
    assert (settings.mode, settings.logs.format) == (Mode.OBSERVE, LogFormat.TEXT)
    assert (settings.logs.max_line_bytes, settings.claude.daily_budget_usd) == (4096, 2.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["a.log", "b,c.log"]', ("a.log", "b,c.log")),
        ("a.log, b.log", ("a.log", "b.log")),
        ("a.log", ("a.log",)),
        ("", ()),
    ],
)
def test_lists_in_the_environment(configuration, text, expected):
    assert configuration.load(AIOPS_LOGS__EXCLUDE=text).settings.logs.exclude == expected


def test_tables_in_the_environment_are_merged_with_those_of_the_file(configuration):
    configuration.write('[triage.codes.PAY5001]\ntitle = "down"\n[triage.codes.PAY5002]\n')
    environ = {"AIOPS_TRIAGE__CODES": '{"PAY5001": {"severity": "info"}, "PAY5003": {"actions": []}}'}
    codes = configuration.load(**environ).settings.triage.codes
    assert (codes["PAY5001"].title, codes["PAY5001"].severity) == ("down", Severity.INFO)
    assert (codes["PAY5002"].actions, codes["PAY5003"].actions) == (None, ())


def test_a_row_of_the_catalogue(configuration):
    configuration.write('[triage.codes.PAY5001]\nseverity = "critical"\nactions = ["alert", "issue"]')
    row = configuration.load().settings.triage.codes["PAY5001"]
    assert (row.severity, row.actions) == (Severity.CRITICAL, (Action.ALERT, Action.ISSUE))


def test_prices_are_laid_over_the_shipped_ones(configuration):
    configuration.write(
        '[claude]\nmodel = "claude-x"\n[claude.prices.claude-sonnet-5-5]\ninput = 7\n'
        "[claude.prices.claude-x]\ninput = 1\noutput = 2\ncache_write_5m = 3\ncache_write_1h = 4\ncache_read = 0\n"
    )
    prices = configuration.load().settings.claude.prices
    assert (prices["claude-sonnet-5-5"].input, prices["claude-sonnet-5-5"].output) == (7.0, 10.0)
    assert (prices["claude-x"].output, prices["claude-haiku-5-5"].long_prompt_factor) == (2.0, 5.0)


@pytest.mark.parametrize(
    ("environ", "text", "expected"),
    [
        ({}, "", "var/state"),
        ({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "", "/var/lib/a"),
        ({"STATE_DIRECTORY": "/var/lib/a"}, '[state]\ndirectory = "here"', "here"),
        (
            {"STATE_DIRECTORY": "/var/lib/a", "AIOPS_STATE__DIRECTORY": "env"},
            '[state]\ndirectory = "here"',
            "env",
        ),
    ],
)
def test_the_state_directory(configuration, environ, text, expected):
    assert configuration.write(text).load(**environ).settings.state.directory == Path(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("5s", timedelta(seconds=5)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(minutes=90)),
        ("24h", timedelta(hours=24)),
        ("90d", timedelta(days=90)),
        ("0s", timedelta()),
    ],
)
def test_durations(configuration, text, expected):
    assert configuration.load(AIOPS_LOGS__SILENCE_AFTER=text).settings.logs.silence_after == expected


def test_settings_are_frozen_at_every_level():
    settings = Settings()
    for value, name in (
        (settings, "mode"),
        (settings.logs, "format"),
        (settings.claude.prices["claude-opus-5-5"], "input"),
    ):
        with pytest.raises(pydantic.ValidationError):
            setattr(value, name, 1)


def test_the_time_zone_is_usable(configuration):
    zone = configuration.load(AIOPS_SERVICE__TIMEZONE="Asia/Seoul").settings.service.zone
    assert datetime(2026, 1, 1, tzinfo=zone).utcoffset() == timedelta(hours=9)
    assert Settings().service.zone is UTC


def test_what_needs_a_restart_is_named(configuration):
    old = configuration.write("").load().settings
    new = configuration.write(
        'mode = "fix"\n[logs]\ndirectory = "/a"\ninclude = ["x"]\nexclude = []\nformat = "json"\nmax_line_bytes = 5000\n'
        'silence_after = "1h"\n[server]\nlisten = ""\n[state]\ndirectory = "b"\nretention = "1d"\n'
    ).load()
    assert restart_only(old, old) == ()
    assert set(restart_only(old, new.settings)) == {
        "state.directory",
        "logs.directory",
        "logs.include",
        "logs.exclude",
        "logs.format",
        "logs.max_line_bytes",
        "server.listen",
    }

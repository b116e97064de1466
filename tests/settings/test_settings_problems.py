"""What people are told about a wrong configuration: all of it, with its place, in words of their own."""

import re

import pytest


def test_every_problem_at_once_in_the_order_of_the_file(configuration):
    configuration.write(
        'mode = "fixx"\n[logs]\nfromat = "json"\nformat = "xml"\n[servre]\n[fix]\nmax_files = 0\n',
    )
    problems = configuration.problems(AIOPS_FIX__MAX_LINES="many", AIOPS_FIX__MAX_LINE="1")
    assert problems == [
        'config.toml:1: mode: "fixx" is not known; allowed: observe, diagnose, propose, fix',
        (
            "config.toml:3: logs.fromat: there is no such key, did you mean logs.format?; allowed: directory, include, "
            "exclude, format, start_at, max_line_bytes, silence_after"
        ),
        'config.toml:4: logs.format: "xml" is not known; allowed: auto, tracing, json, logfmt, text',
        (
            "config.toml:5: servre: there is no such key, did you mean server?; allowed: language, mode, service, logs, "
            "triage, discord, claude, repository, github, fix, server, state, journal, secrets"
        ),
        "config.toml:7: fix.max_files: 0 is too small; allowed: a whole number, 1 to 1000000000",
        'AIOPS_FIX__MAX_LINES: fix.max_lines: "many" is not a whole number; allowed: a whole number, 1 to 1000000000',
        (
            "AIOPS_FIX__MAX_LINE: there is no such setting, did you mean AIOPS_FIX__MAX_LINES?; allowed: "
            "AIOPS_<SECTION>__<KEY>, as docs/configuration.md says"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a =\n", "config.toml:1: this is not TOML: Invalid value (at line 1, column 4)"),
        ("a = 1\na = 2\n", "config.toml:2: this is not TOML: Cannot overwrite a value (at line 2, column 6)"),
        ('a = 1\nb = """\nx\n', "config.toml:3: this is not TOML: "),
        ("a = " + "[" * 5000, "config.toml: this is not TOML: nested too deeply"),
        ("a = " + "9" * 5000, "config.toml:1: this is not TOML: "),
    ],
)
def test_broken_toml(configuration, text, expected):
    [problem] = configuration.write(text).problems()
    assert problem.startswith(expected)


def test_a_broken_file_does_not_hide_the_environment(configuration):
    problems = configuration.write("[").problems(AIOPS_MOOD="good")
    assert [problem.split(":")[0] for problem in problems] == ["config.toml", "AIOPS_MOOD"]


WRONG = [
    # key, value, what is said
    ("language", '"de"', '"de" is not known; allowed: en, ko'),
    ("mode", "1", "1 is not known; allowed: observe"),
    ("logs", "5", "a number stands where a table belongs; allowed: a table: [logs]"),
    ("service.name", '""', "it is empty; allowed: a text of 1 to 100 characters"),
    ("service.name", '"a\\nb"', "holds a line break"),
    ("service.name", "5", "5 is not a text"),
    (
        "service.timezone",
        '"Asia/Soul"',
        '"Asia/Soul" is not known; allowed: a name of the time zone database',
    ),
    ("service.timezone", '"Asia"', '"Asia" is not known'),
    ("service.timezone", '"../../etc/passwd"', "is not known"),
    ("logs.directory", '""', "it is empty; allowed: a path"),
    ("logs.directory", '"~/logs"', 'begins with "~"'),
    ("logs.include", '["/etc/*"]', '"/etc/*" is not relative'),
    ("logs.include", '["../*.log"]', 'leaves the directory with ".."'),
    ("logs.include", "[]", "the list is empty"),
    ("logs.include", '"*.log"', "a text is not a list"),
    ("logs.include", "[1]", "1 is not a text"),
    ("logs.max_line_bytes", "4095", "4095 is too small; allowed: a whole number, 4096 to 67108864"),
    ("logs.max_line_bytes", "67108865", "67108865 is too large"),
    ("logs.max_line_bytes", "true", "true is not a whole number"),
    ("logs.max_line_bytes", "4096.0", "4096.0 is not a whole number"),
    ("logs.max_line_bytes", '"4096"', '"4096" is not a whole number'),
    ("logs.max_line_bytes", "0x" + "f" * 5000, "this huge number is too large"),
    ("logs.silence_after", "5", '5 has no unit; allowed: a time such as "250ms"'),
    ("logs.silence_after", '"5"', '"5" has no unit'),
    ("logs.silence_after", '"5 m"', '"5 m" is not a time'),
    ("logs.silence_after", '"-5m"', '"-5m" is not a time'),
    ("logs.silence_after", '"5m5m"', '"5m5m" is not a time'),
    ("logs.silence_after", '"999999999999d"', "is too long"),
    ("logs.silence_after", '"3651d"', "is too long"),
    ("logs.silence_after", "2026-01-01", "a date or a time of day is not a time"),
    ("triage.quiet_after", '"0s"', '"0s" is no time at all'),
    ("triage.spike_events", "-1", "-1 is too small"),
    ("triage.codes", "[]", "a list stands where a table belongs"),
    ("triage.codes.pay5001", "{}", '"pay5001" is not an error code'),
    ("triage.codes.P5001", "{}", '"P5001" is not an error code'),
    ("triage.codes.PAY3001", "{}", '"PAY3001" is not an error code'),
    ("triage.codes.PAY5001", '"critical"', "a text stands where a table belongs"),
    (
        "triage.codes.PAY5001.severity",
        '"fatal"',
        '"fatal" is not known; allowed: critical, high, warning, info',
    ),
    ("triage.codes.PAY5001.actions", '["phone"]', '"phone" is not known; allowed: alert, digest'),
    ("triage.codes.PAY5001.titel", '"x"', "did you mean triage.codes.PAY5001.title?"),
    ("discord.mention_on_critical", '"everyone"', '"everyone" cannot be mentioned'),
    ("discord.digest_interval", '"0s"', "is no time at all"),
    ("claude.model", '"claude-sonnet-4-20250514"', 'was retired on 2026-06-15, use "claude-sonnet-5-5"'),
    ("claude.model", '"claude-sonnet-4-0"', 'use "claude-sonnet-5-5"'),
    ("claude.fallback_model", '"claude-sonnet-4-5-20250929"', "ends on 2026-11-30"),
    ("claude.model", '"claude-sonnet-9"', '"claude-sonnet-9" has no price; allowed: claude-'),
    ("claude.fallback_model", '"claude-sonnet-9"', 'or add its price as [claude.prices."<model>"]'),
    ("claude.model", '""', "is not a model id"),
    ("claude.prices.claude-opus-5-5.input", "-0.1", "-0.1 is negative; allowed: a number, 0 to 1000000000"),
    ("claude.prices.claude-opus-5-5.input", "inf", "this huge number is too large"),
    ("claude.prices.claude-opus-5-5.input", "nan", "nan is not a number"),
    ("claude.prices.claude-opus-5-5.input", "0x1" + "0" * 400, "this huge number is too large"),
    ("claude.prices.claude-opus-5-5.input", '"2"', '"2" is not a number'),
    ("claude.prices.claude-opus-5-5.inputs", "1", "did you mean claude.prices.claude-opus-5-5.input?"),
    ("claude.prices.claude-opus-5-5", "1", "a number stands where a table belongs"),
    ("claude.effort", '"huge"', "allowed: low, medium, high, xhigh, max"),
    ("claude.max_rounds", "0", "0 is too small"),
    ("claude.monthly_budget_usd", "-1", "-1 is negative"),
    ("claude.monthly_budget_usd", "true", "true is not a number"),
    ("claude.base_url", '"http://example.com"', "http://example.com is not encrypted"),
    ("repository.remote_url", '"git@github.com:o/r.git"', "ssh and helper addresses are not possible"),
    ("repository.remote_url", '"ext::sh -c id"', "ssh and helper addresses are not possible"),
    ("repository.remote_url", '"--upload-pack=x"', 'begins with "-"'),
    ("repository.base_branch", '"a..b"', '"a..b" is not a branch name'),
    ("repository.base_branch", '"-x"', "is not a branch name"),
    ("repository.base_branch", '"a b"', "is not a branch name"),
    ("repository.base_branch", '"a/.b"', "is not a branch name"),
    ("repository.base_branch", '"a.lock"', "is not a branch name"),
    ("repository.base_branch", '""', "is not a branch name"),
    ("repository.source_root", '"/srv"', "is not relative"),
    (
        "github.repository",
        '"name"',
        '"name" is not a repository\'s name; allowed: "owner/name", or "" for none',
    ),
    ("github.repository", '"a/b/c"', "is not a repository's name"),
    ("github.repository", '"a/.."', "is not a repository's name"),
    ("github.api_url", '""', "this is not a URL"),
    ("github.auth", '"password"', "allowed: token, gh, app"),
    ("github.app_id", "-1", "-1 is too small"),
    ("github.labels", '["a,b"]', "holds ','"),
    ("github.poll_interval", '"0s"', "is no time at all"),
    ("fix.editor", '"vim"', "allowed: auto, claude-code, api"),
    ("fix.test_command", "[]", "the list is empty"),
    ("fix.protected_paths", '["../x"]', "leaves the directory"),
    ("server.listen", '"8787"', '"8787" is not an address to listen on'),
    ("server.listen", '"127.0.0.1:65536"', "is not an address"),
    ("server.listen", '"::1:8787"', "is not an address"),
    ("server.listen", '"unix:relative"', "is not an address"),
    ("server.heartbeat_url", '"ftp://x"', '"ftp" URLs are not possible here'),
    ("state.retention", '"0s"', "is no time at all"),
    ("secrets.anthropic_api_kye", '"x"', "did you mean secrets.anthropic_api_key?"),
    ("directory", '"/var/log"', "did you mean logs.directory?"),
]


@pytest.mark.parametrize(
    ("key", "value", "expected"), WRONG, ids=[f"{key}={value[:24]}" for key, value, _ in WRONG]
)
def test_a_wrong_value_is_told_with_its_place(configuration, key, value, expected):
    *table, name = key.split(".")
    header = f"[{'.'.join(table)}]\n" if table else "\n"
    [problem] = configuration.write(f"# first\n{header}{name} = {value}\n").problems()
    assert problem.startswith(f"config.toml:3: {key}: ")
    assert expected in problem
    assert "nput should" not in problem


RIGHT = [
    ("discord.mention_on_critical", '"here"'),
    ("discord.mention_on_critical", '"123456789012345678"'),
    ("claude.fallback_model", '""'),
    ("claude.base_url", '"http://127.0.0.1:8080/v1/"'),
    ("claude.max_diagnoses_per_hour", "0"),
    ("claude.daily_budget_usd", "1"),
    ("repository.path", '"/srv/server"'),
    ("repository.remote_url", '"/srv/git/server.git"'),
    ("repository.remote_url", '"https://github.com/o/r.git"'),
    ("repository.base_branch", '"release/2026.11"'),
    ("github.repository", '"my-org/server.rs"'),
    ("github.api_url", '"http://api.github.localhost"'),
    ("server.listen", '""'),
    ("server.listen", '"[::1]:0"'),
    ("server.listen", '"0.0.0.0:80"'),
    ("server.listen", '"unix:/run/aiops/socket"'),
    ("server.heartbeat_url", '"https://hc-ping.com/abc?x=1"'),
    ("triage.codes.COMMON500", "{}"),
]


@pytest.mark.parametrize(("key", "value"), RIGHT)
def test_a_right_value_is_taken(configuration, key, value):
    configuration.write(f"{key} = {value}").load()


def test_an_app_must_be_named(configuration):
    problems = configuration.write('[github]\nauth = "app"\napp_id = 0').problems()
    assert [problem.partition(";")[0] for problem in problems] == [
        'config.toml:1: github.installation_id: auth = "app" needs it',
        'config.toml:3: github.app_id: auth = "app" needs it',
    ]
    configuration.write('[github]\nauth = "app"\napp_id = 1\ninstallation_id = 2').load()


def test_a_new_price_must_be_whole(configuration):
    problems = configuration.write(
        '[claude.prices."claude-x"]\ninput = 1\noutput = 2\ncache_read = 3'
    ).problems()
    assert [problem.partition(";")[0] for problem in problems] == [
        "config.toml:1: claude.prices.claude-x.cache_write_5m: it is missing",
        "config.toml:1: claude.prices.claude-x.cache_write_1h: it is missing",
    ]


@pytest.mark.parametrize("name", ["AIOPS_CONFIG", "AIOPS_FAILPOINT", "AIOPS_WAKE", "AIOPS_HOME"])
def test_four_variables_are_no_settings(configuration, name):
    configuration.write("").load(**{name: "anything"})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("AIOPS_LOGS__INCLUDE", '["a"', "logs.include: this is not JSON; allowed: a JSON list"),
        ("AIOPS_CLAUDE__PRICES", "[]", "claude.prices: this JSON is of another kind; allowed: a JSON object"),
        ("AIOPS_TRIAGE__CODES", '{"x": {}}', 'triage.codes.x: "x" is not an error code'),
        ("AIOPS_MODE", "", 'mode: "" is not known'),
        ("AIOPS_LOG__FORMAT", "json", "did you mean AIOPS_LOGS__FORMAT?"),
        ("AIOPS_LOGS_FORMAT", "json", "did you mean AIOPS_LOGS__FORMAT?"),
        ("AIOPS_logs__format", "json", "did you mean AIOPS_LOGS__FORMAT?"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(configuration, name, value, expected):
    [problem] = configuration.write('[logs]\nformat = "text"').problems(**{name: value})
    assert problem.startswith(f"{name}: ")
    assert expected in problem


def test_a_section_that_is_no_table_is_told_though_the_environment_brings_one(configuration):
    [problem] = configuration.write("logs = 5").problems(AIOPS_LOGS__FORMAT="json")
    assert "logs: a number stands where a table belongs" in problem


@pytest.mark.parametrize(
    "text",
    [
        'discord = "https://discord.com/api/webhooks/1/CANARY"',
        'secrets = "CANARY"',
        '[secrets]\nanthropic_key = "CANARY"',
        '[claude]\napi_key = "CANARY"',
        '[claude]\nmodel = "sk-ant-CANARY"',
        '[claude]\nbase_url = "https://user:CANARY@example.com"',
        '[server]\nheartbeat_url = "http://example.com/CANARY"',
        '[repository]\nremote_url = "https://x:CANARY@github.com/o/r"',
        '[github]\nrepository = "ghp_CANARY"',
        '[github]\nlabels = "ghp_CANARY"',
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(configuration, text):
    problems = configuration.write(text).problems()
    assert not re.search("CANARY", "\n".join(problems))

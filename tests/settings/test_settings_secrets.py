"""Where secrets come from, in which order, and that nobody ever sees one."""

import pytest

from aiops_daemon.settings.secret import NAMES

PEM = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"
WEBHOOK = "https://discord.com/api/webhooks/123/abc-DEF_456"


def test_each_place_wins_over_the_next(configuration, tmp_path):
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "github_token").write_text("from-credential\n")
    (tmp_path / "token.txt").write_text("  from-file \n")
    both = '[secrets]\ngithub_token_file = "token.txt"\ngithub_token = "from-toml"'
    only = '[secrets]\ngithub_token = "from-toml"'
    environ = {
        "AIOPS_SECRETS__GITHUB_TOKEN": "from-override",
        "GITHUB_TOKEN": "from-usual",
        "GH_TOKEN": "from-second",
    }

    def token(text, **given):
        return configuration.write(text).load(**given).settings.secrets.github_token.get_secret_value()

    assert token(both, CREDENTIALS_DIRECTORY=str(credentials), **environ) == "from-credential"
    assert token(both, CREDENTIALS_DIRECTORY=str(tmp_path), **environ) == "from-file"
    assert token(only, **environ) == "from-override"
    assert token(only, **environ | {"AIOPS_SECRETS__GITHUB_TOKEN": " "}) == "from-usual"
    assert token(only, GH_TOKEN="from-second") == "from-second"
    assert token(only) == "from-toml"


def test_every_secret_has_a_credential_a_file_and_a_variable(configuration, tmp_path):
    values = {name: "value-of-" + name for name in NAMES}
    values |= {
        "github_app_private_key": PEM,
        "discord_webhook_url": WEBHOOK,
        "discord_security_webhook_url": WEBHOOK,
    }
    directory = tmp_path / "c"
    directory.mkdir()
    for name, value in values.items():
        (directory / name).write_text(value)
    files = "[secrets]\n" + "".join(f'{name}_file = "c/{name}"\n' for name in NAMES)
    for text, environ in (
        ("", {"CREDENTIALS_DIRECTORY": str(directory)}),
        (files, {}),
        ("", {f"AIOPS_SECRETS__{name.upper()}": value for name, value in values.items()}),
        ("", {f"AIOPS_SECRETS__{name.upper()}_FILE": f"c/{name}" for name in NAMES}),
    ):
        secrets = configuration.write(text).load(**environ).settings.secrets
        assert {name: getattr(secrets, name).get_secret_value() for name in NAMES} == values


def test_the_usual_names(configuration):
    secrets = configuration.load(
        ANTHROPIC_API_KEY="a", DISCORD_WEBHOOK_URL=WEBHOOK, GH_TOKEN="g"
    ).settings.secrets
    assert secrets.all_values() == ("a", WEBHOOK, "abc-DEF_456", "g")


def test_nothing_is_shown_and_empty_is_none(configuration):
    settings = configuration.load(ANTHROPIC_API_KEY="CANARY", AIOPS_SECRETS__SERVER_TOKEN="").settings
    assert settings.secrets.server_token is None
    assert "CANARY" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_in_the_toml_it_is_a_warning(configuration):
    loaded = configuration.write('[secrets]\nserver_token = "CANARY"').load()
    [warning] = loaded.warnings
    assert warning.startswith(
        f"{configuration.path}:2: secrets.server_token: a secret stands in the configuration"
    )
    assert "CANARY" not in warning


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_in_a_toml_that_others_can_read_it_is_refused(configuration, mode):
    configuration.write('[secrets]\nserver_token = "CANARY"', mode=mode)
    for environ in ({}, {"AIOPS_SECRETS__SERVER_TOKEN": "another"}):
        [problem] = configuration.problems(**environ)
        assert problem.startswith(
            "config.toml:2: secrets.server_token: a secret stands in a file that its group"
        )
        assert "CANARY" not in problem
    configuration.write('[secrets]\nserver_token = ""', mode=mode).load()


def test_a_secret_file_must_be_there(configuration, tmp_path):
    configuration.write('[secrets]\nserver_token_file = "nowhere"')
    [problem] = configuration.problems()
    assert problem == (
        'config.toml:2: secrets.server_token_file: "nowhere": there is no such file; '
        "allowed: a file that holds the secret and nothing else"
    )
    [problem] = configuration.write("").problems(AIOPS_SECRETS__SERVER_TOKEN_FILE="nowhere")
    assert problem.startswith("AIOPS_SECRETS__SERVER_TOKEN_FILE: secrets.server_token_file: ")
    (tmp_path / "big").write_bytes(b"a" * 70_000)
    (tmp_path / "binary").write_bytes(b"CANARY\xff\xfe")
    for name, wrong in (
        ("big", "larger than 65536 bytes"),
        ("binary", "not UTF-8 text"),
        (".", "cannot be read"),
    ):
        [problem] = configuration.write(f'[secrets]\nserver_token_file = "{name}"').problems()
        assert wrong in problem
        assert "CANARY" not in problem


def test_a_credential_that_cannot_be_read_is_an_error(configuration, tmp_path):
    (tmp_path / "server_token").mkdir()
    [problem] = configuration.write("").problems(CREDENTIALS_DIRECTORY=str(tmp_path))
    assert problem.startswith("server_token: secrets.server_token: the file cannot be read")


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("anthropic_api_key", "CANARY\nX-Injected: 1", "a line break"),
        ("anthropic_api_key", "CANARY 1", "holds a space"),
        ("github_token", "CANARY서버", "outside ASCII"),
        ("github_webhook_secret", "CANARY\nx", "holds a line break"),
        ("github_app_private_key", "CANARY", "it is not a private key"),
        ("discord_webhook_url", "CANARY", "it is not a URL"),
        (
            "discord_webhook_url",
            "http://discord.com/api/webhooks/1/CANARY",
            "does not lead to Discord by https",
        ),
        (
            "discord_webhook_url",
            "https://discord.com.evil.net/api/webhooks/1/CANARY",
            "does not lead to Discord",
        ),
        ("discord_webhook_url", "https://discord.com:8443/api/webhooks/1/CANARY", "does not lead to Discord"),
        ("discord_webhook_url", "https://discord.com@evil.net/api/webhooks/1/CANARY", "holds a user name"),
        ("discord_webhook_url", "https://discord.com/api/CANARY", "not the address of a Discord webhook"),
        ("discord_webhook_url", "https://discord.com/api/webhooks/1/CANARY?wait=true", "not the address"),
        ("discord_security_webhook_url", "https://example.com/CANARY", "does not lead to Discord"),
    ],
)
def test_a_wrong_secret_is_told_without_its_value(configuration, name, value, wrong):
    variable = f"AIOPS_SECRETS__{name.upper()}"
    [problem] = configuration.write("").problems(**{variable: value})
    assert problem.startswith(f"{variable}: secrets.{name}: ")
    assert wrong in problem
    assert "CANARY" not in problem


def test_a_wrong_secret_is_told_by_the_place_it_came_from(configuration, tmp_path):
    (tmp_path / "key").write_text("two words")
    [problem] = configuration.write('[secrets]\nanthropic_api_key_file = "key"').problems()
    assert problem.startswith("key: secrets.anthropic_api_key: ")
    [problem] = configuration.write('[secrets]\nanthropic_api_key = "two words"').problems()
    assert problem.startswith("config.toml:2: secrets.anthropic_api_key: ")
    [problem] = configuration.write("[secrets]\nanthropic_api_key = 5").problems()
    assert problem == "config.toml:2: secrets.anthropic_api_key: it is not a text; allowed: a text"
    [problem] = configuration.write("").problems(GH_TOKEN="two words")
    assert problem.startswith("GH_TOKEN: secrets.github_token: ")


@pytest.mark.parametrize(
    "url",
    [
        WEBHOOK,
        "https://ptb.discord.com/api/v10/webhooks/123/abc",
        "https://canary.discordapp.com/api/webhooks/123/abc/",
        "http://127.0.0.1:9000/anything",
        "https://localhost/x",
        "http://[::1]:1/x",
    ],
)
def test_webhook_urls(configuration, url):
    secrets = configuration.load(DISCORD_WEBHOOK_URL=url).settings.secrets
    assert secrets.discord_webhook_url.get_secret_value().rstrip("/") == url.rstrip("/")


def test_a_webhook_secret_may_be_a_sentence(configuration):
    secret = "It's a Secret to Everybody"
    assert configuration.load(AIOPS_SECRETS__GITHUB_WEBHOOK_SECRET=secret).settings.secrets.all_values() == (
        secret,
    )


def test_a_command_run_by_hand_finds_what_the_unit_loads_and_the_daemon_does_not(configuration, tmp_path):
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "github_token").write_text("by-hand\n")
    found = configuration.write("").load().settings.secrets
    assert found.github_token.get_secret_value() == "by-hand"
    assert configuration.load(GH_TOKEN="first").settings.secrets.github_token.get_secret_value() == "first"
    empty = tmp_path / "handed-over"
    empty.mkdir()
    assert configuration.load(CREDENTIALS_DIRECTORY=str(empty)).settings.secrets.github_token is None

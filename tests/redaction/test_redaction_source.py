"""Source code: secrets that were written into it go, its own words stay."""

import pytest

from aiops_daemon.redaction import Placeholders, Redactor


def redacted(text, *own):
    return Redactor(own).source(text, Placeholders.fresh())


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('const JWT_SECRET: &str = "a8Fk29dLmQ01zXyTq7";', "a8Fk29dLmQ01zXyTq7"),
        ('let password = "hunter2isNot4Safe";', "hunter2isNot4Safe"),
        ('    "api_key" => "AbCd1234EfGh",', "AbCd1234EfGh"),
        ("client_secret: 'q1W2e3R4t5Y6'", "q1W2e3R4t5Y6"),
        ("   12 JWT_SECRET=9f8a7b6c5d4e3f2a1b", "9f8a7b6c5d4e3f2a1b"),
        ("+DB_PASSWORD=correcthorse1battery", "correcthorse1battery"),
        ("  db_password: s3cr3tPa55word", "s3cr3tPa55word"),
        ("DATABASE_URL=postgres://app:sup3rs3cret@db/app", "sup3rs3cret"),
        ('let key = "sk-ant-api03-abcdefghijklmnop1234567890ABCDEFGH";', "abcdefghijklmnop1234567890"),
        ("ghp_" + "a1B2" * 9, "a1B2a1B2a1B2"),
    ],
)
def test_what_is_a_secret_goes(text, secret):
    assert secret not in redacted(text)
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "let token = cookie::read_refresh(&jar)?;",
        "let access_token = jwt::issue_access(&state.config, member.id)?;",
        'const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";',
        'Self::TokenTampered => "AUTH4003",',
        "DATABASE_URL: mysql://app:${DB_PASSWORD}@db:3306/app",
        'password: "password_must_be_long",',
        "let secret = config.jwt_secret.as_bytes();",
        "ERRORTOKEN = token.ERRORTOKEN",
        "#[validate(length(min = 8, max = 72))] pub password: String,",
        "pub refresh_token: Option<String>,",
        "JWT_SECRET=",
        "access_token_ttl_secs = 3600",
    ],
)
def test_what_is_code_stays(text):
    assert redacted(text) == text


def test_the_daemons_own_secrets_go_wherever_they_stand():
    assert redacted("fn f() { call(xyzzy-plugh-1); }", "xyzzy-plugh-1") != "fn f() { call(xyzzy-plugh-1); }"

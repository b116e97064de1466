"""The daemon's own secrets are found in every form in which they could leave."""

import base64
import json
import urllib.parse

import pytest

from aiops_daemon.redaction import Placeholders, Redactor

SECRET = 'Zq8/v+T=r x%9"w한-Ln3'
REDACTOR = Redactor([SECRET, "short"])


def redacted(text: str) -> str:
    return REDACTOR.text(text, Placeholders(b"k"))


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
    ],
)
def test_an_own_secret_vanishes_in_every_form(form: str):
    for text in (f"before {form} after", f"glued{form}glued", json.dumps({"message": f"x {form} y"})):
        for line in (redacted(text), REDACTOR.mask(text)):
            assert form not in line
            assert form[4:-4] not in line


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("after", ["", "z", "zz", "zzz"])
def test_an_own_secret_vanishes_from_the_middle_of_base64(before: str, after: str):
    encoded = base64.b64encode((before + SECRET + after).encode()).decode()

    line = redacted(f"payload {encoded} sent")

    assert "<SECRET_1>" in line
    left = line.removeprefix("payload ").removesuffix(" sent").replace("<SECRET_1>", "").rstrip("=")
    # Only the characters that carry bits of the neighbours may stay.
    assert len(left) <= (len(before) + len(after)) * 8 / 6 + 2


def test_a_short_own_secret_is_not_looked_for():
    assert redacted("a short line") == "a short line"


def test_without_own_secrets_nothing_is_looked_for():
    assert Redactor().text("plain", Placeholders(b"k")) == "plain"


def test_a_key_of_many_lines_vanishes_in_its_escaped_form_too():
    key = "line-one-of-key\nline-two-of-key"

    assert Redactor([key]).text("k=" + key.replace("\n", "\\n"), Placeholders(b"k")) == "k=<SECRET_1>"

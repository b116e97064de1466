"""What is no secret comes back byte for byte."""

from pathlib import Path

import pytest

from aiops_daemon.redaction import Placeholders, Redactor

LINES = Path(__file__).with_name("harmless.log").read_text(encoding="utf-8").split("\n")
REDACTOR = Redactor(["an-own-secret-of-ours"])


@pytest.mark.parametrize("line", LINES)
def test_a_harmless_line_is_unchanged(line: str):
    assert REDACTOR.text(line, Placeholders(b"k")) == line
    assert REDACTOR.mask(line) == line


def test_the_harmless_lines_are_unchanged_together():
    text = "\n".join(LINES)

    assert REDACTOR.text(text, Placeholders(b"k")) == text


@pytest.mark.parametrize(
    "line",
    [
        "900101-9234567 is no registration number, 901301-1234567 neither",
        "4111 1111 1111 1112 fails its check digit",
        "0.4111111111111111 is a fraction",
        "1795347655114 are milliseconds",
        "UUID 4111a111-1111-4111-8111-111111111111",
        "10.1.2.3 172.31.0.1 192.168.0.1 127.0.0.1 0.0.0.0 ::1 fe80::1 256.1.1.1 1.2.3.4.5",
        "2026:11:18:21 and add::be::cafe",
    ],
)
def test_what_only_resembles_personal_data_stays(line: str):
    assert REDACTOR.text(line, Placeholders(b"k")) == line

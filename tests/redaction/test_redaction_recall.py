"""What has to vanish, vanishes; what stands around it stays readable."""

import pytest
from redaction_corpus import FIELDS, FRAMES, HEADERS, MORE, PEOPLE, PROVIDERS, Leak

from aiops_daemon.redaction import Placeholders, Redactor

REDACTOR = Redactor()


def redacted(text: str) -> str:
    return REDACTOR.text(text, Placeholders(b"k" * 16))


@pytest.mark.parametrize("leak", [*FIELDS, *HEADERS, *PEOPLE, *MORE], ids=lambda leak: leak.line[:40])
def test_secret_and_personal_data_vanish_and_the_rest_stays(leak: Leak):
    line = redacted(leak.line)

    assert [part for part in leak.gone if part in line] == []
    assert [part for part in leak.stays if part not in line] == []


@pytest.mark.parametrize("token", PROVIDERS, ids=lambda token: token[:6])
@pytest.mark.parametrize("frame", FRAMES)
def test_a_providers_token_vanishes_whatever_stands_next_to_it(token: str, frame: str):
    line = redacted(frame.format(token))

    assert token not in line
    assert token[-10:] not in line
    assert frame.format("\0").partition("\0")[0][:12] in line


@pytest.mark.parametrize("leak", [*FIELDS, *HEADERS], ids=lambda leak: leak.line[:40])
def test_the_journal_mask_takes_secrets_but_no_people(leak: Leak):
    masked = REDACTOR.mask(leak.line)

    if "<REDACTED>" in masked:
        assert "_1>" not in masked
    assert REDACTOR.mask(masked) == masked


def test_the_journal_mask_leaves_people_and_counts_nothing():
    assert (
        REDACTOR.mask("user@x.com from 203.0.113.4 password=hunter2")
        == "user@x.com from 203.0.113.4 password=<REDACTED>"
    )
    assert (
        REDACTOR.mask('{"email":"kim@x.com","token":"abc123def"}')
        == '{"email":"kim@x.com","token":"<REDACTED>"}'
    )


def test_a_line_of_many_lines_is_read_line_by_line():
    text = 'start\n{"password":"hunter2"}\nkim@example.com\n{"ok":1}\n'

    assert redacted(text) == 'start\n{"password":"<PASSWORD_1>"}\n<EMAIL_1>\n{"ok":1}\n'

"""JSON is read as JSON, edited in place, and never breaks the reader."""

import json

import pytest

from aiops_daemon.redaction import Placeholders, Redactor

REDACTOR = Redactor()


def redacted(text: str) -> str:
    return REDACTOR.text(text, Placeholders(b"k" * 16))


def test_only_the_value_changes_and_the_line_stays_json():
    line = '{ "n":1e999,"n":01e0,"a":"\\u00e9\\/", "password" : "x1y2", "z":[1 ,2] }'.replace("01e0", "-0")

    assert redacted(line) == line.replace('"x1y2"', '"<PASSWORD_1>"')


def test_json_in_a_string_in_json_stays_json_on_every_level():
    inner = json.dumps({"token": "abc123def", "회고": "✓"})
    line = json.dumps({"level": "ERROR", "body": json.dumps({"raw": inner})})

    outer = json.loads(redacted(line))

    assert json.loads(json.loads(outer["body"])["raw"]) == {"token": "<TOKEN_1>", "회고": "✓"}


def test_numbers_under_a_telling_name_become_strings_and_counters_stay():
    line = '{"pin":4321,"cvv":123,"session_id":17,"tokens":512,"token":12,"password":null,"otp":true}'

    assert redacted(line) == line.replace("4321", '"<OTP_1>"').replace("123,", '"<CARD_1>",')


def test_containers_hand_their_name_down():
    assert redacted('{"credentials":[{"a":"v1x"},["v2x"]],"b":"v3x"}') == (
        '{"credentials":[{"a":"<CREDENTIAL_1>"},["<CREDENTIAL_2>"]],"b":"v3x"}'
    )


@pytest.mark.parametrize(
    "line",
    [
        '{"a":' * 5000 + "1" + "}" * 5000,
        "[" * 100_000,
        '{"n":' + "9" * 5000 + "}",
        '{"a":"' + "\\\\" * 10_000 + '"}',
        '{"\ud800":"\udfff"}',
        '{"a":"\x00\t"}',
        '{"',
        '{"":""}',
        '{"a"',
        '{"a":NaN}',
    ],
    ids=lambda line: line[:12].encode("unicode_escape").decode(),
)
def test_strange_json_neither_raises_nor_changes(line: str):
    assert redacted(line) == line


def test_a_secret_beside_strange_json_still_vanishes():
    for strange in ('{"a":' * 3000, '{"n":' + "9" * 5000 + ",", '{"\ud800":"x",'):
        assert "hunter2" not in redacted(strange + '"password":"hunter2"}')


def test_versions_by_name_are_no_addresses():
    assert redacted('{"version":"1.2.3.4","ip":"1.2.3.4"}') == '{"version":"1.2.3.4","ip":"<IP_1>"}'

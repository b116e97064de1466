"""The same value has the same name within an incident, and no name tells a value."""

import json

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.redaction import Placeholders, Redactor


def test_names_count_up_per_kind_and_repeat_for_the_same_value():
    names = Placeholders.fresh()

    assert [
        names.name(kind, value)
        for kind, value in [("EMAIL", "a"), ("EMAIL", "b"), ("IP", "a"), ("EMAIL", "a")]
    ] == [
        "<EMAIL_1>",
        "<EMAIL_2>",
        "<IP_1>",
        "<EMAIL_1>",
    ]


def test_names_survive_a_restart_through_json():
    before = Placeholders.fresh()
    given_before = {value: before.name("EMAIL", value) for value in ("a@x.com", "b@x.com")}
    stored = json.loads(json.dumps(before.known()))

    after = Placeholders(before.key, stored)

    assert {value: after.name("EMAIL", value) for value in ("b@x.com", "a@x.com")} == given_before
    assert after.name("EMAIL", "c@x.com") == "<EMAIL_3>"
    assert after.known()["EMAIL"][:2] == stored["EMAIL"]


def test_what_is_stored_holds_no_value_and_differs_from_incident_to_incident():
    one, other = Placeholders.fresh(), Placeholders.fresh()
    one.name("PHONE", "010-1234-5678")
    other.name("PHONE", "010-1234-5678")

    assert "1234" not in json.dumps(one.known()).replace(one.known()["PHONE"][0], "")
    assert one.known() != other.known()
    assert len(one.known()["PHONE"][0]) == 16


def test_memory_is_bounded_at_sixty_four_names_a_kind():
    names = Placeholders.fresh()
    given_names = [names.name("EMAIL", str(number)) for number in range(100)]

    assert given_names[63:66] == ["<EMAIL_64>", "<EMAIL>", "<EMAIL>"]
    assert names.name("EMAIL", "3") == "<EMAIL_4>"
    assert len(names.known()["EMAIL"]) == 64


def test_one_incident_uses_one_name_across_lines_and_forms():
    names = Placeholders.fresh()
    redactor = Redactor()

    assert redactor.text("from kim@x.com", names) == "from <EMAIL_1>"
    assert (
        redactor.text('{"email":"lee@x.com","note":"was kim@x.com"}', names)
        == '{"email":"<EMAIL_2>","note":"was <EMAIL_1>"}'
    )


@given(st.lists(st.tuples(st.sampled_from(["EMAIL", "TOKEN"]), st.text()), max_size=80))
def test_a_name_never_changes(values):
    names = Placeholders(b"key")
    first = {pair: names.name(*pair) for pair in values}

    assert {pair: names.name(*pair) for pair in values} == first
    restarted = Placeholders(b"key", names.known())
    assert {pair: restarted.name(*pair) for pair in reversed(values)} == first

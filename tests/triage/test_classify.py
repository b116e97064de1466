"""What an event is: the built-in catalogue, and the rules for what has no row."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.domain.event import Level, Panic
from aiops_daemon.domain.playbook import Action, Playbook, Severity
from aiops_daemon.sources.formats.envelope import event_of
from aiops_daemon.sources.formats.part import Record
from aiops_daemon.triage.classify import catalogue, classify
from tests.builders import event

ALERT, DIAGNOSE, ISSUE = Action.ALERT, Action.DIAGNOSE, Action.ISSUE


@pytest.mark.parametrize(
    ("code", "severity", "actions"),
    [
        ("AI5001", "critical", {ALERT, DIAGNOSE, ISSUE}),
        ("AI5002", "warning", set()),
        ("AI5003", "critical", {ALERT, DIAGNOSE, ISSUE}),
        ("AI5004", "warning", {Action.DIGEST}),
        ("AI5005", "critical", {ALERT, DIAGNOSE, ISSUE}),
        ("AI5031", "high", {ALERT, DIAGNOSE}),
        ("AUTH4001", "warning", set()),
        ("AUTH4002", "warning", set()),
        ("AUTH4003", "critical", {ALERT, DIAGNOSE, Action.SECURITY}),
        ("AUTH4004", "warning", set()),
        ("AUTH4005", "warning", set()),
        ("DB5001", "critical", {ALERT, DIAGNOSE, ISSUE}),
        ("DB5002", "high", {ALERT, DIAGNOSE}),
        ("DB5003", "warning", set()),
        ("DB5004", "info", set()),
        ("EXT5001", "high", {ALERT, DIAGNOSE}),
        ("COMMON500", "high", {ALERT, DIAGNOSE}),
        ("VAL4001", "warning", {Action.DIGEST}),
        ("COMMON400", "warning", {Action.DIGEST}),
    ],
)
def test_the_catalogue_and_the_rules_for_what_has_no_row(code, severity, actions):
    found = classify(event(code), catalogue())
    assert (found.severity, set(found.actions)) == (severity, actions)


@pytest.mark.parametrize("code", [None, "5001", "X" * 5000, "nonsense"])
def test_nothing_unknown_is_silent_at_error_level(code):
    found = classify(event(code), catalogue())
    assert (found.code, found.severity) == (None, Severity.HIGH)
    assert ALERT in found.actions


def test_fatal_and_panics_are_critical():
    assert classify(event(None, level=Level.FATAL), catalogue()).severity is Severity.CRITICAL
    panic = Panic(location="src/a.rs:1:2", is_raw_text=False)
    assert classify(event("COMMON5001", panic=panic), catalogue()).severity is Severity.CRITICAL


@pytest.mark.parametrize("level", [Level.INFO, Level.DEBUG, Level.TRACE, None])
def test_info_and_below_never_open_an_incident(level):
    assert classify(event("AI5003", level=level), catalogue()) is None


def test_a_warning_with_a_code_follows_its_row_and_one_without_is_only_counted():
    assert classify(event("AI5003", level=Level.WARN), catalogue()).severity is Severity.CRITICAL
    assert classify(event(None, level=Level.WARN), catalogue()) is None


def test_a_code_inside_the_text_can_not_talk_an_error_down():
    """What a user typed can stand there."""
    quoted = classify(event(None, message="bad title: [VAL4001] haha"), catalogue())
    assert (quoted.code, quoted.severity) == ("VAL4001", Severity.HIGH)
    at_head = classify(event(None, message="[DB5004] no rows"), catalogue())
    assert at_head.severity is Severity.INFO


def test_a_code_under_another_name_decides_too():
    other = replace(event(None), other_code="AI5003")
    assert classify(other, catalogue()).code == "AI5003"


def test_a_row_of_the_team_overrides_the_built_in_one():
    row = Playbook(severity=Severity.INFO, actions=frozenset(), titles={"en": "never mind"})
    found = classify(event("AI5003"), catalogue({"AI5003": row}))
    assert (found.severity, found.title) == (Severity.INFO, "never mind")


@pytest.mark.parametrize(("language", "title"), [("en", "API time-out"), ("ko", "API 타임아웃")])
def test_titles_come_in_the_language_of_the_configuration(language, title):
    assert classify(event("AI5003"), catalogue(language=language)).title == title


@pytest.mark.parametrize("target", ["@everyone", "[a](https://b)", "a b", "x" * 500, "`"])
def test_a_target_that_is_no_module_path_is_not_shown_as_one(target):
    assert classify(event(target=target), catalogue()).target in {"", "x" * 160}


def test_without_a_code_two_places_of_panic_are_two_faults():
    prints = {
        classify(event(None, panic=Panic(location=place, is_raw_text=True)), catalogue()).fingerprint
        for place in ("src/a.rs:1:2", "src/a.rs:9:2")
    }
    assert len(prints) == 2


HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**5000),
    st.floats(),
    st.text(max_size=30),
    st.just("\ud800 lone"),
    st.just("x" * 100_000),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(
        st.sampled_from(["message", "msg", "a"]), st.text(max_size=5) | st.just("\udfff"), max_size=2
    ),
)
KEYS = [
    "message",
    "error_code",
    "code",
    "target",
    "timestamp",
    "span",
    "spans",
    "panic.location",
    "request_id",
    "uri",
    "error",
]


@given(
    fields=st.dictionaries(st.sampled_from(KEYS), HOSTILE),
    around=st.dictionaries(st.sampled_from(KEYS), HOSTILE),
    span=st.dictionaries(st.sampled_from(KEYS), HOSTILE),
)
def test_whatever_a_record_holds_it_is_classified(fields, around, span):
    """Anybody may write a log record: what can't be shown or hashed must not stop the daemon."""
    values = {**around, "level": "ERROR", "fields": fields, "span": span}
    found = classify(event_of(Record(0, Level.ERROR, values, "text"), 0), catalogue())
    assert found is not None
    for text in (found.title, found.target, found.fingerprint.value, found.place or "", found.twin_key or ""):
        text.encode()

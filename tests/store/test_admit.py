"""Admission: events into incidents, jobs and positions, each event once."""

from datetime import timedelta

import pytest

from aiops_daemon.domain.event import Panic
from aiops_daemon.domain.incident import IncidentState
from aiops_daemon.store import files, incidents, jobs, samples
from aiops_daemon.store.admit import admit
from aiops_daemon.store.database import connect
from tests.builders import NOON, TERMS, admission, event


@pytest.fixture
def tx(tmp_path):
    connection = connect(tmp_path / "state.db")
    yield connection
    connection.close()


def take(tx, *events, now=NOON, **rest):
    return admit(tx, [admission(*events, **rest)], TERMS, now)


def listed(tx):
    return sorted(incidents.listed(tx, resolved_too=True), key=lambda each: each.id)


def alert_keys(tx):
    return [row[0] for row in tx.execute("SELECT key FROM jobs WHERE kind = 'alert' ORDER BY id")]


def test_events_of_one_fingerprint_are_one_incident_and_one_alert(tx):
    take(tx, *(event(message=f"order {number} failed", offset=number) for number in range(10)))
    (found,) = listed(tx)
    assert (found.count, found.suppressed) == (10, 9)
    assert alert_keys(tx) == ["alert:1:opened:1"]


def test_the_position_is_written_with_the_events_before_it(tx):
    take(tx, event(), position=777)
    (cursor,) = files.cursors(tx)
    assert cursor.position == 777


def test_a_record_behind_the_position_is_admitted_once_though_it_is_read_twice(tx):
    """A panic before it was still being written when the process died."""
    take(tx, event(offset=500), position=100)
    take(tx, event(offset=500), event("DB5001", offset=600), position=1000)
    assert [(each.code, each.count) for each in listed(tx)] == [("AI5003", 1), ("DB5001", 1)]
    assert files.offsets_read_ahead(tx, "g1") == frozenset()


def test_three_errors_of_one_request_are_one_message(tx):
    """The cause without a code, the coded error, and what the HTTP layer says of it."""
    take(tx, event(None, message="cause", target="server::db", request="r1", offset=1))
    take(tx, event("DB5001", request="r1", offset=2))
    take(tx, event(None, message="response failed", target="tower_http", request="r1", offset=3))
    (found,) = listed(tx)
    assert (found.code, found.count, found.companions) == ("DB5001", 1, 2)
    assert len(alert_keys(tx)) == 1
    assert [sample.is_companion for sample in samples.of(tx, found.id)] == [False, True, True]


def test_a_record_without_a_code_is_told_when_no_stronger_one_comes(tx):
    take(tx, event(None, request="r1"))
    due = tx.execute("SELECT due_at - created_at FROM jobs WHERE kind = 'alert'").fetchone()[0]
    assert due == TERMS.rules.request_grace // timedelta(microseconds=1)


def test_what_was_told_already_is_not_unsaid_by_a_stronger_record(tx):
    take(tx, event(None, request="r1", offset=1))
    tx.execute("UPDATE jobs SET state = 'done' WHERE kind = 'alert'")
    take(tx, event("DB5001", request="r1", offset=2))
    assert [(each.code, each.count) for each in listed(tx)] == [(None, 1), ("DB5001", 1)]


def test_an_unknown_error_is_heard_though_its_request_also_logged_something_harmless(tx):
    take(tx, event("DB5004", request="r1", offset=1), event(None, message="what?", request="r1", offset=2))
    harmless, unknown = listed(tx)
    assert (harmless.companions, unknown.count) == (0, 1)
    assert alert_keys(tx) == [f"alert:{unknown.id}:opened:1"]


def test_two_coded_errors_of_one_request_share_the_first_ones_message(tx):
    take(tx, event("DB5001", request="r1", offset=1), event("EXT5001", request="r1", offset=2))
    first, second = listed(tx)
    assert (second.shares_with, second.alerts) == (first.id, 0)
    assert alert_keys(tx) == ["alert:1:opened:1"]
    assert incidents.card(tx, first.id, NOON).sharing == (second,)


@pytest.mark.parametrize(
    "other",
    [
        {"request": "r2"},
        {"request": "r1", "path": "/other"},
        {"request": "r1", "method": "POST"},
        {"request": "r1", "logged_at": NOON + timedelta(seconds=61)},
    ],
)
def test_another_request_is_another_message(tx, other):
    """An id alone is a client's word: method, path and time must agree, too."""
    take(tx, event("DB5001", request="r1", offset=1), event("EXT5001", offset=2, **other))
    assert alert_keys(tx) == ["alert:1:opened:1", "alert:2:opened:1"]


@pytest.mark.parametrize("raw_first", [True, False])
def test_the_text_of_a_panic_and_its_record_are_one(tx, raw_first):
    raw = event(None, message="boom", panic=Panic(location="src/a.rs:1:2", is_raw_text=True), offset=1)
    record = event(
        "COMMON5001", message="boom", panic=Panic(location="src/a.rs:1:2", is_raw_text=False), offset=2
    )
    for each in (raw, record) if raw_first else (record, raw):
        take(tx, each)
    (found,) = listed(tx)
    assert (found.code, found.count, found.companions) == ("COMMON5001", 1, 1)
    assert len(alert_keys(tx)) == 1


def test_of_two_panics_at_one_place_each_text_finds_its_own_record(tx):
    record = Panic(location="src/a.rs:1:2", is_raw_text=False)
    raw = Panic(location="src/a.rs:1:2", is_raw_text=True)
    take(tx, event("COMMON5001", panic=record, offset=1), event(None, panic=raw, offset=2))
    take(tx, event(None, panic=raw, offset=3))
    assert [(each.code, each.count, each.companions) for each in listed(tx)] == [
        ("COMMON5001", 1, 1),
        (None, 1, 0),
    ]


def test_at_most_fifty_shapes_of_one_code_and_target_then_one_for_the_rest(tx):
    words = [f"{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(80)]
    take(tx, *(event(message=f"failed on {word}", offset=number) for number, word in enumerate(words)))
    found = listed(tx)
    assert len(found) == 51
    assert found[-1].count == 30


def test_a_return_after_the_end_is_a_regression_of_the_same_incident(tx):
    take(tx, event(offset=1))
    tx.execute("UPDATE incidents SET state = 'resolved', resolved_at = active_at")
    take(tx, event(offset=2), now=NOON + timedelta(hours=2))
    (found,) = listed(tx)
    assert (found.state, found.count) == (IncidentState.OPEN, 2)
    assert alert_keys(tx) == ["alert:1:opened:1", "alert:1:regressed:2"]
    assert [row.what for row in incidents.history(tx, 1)] == ["opened", "regressed"]


def test_secrets_are_out_before_anything_is_stored(tx, tmp_path):
    secret = "hunter2hunter2"
    take(
        tx, event(None, message=f"login of kim@example.com failed: password={secret}", target="server::auth")
    )
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() not in stored
    assert b"kim@example.com" not in stored


def test_one_incident_gives_one_name_to_one_value(tx):
    for offset in range(2):
        take(tx, event(None, message="mail to kim@example.com failed", offset=offset))
    texts = [sample.text for sample in samples.of(tx, 1)]
    assert all("<EMAIL_1>" in text for text in texts)


def test_a_storm_of_one_fingerprint_is_counted_in_full_and_kept_in_a_few_lines(tx):
    for start in range(0, 5000, 500):
        take(tx, *(event(offset=start + each) for each in range(500)))
    (found,) = listed(tx)
    assert found.count == 5000
    assert len(samples.of(tx, 1)) <= samples.KEPT_FIRST_SAMPLES + samples.KEPT_LAST_SAMPLES
    assert jobs.counts(tx)["todo"] == 3  # the alert, a look for evidence, a look at its quiet


def test_one_request_id_sent_for_ever_takes_one_row(tx):
    for start in range(0, 2000, 500):
        take(tx, *(event("DB5001", request="always-the-same", offset=start + each) for each in range(500)))
    assert tx.execute("SELECT count(*), sum(events) FROM twins").fetchone()[:] == (1, 2000)


def test_several_records_without_a_code_of_one_request_all_become_companions(tx):
    for offset in range(3):
        take(tx, event(None, message="cause", request="r1", offset=offset))
    take(tx, event("DB5001", request="r1", offset=9))
    (found,) = listed(tx)
    assert (found.code, found.count, found.companions) == ("DB5001", 1, 3)

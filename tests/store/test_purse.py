"""What may be spent now: an hour's diagnoses with room for new faults, and money per diagnosis, day and month."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops_daemon.store import ledger, purse
from aiops_daemon.store.database import FILE_NAME, connect
from aiops_daemon.store.ledger import Kind, Limits
from aiops_daemon.store.purse import Purpose, Refused

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LIMITS = Limits(diagnoses_per_hour=10, pull_requests_per_day=5, usd_per_day=5.0, usd_per_month=30.0)


@pytest.fixture
def state(tmp_path):
    return tmp_path / FILE_NAME


@pytest.fixture
def connection(state):
    opened = connect(state)
    yield opened
    opened.close()


def purpose(number, *, is_new=False, most_usd=0.5):
    return Purpose(key=f"diagnose:{number}:1", incident_id=number, is_new=is_new, most_usd=most_usd)


def begun(connection, *numbers, is_new=False, now=NOW, limits=LIMITS):
    return [purse.begin(connection, purpose(number, is_new=is_new), limits, now) for number in numbers]


def test_two_of_an_hours_diagnoses_are_kept_for_faults_never_looked_into(connection):
    assert begun(connection, *range(8)) == [None] * 8
    (refused,) = begun(connection, 8)
    assert isinstance(refused, Refused)
    assert "10 diagnoses an hour is the limit" in refused.reason
    assert begun(connection, 9, 10, is_new=True) == [None, None]
    (refused,) = begun(connection, 11, is_new=True)
    assert refused.until == NOW + timedelta(hours=1)


def test_the_limit_outlives_a_restart_and_ends_with_the_hour(connection, state):
    begun(connection, *range(10), is_new=True)
    again = connect(state)
    assert begun(again, 10, is_new=True, now=NOW + timedelta(minutes=59)) != [None]
    assert begun(again, 10, is_new=True, now=NOW + timedelta(minutes=61)) == [None]
    again.close()


def test_a_diagnosis_that_is_tried_again_counts_once(connection):
    assert begun(connection, 1, 1, 1) == [None, None, None]
    assert ledger.used(connection, Kind.DIAGNOSIS, NOW - ledger.HOUR) == 1


def test_no_diagnoses_at_all_is_nothing_to_wait_for(connection):
    none = Limits(diagnoses_per_hour=0, pull_requests_per_day=5, usd_per_day=5.0, usd_per_month=30.0)
    (refused,) = begun(connection, 1, is_new=True, limits=none)
    assert refused.until is None


def test_questions_of_one_diagnosis_share_what_it_may_cost(connection):
    begun(connection, 1)
    first = purse.reserve(connection, purpose(1), "1.1", 0.3, LIMITS, NOW)
    refused = purse.reserve(connection, purpose(1), "1.2", 0.3, LIMITS, NOW)
    assert isinstance(refused, Refused)
    assert "$0.5 a diagnosis is the limit" in refused.reason
    ledger.settle(connection, first, usd=0.05)
    assert isinstance(purse.reserve(connection, purpose(1), "1.2", 0.3, LIMITS, NOW), int)
    assert purse.spent_on(connection, purpose(1)) == pytest.approx(0.35)
    assert purse.spent_on(connection, purpose(11)) is None  # of another one, whose key begins alike


@pytest.mark.parametrize(
    ("spent_at", "day", "month"),
    [
        (NOW - timedelta(hours=23), True, True),
        (NOW - timedelta(hours=25), False, True),
        (datetime(2026, 10, 31, 23, 59, tzinfo=UTC), False, False),
    ],
)
def test_a_day_is_the_last_24_hours_and_a_month_is_that_of_the_calendar(connection, spent_at, day, month):
    ledger.reserve(connection, Kind.QUESTION, "old", usd=1.0, now=spent_at)
    for is_spent, limits in (
        (day, Limits(diagnoses_per_hour=10, pull_requests_per_day=5, usd_per_day=1.2, usd_per_month=30.0)),
        (month, Limits(diagnoses_per_hour=10, pull_requests_per_day=5, usd_per_day=30.0, usd_per_month=1.2)),
    ):
        answer = purse.reserve(
            connection, purpose(2, most_usd=9.0), f"{limits.usd_per_day}", 0.3, limits, NOW
        )
        assert isinstance(answer, Refused) is is_spent


def test_no_order_of_reservations_exceeds_a_limit(connection):
    limits = Limits(diagnoses_per_hour=1000, pull_requests_per_day=5, usd_per_day=2.0, usd_per_month=30.0)
    for number in range(100):
        begun(connection, number, limits=limits)
        purse.reserve(connection, purpose(number), "1.1", 0.17, limits, NOW)
        assert ledger.spent_usd(connection, NOW - ledger.DAY) <= 2.0
    assert ledger.spent_usd(connection, NOW - ledger.DAY) > 1.8

"""Budgets: reserved before, settled after, and never refilled by a crash, a restart, a clock or a lost state."""

from datetime import UTC, datetime, timedelta

import pytest

from aiops_daemon.store import ledger
from aiops_daemon.store.database import connect
from aiops_daemon.store.ledger import DAY, HOUR, Kind, Limits

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LIMITS = Limits(diagnoses_per_hour=10, pull_requests_per_day=5, usd_per_day=5.0, usd_per_month=30.0)


@pytest.fixture
def tx(tmp_path):
    connection = connect(tmp_path / "state.db")
    yield connection
    connection.close()


def test_a_reservation_counts_until_it_is_settled_and_then_what_it_cost(tx):
    entry = ledger.reserve(tx, Kind.DIAGNOSIS, "diagnose:1:1", usd=0.5, now=NOW)
    assert ledger.spent_usd(tx, NOW - HOUR) == 0.5
    ledger.settle(tx, entry, usd=0.031234)
    assert ledger.spent_usd(tx, NOW - HOUR) == 0.031234
    assert ledger.used(tx, Kind.DIAGNOSIS, NOW - HOUR) == 1


def test_what_is_tried_again_after_a_crash_is_reserved_once(tx):
    first = ledger.reserve(tx, Kind.DIAGNOSIS, "diagnose:1:1", usd=0.5, now=NOW)
    assert ledger.reserve(tx, Kind.DIAGNOSIS, "diagnose:1:1", usd=0.5, now=NOW + HOUR) == first
    assert ledger.used(tx, Kind.DIAGNOSIS, NOW - HOUR) == 1


def test_a_window_ends_and_a_month_begins(tx):
    ledger.reserve(tx, Kind.DIAGNOSIS, "a", usd=1, now=datetime(2026, 10, 31, 23, 59, tzinfo=UTC))
    ledger.reserve(tx, Kind.DIAGNOSIS, "b", usd=2, now=NOW - HOUR - timedelta(seconds=1))
    ledger.reserve(tx, Kind.PULL_REQUEST, "c", usd=0, now=NOW)
    assert ledger.used(tx, Kind.DIAGNOSIS, NOW - HOUR) == 0
    assert ledger.used(tx, Kind.PULL_REQUEST, NOW - DAY) == 1
    assert ledger.spent_usd(tx, ledger.month_of(NOW)) == 2


def test_a_clock_that_is_set_back_frees_nothing(tx):
    ledger.reserve(tx, Kind.DIAGNOSIS, "a", usd=1, now=NOW + DAY)
    assert ledger.used(tx, Kind.DIAGNOSIS, NOW - HOUR) == 1


def test_after_a_lost_state_the_present_windows_are_used_up_and_the_next_ones_are_not(tx):
    ledger.reserve(tx, Kind.DIAGNOSIS, "a", usd=0.5, now=NOW)
    ledger.write_off(tx, LIMITS, NOW)
    assert ledger.used(tx, Kind.DIAGNOSIS, NOW - HOUR) == 10
    assert ledger.used(tx, Kind.PULL_REQUEST, NOW - DAY) == 5
    assert ledger.spent_usd(tx, NOW - DAY) == 5.0
    later = NOW + DAY + timedelta(seconds=1)
    assert ledger.used(tx, Kind.PULL_REQUEST, later - DAY) == 0
    assert ledger.spent_usd(tx, later - DAY) == 0


def test_money_is_forgotten_only_when_no_window_reaches_it(tx):
    ledger.reserve(tx, Kind.DIAGNOSIS, "old", usd=1, now=NOW - timedelta(days=401))
    ledger.reserve(tx, Kind.DIAGNOSIS, "recent", usd=1, now=NOW - timedelta(days=31))
    ledger.prune(tx, NOW)
    assert ledger.spent_usd(tx, NOW - timedelta(days=500)) == 1

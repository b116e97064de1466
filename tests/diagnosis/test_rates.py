"""How often, before and after: counts in equal steps."""

from datetime import UTC, datetime, timedelta

from aiops_daemon.diagnosis.rates import rates_of

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def minutes(*numbers):
    return [NOON + timedelta(minutes=number) for number in numbers]


def test_records_and_requests_fall_into_equal_steps_and_empty_ones_are_left_out():
    rates = rates_of(minutes(31, 32, 33), minutes(1, 2, 31), minutes(0, 59))
    assert rates is not None
    assert rates.step == timedelta(minutes=5)
    assert [
        ((rate.since - NOON) / timedelta(minutes=1), rate.records, rate.requests) for rate in rates.of
    ] == [
        (0, 0, 2),
        (30, 3, 1),
    ]


def test_a_whole_month_has_at_most_a_dozen_steps():
    rates = rates_of(minutes(*range(0, 40_000, 100)), (), minutes(0, 40_000))
    assert rates is not None
    assert len(rates.of) <= 12
    assert sum(rate.records for rate in rates.of) == 400


def test_a_log_of_one_moment_tells_no_rate():
    assert rates_of(minutes(1), (), minutes(1)) is None
    assert rates_of((), (), ()) is None

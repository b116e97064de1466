"""What becomes of a fault's issue."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops_daemon.domain import filing
from aiops_daemon.domain.filing import Act, act_for, after_look, due_at, wants_issue
from aiops_daemon.domain.incident import IncidentState
from aiops_daemon.domain.issue import Closing, FiledIssue, RemoteIssue
from aiops_daemon.domain.playbook import Action
from tests.builders import NOON, incident

HOUR = timedelta(hours=1)
FILED = FiledIssue(
    incident_id=42,
    repository="t/s",
    number=7,
    is_open=True,
    filed_at=NOON,
    written_at=NOON,
    commented_at=NOON,
    shown_count=1,
)
OPEN = RemoteIssue(number=7, is_open=True)
CLOSED = RemoteIssue(number=7, is_open=False, closing=Closing.COMPLETED, closed_at=NOON + HOUR)


def look(filed=FILED, remote=OPEN, seen_at=NOON, now=NOON + 2 * HOUR, grace=timedelta(0), **rest):
    return after_look(filed, remote, incident(last_seen_at=seen_at, **rest), grace=grace, now=now)


def whats(looked):
    return [note.what for note in looked.notes]


@pytest.mark.parametrize(
    ("actions", "wanted"),
    [
        ({"issue"}, True),
        ({"issue", "security"}, False),
        ({"alert"}, False),
        ({"alert", "diagnose", "issue"}, True),
    ],
)
def test_security_never_becomes_an_issue(actions, wanted):
    assert wants_issue(incident(actions=frozenset(map(Action, actions)))) is wanted


def test_an_issue_waits_for_its_diagnosis_but_not_for_ever():
    assert due_at(incident(), None, now=NOON) == NOON + filing.DIAGNOSIS_PATIENCE
    undiagnosed = incident(actions=frozenset({Action.ALERT, Action.ISSUE}))
    assert due_at(undiagnosed, None, now=NOON) < NOON + timedelta(seconds=10)
    assert due_at(incident(shares_with=3), None, now=NOON) < NOON + timedelta(seconds=10)
    assert due_at(incident(state=IncidentState.SILENCED), None, now=NOON) is None


def test_counts_are_written_soon_while_they_grow_and_seldom_later():
    filed = replace(FILED, shown_count=100)
    assert due_at(incident(count=150), filed, now=NOON) < NOON + timedelta(seconds=10)
    assert due_at(incident(count=101), filed, now=NOON) == NOON + timedelta(minutes=30)


def test_closed_as_fixed_it_is_watched_and_then_confirmed():
    looked = look(remote=CLOSED)
    assert whats(looked) == ["issue closed"]
    assert not looked.is_due
    assert act_for(looked.filed, incident(last_seen_at=NOON), grace=timedelta(0), now=NOON) is Act.EDIT
    later = look(looked.filed, CLOSED, now=NOON + 25 * HOUR)
    assert whats(later) == ["fix confirmed"]
    assert later.is_due
    assert later.filed.confirmed_at == NOON + 25 * HOUR
    assert whats(look(later.filed, CLOSED, now=NOON + 50 * HOUR)) == []


@pytest.mark.parametrize(("grace", "act"), [(timedelta(0), Act.REOPEN), (HOUR, Act.EDIT)])
def test_seen_after_it_was_closed_it_is_opened_again_once_a_deployment_had_its_time(grace, act):
    seen_at = NOON + HOUR + timedelta(minutes=10)
    looked = look(remote=CLOSED, seen_at=seen_at, grace=grace)
    assert looked.is_due is (act is Act.REOPEN)
    assert act_for(looked.filed, incident(last_seen_at=seen_at), grace=grace, now=NOON + 2 * HOUR) is act


def test_what_was_logged_before_it_was_closed_is_no_reason():
    assert not look(remote=CLOSED, seen_at=NOON + HOUR).is_due


@pytest.mark.parametrize("closing", [Closing.NOT_PLANNED, Closing.DUPLICATE])
def test_closed_as_not_planned_it_is_left_alone_until_people_open_it(closing):
    looked = look(remote=replace(CLOSED, closing=closing), seen_at=NOON + 3 * HOUR)
    assert (looked.is_due, looked.filed.is_left_alone) == (False, True)
    assert (
        act_for(looked.filed, incident(last_seen_at=NOON + 9 * HOUR), grace=timedelta(0), now=NOON)
        is Act.NOTHING
    )
    opened = look(looked.filed, OPEN)
    assert whats(opened) == ["issue reopened"]
    assert not opened.filed.is_left_alone


def test_gone_it_is_gone():
    looked = look(remote=None)
    assert whats(looked) == ["issue gone"]
    assert looked.filed.is_left_alone
    assert whats(look(looked.filed, None)) == []
    assert not filing.is_followed(looked.filed, NOON)


def test_people_are_called_once_a_day_at_most():
    more = incident(count=50)
    assert act_for(FILED, more, grace=timedelta(0), now=NOON + 23 * HOUR) is Act.EDIT
    assert act_for(FILED, more, grace=timedelta(0), now=NOON + 24 * HOUR) is Act.COMMENT
    assert act_for(FILED, incident(count=1), grace=timedelta(0), now=NOON + 24 * HOUR) is Act.EDIT


@pytest.mark.parametrize(
    ("labels", "thumbs", "verdict"),
    [
        ({"diagnosis:correct"}, (0, 9), "right"),
        ({"diagnosis:wrong"}, (0, 0), "wrong"),
        ({"diagnosis:wrong", "diagnosis:correct"}, (5, 0), None),
        (set(), (2, 1), "right"),
        (set(), (0, 1), "wrong"),
        (set(), (1, 1), None),
    ],
)
def test_what_people_say_of_the_diagnosis(labels, thumbs, verdict):
    remote = replace(OPEN, labels=frozenset(labels), thumbs=thumbs)
    looked = look(remote=remote)
    assert looked.verdict == verdict
    assert look(looked.filed, remote).verdict is None  # it is no news any more


def test_an_issue_is_followed_for_a_month_after_it_was_closed():
    closed = replace(FILED, is_open=False, closed_at=NOON)
    assert filing.is_followed(closed, NOON + timedelta(days=29))
    assert not filing.is_followed(closed, NOON + timedelta(days=31))

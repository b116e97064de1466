"""The map: what leads to what."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops_daemon.domain import flow
from aiops_daemon.domain import notice as notice_rules
from aiops_daemon.domain.flow import AlertReason
from aiops_daemon.domain.incident import IncidentState, Posted
from aiops_daemon.domain.job import Job, JobKind, JobState, Priority
from aiops_daemon.domain.playbook import BY_SEVERITY, Severity
from tests.builders import NOON, RULES, incident, sighting


def after(before, seen=None, *, host=None, now=NOON):
    return flow.after_event(before, seen or sighting(), host=host, rules=RULES, now=now)


def keys(consequence):
    return [job.key for job in consequence.jobs if job.kind is not JobKind.EVIDENCE]


NEW = incident(count=0, alerts=0, alerted_at=None, quiet_checks=0, revision=0)


def test_the_first_event_opens_an_alert_at_once_and_a_look_at_its_quiet():
    consequence = after(NEW)
    assert keys(consequence) == ["quiet:42:1", "alert:42:opened:1"]
    assert consequence.reason is AlertReason.OPENED
    assert consequence.jobs[1].due_at == NOON
    assert consequence.incident.count == 1
    assert consequence.incident.suppressed == 0


def test_what_is_to_be_diagnosed_is_looked_into_behind_the_alert():
    consequence = after(NEW, sighting("AI5003"))
    (look,) = [job for job in consequence.jobs if job.kind is JobKind.EVIDENCE]
    assert (look.key, look.due_at) == ("evidence:42:opened:1", NOON + flow.EVIDENCE_AFTER)
    assert [job for job in after(incident(count=7)).jobs if job.kind is JobKind.EVIDENCE] == []


def test_a_record_that_may_have_a_stronger_twin_waits_for_it():
    weak = sighting(None, request="r1")
    assert after(NEW, weak).jobs[1].due_at == NOON + RULES.request_grace


def test_further_events_are_counted_and_held_back():
    consequence = after(incident(count=7, suppressed=6))
    assert consequence.jobs == ()
    assert (consequence.incident.count, consequence.incident.suppressed) == (8, 7)


def test_a_worse_event_escalates_and_alerts_at_once_whatever_the_dedup_window():
    before = incident(severity=Severity.HIGH, alerted_at=NOON)
    consequence = after(before, sighting("AI5003"), now=NOON + timedelta(seconds=1))
    assert keys(consequence) == ["alert:42:escalated:2"]
    assert consequence.jobs[0].due_at == NOON + timedelta(seconds=1)
    assert consequence.incident.severity is Severity.CRITICAL


def test_an_event_after_the_end_is_a_regression_with_a_message_of_its_own():
    later = NOON + timedelta(hours=1)
    before = incident(state=IncidentState.RESOLVED, resolved_at=NOON)
    consequence = after(before, now=later)
    assert keys(consequence) == ["quiet:42:2", "alert:42:regressed:2"]
    assert consequence.incident.state is IncidentState.OPEN
    assert consequence.incident.resolved_at is None


def test_two_new_messages_of_one_fingerprint_are_dedup_window_apart():
    before = incident(state=IncidentState.RESOLVED, alerted_at=NOON)
    consequence = after(before, now=NOON + timedelta(minutes=1))
    (alert,) = [job for job in consequence.jobs if job.kind is JobKind.ALERT]
    assert alert.due_at == NOON + RULES.dedup_window
    assert "alert held back" in {note.what for note in consequence.notes}


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.INFO])
def test_what_is_log_only_or_for_the_digest_is_recorded_and_disturbs_nobody(severity):
    before = replace(NEW, severity=severity, actions=frozenset())
    consequence = after(before, sighting("DB5004"))
    assert keys(consequence) == ["quiet:42:1"]
    assert consequence.reason is None


def test_one_message_is_enough_for_two_incidents_of_one_request():
    host = incident(id=7)
    consequence = after(NEW, sighting(request="r1"), host=host)
    assert keys(consequence) == ["quiet:42:1"]
    assert consequence.incident.shares_with == 7


def test_the_more_severe_one_of_a_request_has_a_message_of_its_own():
    host = incident(id=7, severity=Severity.HIGH)
    consequence = after(NEW, sighting("AI5003", request="r1"), host=host)
    assert "alert:42:opened:1" in keys(consequence)


def test_an_incident_speaks_for_itself_once_the_message_it_shared_is_closed():
    sharing = incident(shares_with=7, alerts=0)
    assert keys(after(sharing, host=incident(id=7))) == []
    closed = incident(id=7, state=IncidentState.RESOLVED)
    assert keys(after(sharing, host=closed)) == ["alert:42:opened:1"]


def test_a_silenced_incident_is_counted_and_says_nothing():
    consequence = after(incident(state=IncidentState.SILENCED))
    assert consequence.jobs == ()
    assert consequence.incident.suppressed == 1


def test_a_row_that_begins_to_alert_is_heard_with_the_next_event():
    """A reload gave the code an alert; the incident is old and was never told."""
    before = incident(severity=Severity.HIGH, actions=frozenset(), alerts=0)
    assert keys(after(before, sighting("DB5002"))) == ["alert:42:opened:1"]


@pytest.mark.parametrize(
    ("logged_at", "expected"),
    [
        (NOON - timedelta(hours=3), NOON - timedelta(hours=3)),
        (NOON + timedelta(days=400), NOON),
        (None, NOON),
    ],
)
def test_people_read_the_logs_own_time_unless_it_lies_in_the_future(logged_at, expected):
    before = replace(NEW, first_seen_at=NOON, last_seen_at=NOON - timedelta(days=1))
    assert after(before, sighting(logged_at=logged_at)).incident.last_seen_at == expected


def test_quiet_for_long_enough_is_resolved():
    consequence = flow.after_quiet(incident(), rules=RULES, now=NOON + RULES.quiet_after)
    assert consequence.incident.state is IncidentState.RESOLVED
    assert consequence.reason is AlertReason.RESOLVED


def test_not_quiet_for_long_enough_is_looked_at_again_when_it_could_be():
    active_at = NOON + timedelta(minutes=10)
    consequence = flow.after_quiet(incident(active_at=active_at), rules=RULES, now=NOON + RULES.quiet_after)
    assert consequence.incident.state is IncidentState.OPEN
    assert [(job.key, job.due_at) for job in consequence.jobs] == [
        ("quiet:42:2", active_at + RULES.quiet_after)
    ]


def posted(**rest):
    values = {
        "sink": "discord",
        "reason": "opened",
        "message_id": "1",
        "posted_at": NOON,
        "shown_revision": 3,
        "edits": 4,
    }
    return Posted(**{**values, **rest})


def test_a_message_that_shows_everything_is_not_edited():
    assert flow.after_message(incident(revision=3), posted(), now=NOON) is None


def test_an_edit_has_a_key_of_its_own_and_gives_way_to_new_messages():
    edit = flow.after_message(incident(revision=4), posted(), now=NOON)
    assert edit.key == "alert:42:edit:5"
    assert edit.priority > Priority.POST


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (timedelta(0), timedelta(seconds=1)),
        (timedelta(minutes=5), timedelta(seconds=5)),
        (timedelta(minutes=30), timedelta(seconds=30)),
        (timedelta(hours=5), timedelta(minutes=5)),
    ],
)
def test_the_older_a_message_the_rarer_its_edits(age, wait):
    now = NOON + age
    assert flow.after_message(incident(revision=9), posted(), now=now).due_at == now + wait


def test_the_end_is_told_without_delay():
    edit = flow.after_message(incident(revision=9), posted(), now=NOON, reason=AlertReason.RESOLVED)
    assert edit.due_at == NOON


def job(kind):
    return Job(
        id=9,
        key="alert:42:opened:1",
        kind=kind,
        reason="opened",
        state=JobState.DOING,
        priority=Priority.POST,
        due_at=NOON,
        created_at=NOON,
    )


def test_people_are_told_of_what_was_given_up():
    (notice,) = notice_rules.after_burial(job(JobKind.ALERT), "refused", now=NOON)
    assert (notice.kind, notice.key) == (JobKind.NOTICE, "notice:buried:9:1")


def test_a_notice_that_was_given_up_leads_to_no_further_notice():
    assert notice_rules.after_burial(job(JobKind.NOTICE), "refused", now=NOON) == ()


def test_every_severity_has_actions():
    assert set(BY_SEVERITY) == set(Severity)

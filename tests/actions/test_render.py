"""What people read about an incident."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aiops_daemon.actions.render import message_for
from aiops_daemon.domain.flow import AlertReason
from aiops_daemon.domain.incident import Card, IncidentState
from aiops_daemon.domain.playbook import Action, Severity
from aiops_daemon.store.admit import WITHHELD
from tests.builders import NOON, incident

BUSY = {"count": 12, "suppressed": 11, "companions": 3, "last_seen_at": NOON + timedelta(minutes=3)}


def shown(
    settings,
    reason=AlertReason.OPENED,
    *,
    recent=9,
    excerpt=None,
    related=(),
    sharing=(),
    repeat=False,
    **rest,
):
    card = Card(
        incident=incident(**rest),
        last_minutes=(5, recent),
        excerpt=excerpt,
        companions=related,
        sharing=sharing,
    )
    return message_for(card, reason, settings, possible_repeat=repeat)


def facts(message):
    return {fact.label: fact.value for fact in message.facts}


@pytest.mark.parametrize("language", ["english", "korean"])
@pytest.mark.parametrize("reason", AlertReason)
@pytest.mark.parametrize("state", IncidentState)
@pytest.mark.parametrize("severity", Severity)
def test_every_reason_state_and_severity_reads_in_both_languages(request, language, reason, state, severity):
    message = shown(request.getfixturevalue(language), reason, state=state, severity=severity, **BUSY)
    assert message.headline
    assert message.status
    assert "{" not in message.headline + message.status + message.footer
    assert all(fact.label and fact.value and "{" not in fact.value for fact in message.facts)


def test_a_message_in_english(english):
    message = shown(english, request="POST /api/v1/login", **BUSY)
    assert message.headline == "🔴 CRITICAL · AI5003 · API time-out"
    assert message.status == "New incident"
    assert facts(message) == {
        "Where": "server::ai",
        "Request": "POST /api/v1/login",
        "Count": "12 (11 held back), 9 in the last 5 min, 3 related records",
        "First seen": "2026-11-24 12:00:00 UTC",
        "Last seen": "2026-11-24 12:03:00 UTC",
    }
    assert message.footer == "server · production · incident 42 · fault 01234567"


def test_a_message_in_korean_on_the_teams_clock(korean):
    message = shown(korean, AlertReason.REGRESSED, title="API 타임아웃", **BUSY)
    assert message.headline == "🔴 심각 · AI5003 · API 타임아웃"
    assert message.status == "재발: 해결되었던 장애가 다시 발생했습니다"
    assert facts(message) == {
        "위치": "server::ai",
        "횟수": "12회 (11회 알림 보류), 최근 5분 동안 9회, 관련 기록 3건",
        "최초 발생": "2026-11-24 21:00:00 KST",
        "최근 발생": "2026-11-24 21:03:00 KST",
    }


def test_what_happened_once_is_said_once(english):
    assert facts(shown(english)) == {"Where": "server::ai", "Count": "1", "Seen": "2026-11-24 12:00:00 UTC"}


@pytest.mark.parametrize("reason", AlertReason)
def test_what_is_resolved_says_so_whatever_the_reason(english, reason):
    message = shown(english, reason, state=IncidentState.RESOLVED, **BUSY)
    assert message.is_resolved
    assert message.headline.startswith("✅")
    assert message.status == "Resolved: quiet since 2026-11-24 12:03:00 UTC"


def test_what_is_open_again_is_not_resolved(english):
    message = shown(english, AlertReason.REGRESSED)
    assert not message.is_resolved
    assert "It is back" in message.status


def test_security_and_a_possible_repeat_are_marked(english):
    message = shown(english, actions=frozenset({Action.ALERT, Action.SECURITY}), repeat=True)
    assert "Security" in message.status
    assert "possible repeat" in message.status


def test_no_word_of_the_log_stands_in_the_headline(english):
    message = shown(english, title="order 5 of kim failed", title_is_ours=False, code=None)
    assert message.headline == "🔴 CRITICAL · error in server::ai"
    assert shown(english, title="x", title_is_ours=False, code=None, target="").headline.endswith(
        "error without a code"
    )
    assert shown(english, title="x", title_is_ours=False, place="src/a.rs:1:2").headline.endswith(
        "AI5003 · panic"
    )


def test_a_panics_place_is_where(english):
    assert facts(shown(english, place="src/a.rs:1:2"))["Where"] == "src/a.rs:1:2"


def test_incidents_of_the_same_request_are_told_too(english):
    other = replace(incident(), code="DB5001", title="connection\nfailed", count=3)
    assert facts(shown(english, sharing=(other, other)))["Opened by the same request"] == (
        "DB5001 connection failed \u00d73\nDB5001 connection failed \u00d73"
    )


def test_companions_are_one_line_each_and_equal_ones_one(english):
    message = shown(
        english, related=('{"message":"response failed"}', "a\nb", '{"message":"response failed"}')
    )
    assert message.related == ("response failed \u00d72", "a")


def test_a_line_that_could_not_be_redacted_is_not_shown_and_said_to_be_withheld(korean):
    message = shown(korean, excerpt=WITHHELD)
    assert message.excerpt is None
    assert "민감 정보를 가릴 수 없어" in message.status

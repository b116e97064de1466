"""An incident -> the message about it. Pure; the sinks add their markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from aiops_daemon.actions.diagnosis_facts import diagnosis_facts
from aiops_daemon.actions.excerpt import excerpt_of, headline_of
from aiops_daemon.actions.hygiene import one_line
from aiops_daemon.actions.issue_body import web_url
from aiops_daemon.actions.message import Fact, Message
from aiops_daemon.actions.texts import words
from aiops_daemon.domain.evidence import Report
from aiops_daemon.domain.flow import NEW_MESSAGE, AlertReason
from aiops_daemon.domain.incident import Card, Incident, IncidentState
from aiops_daemon.domain.issue import FiledIssue
from aiops_daemon.domain.playbook import Action, Severity
from aiops_daemon.settings import Settings
from aiops_daemon.store.admit import WITHHELD

_BRIEF = 110
_TIMES = "\u00d7"
_MARKS = {Severity.CRITICAL: "🔴", Severity.HIGH: "🟠", Severity.WARNING: "🟡", Severity.INFO: "🔵"}


def message_for(
    card: Card, reason: AlertReason, settings: Settings, *, possible_repeat: bool = False
) -> Message:
    """The message that tells all of an incident's card, because of `reason`."""
    text = words(settings.language)
    incident = card.incident
    zone = settings.service.zone
    status = [_status(card, reason, text, zone)]
    if Action.SECURITY in incident.actions:
        status.append(text["security"])
    if card.excerpt == WITHHELD:
        status.append(text["withheld"])
    if possible_repeat:
        status.append(text["possible_repeat"])
    return Message(
        severity=incident.severity,
        headline=headline_for(incident, settings.language),
        status=" · ".join(status),
        facts=tuple(_facts(card, text, settings)),
        excerpt=excerpt_of(card.excerpt) if card.excerpt and card.excerpt != WITHHELD else None,
        related_label=text["related"],
        related=tuple(_each_once(headline_of(companion) for companion in card.companions)),
        footer=text["footer"].format(
            service=settings.service.name,
            environment=settings.service.environment,
            id=incident.id,
            fault_id=incident.fault_id,
        ),
        calls=(
            incident.severity is Severity.CRITICAL
            and incident.state is IncidentState.OPEN
            and reason in NEW_MESSAGE
        ),
        is_resolved=incident.state is IncidentState.RESOLVED,
        tells_anew=reason in {AlertReason.EXPLAINED, AlertReason.DIAGNOSED},
    )


def headline_for(incident: Incident, language: str) -> str:
    """Severity, code and title on one line, with no word of a log in it."""
    text = words(language)
    mark = "✅" if incident.state is IncidentState.RESOLVED else _MARKS[incident.severity]
    parts = [f"{mark} {text[incident.severity.value]}"]
    if incident.code:
        parts.append(incident.code)
    if incident.title_is_ours and incident.title != incident.code:
        parts.append(incident.title)
    elif incident.place:
        parts.append(text["panic_at"])
    elif incident.target:
        parts.append(text["error_in"].format(target=incident.target))
    elif not incident.code:
        parts.append(text["error_unknown"])
    return " · ".join(parts)


def _status(card: Card, reason: AlertReason, text: Mapping[str, str], zone: tzinfo) -> str:
    incident = card.incident
    if reason is AlertReason.FILED:  # its issue stands among the facts; what was said before still holds
        if card.diagnosis is not None and card.diagnosis.root_cause:
            reason = AlertReason.DIAGNOSED
        elif card.report is not None:
            reason = AlertReason.EXPLAINED
    key = f"status_{reason}"
    if incident.state is not IncidentState.OPEN:
        key = f"status_{incident.state}"
    return text[key].format(last_seen=_when(incident.last_seen_at, zone))


def _issue(issue: FiledIssue, text: Mapping[str, str], settings: Settings) -> Fact:
    """Its issue, and what became of it."""
    if issue.is_gone:
        state = "gone"
    elif issue.is_open:
        state = "reopened" if issue.reopened else "open"
    elif issue.is_left_alone:
        state = "unwanted"
    else:
        state = "confirmed" if issue.confirmed_at else "watched"
    link = (
        f"{web_url(settings)}/issues/{issue.number}" if issue.repository == settings.github.repository else ""
    )
    value = f"#{issue.number} {text[f'issue_{state}']}"
    return Fact(label=text["issue"], value=value, link=link, is_live=True)


def _facts(card: Card, text: Mapping[str, str], settings: Settings) -> list[Fact]:
    incident, zone = card.incident, settings.service.zone
    facts = []
    if incident.place or incident.target:
        facts.append(Fact(label=text["where"], value=incident.place or incident.target, is_quoted=True))
    if incident.request:
        facts.append(Fact(label=text["request"], value=incident.request, is_quoted=True))
    facts.append(Fact(label=text["count"], value=_count(card, text), is_live=True))
    first, last = (_when(at, zone) for at in (incident.first_seen_at, incident.last_seen_at))
    if first == last:
        facts.append(Fact(label=text["seen"], value=first))
    else:
        facts.append(Fact(label=text["first_seen"], value=first))
        facts.append(Fact(label=text["last_seen"], value=last, is_live=True))
    if card.issue is not None:
        facts.append(_issue(card.issue, text, settings))
    if card.diagnosis is not None:
        facts += diagnosis_facts(card.diagnosis, text)
    if card.report is not None:
        facts += _evidence(card.report, text, is_diagnosed=bool(card.diagnosis and card.diagnosis.root_cause))
    if card.sharing:
        told = "\n".join(f"{_name(other)} {_TIMES}{other.count}" for other in card.sharing)
        facts.append(Fact(label=text["same_request"], value=told, is_quoted=True))
    return facts


def _evidence(report: Report, text: Mapping[str, str], *, is_diagnosed: bool) -> list[Fact]:
    """What was found without a model, in a few lines that can be read at night. A stranger wrote most of the words.

    Beside a diagnosis, which names a place and a suspect of its own, the best of each is enough.
    """
    places = [
        f"{place.path}:{place.line} {place.function}\n  {_brief(place.why)}"
        for place in report.places[: 1 if is_diagnosed else None]
    ]
    suspects = [
        f"{each.sha[:10]} {_brief(each.subject)}\n  {_brief(each.why)}"
        for each in report.suspects[: 1 if is_diagnosed else None]
    ]
    similar = [f"#{each.id} {_brief(each.title)}: {each.outcome}" for each in report.similar]
    told = (
        ("evidence_began", report.began),
        ("evidence_routes", report.routes),
        ("evidence_place", "\n".join(places)),
        ("evidence_suspects", "\n".join(suspects)),
        ("evidence_similar", "\n".join(similar)),
        ("evidence_gaps", "\n".join(map(_brief, report.gaps))),
    )
    return [Fact(label=text[key], value=value, is_quoted=True) for key, value in told if value]


def _brief(words: str) -> str:
    return words if len(words) <= _BRIEF else words[: _BRIEF - 1] + "…"


def _count(card: Card, text: Mapping[str, str]) -> str:
    incident = card.incident
    minutes, recent = card.last_minutes
    form = text["count_held"] if incident.suppressed else text["count_total"]
    parts = [form.format(count=incident.count, suppressed=incident.suppressed)]
    if incident.count > 1 and recent:
        parts.append(text["count_recent"].format(recent=recent, minutes=minutes))
    if incident.companions:
        parts.append(text["companions"].format(companions=incident.companions))
    return ", ".join(parts)


def _name(incident: Incident) -> str:
    title = one_line(incident.title)
    return f"{incident.code} {title}" if incident.code and title != incident.code else title


def _each_once(lines: Iterable[str]) -> list[str]:
    return [
        f"{line} {_TIMES}{times}" if times > 1 else line for line, times in Counter(lines).items() if line
    ]


def _when(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"

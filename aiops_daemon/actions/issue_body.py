"""An incident -> the GitHub issue of its fault: title, labels, the daemon's own block of the body, comments. Pure.

    <!-- aiops:fault=0a1b2c3d -->     the marker by which it is found again, for ever
    <!-- aiops:begin ... -->
    what the daemon keeps up to date
    <!-- aiops:end -->
    what people write, above or below, stays

No word of a log or of a model takes effect: see `markdown.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

from aiops_daemon.actions import markdown
from aiops_daemon.actions.excerpt import excerpt_of
from aiops_daemon.actions.issue_texts import issue_words
from aiops_daemon.actions.markdown import block, code, prose
from aiops_daemon.domain.diagnosis import Diagnosis, Source
from aiops_daemon.domain.evidence import NamedPlace, NamedSuspect, Report
from aiops_daemon.domain.incident import Card, Incident
from aiops_daemon.domain.issue import MARKED_BY, REGRESSION, SAYS_RIGHT, SAYS_WRONG, FiledIssue, NewIssue
from aiops_daemon.settings import Settings
from aiops_daemon.store.admit import WITHHELD

_BEGIN, _END = "<!-- aiops:begin", "<!-- aiops:end -->"
_BLOCK = re.compile(rf"{_BEGIN}[^\n]{{0,400}}-->.*?{_END}", re.DOTALL)
_LONGEST_TITLE = 200
_DOMAINS: Mapping[str, str] = {
    "AI": "ai",
    "AUTH": "auth",
    "DB": "database",
    "VAL": "validation",
    "EXT": "external",
    "RETRO": "retrospect",
    "COMMON": "common",
}
_NAME = re.compile(r"[\w.:<>/ -]{1,150}", re.ASCII)
_MOST_CITED = 6


def marker(fault_id: str) -> str:
    """What every issue of a fault bears, where nobody sees it."""
    return f"<!-- aiops:fault={fault_id} -->"


def new_issue(card: Card, settings: Settings, filed_of: Mapping[int, int]) -> NewIssue:
    """The issue to be made.

    Args:
        card: the incident.
        settings: the language, the labels and whom to assign.
        filed_of: the numbers of other incidents' issues.
    """
    body = f"{marker(card.incident.fault_id)}\n{block_of(card, settings, filed_of, filed=None)}\n"
    return NewIssue(
        title=title_of(card.incident, settings.language),
        body=body,
        labels=tuple(labels_of(card.incident, settings)),
        assignees=settings.github.assignees,
    )


def title_of(incident: Incident, language: str) -> str:
    """Code and meaning. Of a log it holds at most a name: a module, or a file and a line."""
    text = issue_words(language)
    if incident.title_is_ours and incident.title != incident.code:
        what = incident.title
    elif incident.place and _NAME.fullmatch(incident.place):
        what = text["title_panic"].format(place=incident.place)
    elif incident.target and _NAME.fullmatch(incident.target):
        what = text["title_error"].format(target=incident.target)
    else:
        what = text["title_unknown"]
    head = f"[{incident.code}] " if incident.code else ""
    return markdown.cut(f"{head}{what}".replace("@", "@\u200b").replace("#", "#\u200b"), _LONGEST_TITLE)


def labels_of(incident: Incident, settings: Settings) -> Iterator[str]:
    """Those of the configuration, the one by which it is found again, the severity and the code's domain."""
    yield from dict.fromkeys((*settings.github.labels, MARKED_BY, f"priority:{incident.severity.value}"))
    if (domain := domain_of(incident.code)) is not None:
        yield f"domain:{domain}"


def domain_of(error_code: str | None) -> str | None:
    """The domain of a code, as its label names it."""
    prefix = (error_code or "").rstrip("0123456789")
    return _DOMAINS.get(prefix, prefix.lower()) or None


def descriptions_of(labels: Iterable[str], language: str) -> dict[str, str]:
    """The labels that an issue may bear in its life, with what they mean."""
    text = issue_words(language)
    known = {
        SAYS_RIGHT: text["label_right"],
        SAYS_WRONG: text["label_wrong"],
        REGRESSION: text["label_regression"],
    }
    for label in labels:
        kind, _, rest = label.partition(":")
        if kind in {"priority", "domain"} and rest:
            form = text[f"label_{kind}"]
            known[label] = form.format(severity=rest, domain=rest)
        else:
            known[label] = text.get(f"label_{label}", "")
    return known


def with_block(body: str, new_block: str) -> str | None:
    """The body with the daemon's block replaced and all else kept; None where people took the block out."""
    found = _BLOCK.search(body.replace("\r\n", "\n"))
    if found is None:
        return None
    whole = body.replace("\r\n", "\n")
    return f"{whole[: found.start()]}{new_block}{whole[found.end() :]}"


def block_of(card: Card, settings: Settings, filed_of: Mapping[int, int], filed: FiledIssue | None) -> str:
    """The daemon's own part of the body."""
    text = issue_words(settings.language)
    sections = [_summary(card, settings, text, filed_of, filed), _cause(card, text), _log(card, text)]
    if card.report is not None:
        sections.append(_evidence(card.report, settings, text))
    while sum(map(len, sections)) > markdown.LONGEST_BODY:
        sections.pop()  # never cut in the middle of what is quoted
    inner = "\n\n".join(filter(None, [*sections, _footer(card, settings, text)]))
    return f"{_BEGIN}: {text['keep']} -->\n{inner}\n{_END}"


def _summary(
    card: Card,
    settings: Settings,
    text: Mapping[str, str],
    filed_of: Mapping[int, int],
    filed: FiledIssue | None,
) -> str:
    incident = card.incident
    minutes, recent = card.last_minutes
    title = prose(incident.title) if incident.title_is_ours else ""
    count = [text["count_value"].format(count=incident.count)]
    if recent and incident.count > 1:
        count.append(text["rate"].format(recent=recent, minutes=minutes))
    if incident.companions:
        count.append(text["count_companions"].format(companions=incident.companions))
    rows = [
        (
            "what",
            " ".join(filter(None, [code(incident.code or ""), title, f"(**{incident.severity.value}**)"])),
        ),
        ("where", code(incident.place or incident.target)),
        ("request", code(incident.request or "")),
        ("service", f"{prose(settings.service.name)} ({prose(settings.service.environment)})"),
        ("first_seen", when(incident.first_seen_at, settings)),
        ("last_seen", when(incident.last_seen_at, settings)),
        ("count", ", ".join(count)),
        ("same_request", _host(incident, filed_of)),
    ]
    lines = [f"- **{text[label]}**: {value}" for label, value in rows if value]
    if filed is not None and not filed.is_open and not filed.is_left_alone:
        lines.append(f"- **{text['state_confirmed' if filed.confirmed_at else 'state_watched']}**")
    return "\n".join(lines)


def _host(incident: Incident, filed_of: Mapping[int, int]) -> str:
    if incident.shares_with is None:
        return ""
    number = filed_of.get(incident.shares_with)
    return f"#{number}" if number else ""


def _log(card: Card, text: Mapping[str, str]) -> str:
    if card.excerpt is None:
        return ""
    said = text["withheld"] if card.excerpt == WITHHELD else block(excerpt_of(card.excerpt))
    return f"### {text['log']}\n\n{said}"


def _cause(card: Card, text: Mapping[str, str]) -> str:
    found = card.diagnosis
    if found is None or not found.root_cause:
        if card.report is None and found is None:
            return ""
        why = prose("; ".join(found.notes)) if found is not None and found.notes else ""
        return text["no_cause"].format(why=why) if why else text["no_cause_yet"]
    form = text["cause_recalled" if found.source is Source.RECALLED else "cause_note"]
    lines = [
        f"### {text['cause']}",
        "",
        prose(found.root_cause),
        "",
        form.format(model=code(found.model), confidence=text[found.confidence.value]),
        "",
        *_details(found, text),
    ]
    if found.recommendations:
        lines += ["", f"### {text['todo']}", ""]
        lines += [
            f"1. {prose(each.action, 600)} ({text['effort'].format(effort=text[each.effort.value])})"
            for each in found.recommendations
        ]
    return "\n".join(lines)


def _details(found: Diagnosis, text: Mapping[str, str]) -> Iterator[str]:
    where = " ".join(filter(None, [code(found.file or ""), code(found.function or "")]))
    if where:
        yield f"- **{text['at']}**: {where}"
    if found.suspect_commit:
        yield f"- **{text['suspect']}**: {_commit(found.suspect_commit)} {prose(found.suspect_reason, 600)}".rstrip()
    if found.impact:
        yield f"- **{text['impact']}**: {prose(found.impact, 600)}"
    if found.notes:
        yield f"- **{text['doubts']}**: {prose('; '.join(found.notes), 600)}"
    for each in found.evidence[:_MOST_CITED]:
        is_there = text["verified" if each.verified else "unverified"]
        yield f"- **{text['cited']}**: {code(each.ref)} {code(each.quote, 240)} ({is_there})"


def _evidence(report: Report, settings: Settings, text: Mapping[str, str]) -> str:
    commit = text["evidence_commit"].format(commit=_commit(report.commit)) if report.commit else ""
    lines = [f"### {text['evidence']}", "", text["evidence_note"].format(commit=commit), ""]
    told = [
        ("began", [prose(report.began, 400)] if report.began else []),
        ("routes", [code(report.routes)] if report.routes else []),
        ("places", [_place(each, report.commit, settings) for each in report.places]),
        ("suspects", [_suspect(each) for each in report.suspects]),
        ("similar", [f"{prose(each.title, 200)}: {prose(each.outcome, 300)}" for each in report.similar]),
        ("gaps", [prose(gap, 300) for gap in report.gaps]),
    ]
    for label, values in told:
        if len(values) == 1:
            lines.append(f"- **{text[label]}**: {values[0]}")
        elif values:
            lines.append(f"- **{text[label]}**:")
            lines += [f"  - {value}" for value in values]
    return "\n".join(lines)


def _place(place: NamedPlace, commit: str, settings: Settings) -> str:
    name = f"{code(f'{place.path}:{place.line}')} {code(place.function)}"
    if commit and settings.github.repository:
        path = quote(place.path, safe="/")
        name = f"[{name}]({web_url(settings)}/blob/{commit}/{path}#L{place.line})"
    return f"{name}: {prose(place.why, 300)}"


def _suspect(suspect: NamedSuspect) -> str:
    return f"{_commit(suspect.sha)} {code(suspect.subject, 120)}, {prose(suspect.committed_at, 40)}: {prose(suspect.why, 300)}"


def _commit(sha: str) -> str:
    """A commit of the clone. GitHub makes a link of its bare name."""
    return sha if re.fullmatch(r"[0-9a-f]{7,64}", sha) else code(sha)


def _footer(card: Card, settings: Settings, text: Mapping[str, str]) -> str:
    incident = card.incident
    footer = text["footer"].format(
        id=incident.id,
        service=prose(settings.service.name),
        environment=prose(settings.service.environment),
        fault_id=incident.fault_id,
    )
    is_diagnosed = card.diagnosis is not None and card.diagnosis.root_cause
    return f"---\n{footer} {text['feedback']}" if is_diagnosed else f"---\n{footer}"


def web_url(settings: Settings) -> str:
    """The repository for people; a server of one's own has its API below it (https://docs.github.com/en/enterprise-server@3.14/rest/quickstart)."""
    parts = urlsplit(settings.github.api_url)
    host = (parts.netloc or "github.com").removeprefix("api.")
    return f"{parts.scheme}://{host}/{settings.github.repository}"


def when(at: datetime, settings: Settings) -> str:
    """A time in the team's time zone."""
    local = at.astimezone(settings.service.zone)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"

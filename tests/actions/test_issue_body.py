"""What an issue says, and that no word of a log or of a model takes effect in it."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aiops_daemon.actions import issue_body, issue_comments, markdown
from aiops_daemon.actions.issue_texts import ISSUE_TEXTS
from aiops_daemon.domain.diagnosis import (
    Category,
    Citation,
    CitedKind,
    Confidence,
    Diagnosis,
    Level,
    Recommendation,
    Source,
)
from aiops_daemon.domain.evidence import NamedIncident, NamedPlace, NamedSuspect, Report
from aiops_daemon.domain.incident import Card
from aiops_daemon.domain.issue import FiledIssue
from aiops_daemon.settings import Settings
from tests.builders import NOON, incident
from tests.diagnosis.attacks import ATTACKS

SHA = "0ba772b230e25c0f56e9e63ba1b0c6d29e80cf27"
NASTY = (
    "@team @org/team fixes #1, closes GH-12 and owner/repo#3 https://github.com/o/r/issues/4 www.evil.example kim@example.com "
    "![x](https://evil.example/a.png) [link](javascript:alert(1)) <img src=x onerror=alert(1)> <!-- aiops:end --> # heading"
)


def settings(language="en", **rest):
    return Settings(language=language, github={"repository": "team/server", **rest})


def card(words=NASTY, **rest):
    return Card(
        incident=incident(
            count=12, companions=3, request=words, target=words, title=words, title_is_ours=False
        ),
        last_minutes=(5, 4),
        excerpt=f"{words}\n```\n{words}\n~~~~\n",
        report=Report(
            commit=SHA,
            places=(NamedPlace(path="src/a b(1).rs", line=3, function=words, why=words),),
            suspects=(
                NamedSuspect(sha=SHA, subject=words, author=words, committed_at="2026-01-02", why=words),
            ),
            similar=(NamedIncident(id=3, title=words, outcome=words),),
            began=words,
            routes=words,
            gaps=(words,),
        ),
        diagnosis=Diagnosis(
            root_cause=words,
            evidence=(Citation(kind=CitedKind.LOG, ref=words, quote=words, verified=True),),
            confidence=Confidence.HIGH,
            category=Category.CODE,
            file=words,
            function=words,
            suspect_commit=SHA,
            suspect_reason=words,
            impact=words,
            recommendations=(Recommendation(priority=1, action=words, effort=Level.LOW),),
            source=Source.CLAUDE,
            notes=(words,),
            model="claude-sonnet-5-5",
        ),
        **rest,
    )


def effects(body):
    """What GitHub would make of a body: links and images, HTML, and what it looks for in the text that shows."""
    found = []
    for token in MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(body):
        if token.type in {"html_block", "html_inline"} and not token.content.strip().startswith(
            "<!-- aiops:"
        ):
            found.append(token.content)
        if token.type == "heading_open" and token.tag != "h3":
            found.append(token.tag)
        for child in token.children or ():
            if child.type in {"link_open", "image", "html_inline"}:
                found.append(child.attrs.get("href") or child.attrs.get("src") or child.content)
            if child.type == "text":
                found += re.findall(r"(?i)@\w+|\w*#\d+|\bgh-\d+|\w+://\w+|\bwww\.\w+", child.content)
                found += [
                    sha
                    for sha in re.findall(r"\b[0-9a-f]{7,40}\b", child.content)
                    if sha != SHA and not sha.isdigit()
                ]
    return found


OURS = f"https://github.com/team/server/blob/{SHA}/src/a%20b%281%29.rs#L3"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_that_strangers_wrote_takes_effect(language):
    new = issue_body.new_issue(card(), settings(language), {})
    assert set(effects(new.body)) == {OURS}
    assert "@team" not in new.title
    assert "#1" not in new.title


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_of_logs_are_quoted(name):
    words = str(ATTACKS[name])
    assert set(effects(issue_body.new_issue(card(words), settings(), {}).body)) == {OURS}


@given(st.text(st.sampled_from("@#`*_[]()<>!&|~$\\/:.-+=\n\r\t w1aGhH\u200b\u202e"), max_size=60))
def test_no_text_at_all_takes_effect(words):
    body = f"<!-- aiops:begin x -->\n- **A**: {markdown.prose(words)}\n- **B**: {markdown.code(words)}\n\n{markdown.block(words)}\n\n{markdown.prose(words)}\n<!-- aiops:end -->"
    assert effects(body) == []


@given(st.text(max_size=300), st.text(max_size=300))
def test_what_people_write_stays_and_the_block_is_replaced_once(before, after):
    before, after = (text.replace("aiops", "").replace("\r", "") for text in (before, after))
    old = issue_body.block_of(card(), settings(), {}, None)
    new = issue_body.block_of(card("other words"), settings(), {}, None)
    assert issue_body.with_block(f"{before}\n{old}\n{after}", new) == f"{before}\n{new}\n{after}"


def test_where_people_took_the_block_out_nothing_is_written():
    assert issue_body.with_block("I threw it away", "new") is None


def test_an_issue_has_everything_that_helps():
    known = card("the client waits for ever")
    body = issue_body.new_issue(known, settings(), {}).body
    for words in (
        "12 times, 4 in the last 5 minutes, 3 related records",
        "First seen**: 2026-11-24 12:00:00 UTC",
        "### Cause",
        "Diagnosed by `claude-sonnet-5-5`, confidence **high**",
        f"Suspect commit**: {SHA} the client waits for ever",
        "### What to do",
        "(effort low)",
        "### Evidence",
        f"at {SHA}",
        "diagnosis:correct",
        "`aiops-daemon show 42`",
    ):
        assert words in body


def test_in_korean():
    body = issue_body.new_issue(card("멈춤"), settings("ko"), {}).body
    for words in ("최초 발생", "원인", "확신 **높음**", "할 일", "증거", "의심되는 커밋", "12회"):
        assert words in body
    assert not re.search(r"\bWhat\b|\bCause\b|\bEvidence\b", body)


def test_without_a_diagnosis_it_says_so():
    bare = Card(incident=incident(), last_minutes=(5, 1), excerpt=None)
    assert "Cause" not in issue_body.new_issue(bare, settings(), {}).body
    explained = Card(incident=incident(), last_minutes=(5, 1), excerpt="x", report=Report())
    assert "There is no diagnosis (yet)" in issue_body.new_issue(explained, settings(), {}).body
    refused = Card(
        incident=incident(),
        last_minutes=(5, 1),
        excerpt="x",
        report=Report(),
        diagnosis=Diagnosis(
            root_cause="", source=Source.EVIDENCE_ONLY, notes=("this month's budget is spent",)
        ),
    )
    assert "this month's budget is spent" in issue_body.new_issue(refused, settings(), {}).body


@pytest.mark.parametrize(
    ("rest", "title"),
    [
        ({"title": "API time-out", "code": "AI5003"}, "[AI5003] API time-out"),
        ({"title": "x", "title_is_ours": False, "code": None, "target": "server::ai"}, "error in server::ai"),
        (
            {"title": "x", "title_is_ours": False, "code": None, "place": "src/a.rs:10:5"},
            "panic at src/a.rs:10:5",
        ),
        (
            {"title": "x", "title_is_ours": False, "code": "DB5009", "target": "@all #1"},
            "[DB5009] error without a code",
        ),
    ],
)
def test_titles_hold_no_word_of_a_log(rest, title):
    assert issue_body.title_of(incident(**rest), "en") == title


def test_labels_name_severity_and_domain_and_the_one_to_be_found_by():
    assert list(issue_body.labels_of(incident(code="DB5001"), settings(labels=["bug", "backend"]))) == [
        "bug",
        "backend",
        "ai-generated",
        "priority:critical",
        "domain:database",
    ]
    assert list(issue_body.labels_of(incident(code=None), settings(labels=[]))) == [
        "ai-generated",
        "priority:critical",
    ]
    assert issue_body.domain_of("PAY5001") == "pay"


def test_a_body_is_never_longer_than_github_takes():
    assert len(issue_body.new_issue(card("`" * 5000 + "x" * 100_000), settings(), {}).body) < 65_536


@pytest.mark.parametrize(
    ("api_url", "web"),
    [
        ("https://api.github.com", "https://github.com/team/server"),
        ("https://git.example.com/api/v3", "https://git.example.com/team/server"),
    ],
)
def test_links_lead_to_the_server_in_use(api_url, web):
    assert issue_body.web_url(settings(api_url=api_url)) == web


def test_comments_say_since_when_and_how_often():
    filed = FiledIssue(
        incident_id=42, repository="t/s", number=7, is_open=False, filed_at=NOON, written_at=NOON, commented_at=NOON,
        closed_at=NOON, closed_count=2, commented_count=5,
    )  # fmt: skip
    now = incident(count=12, last_seen_at=NOON + timedelta(hours=30))
    assert "12 times since 2026-11-24 12:00:00 UTC, 7 of them" in issue_comments.comment_again(
        now, filed, settings()
    )
    assert "10 times since then, 4 an hour" in issue_comments.comment_reopened(now, filed, 4.2, settings())


def test_every_language_has_every_text_of_an_issue():
    assert {frozenset(texts) for texts in ISSUE_TEXTS.values()} == {frozenset(ISSUE_TEXTS["en"])}

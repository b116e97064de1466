"""Whatever a stranger writes into a log: Discord takes the message, and nothing in it has an effect."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops_daemon.actions.alert import notice
from aiops_daemon.actions.embed import fallback_for, payload_for, units
from aiops_daemon.actions.render import message_for
from aiops_daemon.domain.flow import AlertReason
from aiops_daemon.domain.incident import Card, IncidentState
from aiops_daemon.triage.classify import catalogue, classify
from tests.builders import event, incident
from tests.fakes.discord_markdown import effects, outside_of_code
from tests.fakes.discord_rules import problem_with

MARK = "STRANGER"
HOSTILE = [
    "@everyone",
    "@here",
    "<@1>",
    "<@!1>",
    "<@&2>",
    "<#3>",
    "</ban:4>",
    "<id:guide>",
    "<t:0:R>",
    "<a:party:5>",
    "[x](https://evil.example)",
    "[https://github.com](https://evil.example)",
    "https://evil.example/x",
    "<https://evil.example>",
    "discord.gg/abc",
    "https://discord.com/invite/abc",
    "`",
    "``",
    "```",
    "````",
    "```\n@everyone\n```",
    "`` @here ``",
    "```ansi\n\x1b[2;31m",
    "\\`",
    "\\",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u061c",
    "\U000e0041",
    "\U000e007f",
    "\x1b[2J",
    "\x1b]0;t\x07",
    "\x00",
    "\x07",
    "\r",
    "\r\n",
    "\x85",
    "\u2028",
    "\ud800",
    "\udfff",
    "# head\n",
    "\n# head",
    "\n> quote",
    "\n>>> quote",
    "\n-# small",
    "\n- item",
    "**bold**",
    "__u__",
    "~~s~~",
    "||spoiler||",
    "*",
    "_",
    "x" * 5000,
    "🔥" * 3000,
    "가" * 3000,
    "`" * 3000,
    "\n" * 3000,
    "\\" * 3000,
    " ",
    "\t",
    "\xa0",
    "",
]
LETTERS = st.characters(exclude_categories=[])  # lone surrogates, too
STRANGERS = st.one_of(
    st.lists(
        st.one_of(st.sampled_from(HOSTILE), st.text(LETTERS, max_size=8), st.just(MARK)), max_size=8
    ).map("".join),
    st.text(LETTERS, max_size=400),
)
ANYTHING = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def texts_of(payload):
    yield payload["content"]
    for embed in payload["embeds"]:
        yield embed["title"]
        yield embed["description"]
        yield embed["footer"]["text"]
        for each in embed["fields"]:
            yield each["name"]
            yield each["value"]


def assert_harmless(payload, mention=""):
    assert problem_with(payload) is None
    for text in texts_of(payload):
        ours = text.removeprefix("@here ").removeprefix(f"<@&{mention}> ") if mention else text
        assert effects(ours) == [], text[:300]
        assert MARK not in outside_of_code(ours), text[:300]
        assert not set(text) & set("\u202e\u2066\u061c\x1b\x00\x07\x85\u2028\r"), (
            "nothing invisible that acts"
        )
        assert not any(0xE0000 <= ord(letter) < 0xE1000 for letter in text)


@ANYTHING
@given(
    title=STRANGERS, place=STRANGERS, request=STRANGERS, excerpt=STRANGERS, other=STRANGERS,
    key=STRANGERS, shape=st.sampled_from(["plain", "nested", "flat", "cut"]),
)  # fmt: skip
def test_no_word_of_a_stranger_has_an_effect(english, title, place, request, excerpt, other, key, shape):
    text = record(shape, key, excerpt)
    found = incident(
        code=None, title=title, title_is_ours=False, target="", place=place or None, request=request or None
    )
    card = Card(
        incident=replace(found, count=3, suppressed=2, companions=2),
        last_minutes=(5, 3),
        excerpt=text,
        companions=(record(shape, key, other), other, title),
        sharing=(found, replace(found, code="AI5001")),
    )
    message = message_for(card, AlertReason.OPENED, english, possible_repeat=True)
    for mention in ("", "here", "123456789012345678"):
        assert_harmless(payload_for(message, mention), mention)
        assert_harmless(fallback_for(message, mention), mention)


def record(shape, key, value):
    if shape == "plain":
        return value
    fields = {"message": value, key: value, "inner": {key: [value]}}
    text = json.dumps({"fields": fields} if shape == "nested" else fields, ensure_ascii=bool(len(value) % 2))
    return text[: len(text) * 2 // 3] if shape == "cut" else text


@ANYTHING
@given(
    target=st.one_of(
        STRANGERS, st.sampled_from(["discord.gg/abc", "https://evil.example", "a::b", "x.__y__.z"])
    )
)
def test_no_target_has_an_effect(english, target):
    """The one thing of a log that stands outside of code, after triage found that it looks like a target."""
    target = target.encode(errors="replace").decode()  # as readers hand it on
    seen = classify(event(None, target=target, message=""), catalogue())
    found = incident(code=None, title=seen.title, title_is_ours=seen.title_is_ours, target=seen.target)
    message = message_for(
        Card(incident=found, last_minutes=(5, 1), excerpt=None), AlertReason.OPENED, english
    )
    payload = payload_for(message, "here")
    assert problem_with(payload) is None
    for text in texts_of(payload):
        assert effects(text.removeprefix("@here ")) == []


@ANYTHING
@given(what=STRANGERS)
def test_a_notice_about_the_daemon_is_as_harmless(english, what):
    message = notice(english, "aiops-daemon gave something up", what, "See there.")
    assert_harmless(payload_for(message, ""))
    assert_harmless(fallback_for(message, ""))


@ANYTHING
@given(words=STRANGERS)
def test_not_even_the_configuration_breaks_a_message(settings_for, english, words):
    found = incident(title=words or "x")
    message = message_for(
        Card(incident=found, last_minutes=(5, 1), excerpt=None), AlertReason.OPENED, english
    )
    message = replace(message, footer=words)
    payload = payload_for(message, "")
    assert problem_with(payload) is None
    assert [effects(text) for text in texts_of(payload) if effects(text)] == []


def test_the_longest_message_there_is_fits(english):
    long = "🔥x" * 4000
    found = incident(
        code="A" * 40 + "5001", title=long, title_is_ours=True, target=long, place=long, request=long,
        count=10**18, suppressed=10**18, companions=10**18, state=IncidentState.RESOLVED,
    )  # fmt: skip
    card = Card(
        incident=found, last_minutes=(5, 10**18), excerpt=long, companions=(long,) * 50, sharing=(found,) * 50
    )
    message = message_for(card, AlertReason.RESOLVED, english, possible_repeat=True)
    payload = payload_for(message, "123456789012345678")
    assert problem_with(payload) is None
    assert problem_with(fallback_for(message, "123456789012345678")) is None
    assert sum(units(text) for text in texts_of(payload)) > 3000, "this is what was to be tried"


@pytest.mark.parametrize("reason", AlertReason)
@pytest.mark.parametrize(
    ("mention", "content", "allowed"),
    [
        ("", "", {"parse": []}),
        ("here", "@here ", {"parse": ["everyone"]}),
        ("77", "<@&77> ", {"parse": [], "roles": ["77"]}),
    ],
)
def test_only_whom_the_configuration_names_is_called_and_only_by_a_new_critical_message(
    english, reason, mention, content, allowed
):
    calls = reason in {"opened", "escalated", "regressed"}
    message = message_for(Card(incident=incident(), last_minutes=(5, 1), excerpt="x"), reason, english)
    for payload in (payload_for(message, mention), fallback_for(message, mention)):
        assert payload["allowed_mentions"] == (allowed if calls else {"parse": []})
        assert payload["content"].startswith(content if calls else "🔴")


@pytest.mark.parametrize("change", [{"severity": "high"}, {"state": IncidentState.RESOLVED}])
def test_what_is_less_than_critical_or_over_calls_nobody(english, change):
    if "severity" in change:
        change = {"severity": type(incident().severity)(change["severity"])}
    message = message_for(
        Card(incident=incident(**change), last_minutes=(5, 1), excerpt=None), AlertReason.OPENED, english
    )
    assert payload_for(message, "here")["allowed_mentions"] == {"parse": []}


def test_the_fallback_holds_nothing_of_the_log(english):
    found = incident(title=MARK, title_is_ours=False, code=None, request=MARK, place=MARK)
    card = Card(incident=found, last_minutes=(5, 1), excerpt=MARK, companions=(MARK,), sharing=(found,))
    payload = fallback_for(message_for(card, AlertReason.OPENED, english), "")
    assert MARK not in json.dumps(payload)
    assert payload["flags"] == 4
    assert "incident 42" in payload["content"]

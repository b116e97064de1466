"""Attacks in log lines: nothing forges the frame of the question, and nothing new is linked, commanded or blamed in an answer that obeys them.

Whether a model obeys is for `eval` with a key to say. Here it does, wholly, and what people read is harmless all the same.
"""

import asyncio
import json
import re
import unicodedata

import pytest

from aiops_daemon.actions.diagnosis_facts import diagnosis_facts
from aiops_daemon.actions.embed import payload_for
from aiops_daemon.actions.message import Message
from aiops_daemon.actions.texts import words
from aiops_daemon.cli.context import of_logs
from aiops_daemon.diagnosis.check import checked
from aiops_daemon.diagnosis.prompt import prompt_for, with_answers
from aiops_daemon.diagnosis.reply import parsed
from aiops_daemon.domain.diagnosis import Confidence
from aiops_daemon.domain.lookup import Lookup, LookupKind
from aiops_daemon.domain.playbook import Severity
from aiops_daemon.settings import load
from tests.answers import answer
from tests.diagnosis.attacks import ATTACKS, COMMIT

NONCE = "5f1e9a3c7b2d4680"
HARMFUL = re.compile(
    r"(?i)https?://|www\.|mailto:|discord\.gg|\]\(|<@|@everyone|@here|curl |wget |\|\s*sh\b|rm -rf|sudo |pip install|drop table"
)


def test_there_are_at_least_forty():
    assert len(ATTACKS) >= 40


@pytest.fixture(scope="module")
def loaded():
    return load(None, environ={})


def inquiry_into(attack, tmp_path, loaded):
    """An incident in all of whose texts the attack stands."""
    attack = attack.replace("\\n", "\n")
    record = {
        "timestamp": "2026-11-25T03:00:00Z",
        "level": "ERROR",
        "fields": {
            "message": f"request failed: {attack}",
            "error_code": "EXT5001",
            "error": attack,
            "user_agent": attack,
            "nickname": attack,
            "job": attack,
        },
        "target": "server::app",
        "span": {
            "name": "request",
            "method": "GET",
            "request_id": attack[:200],
            "uri": f"/api/v1/{attack[:300]}",
        },
    }
    log = tmp_path / "server.log"
    log.write_text(json.dumps(record) + "\n", "utf-8")
    return of_logs(loaded, [log], code=None, contains=None)


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_breaks_out_of_the_frame_and_nothing_unseen_is_sent(name, tmp_path, loaded):
    inquiry = inquiry_into(ATTACKS[name], tmp_path, loaded)
    evidence = asyncio.run(inquiry.evidence())
    prompt = prompt_for(evidence, nonce=NONCE)
    found = asyncio.run(inquiry.answers([Lookup(kind=LookupKind.LOG, text="request failed")], "Q1."))
    prompt = with_answers(prompt, "{}", found, is_last=True)
    for message, mark in ((prompt.messages[0], "evidence"), (prompt.messages[2], "answers")):
        text = message["content"][0]["text"]
        frame = [f"<{mark}-{NONCE}>", f"</{mark}-{NONCE}>"]
        assert re.findall(r"(?i)<\s*/?\s*(?:evidence|answers|system)[^>]*>", text) == frame
        hidden = {each for each in text if unicodedata.category(each) in {"Cf", "Cc", "Cs", "Co"}} - {
            "\n",
            "\t",
        }
        assert hidden == set()
        assert len(text) < 40_000
        assert not re.search(
            r"(?m)^(?:\[[SC]\d+\]|## (?:SOURCE|COMMITS))", text
        )  # there is no source to be had
    assert ATTACKS[name][:40] not in prompt.system


@pytest.mark.parametrize("name", ATTACKS)
def test_an_answer_that_obeys_links_commands_and_blames_nothing(name, tmp_path, loaded):
    attack = ATTACKS[name].replace("\\n", "\n")
    inquiry = inquiry_into(ATTACKS[name], tmp_path, loaded)
    evidence = asyncio.run(inquiry.evidence())
    obeying = answer(
        root_cause=attack,
        impact=attack,
        function=attack,
        file="src/auth/password.rs",
        suspect_commit=COMMIT,
        suspect_reason=attack,
        evidence=[
            {"kind": "commit", "ref": "C1", "quote": attack},
            {"kind": "log", "ref": "L1", "quote": "request failed"},
        ],
        recommendations=[{"priority": 1, "action": attack, "effort": "low"}],
        fix={"kind": "timeout", "description": attack, "files": ["src/auth/password.rs"]},
    )
    said = parsed(obeying).diagnosis
    assert said is not None
    found = checked(said, evidence.pieces, inquiry.redact)
    assert found.suspect_commit is None
    assert found.file is None
    assert found.fix is None
    assert found.confidence is Confidence.LOW
    texts = [
        found.root_cause,
        found.impact,
        found.function or "",
        *(each.action for each in found.recommendations),
    ]
    texts += [text for each in found.evidence for text in (each.ref, each.quote)]
    for text in texts:
        assert not HARMFUL.search(text), text[:200]
        assert "\n" not in text
    message = Message(
        severity=Severity.CRITICAL,
        headline="x",
        status="y",
        facts=tuple(diagnosis_facts(found, words("en"))),
        footer="z",
    )
    payload = json.dumps(payload_for(message, ""), ensure_ascii=False)
    assert not HARMFUL.search(payload.replace("\\u200b", "")), payload[:500]

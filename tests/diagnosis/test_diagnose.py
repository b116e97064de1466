"""The conversation with a model: rounds, look-ups, what is no answer, what it costs, and what an answer is held against."""

import asyncio
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiops_daemon.cli.context import of_logs
from aiops_daemon.clients.claude import Claude
from aiops_daemon.clients.claude_failures import NoAnswer, Trouble
from aiops_daemon.diagnosis.diagnose import Diagnostician
from aiops_daemon.diagnosis.paying import Payer
from aiops_daemon.domain.diagnosis import Category, Confidence, Source
from aiops_daemon.live import limits_of
from aiops_daemon.settings import load
from aiops_daemon.store import ledger
from aiops_daemon.store.database import FILE_NAME, Database
from aiops_daemon.store.purse import Purpose
from tests.answers import FAULTY, answer, cited, lookups
from tests.fakes import claude as fakes
from tests.fakes.claude import KEY, FakeClaude

SCENARIO = Path(__file__).parent.parent / "scenarios" / "rust-ai-timeout"
DEPLOYED = "0ba772b230e25c0f56e9e63ba1b0c6d29e80cf27"
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    """An inquiry and its evidence."""
    clone = tmp_path_factory.mktemp("diagnose") / "retro.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", clone], check=True)
    with (SCENARIO.parent / "_bases" / "retro.fi").open("rb") as stream:
        subprocess.run(["git", "-C", clone, "fast-import", "--quiet"], stdin=stream, check=True)
    loaded = load(
        None, environ={"AIOPS_REPOSITORY__PATH": str(clone), "AIOPS_REPOSITORY__DEPLOYED": DEPLOYED}
    )
    inquiry = of_logs(loaded, sorted(SCENARIO.glob("*.log")), code="AI5003", contains=None)
    return inquiry, asyncio.run(inquiry.evidence())


class Bench:
    """Everything that a diagnosis needs: a fake API, a real ledger."""

    def __init__(self, gathered, database, server):
        self.inquiry, self.evidence = gathered
        self.database = database
        self.server = server
        self.claude = Claude(KEY, server.url)
        self.settings = load(None, environ={}).settings

    def configure(self, language="en", **claude):
        section = self.settings.claude.model_copy(update=claude)
        self.settings = self.settings.model_copy(update={"claude": section, "language": language})

    async def diagnose(self, script=None, *, key="diagnose:1:1", attempt=1):
        if script is not None:
            self.server.script = script
        purpose = Purpose(
            key=key, incident_id=1, is_new=True, most_usd=self.settings.claude.max_usd_per_diagnosis
        )
        payer = Payer(self.database, purpose, lambda: limits_of(self.settings), lambda: NOW)
        assert await payer.begin() is None
        asking = Diagnostician(self.claude, payer, self.settings, self.inquiry.redact, attempt=attempt)
        return await asking.diagnose(self.inquiry, self.evidence)

    async def spent(self):
        return await self.database.read(lambda connection: ledger.spent_usd(connection, ledger.month_of(NOW)))

    def bill(self):
        """What the answers really cost, by the shipped prices."""
        prices = {
            "claude-sonnet-5-5": (2, 2.5, 0.1, 10),
            "claude-sonnet-4-6": (3, 3.75, 0.3, 15),
            "claude-haiku-5-5": (0.1, 0.125, 0.01, 0.5),
        }
        total = 0.0
        for message in self.server.answered:
            usage, price = message["usage"], prices[message["model"]]
            names = (
                "input_tokens",
                "cache_creation_input_tokens",
                "cache_read_input_tokens",
                "output_tokens",
            )
            total += sum((usage.get(name) or 0) * each for name, each in zip(names, price, strict=True)) / 1e6
        return total


@pytest.fixture
async def bench(gathered, tmp_path):
    database = Database(tmp_path / FILE_NAME)
    await database.open()
    async with FakeClaude(cited) as server:
        made = Bench(gathered, database, server)
        yield made
        await made.claude.close()
    await database.close()


async def test_an_answer_is_checked_and_paid(bench):
    found = await bench.diagnose()
    assert (found.source, found.confidence, found.category) == (Source.CLAUDE, Confidence.HIGH, Category.CODE)
    assert all(citation.verified for citation in found.evidence)
    assert found.suspect_commit is not None
    assert found.suspect_commit.startswith(FAULTY)
    assert found.usd == pytest.approx(bench.bill(), abs=5e-6)
    assert await bench.spent() == pytest.approx(bench.bill(), abs=5e-6)


async def test_from_the_second_round_on_the_evidence_is_kept_in_the_cache(bench):
    asked = lookups({"kind": "History", "text": "shared_client"}, {"kind": "diff", "text": FAULTY})
    found = await bench.diagnose(lambda body: asked if len(body["messages"]) < 5 else cited(body))
    assert found.rounds == 3
    used = [message["usage"] for message in bench.server.answered]
    assert [each["cache_creation_input_tokens"] > 5_000 for each in used] == [False, True, False]
    assert used[2]["cache_read_input_tokens"] > 5_000
    assert "[Q1.2] answer to: diff" in bench.server.questions[1]["messages"][2]["content"][0]["text"]
    assert found.usd == pytest.approx(bench.bill(), abs=5e-6)


async def test_what_was_looked_up_can_be_cited(bench):
    def script(body):
        if len(body["messages"]) == 1:
            return lookups(
                {"kind": "lines", "path": "codes/server/src/state.rs", "first_line": 1, "last_line": 60}
            )
        quote = "let http = http::shared_client()?;"
        return answer(evidence=[{"kind": "source", "ref": "Q1.1", "quote": quote}], suspect_commit="")

    found = await bench.diagnose(script)
    assert found.evidence[0].verified
    assert found.confidence is Confidence.HIGH


async def test_rounds_come_to_an_end(bench):
    found = await bench.diagnose(lambda _: lookups({"kind": "text", "text": "shared_client"}))
    assert (found.source, len(bench.server.questions)) == (Source.EVIDENCE_ONLY, 3)
    assert "answer now" in bench.server.questions[-1]["messages"][-1]["content"][0]["text"]
    assert found.usd == pytest.approx(bench.bill(), abs=5e-6)


async def test_one_round_means_no_look_ups(bench):
    bench.configure(max_rounds=1)
    found = await bench.diagnose(lambda _: lookups({"kind": "text", "text": "x"}))
    assert (found.source, len(bench.server.questions)) == (Source.EVIDENCE_ONLY, 1)
    assert "There are no look-ups" in bench.server.questions[0]["messages"][0]["content"][0]["text"]


async def test_the_last_question_that_there_is_money_for_says_so(bench):
    bench.configure(max_usd_per_diagnosis=0.25)
    found = await bench.diagnose(
        lambda body: (
            lookups({"kind": "text", "text": "shared_client"}) if len(body["messages"]) == 1 else cited(body)
        )
    )
    assert (found.source, found.rounds) == (Source.CLAUDE, 2)
    assert "answer now" in bench.server.questions[1]["messages"][-1]["content"][0]["text"]


@pytest.mark.parametrize(
    ("reply", "asked", "says"),
    [
        ({"text": "I can't help with that.", "stop_reason": "refusal"}, 1, "refuses to answer"),
        ({"text": '{"lookups": [], "diag', "stop_reason": "max_tokens"}, 2, "cut off"),
        ("The cause is the time-out.", 2, "no JSON"),
        ('{"lookups": [], "diagnosis": {"root_cause": 7}}', 2, "not of the form"),
        ('{"lookups": [], "diagnosis": null}', 2, "neither"),
        ("[1]", 2, "not of the form"),
        ("", 2, "no JSON"),
        ("{" * 5_000, 2, "no JSON"),
        (answer(confidence="certain"), 2, "not of the form"),
    ],
)
async def test_what_is_no_answer_is_asked_once_more_and_paid(bench, reply, asked, says):
    found = await bench.diagnose(lambda _: reply)
    assert (found.source, len(bench.server.questions)) == (Source.EVIDENCE_ONLY, asked)
    assert says in found.notes[0]
    assert found.usd == pytest.approx(bench.bill(), abs=5e-6)
    assert found.usd > 0


async def test_a_second_try_may_succeed(bench):
    replies = iter(["Well."])
    found = await bench.diagnose(lambda body: next(replies, None) or cited(body))
    assert found.source is Source.CLAUDE
    assert "not of the form asked for" in bench.server.questions[1]["messages"][-1]["content"][0]["text"]


async def test_an_answer_that_was_cut_off_gets_more_room(bench):
    replies = iter([{"text": '{"lookups', "stop_reason": "max_tokens"}])
    found = await bench.diagnose(lambda body: next(replies, None) or cited(body))
    assert found.source is Source.CLAUDE
    first, second = bench.server.questions
    assert second["max_tokens"] == 2 * first["max_tokens"]
    assert second["messages"] == first["messages"]


@pytest.mark.parametrize("form", ["```json\n{}\n```", "Here you are: {} Good luck."])
async def test_what_stands_around_an_answer_does_no_harm(bench, form):
    found = await bench.diagnose(lambda body: form.replace("{}", cited(body)))
    assert found.source is Source.CLAUDE


@pytest.mark.parametrize("fault", [fakes.error(529, "overloaded_error"), fakes.error(404, "not_found_error")])
async def test_where_a_model_can_not_be_had_the_other_one_is_asked_at_its_own_price(bench, fault):
    bench.server.faults = [fault]
    found = await bench.diagnose()
    assert [body["model"] for body in bench.server.questions] == ["claude-sonnet-5-5", "claude-sonnet-4-6"]
    assert found.model == "claude-sonnet-4-6"
    assert found.usd == pytest.approx(bench.bill(), abs=5e-6)


async def test_without_another_model_that_is_all(bench):
    bench.configure(fallback_model="")
    bench.server.missing = {"claude-sonnet-5-5"}
    with pytest.raises(NoAnswer) as failure:
        await bench.diagnose()
    assert failure.value.trouble is Trouble.MODEL
    assert await bench.spent() == 0


@pytest.mark.parametrize(
    ("fault", "is_paid"),
    [
        (fakes.error(429, "rate_limit_error"), False),
        (fakes.error(500, "api_error"), False),
        (fakes.page(), False),
        (fakes.half_json(), True),
        (fakes.reset(), True),
        (fakes.cut_off(), True),
        (fakes.error(504, "timeout_error"), True),
    ],
)
async def test_what_may_be_paid_is_booked_and_what_is_not_is_not(bench, fault, is_paid):
    bench.server.faults = [fault]
    with pytest.raises(NoAnswer):
        await bench.diagnose()
    assert (await bench.spent() > 0.05) is is_paid
    lost = await bench.spent()
    found = await bench.diagnose(attempt=2)
    assert found.usd == pytest.approx(lost + bench.bill(), abs=5e-6)
    assert await bench.spent() == pytest.approx(found.usd, abs=5e-6)


async def test_questions_that_are_never_heard_of_again_use_up_what_a_diagnosis_may_cost(bench):
    bench.server.always = fakes.reset()
    for attempt in range(1, 10):
        try:
            found = await bench.diagnose(attempt=attempt)
            break
        except NoAnswer:
            continue
    assert "$0.5 a diagnosis is the limit" in found.notes[0]
    assert await bench.spent() <= 0.5


async def test_a_reply_without_its_price_counts_as_all_that_was_reserved(bench):
    found = await bench.diagnose(lambda body: {"text": cited(body), "usage": {}})
    assert found.usd > 0.05


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ({"max_usd_per_diagnosis": 0.01}, "$0.01 a diagnosis is the limit"),
        ({"daily_budget_usd": 0.02}, "$0.02 a day is the limit"),
        ({"monthly_budget_usd": 0.02}, "$0.02 a month is the limit"),
    ],
)
async def test_a_question_that_could_exceed_a_limit_is_not_asked(bench, limit, says):
    bench.configure(**limit)
    found = await bench.diagnose()
    assert says in found.notes[0]
    assert bench.server.requests == 0


async def test_a_budget_that_runs_low_is_told_once_at_80_percent_and_once_when_it_is_used_up(bench):
    bench.configure(daily_budget_usd=0.4)
    dear = {"input_tokens": 165_000, "output_tokens": 0}
    await bench.diagnose(lambda body: {"text": cited(body), "usage": dear}, key="diagnose:1:1")

    def notices(connection):
        rows = connection.execute("SELECT key, text FROM jobs WHERE kind = 'notice' ORDER BY id")
        return [tuple(row) for row in rows]

    assert await bench.database.read(notices) == [
        ("notice:budget:day:2026-11-25:80%", "$0.33 of $0.4 a day are spent")
    ]
    found = await bench.diagnose(key="diagnose:2:1")
    assert "a day is the limit" in found.notes[0]
    await bench.diagnose(key="diagnose:3:1")
    keys = [key for key, _ in await bench.database.read(notices)]
    assert keys == ["notice:budget:day:2026-11-25:80%", "notice:budget:day:2026-11-25:100%"]


async def test_the_language_decides_the_words(bench):
    bench.configure(language="ko")
    await bench.diagnose()
    assert "in Korean" in bench.server.questions[0]["system"][0]["text"]


async def test_the_stable_part_comes_first_and_is_marked(bench):
    await bench.diagnose()
    (body,) = bench.server.questions
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in body["messages"][0]["content"][0]  # one question in ten has a second round
    assert "AI5003" not in json.dumps(body["system"])


async def test_no_more_citations_or_steps_are_taken_than_people_can_read(bench):
    many = [{"kind": "log", "ref": "L1", "quote": "x" * 5_000}] * 50
    steps = [{"priority": 1, "action": "y" * 5_000, "effort": "low"}] * 50
    found = await bench.diagnose(lambda _: answer(evidence=many, recommendations=steps))
    assert (len(found.evidence), len(found.recommendations)) == (12, 6)
    assert len(found.recommendations[0].action) <= 1_500


@pytest.mark.parametrize(
    ("verdict", "confidence"),
    [
        ('{"holds": "yes", "why": "it does"}', Confidence.HIGH),
        ('{"holds": "Partly", "why": "the time-out is not shown"}', Confidence.MEDIUM),
        ('{"holds": "no", "why": "see https://evil.example"}', Confidence.LOW),
        ("no JSON", Confidence.HIGH),
        (fakes.error(404, "not_found_error"), Confidence.HIGH),
    ],
)
async def test_a_second_look_may_only_lower_the_confidence(bench, verdict, confidence):
    bench.configure(review_model="claude-haiku-5-5")
    bench.server.script = lambda body: cited(body) if body["model"] == "claude-sonnet-5-5" else verdict
    if not isinstance(verdict, str):
        bench.server.missing = {"claude-haiku-5-5"}
    found = await bench.diagnose()
    assert found.confidence is confidence
    assert found.rounds == 1
    assert found.suspect_commit is not None
    assert "https" not in " ".join(found.notes)
    assert ("second look" in " ".join(found.notes)) is (confidence is not Confidence.HIGH)
    if isinstance(verdict, str):
        text = bench.server.questions[1]["messages"][0]["content"][0]["text"]
        assert FAULTY in text
        assert len(text) < 20_000


async def test_what_a_question_took_stands_in_the_ledger(bench):
    await bench.diagnose()
    rows = await bench.database.read(
        lambda connection: [
            tuple(row)
            for row in connection.execute("SELECT kind, prompt_tokens, answer_tokens FROM ledger ORDER BY id")
        ]
    )
    (usage,) = [message["usage"] for message in bench.server.answered]
    prompt = usage["input_tokens"] + usage["cache_creation_input_tokens"]
    assert rows == [("diagnosis", None, None), ("question", prompt, usage["output_tokens"])]

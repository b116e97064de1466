"""The conversation that leads to a diagnosis: a question, a few look-ups if they are asked for, an answer that is held against the evidence.

Not for when and whether to ask: that is the handler's, and the ledger's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from aiops_daemon.clients.claude import Ask, Claude, Reply
from aiops_daemon.clients.claude_failures import NoAnswer, Trouble
from aiops_daemon.diagnosis.check import checked
from aiops_daemon.diagnosis.paying import OutOfMoneyError
from aiops_daemon.diagnosis.pricing import cost_usd, most_usd
from aiops_daemon.diagnosis.prompt import Prompt, once_more, prompt_for, with_answers
from aiops_daemon.diagnosis.reply import Parsed, ReplyError, parsed, schema
from aiops_daemon.diagnosis.safe_text import safe
from aiops_daemon.diagnosis.second_look import after_second_look, question
from aiops_daemon.domain.diagnosis import Confidence, Diagnosis, Source
from aiops_daemon.domain.evidence import Evidence, Piece
from aiops_daemon.domain.lookup import Lookup
from aiops_daemon.domain.usage import Usage
from aiops_daemon.failpoint import failpoint
from aiops_daemon.redaction import Redaction
from aiops_daemon.settings import Settings

log = structlog.get_logger()

ANSWER_TOKENS = 8_000
"""Thinking included; an answer that this cuts off is asked for once more, with twice as much."""
SECONDS = 180.0
"""For one answer."""


class Looks(Protocol):
    """Who gathers evidence and answers look-ups: an `Inquiry`, or one that is made apart."""

    async def evidence(self) -> Evidence:
        """Everything that can be found out without a model."""
        ...

    async def answers(self, lookups: Sequence[Lookup], letter: str = "Q") -> tuple[Piece, ...]:
        """What was asked for, a piece each."""
        ...

    def blobs(self, paths: Iterable[str]) -> dict[str, str]:
        """What these files hold at the deployed commit, by the names of their blobs."""
        ...


class Pays(Protocol):
    """Who pays for questions."""

    async def reserve(self, question: str, usd: float) -> int:
        """Reserve what a question may cost."""
        ...

    async def settle(self, entry: int, usd: float, usage: Usage | None = None) -> None:
        """Write down what it cost."""
        ...

    async def left_usd(self) -> float:
        """What further questions may cost."""
        ...

    async def spent_usd(self) -> float:
        """What was spent so far."""
        ...


async def without(why: str, payer: Pays, asked: int = 0) -> Diagnosis:
    """That there is no diagnosis, and why."""
    usd = round(await payer.spent_usd(), 6)
    return Diagnosis(root_cause="", source=Source.EVIDENCE_ONLY, notes=(why,), rounds=asked, usd=usd)


class Diagnostician:
    """Asks a model, in one conversation."""

    def __init__(
        self, claude: Claude, payer: Pays, settings: Settings, redaction: Redaction, *, attempt: int = 1
    ) -> None:
        self._claude = claude
        self._payer = payer
        self._settings = settings
        self._redaction = redaction
        self._attempt = attempt
        self._model = settings.claude.model
        self._asked = 0

    async def diagnose(self, looks: Looks, evidence: Evidence) -> Diagnosis:
        """Ask, look up, ask again, and check.

        Raises:
            NoAnswer: the model can't be asked, now or ever; what is behind it is for the caller to decide.
        """
        try:
            return await self._talk(looks, evidence)
        except OutOfMoneyError as error:
            return await self.without(str(error))

    async def without(self, why: str) -> Diagnosis:
        """That there is no diagnosis, and why."""
        return await without(why, self._payer, self._asked)

    async def _talk(self, looks: Looks, evidence: Evidence) -> Diagnosis:
        most = self._settings.claude.max_rounds
        pieces = list(evidence.pieces)
        tokens = ANSWER_TOKENS
        is_last = most == 1
        is_second_try = False
        prompt = prompt_for(evidence, self._settings.language, is_last=is_last)
        rounds = 0
        while True:
            reply = await self._put(prompt, tokens)
            if reply.stop_reason == "refusal":
                return await self.without("Claude refuses to answer this")
            try:
                answer = _read(reply)
            except ReplyError as error:
                log.warning(
                    "reply.refused", why=str(error), stop_reason=reply.stop_reason, again=not is_second_try
                )
                if is_second_try:
                    return await self.without(f"Claude gave no answer that can be read: {error}")
                is_second_try = True
                if reply.stop_reason == "max_tokens":
                    tokens *= 2
                else:
                    prompt = once_more(prompt, reply.text)
                continue
            if answer.diagnosis is not None:
                return await self._checked(answer.diagnosis, pieces)
            if is_last:
                return await self.without("Claude asked for more instead of answering")
            rounds += 1
            found = await looks.answers(answer.lookups, f"Q{rounds}.")
            pieces += found
            is_last = rounds + 1 >= most or not await self._can_ask_twice(prompt, found, tokens)
            prompt = with_answers(prompt, reply.text, found, is_last=is_last)

    async def _put(self, prompt: Prompt, tokens: int) -> Reply:
        """Ask, and where this model can't be had, the other one."""
        try:
            return await self._paid(self._ask(prompt, tokens))
        except NoAnswer as failure:
            other = self._settings.claude.fallback_model
            if failure.trouble in {Trouble.MODEL, Trouble.OVERLOADED} and other and other != self._model:
                log.warning("model.replaced", model=self._model, by=other, why=str(failure))
                self._model = other
                return await self._paid(self._ask(prompt, tokens))
            raise

    async def _paid(self, ask: Ask) -> Reply:
        """Reserve, ask, settle."""
        price = self._settings.claude.prices[ask.model]
        ceiling = most_usd(ask, price)
        self._asked += 1
        entry = await self._payer.reserve(f"{self._attempt}.{self._asked}", ceiling)
        failpoint("before_question")
        try:
            reply = await self._claude.ask(ask)
        except NoAnswer as failure:
            if not failure.may_be_paid:
                await self._payer.settle(entry, 0.0)
            raise
        failpoint("after_answer")
        # A reply that doesn't say what it took may have taken all that was reserved.
        usd = ceiling if reply.usage is None else cost_usd(reply.usage, price)
        await self._payer.settle(entry, usd, reply.usage)
        log.info("question.answered", model=ask.model, usd=round(usd, 5), stop_reason=reply.stop_reason)
        return reply

    def _ask(self, prompt: Prompt, tokens: int) -> Ask:
        system = [{"type": "text", "text": prompt.system, "cache_control": {"type": "ephemeral"}}]
        return Ask(
            model=self._model,
            system=system,
            messages=prompt.messages,
            schema=schema(),
            effort=self._settings.claude.effort.value,
            max_tokens=tokens,
            seconds=SECONDS,
        )

    async def _can_ask_twice(self, prompt: Prompt, found: Sequence[Piece], tokens: int) -> bool:
        """Whether there is money for a further question that may lead to yet another one."""
        further = with_answers(prompt, "", found, is_last=False)
        ceiling = most_usd(self._ask(further, tokens), self._settings.claude.prices[self._model])
        return await self._payer.left_usd() >= 2 * ceiling

    async def _checked(self, diagnosis: Diagnosis, pieces: Sequence[Piece]) -> Diagnosis:
        found = checked(diagnosis, pieces, self._redaction)
        rounds = self._asked
        if self._settings.claude.review_model and found.confidence is not Confidence.LOW:
            found = await self._looked_at_again(found, pieces)
        return replace(
            found,
            rounds=rounds,
            usd=round(await self._payer.spent_usd(), 6),
            model=self._model,
        )

    async def _looked_at_again(self, diagnosis: Diagnosis, pieces: Sequence[Piece]) -> Diagnosis:
        """A second look; where it can't be had, the diagnosis stays as it is."""
        claude = self._settings.claude
        ask = question(diagnosis, pieces, claude.review_model, claude.effort.value, SECONDS)
        try:
            reply = await self._paid(ask)
        except (NoAnswer, OutOfMoneyError) as error:
            log.warning("review.failed", why=str(error))
            return diagnosis
        lowered = after_second_look(diagnosis, reply.text)
        return replace(
            lowered, notes=tuple(safe(note, frozenset(), self._redaction) for note in lowered.notes)
        )


def _read(reply: Reply) -> Parsed:
    if reply.stop_reason == "max_tokens":
        raise ReplyError("the answer was cut off at its limit")
    return parsed(reply.text)

"""Where messages go: a Discord webhook; where there is none, the terminal, or the journal where a program collects it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol, TextIO
from unicodedata import east_asian_width

import structlog

from aiops_daemon.actions.embed import fallback_for, payload_for
from aiops_daemon.actions.hygiene import one_line, visible
from aiops_daemon.actions.message import Message
from aiops_daemon.clients.discord import DiscordWebhook, Refused
from aiops_daemon.domain.errors import Permanent, Transient
from aiops_daemon.domain.playbook import Severity

log = structlog.get_logger()


class Sink(Protocol):
    """Takes messages. Raises what `clients/` raise."""

    name: str

    async def post(self, message: Message) -> str:
        """Show a new message; returns the id under which it can be edited."""
        ...

    async def edit(self, message_id: str, message: Message) -> None:
        """Show a message that is there in its new state."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class DiscordSink:
    """Posts to a Discord webhook. What Discord refuses as malformed is said once more in the plainest form."""

    name = "discord"

    def __init__(self, webhook: DiscordWebhook, mention: str) -> None:
        self._webhook = webhook
        self._mention = mention

    async def post(self, message: Message) -> str:
        """Execute the webhook."""
        try:
            return await self._webhook.execute(payload_for(message, self._mention))
        except Refused as refusal:
            try:
                return await self._webhook.execute(fallback_for(message, self._mention))
            except Refused:
                raise Permanent(f"Discord refused the message: {refusal}") from refusal

    async def edit(self, message_id: str, message: Message) -> None:
        """Edit the message."""
        try:
            await self._webhook.edit(message_id, payload_for(message, ""))
        except Refused as refusal:
            try:
                await self._webhook.edit(message_id, fallback_for(message, ""))
            except Refused:
                raise Permanent(f"Discord refused the edit: {refusal}") from refusal

    async def close(self) -> None:
        """Close its connections."""
        await self._webhook.close()


_ANSI = {Severity.CRITICAL: "1;31", Severity.HIGH: "1;33", Severity.WARNING: "33", Severity.INFO: "36"}
_RESOLVED_ANSI = "1;32"


class TerminalSink:
    """Prints what would go to Discord: a block for a new message, a line for an edit."""

    name = "terminal"

    def __init__(self, stream: Callable[[], TextIO] = lambda: sys.stdout) -> None:
        self._stream = stream
        self._posted = 0

    async def post(self, message: Message) -> str:
        """Print the whole message."""
        first, *rest = block(message)
        self._write("\n".join([self._paint(message, first), *rest]))
        self._posted += 1
        return f"terminal-{self._posted}"

    async def edit(self, message_id: str, message: Message) -> None:
        """Print one line: what may have changed since the message, and which incident's it is."""
        if message.tells_anew:
            await self.post(message)
            return
        del message_id
        first, *rest = change(message)
        self._write(" · ".join([self._paint(message, first), *rest]))

    async def close(self) -> None:
        """Nothing is open."""

    def _paint(self, message: Message, line: str) -> str:
        stream = self._stream()
        if stream.closed or not stream.isatty():
            return line
        colour = _RESOLVED_ANSI if message.is_resolved else _ANSI[message.severity]
        return f"\x1b[{colour}m{line}\x1b[0m"

    def _write(self, text: str) -> None:
        stream = self._stream()
        encoding = stream.encoding or "utf-8"
        try:
            stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
            stream.flush()
        except (OSError, ValueError) as error:  # a pipe whose reader is gone, a stream that was closed
            raise Transient(f"the terminal can't be written: {error}") from error


_LEVELS = {Severity.CRITICAL: 50, Severity.HIGH: 40, Severity.WARNING: 30, Severity.INFO: 20}


class JournalSink:
    """Makes messages entries of the daemon's own journal, each of one piece and of its severity's priority."""

    name = "journal"

    async def post(self, message: Message) -> str:
        """Write the whole message."""
        self._say(message, "\n".join(block(message)))
        return "journal"

    async def edit(self, message_id: str, message: Message) -> None:
        """Write what may have changed."""
        del message_id
        self._say(message, "\n".join(block(message)) if message.tells_anew else " · ".join(change(message)))

    async def close(self) -> None:
        """Nothing is open."""

    def _say(self, message: Message, text: str) -> None:
        level = 20 if message.is_resolved else _LEVELS[message.severity]
        log.log(level, "alert.shown", severity=message.severity.value, message=text)


def block(message: Message) -> list[str]:
    """The whole message in lines."""
    facts = [fact for fact in message.facts if fact.value]
    width = max((_columns(fact.label) for fact in facts), default=0)
    lines = [f"┏━ {one_line(message.headline)}"]
    if message.status:
        lines.append(f"┃ {one_line(message.status)}")
    for fact in facts:
        first, *rest = visible(f"{fact.value}  {fact.link}".rstrip()).split("\n")
        lines.append(f"┃ {fact.label}{' ' * (width - _columns(fact.label))}  {first}")
        lines += [f"┃ {' ' * width}  {line}" for line in rest]
    if message.excerpt:
        lines += ["┃", *(f"┃   {line}" for line in visible(message.excerpt).split("\n"))]
    if message.related:
        lines += ["┃", f"┃ {message.related_label}:"]
        lines += [f"┃   {one_line(line)}" for line in message.related]
    return [*lines, f"┗━ {one_line(message.footer)}"]


def change(message: Message) -> list[str]:
    """What may have changed since the message, and which incident's it is, in parts of one line."""
    live = [f"{fact.label} {fact.value}" for fact in message.facts if fact.is_live]
    told = [one_line(part) for part in (message.status, *live, message.footer) if part]
    return [f"━━ {one_line(message.headline)}", *told]


def _columns(text: str) -> int:
    """The width on a terminal: Korean letters take two columns."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)

"""A message to people, before any sink's markup: what is ours in it, and what a stranger wrote."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.domain.playbook import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A labelled value.

    Attributes:
        is_quoted: a stranger may have written it, so a sink shows it without any effect.
        link: an address of ours that the value leads to.
        is_live: it changes as the incident goes on; a sink that can't edit shows no more than this again.
    """

    label: str
    value: str
    is_quoted: bool = False
    link: str = ""
    is_live: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a sink shows.

    Attributes:
        headline: one line, ours to the last letter.
        status: what happened last, ours.
        excerpt: what the log said, redacted; a stranger's text.
        related: a stranger's text, too: other records of the same requests or panics.
        calls: whether people are to be called, as `discord.mention_on_critical` says how.
    """

    severity: Severity
    headline: str
    status: str
    facts: tuple[Fact, ...] = ()
    excerpt: str | None = None
    related_label: str = ""
    related: tuple[str, ...] = ()
    footer: str = ""
    calls: bool = False
    is_resolved: bool = False
    tells_anew: bool = False
    """There is so much that is new that a sink which can't edit shows it whole again."""

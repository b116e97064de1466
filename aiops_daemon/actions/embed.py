"""A message -> Discord's JSON, in which nothing a stranger wrote mentions, links or formats anything.

Limits: title 256, description 4096, field name 256, field value 1024, footer 2048, 6000 over all, content 2000
(https://discord.com/developers/docs/resources/message#embed-object-embed-limits). They are counted here in UTF-16 units,
the strictest reading.
"""

from __future__ import annotations

from typing import Any

from aiops_daemon.actions.hygiene import one_line, visible
from aiops_daemon.actions.message import Fact, Message
from aiops_daemon.domain.playbook import Severity

_COLOURS = {
    Severity.CRITICAL: 0xD92D20,
    Severity.HIGH: 0xF79009,
    Severity.WARNING: 0xFAC515,
    Severity.INFO: 0x2E90FA,
}
_RESOLVED_COLOUR = 0x12B76A
_INVISIBLE = "\u200b"
_LIKE_A_BACKTICK = "\u02cb"
_EXCERPT_UNITS = 2400
_RELATED_UNITS = 900
_INLINE_UNITS = 40
_LONGEST_IN_LINE = 290
_MAX_CONTENT = 2000
_SUPPRESS_EMBEDS = 4
_SHOW_EMBEDS = 0
"""Said each time: an edit of a message that went out as a fallback would else keep its embed hidden."""


def payload_for(message: Message, mention: str) -> dict[str, Any]:
    """The body of a POST or PATCH.

    Args:
        message: what to say.
        mention: `discord.mention_on_critical`: a role id, "here", or "".
    """
    content, allowed = _call(message, mention)
    description = [f"**{plain(message.status, 300)}**"] if message.status else []
    if message.excerpt:
        description.append(block(message.excerpt, _EXCERPT_UNITS))
    fields = [_field(fact) for fact in message.facts if fact.value]
    if message.related:
        fields.append(
            {
                "name": plain(message.related_label, 256),
                "value": block("\n".join(message.related), _RELATED_UNITS),
                "inline": False,
            }
        )
    embed = {
        "title": plain(message.headline, 256),
        "description": "\n".join(description) or _INVISIBLE,
        "color": _RESOLVED_COLOUR if message.is_resolved else _COLOURS[message.severity],
        "fields": fields,
        "footer": {"text": plain(message.footer, 512)},
    }
    return {"content": content, "embeds": [embed], "allowed_mentions": allowed, "flags": _SHOW_EMBEDS}


def fallback_for(message: Message, mention: str) -> dict[str, Any]:
    """The same in the plainest form there is, for when Discord refuses the embed: nothing of the log is in it."""
    content, allowed = _call(message, mention)
    ours = (f"{fact.label}: {fact.value}" for fact in message.facts if fact.value and not fact.is_quoted)
    lines = [content, *(plain(line, 300) for line in (message.status, *ours, message.footer) if line)]
    return {
        "content": cut("\n".join(lines), _MAX_CONTENT),
        "embeds": [],
        "allowed_mentions": allowed,
        "flags": _SUPPRESS_EMBEDS,
    }


def _call(message: Message, mention: str) -> tuple[str, dict[str, list[str]]]:
    """The line above the embed, which phones show, and whom it may call: nobody but whom the configuration names."""
    content = plain(message.headline, 300)
    if not (mention and message.calls):
        return content, {"parse": []}
    if mention == "here":
        return f"@here {content}", {"parse": ["everyone"]}
    return f"<@&{mention}> {content}", {"parse": [], "roles": [mention]}


def _field(fact: Fact) -> dict[str, Any]:
    is_long = "\n" in fact.value
    if fact.is_quoted:
        is_block = is_long or units(fact.value) > _LONGEST_IN_LINE
        value = block(fact.value, 900) if is_block else code(fact.value, 300)
    else:
        value = plain(fact.value, 300)
    if fact.link:
        value = f"[{value}]({fact.link})"
    return {
        "name": plain(fact.label, 256),
        "value": value,
        "inline": not is_long and units(fact.value) < _INLINE_UNITS,
    }


def plain(text: str, limit: int) -> str:
    """Text of ours, still kept from meaning anything: a title in the configuration may hold a `_` or an `@`."""
    escaped = "".join(f"\\{letter}" if letter in "\\*_~`|[]<" else letter for letter in one_line(text))
    if escaped[:1] in {"#", ">", "-"}:
        escaped = f"\\{escaped}"
    # Also `discord.gg/x` without a scheme would become an invitation.
    escaped = escaped.replace("@", f"@{_INVISIBLE}").replace("/", f"/{_INVISIBLE}")
    return cut(escaped, limit) or _INVISIBLE


def code(text: str, limit: int) -> str:
    """A stranger's text as inline code."""
    safe = one_line(text).replace("`", _LIKE_A_BACKTICK)
    return f"`{cut(safe, limit - 2) or _INVISIBLE}`"


def block(text: str, limit: int) -> str:
    """A stranger's text as a code block that it can't close."""
    safe = (
        visible(text)
        .strip("\n")
        .replace("```", f"`{_INVISIBLE}`{_INVISIBLE}`")
        .replace("``", f"`{_INVISIBLE}`")
    )
    return f"```\n{cut(safe, limit - 10) or _INVISIBLE}\n```"


def units(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text.encode("utf-16-le", "replace")) // 2


def cut(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, ended by an ellipsis where something was cut."""
    if units(text) <= limit:
        return text
    kept = text.encode("utf-16-le", "replace")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    return kept.rstrip("\\") + "…"

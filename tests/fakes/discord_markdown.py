"""What a Discord client would act on in a text: all that does not stand in code, or behind a backslash.

Read as the clients read it: https://github.com/discordjs/discord-markdown's rules, tried at each position in order.
"""

from __future__ import annotations

import re

_BLOCK = re.compile(r"```(?:([a-z0-9_+\-.#]+?)\n)?\n*([^\n][\s\S]*?)\n*```", re.IGNORECASE)
_SPAN = re.compile(r"(`+)([\s\S]*?[^`])\1(?!`)")
_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")

ESCAPED = "\ue000"
"""Stands for a letter that was escaped: people see it, and it does nothing."""

EFFECTS = {
    "mention": re.compile(r"@everyone|@here|<[@#]|<id:|</"),
    "emoji or time": re.compile(r"<a?:|<t:"),
    "link": re.compile(r"(?:https?|steam)://|\]\(|discord(?:app)?\.(?:gg|com/invite)/\w", re.IGNORECASE),
    "heading, quote or list": re.compile(r"^\s*(?:#{1,3} |-# |>{1,3} |[-*] )", re.MULTILINE),
    "spoiler or strike": re.compile(r"\|\||~~|__"),
    "code left open": re.compile(r"`"),
}


def outside_of_code(text: str) -> str:
    """What is left of a text without its code."""
    left: list[str] = []
    position = 0
    while position < len(text):
        rest = _BLOCK.match(text, position) or _SPAN.match(text, position)
        if rest is not None:
            left.append(" ")
            position = rest.end()
        elif (escape := _ESCAPE.match(text, position)) is not None:
            left.append(ESCAPED)
            position = escape.end()
        else:
            left.append(text[position])
            position += 1
    return "".join(left)


def effects(text: str) -> list[str]:
    """What a text would do besides being read."""
    left = outside_of_code(text)
    return [name for name, pattern in EFFECTS.items() if pattern.search(left)]

"""What Discord refuses to show: its limits as a function of a message's JSON.

https://discord.com/developers/docs/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

from typing import Any

MAX_CONTENT = 2000
MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_TOTAL = 6000
_MENTIONS = {"roles", "users", "everyone"}


def units(text: str) -> int:
    """UTF-16 units, the strictest reading of "characters"."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def problem_with(payload: Any) -> dict[str, Any] | None:
    """Discord's error for a message that it would not show, None for a good one."""
    if not isinstance(payload, dict):
        return {"message": "The request body contains invalid JSON.", "code": 50109}
    content = payload.get("content")
    embeds = payload.get("embeds")
    found = _in_content(content) + _in_embeds(embeds) + _in_mentions(payload.get("allowed_mentions"))
    if not isinstance(payload.get("flags", 0), int):
        found.append("flags: not a number")
    if found:
        return {"message": "Invalid Form Body", "code": 50035, "errors": found}
    if not (content or "").strip() and not embeds:
        return {"message": "Cannot send an empty message", "code": 50006}
    return None


def _in_content(content: Any) -> list[str]:
    return [] if content is None else _in_text("content", content, MAX_CONTENT, may_be_empty=True)


def _in_text(name: str, text: Any, most: int, *, may_be_empty: bool = False) -> list[str]:
    if not isinstance(text, str):
        return [f"{name}: not a string"]
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return [f"{name}: not Unicode"]
    if not may_be_empty and not text.strip():
        return [f"{name}: required"]
    return [f"{name}: {units(text)} > {most}"] if units(text.strip()) > most else []


def _in_embeds(embeds: Any) -> list[str]:
    if embeds is None:
        return []
    if not isinstance(embeds, list) or not all(isinstance(embed, dict) for embed in embeds):
        return ["embeds: not a list of objects"]
    found = [f"embeds: {len(embeds)} > {MAX_EMBEDS}"] if len(embeds) > MAX_EMBEDS else []
    total = 0
    for index, embed in enumerate(embeds):
        texts = list(_texts(embed))
        for name, text, most in texts:
            found += _in_text(f"embeds.{index}.{name}", text, most)
        total += sum(units(text.strip()) for _, text, _ in texts if isinstance(text, str))
        fields = embed.get("fields") or []
        if len(fields) > MAX_FIELDS:
            found.append(f"embeds.{index}.fields: {len(fields)} > {MAX_FIELDS}")
        found += [
            f"embeds.{index}.fields: inline"
            for each in fields
            if not isinstance(each.get("inline", False), bool)
        ]
        colour = embed.get("color", 0)
        if not isinstance(colour, int) or not 0 <= colour <= 0xFFFFFF:
            found.append(f"embeds.{index}.color")
        if not texts:
            found.append(f"embeds.{index}: empty")
    if total > MAX_TOTAL:
        found.append(f"embeds: {total} > {MAX_TOTAL} over all")
    return found


def _texts(embed: dict[str, Any]):
    for name, most in (("title", 256), ("description", 4096)):
        if embed.get(name) is not None:
            yield name, embed[name], most
    for index, each in enumerate(embed.get("fields") or []):
        yield f"fields.{index}.name", each.get("name"), 256
        yield f"fields.{index}.value", each.get("value"), 1024
    if embed.get("footer") is not None:
        yield "footer.text", embed["footer"].get("text"), 2048
    if embed.get("author") is not None:
        yield "author.name", embed["author"].get("name"), 256


def _in_mentions(allowed: Any) -> list[str]:
    if allowed is None:
        return []
    if not isinstance(allowed, dict):
        return ["allowed_mentions: not an object"]
    found = []
    parse = allowed.get("parse", [])
    if not isinstance(parse, list) or not all(each in _MENTIONS for each in parse):
        found.append("allowed_mentions.parse")
        parse = []
    for kind in ("roles", "users"):
        ids = allowed.get(kind, [])
        if not isinstance(ids, list) or not all(isinstance(each, str) and each.isdigit() for each in ids):
            found.append(f"allowed_mentions.{kind}: not a list of snowflakes")
        elif len(ids) > 100 or len(ids) != len(set(ids)):
            found.append(f"allowed_mentions.{kind}: too many, or one twice")
        elif ids and kind in parse:
            found.append(f"allowed_mentions.{kind}: parse names it, too")
    found += [
        f"allowed_mentions.{key}" for key in allowed if key not in {"parse", "roles", "users", "replied_user"}
    ]
    return found

"""Answers to look-ups: from the blobs of the deployed commit, its history and the log around the incident. Read-only, redacted, bounded.

What a model names chooses among tracked files, known commits and records that were read; it never becomes a path, an option or
a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aiops_daemon.clients.git import Git, GitError
from aiops_daemon.diagnosis import rendering
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.history import touches
from aiops_daemon.diagnosis.log_rows import Row
from aiops_daemon.diagnosis.rendering import Renderer
from aiops_daemon.diagnosis.snapshot import SourceFile
from aiops_daemon.domain.evidence import Piece, PieceKind
from aiops_daemon.domain.lookup import Lookup, LookupKind
from aiops_daemon.domain.patch import Commit

_MOST_CHARACTERS = 9_000
"""Of one answer: some 2,800 tokens."""
MOST_CHARACTERS_A_ROUND = 27_000
"""Some 8,000 tokens: three rounds make a question at most twice as long."""
LEAST_CHARACTERS = 600
_MOST_HITS = 40
_MOST_LINES = 160
_MOST_DIFF_LINES = 160
_MOST_TOUCHES = 8
_MOST_ROWS = 30
_AROUND = timedelta(seconds=5)
_TIME = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)[T ])?(\d\d):(\d\d)(?::(\d\d))?")
_SHA = re.compile(r"[0-9a-f]{7,64}")
_SHORTEST_TEXT = 3


class Unanswered(Exception):  # noqa: N818 - it is what is said instead of an answer
    """Why there is nothing to show, for who asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What answers are taken from."""

    code: Code | None
    commits: Sequence[Commit]
    git: Git | None
    rows: Sequence[Row]
    renderer: Renderer


async def answer(lookup: Lookup, material: Material, name: str, room: int = MOST_CHARACTERS_A_ROUND) -> Piece:
    """One answer, under a name by which it can be cited, in so many characters; that there is none is an answer, too."""
    try:
        found = await _answer(lookup, material)
    except (Unanswered, GitError) as error:
        found = {"kind": PieceKind.GAP, "text": str(error)}
    asked = rendering.clean(material.renderer.text(lookup.title))[:200]
    text = found.pop("text")
    most = min(_MOST_CHARACTERS, room)
    if len(text) > most:
        text = f"{text[:most]}\n... cut; ask for less at once"
    return Piece(
        **{"id": name, "title": f"answer to: {asked}", "why": "it was asked for", "text": text, **found}
    )


async def _answer(lookup: Lookup, material: Material) -> dict[str, Any]:
    if lookup.kind is LookupKind.LOG:
        return {"kind": PieceKind.LOG, "text": _log(lookup, material)}
    if material.code is None:
        raise Unanswered("there is no source to look at")
    if lookup.kind is LookupKind.TEXT:
        return {"kind": PieceKind.SOURCE, "text": _text(lookup, material.code, material.renderer)}
    if lookup.kind is LookupKind.LINES:
        return _lines(lookup, material.code, material.renderer)
    if lookup.kind is LookupKind.HISTORY:
        text = _history(lookup, material.code, material.commits)
        return {"kind": PieceKind.HISTORY, "text": material.renderer.source(text)}
    return await _diff(lookup, material)


def _text(lookup: Lookup, code: Code, renderer: Renderer) -> str:
    """Lines with a text, and the functions they stand in."""
    if len(lookup.text.strip()) < _SHORTEST_TEXT:
        raise Unanswered(f"a text of at least {_SHORTEST_TEXT} characters is needed")
    below = [
        file
        for file in code.snapshot.files.values()
        if not lookup.path or file.path.startswith(lookup.path) or lookup.path in file.path
    ]
    pattern = re.compile(re.escape(lookup.text.strip()), re.IGNORECASE)
    hits = list(code.hits(pattern, below))
    if not hits:
        raise Unanswered("no tracked file holds it" if below else "there is no tracked file below that path")
    lines = []
    for hit in hits[:_MOST_HITS]:
        is_code = code.snapshot.files[hit.path].language is not None
        item = code.function_at(hit.path, hit.line) if is_code else None
        within = f" (in {item.label})" if item is not None else ""
        lines.append(f"{hit.path}:{hit.line}{within} {renderer.source(hit.text.strip())[:200]}")
    if len(hits) > _MOST_HITS:
        lines.append(f"... and {len(hits) - _MOST_HITS} more")
    return "\n".join(lines)


def _lines(lookup: Lookup, code: Code, renderer: Renderer) -> dict[str, Any]:
    file = _tracked(lookup.path, code)
    first = max(1, lookup.first_line or 1)
    last = min(max(lookup.last_line, first), len(file.lines), first + _MOST_LINES - 1)
    if first > last:
        raise Unanswered(f"{file.path} has {len(file.lines)} lines")
    text = "\n".join(f"{number:>5} {file.lines[number - 1]}" for number in range(first, last + 1))
    return {
        "kind": PieceKind.SOURCE,
        "text": renderer.source(text),
        "path": file.path,
        "start_line": first,
        "end_line": last,
    }


def _tracked(path: str, code: Code) -> SourceFile:
    """The file that is meant: the path itself, or the only one that ends like it."""
    files = code.snapshot.files
    if path in files:
        return files[path]
    name = path.rpartition("/")[2]
    like = [known for known in files if name and known.endswith(f"/{path.lstrip('/')}")]
    if len(like) == 1:
        return files[like[0]]
    near = like or [known for known in files if known.rpartition("/")[2] == name]
    raise Unanswered("there is no such tracked file" + (f"; like it: {', '.join(near[:5])}" if near else ""))


def _history(lookup: Lookup, code: Code, commits: Sequence[Commit]) -> str:
    """Commits that changed the lines of what bears a name, else those that changed lines with the name in them; or a file."""
    path = lookup.text.strip() or lookup.path
    if path and path in code.snapshot.files:
        touched = [(commit, [each for each in commit.changes if each.path == path]) for commit in commits]
        return _joined([_told(commit, changes, f"changed {path}") for commit, changes in touched if changes])
    owner, _, name = lookup.text.strip().replace("::", ".").rpartition(".")
    if not re.fullmatch(r"[\w-]{2,100}", name):
        raise Unanswered("the name of a function or a setting is needed")
    items = code.named(name, owner.rpartition(".")[2]) or code.named(name)
    items = [item for item in items if not lookup.path or lookup.path in item.path][:4]
    parts: list[str] = []
    for touch in touches(commits, items):
        change = replace(touch.change, hunks=touch.hunks)
        parts.append(
            _told(touch.commit, [change], f"{'wrote' if touch.is_birth else 'changed'} {touch.item.label}")
        )
    seen = {part.split(" ", 1)[0] for part in parts}
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for commit in commits:
        if commit.sha in seen:
            continue
        changes = [
            replace(change, hunks=hunks)
            for change in commit.changes
            if (not lookup.path or lookup.path in (change.path or ""))
            and (
                hunks := tuple(
                    hunk for hunk in change.hunks if any(map(pattern.search, (*hunk.removed, *hunk.added)))
                )
            )
        ]
        if changes:
            parts.append(_told(commit, changes, f"changed lines with {name}"))
    return _joined(parts)


def _joined(parts: Sequence[str]) -> str:
    if not parts:
        raise Unanswered("none of the commits that are known touched it")
    return "\n\n".join(parts[:_MOST_TOUCHES])


def _told(commit: Commit, changes: Sequence[Any], why: str) -> str:
    head = f"{commit.sha} {commit.committed_at:%Y-%m-%d %H:%M} {commit.subject[:100]} ({why})"
    return f"{head}\n{rendering.diff(replace(commit, changes=tuple(changes)), {}, 24)}"


async def _diff(lookup: Lookup, material: Material) -> dict[str, Any]:
    sha = lookup.text.strip().lower()
    if not _SHA.fullmatch(sha):
        raise Unanswered("a commit is needed, by at least 7 characters of its name")
    found = [commit for commit in material.commits if commit.sha.startswith(sha)]
    if not found and material.git is not None:
        found = await material.git.patches(sha, most=1)
    if len(found) != 1 or not found[0].sha.startswith(sha):
        raise Unanswered("there is no such commit, or more than one")
    commit = found[0]
    weights = {
        change.path: 1.0
        for change in commit.changes
        if change.path and lookup.path and lookup.path in change.path
    }
    return {
        "kind": PieceKind.COMMIT,
        "text": material.renderer.source(
            f"{commit.committed_at:%Y-%m-%d %H:%M} {commit.subject[:100]}\n{rendering.diff(commit, weights, _MOST_DIFF_LINES)}"
        ),
        "sha": commit.sha,
        "has_diff": True,
    }


def _log(lookup: Lookup, material: Material) -> str:
    wanted = lookup.text.strip()
    rows: Iterable[Row]
    if (value := material.renderer.value_of(wanted)) is not None:
        rows = [row for row in material.rows if _is_of_request(row, value)] or _with(value, material.rows)
    elif found := _TIME.fullmatch(wanted):
        rows = _near(found, material.rows)
    elif len(wanted) >= _SHORTEST_TEXT:
        rows = _with(wanted, material.rows)
    else:
        raise Unanswered("a request, a time such as 03:04:05, or a text of at least 3 characters is needed")
    rows = list(rows)
    if not rows:
        raise Unanswered("no record around the incident has it")
    shown = rows if len(rows) <= _MOST_ROWS else [*rows[: _MOST_ROWS - 5], *rows[-5:]]
    head = f"{len(rows)} records" + (f", {len(shown)} of them shown" if len(shown) < len(rows) else "")
    return "\n".join([head, *map(material.renderer.row, shown)])


def _is_of_request(row: Row, value: str) -> bool:
    return row.event.request is not None and row.event.request.id == value


def _with(text: str, rows: Iterable[Row]) -> Iterator[Row]:
    plain = text.lower()
    return (row for row in rows if plain in row.event.text.lower())


def _near(wanted: re.Match[str], rows: Iterable[Row]) -> Iterator[Row]:
    year, month, day, hour, minute, second = (int(part) if part else None for part in wanted.groups())
    if (hour or 0) > 23 or (minute or 0) > 59:  # noqa: PLR2004 - of a clock
        return
    for row in rows:
        at = row.event.logged_at
        if at is None or (year is not None and (at.year, at.month, at.day) != (year, month, day)):
            continue
        if second is None:
            is_near = (at.hour, at.minute) == (hour, minute)
        else:
            meant = at.replace(hour=hour or 0, minute=minute or 0, second=min(second, 59), microsecond=0)
            is_near = abs(at - meant) <= _AROUND
        if is_near:
            yield row

"""What commits changed, line by line, as `git log -p --unified=0` prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_HEAD = re.compile(r"\0([0-9a-f]{40,64})\0([0-9a-f ]*)\0([0-9]+)\0([^\0]*)\0([^\0]*)\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Lines that were taken away and lines that were put in their place. A count of 0 stands behind line `start`."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What a commit did to a file. `old_path` is None for a new file, `path` for one that was deleted."""

    old_path: str | None
    path: str | None
    hunks: tuple[Hunk, ...]

    @property
    def lines(self) -> Iterator[str]:
        """Every line that came or went."""
        for hunk in self.hunks:
            yield from hunk.removed
            yield from hunk.added


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit and its changes."""

    sha: str
    parents: tuple[str, ...]
    committed_at: datetime
    author: str
    subject: str
    changes: tuple[FileChange, ...]


def commits_of(text: str) -> list[Commit]:
    """Take the output of `git log -p --unified=0 --format=%x00%H%x00%P%x00%ct%x00%an%x00%s%x00` apart."""
    heads = [*_HEAD.finditer(text)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [
        Commit(
            sha=head[1],
            parents=tuple(head[2].split()),
            committed_at=datetime.fromtimestamp(int(head[3]), UTC),
            author=head[4],
            subject=head[5],
            changes=tuple(_changes(text[head.end() : end])),
        )
        for head, end in zip(heads, ends, strict=True)
    ]


def _changes(patch: str) -> Iterator[FileChange]:
    for block in re.split(r"(?m)^diff --git ", patch)[1:]:
        header, at, rest = block.partition("\n@@ ")
        old = _name(header, "--- ", "rename from ")
        new = _name(header, "+++ ", "rename to ")
        hunks = tuple(_hunks(f"@@ {rest}")) if at else ()
        if old or new:
            yield FileChange(old_path=old, path=new, hunks=hunks)


def _name(header: str, mark: str, rename: str) -> str | None:
    for line in header.splitlines():
        if line.startswith(rename):
            return line[len(rename) :]
        if line.startswith(mark):
            name = line[len(mark) :].rstrip("\t")
            return None if name == "/dev/null" else name[2:]
    return None


def _hunks(text: str) -> Iterator[Hunk]:
    found: re.Match[str] | None = None
    removed: list[str] = []
    added: list[str] = []
    for line in text.split("\n"):
        if begins := _HUNK.match(line):
            if found:
                yield _hunk(found, removed, added)
            found, removed, added = begins, [], []
        elif line.startswith("-"):
            removed.append(line[1:])
        elif line.startswith("+"):
            added.append(line[1:])
    if found:
        yield _hunk(found, removed, added)


def _hunk(found: re.Match[str], removed: list[str], added: list[str]) -> Hunk:
    old_start, old_count, new_start, new_count, _ = found.groups()
    return Hunk(
        old_start=int(old_start),
        old_count=1 if old_count is None else int(old_count),
        new_start=int(new_start),
        new_count=1 if new_count is None else int(new_count),
        removed=tuple(removed),
        added=tuple(added),
    )

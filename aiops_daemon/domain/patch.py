"""What commits changed, line by line, as `git log -p --unified=0` prints it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
# At the start of a line: every line of a file's content begins with a sign, so that none of them can pass for a commit.
_HEAD = re.compile(r"^\0([0-9a-f]{40,64})\0([0-9a-f ]*)\0(-?[0-9]+)\0([^\0]*)\0([^\0]*)\0$", re.MULTILINE)
_FILE = re.compile(r"^diff --git ", re.MULTILINE)
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = dict(zip(b"abfnrtv", b"\a\b\f\n\r\t\v", strict=True))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(
    seconds=1
)  # any zone can still show it


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
    """What a commit did to a file. `old_path` is None for a new file, `path` for one that was deleted.

    There are no hunks where only its name or mode changed, and for a binary or an empty one.
    """

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
    starts = [*(head.start() for head in heads), len(text)]
    return [
        Commit(
            sha=head[1],
            parents=tuple(head[2].split()),
            committed_at=moment(head[3]),
            author=head[4],
            subject=head[5],
            changes=tuple(map(_change, _FILE.split(text[head.end() : end])[1:])),
        )
        for head, end in zip(heads, starts[1:], strict=True)
    ]


def moment(seconds: str) -> datetime:
    """A commit's time, which is whatever its author wrote: what no calendar knows is the first or the last moment of ours."""
    return _EPOCH + timedelta(seconds=max(0, min(int(seconds), _LAST_SECOND)))


def _change(block: str) -> FileChange:
    header, begins, rest = block.partition("\n@@ ")
    names, *marks = header.split("\n")
    # Without a rename both names are the same, so that each is half of `a/name b/name`, whatever it is made of.
    old: str | None = _name(names[: len(names) // 2], prefix="a/")
    new: str | None = _name(names[len(names) // 2 + 1 :], prefix="b/")
    for mark in marks:
        if mark.startswith("rename from "):
            old = _name(mark.removeprefix("rename from "))
        elif mark.startswith("rename to "):
            new = _name(mark.removeprefix("rename to "))
        elif mark.startswith("new file mode "):
            old = None
        elif mark.startswith("deleted file mode "):
            new = None
    return FileChange(old_path=old, path=new, hunks=tuple(_hunks(f"@@ {rest}")) if begins else ())


def _name(text: str, prefix: str = "") -> str:
    """A file's name; one with a quote, a backslash or a control character is quoted as in C."""
    if text.startswith('"'):
        text = _ESCAPE.sub(_character, text[1:-1].encode()).decode("utf-8", "replace")
    return text.removeprefix(prefix)


def _character(escape: re.Match[bytes]) -> bytes:
    told = escape[1]
    return bytes([int(told, 8) & 0xFF if len(told) > 1 else _ESCAPES.get(told[0], told[0])])


def _hunks(text: str) -> Iterator[Hunk]:
    found: re.Match[str] | None = None
    removed: list[str] = []
    added: list[str] = []
    for line in text.split("\n"):
        if line.startswith("-"):
            removed.append(line[1:])
        elif line.startswith("+"):
            added.append(line[1:])
        elif begins := _HUNK.match(line):
            if found:
                yield _hunk(found, removed, added)
            found, removed, added = begins, [], []
    if found:
        yield _hunk(found, removed, added)


def _hunk(found: re.Match[str], removed: list[str], added: list[str]) -> Hunk:
    old_start, old_count, new_start, new_count = found.groups()
    return Hunk(
        old_start=int(old_start),
        old_count=1 if old_count is None else int(old_count),
        new_start=int(new_start),
        new_count=1 if new_count is None else int(new_count),
        removed=tuple(removed),
        added=tuple(added),
    )

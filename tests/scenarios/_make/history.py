"""A repository's history, written as one tree whose lines know since which commit they hold.

A `.tree` file is all of a repository's files, one after the other:

    === codes/server/src/main.rs
    fn main() {
    //@if !shared_http
        old();
    //@else
        new();
    //@end
    }

The words after `//@if` (any of `//@`, `#@`, `--@` begins a directive) are flags, joined by `&` and negated by `!`.
A commit adds files and turns flags on or off; what it changes follows from that. A history is therefore always consistent,
and all versions of a place stand together.
"""

import fnmatch
import re
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

_DIRECTIVE = re.compile(r"^\s*(?://@|#@|--@)(if|else|end)\b ?(.*)$")


def parse_tree(text: str) -> dict[str, list[str]]:
    """The files of a `.tree`, as raw lines."""
    files: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith("=== "):
            lines = files.setdefault(line[4:].strip(), [])
        else:
            lines.append(line)
    for path, body in files.items():
        while body and not body[-1].strip():
            body.pop()
        if not body:
            raise ValueError(f"{path} is empty")
    return files


def _holds(condition: str, flags: frozenset[str]) -> bool:
    return all(
        (word[1:] not in flags) if word.startswith("!") else (word in flags) for word in condition.split("&")
    )


def flags_of(lines: list[str]) -> set[str]:
    """Every flag that a file asks for."""
    found: set[str] = set()
    for line in lines:
        if (directive := _DIRECTIVE.match(line)) and directive[1] == "if":
            found.update(word.strip().lstrip("!") for word in directive[2].split("&"))
    return found


def render(lines: list[str], flags: frozenset[str]) -> str:
    """One file as it stood when these flags were on."""
    out: list[str] = []
    shown = [True]
    for line in lines:
        directive = _DIRECTIVE.match(line)
        if directive is None:
            if all(shown):
                out.append(line)
        elif directive[1] == "if":
            shown.append(_holds(directive[2].replace(" ", ""), flags))
        elif directive[1] == "else":
            shown[-1] = not shown[-1]
        else:
            shown.pop()
    if len(shown) != 1:
        raise ValueError("an //@if without an //@end")
    return "\n".join(out) + "\n"


@dataclass(frozen=True)
class Author:
    """Who commits."""

    name: str
    email: str


@dataclass
class _Branch:
    flags: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    head: int = 0
    fork_flags: frozenset[str] = frozenset()
    fork_paths: frozenset[str] = frozenset()


@dataclass
class History:
    """Commits in order; `write` makes the stream and finds every label's SHA."""

    tree: dict[str, list[str]]
    zone: str = "+0900"
    branches: dict[str, _Branch] = field(default_factory=lambda: {"main": _Branch()})
    stream: list[bytes] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    states: dict[str, dict[str, str]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    shas: dict[str, str] = field(default_factory=dict)
    last: int = 0
    seen: set[str] = field(default_factory=set)
    marks: int = 0
    count: int = 0

    def _files(self, branch: _Branch) -> dict[str, str]:
        return {path: render(self.tree[path], branch.flags) for path in sorted(branch.paths)}

    def _match(self, patterns: str) -> set[str]:
        found: set[str] = set()
        for pattern in patterns.split():
            hit = {path for path in self.tree if fnmatch.fnmatch(path, pattern)}
            if not hit:
                raise ValueError(f"no file is {pattern}")
            found |= hit
        return found

    def commit(
        self,
        when: str,
        author: Author,
        message: str,
        on: str = "",
        off: str = "",
        add: str = "",
        drop: str = "",
        branch: str = "main",
        label: str = "",
        merge: str = "",
        authored: str = "",
    ) -> None:
        """One commit. `when` is local time, `authored` the author's date where a rebase came between."""
        if branch not in self.branches:
            main = self.branches["main"]
            self.branches[branch] = _Branch(main.flags, main.paths, main.head, main.flags, main.paths)
        it = self.branches[branch]
        before = self._files(it) if it.head else {}
        it.flags = (it.flags | set(on.split())) - set(off.split())
        it.paths = (it.paths | self._match(add)) - self._match(drop)
        other = self.branches.pop(merge) if merge else None
        if other:
            it.flags = (it.flags | (other.flags - other.fork_flags)) - (other.fork_flags - other.flags)
            it.paths = (it.paths | (other.paths - other.fork_paths)) - (other.fork_paths - other.paths)
        self.seen |= set(on.split())
        after = self._files(it)
        changed = {path: text for path, text in after.items() if before.get(path) != text}
        gone = sorted(set(before) - set(after))
        if not changed and not gone:
            raise ValueError(f"{message!r} changes nothing")
        moment = int(datetime.strptime(f"{when} {self.zone}", "%Y-%m-%d %H:%M %z").timestamp())
        if moment < self.last and branch == "main":
            raise ValueError(f"{message!r} is older than the commit before it")
        if branch == "main":
            self.last = moment
        written = moment
        if authored:
            written = int(datetime.strptime(f"{authored} {self.zone}", "%Y-%m-%d %H:%M %z").timestamp())
        self.marks += 1
        self.count += 1
        text = (message + "\n").encode()
        ref = "refs/heads/main" if branch == "main" else f"refs/heads/{branch}"
        head = [
            f"commit {ref}",
            f"mark :{self.marks}",
            f"author {author.name} <{author.email}> {written} {self.zone}",
            f"committer {author.name} <{author.email}> {moment} {self.zone}",
            f"data {len(text)}",
        ]
        self.stream.append("\n".join(head).encode() + b"\n" + text)
        if it.head:
            self.stream.append(f"from :{it.head}\n".encode())
        if other:
            self.stream.append(f"merge :{other.head}\n".encode())
        for path in gone:
            self.stream.append(f"D {path}\n".encode())
        for path, body in sorted(changed.items()):
            data = body.encode()
            self.stream.append(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
        self.stream.append(b"\n")
        it.head = self.marks
        if other:
            self.stream.append(f"reset refs/heads/{merge}\nfrom {'0' * 40}\n\n".encode())
        if label:
            self.labels[label] = self.marks
            self.states[label] = after
            self.messages[label] = message

    def write(self, target: Path, scratch: Path) -> None:
        """The stream into `target`; its commits' SHAs into `shas`."""
        asked = set().union(*(flags_of(lines) for lines in self.tree.values()))
        if asked != self.seen:
            raise ValueError(
                f"flags without a commit: {asked - self.seen}; without a line: {self.seen - asked}"
            )
        unused = set(self.tree) - self.branches["main"].paths
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"".join(self.stream) + b"done\n")
        marks = scratch / (target.stem + ".marks")
        where = scratch / (target.stem + ".git")
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(where)], check=True)
        with target.open("rb") as stream:
            subprocess.run(
                ["git", "-C", str(where), "fast-import", "--quiet", "--done", f"--export-marks={marks}"],
                stdin=stream,
                check=True,
            )
        sha = dict(line.split() for line in marks.read_text().splitlines())
        self.shas = {label: sha[f":{mark}"] for label, mark in self.labels.items()}
        for path in sorted(unused):
            print(f"  note: {path} is not there at the end of {target.name}")

    def line_of(self, label: str, path: str, text: str) -> tuple[int, int]:
        """Line and column of `text` in a file as it stood at a labelled commit, counted from 1."""
        for number, line in enumerate(self.states[label][path].split("\n"), 1):
            if text in line:
                return number, line.index(text) + 1
        raise ValueError(f"{path} has no {text!r} at {label}")

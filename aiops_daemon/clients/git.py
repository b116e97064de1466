"""A local clone, only ever read: commits, trees, blobs and patches, by git's own plumbing.

The clone's own configuration must run nothing and change nothing: no hooks, no fsmonitor, no external diff, no textconv, no
replaced objects, no look of a patch that isn't expected. Paths are handed over after `--` and taken literally, revisions only
where they look like one. What is asked for is the content of commits: a dirty work tree doesn't count, and a bare repository
will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiops_daemon.clients.programs import Ran, run
from aiops_daemon.domain.patch import Commit, commits_of, moment

_SECONDS = 20.0
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C.UTF-8",
}
_CONFIGURATION = {
    "safe.directory": "*",  # who owns the clone doesn't matter: it was named by who runs this, and none of it is run
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.quotePath": "false",
    "core.bigFileThreshold": "1m",  # larger ones count as binary in a patch
    "diff.external": "",
    "diff.noprefix": "false",
    "diff.orderFile": "/dev/null",
    "diff.interHunkContext": "0",
    "diff.relative": "false",
    "diff.submodule": "short",
    "diff.suppressBlankEmpty": "false",
    "log.showSignature": "false",
    "log.showRoot": "true",
    "log.follow": "false",
    "log.mailmap": "false",
    "i18n.logOutputEncoding": "UTF-8",
}
_PATCH = (
    *("--no-color", "--no-ext-diff", "--no-textconv", "--no-show-signature"),
    *("--find-renames", "--src-prefix=a/", "--dst-prefix=b/"),
)
_FORMAT = "%x00%H%x00%P%x00%ct%x00%an%x00%s%x00"
_REVISION = re.compile(r"(?![-^])(?!.*\.\.)[\w.@+~^#/-]{1,250}")
_SHA = re.compile(r"[0-9a-f]{40,64}")
_FATAL = re.compile(r"^(?:fatal|error): (.*)", re.MULTILINE)


class GitError(Exception):
    """What git can't do here, in one line for people."""


class NoCommitError(GitError):
    """A name that stands for no commit here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """A file of a commit."""

    path: str
    sha: str
    size: int


class Git:
    """One clone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def resolve(self, revision: str) -> str:
        """The commit that a name stands for.

        Raises:
            NoCommitError: there is none.
            GitError: this is no repository.
        """
        ran = await self._run("rev-parse", "--verify", "--quiet", _commit(revision))
        if ran.code == 0:
            return ran.out.strip()
        await self._output("rev-parse", "--git-dir")
        raise NoCommitError(f"{self.path}: there is no commit {revision!r}")

    async def is_shallow(self) -> bool:
        """Whether the clone lacks the older commits.

        Raises:
            GitError: this is no repository.
        """
        return (await self._output("rev-parse", "--is-shallow-repository")).strip() == b"true"

    async def tree(self, commit: str) -> list[TreeEntry]:
        """The regular files of a commit; links, submodules, and files whose content the clone lacks are left out."""
        raw = await self._output("ls-tree", "-r", "-z", "-l", "--full-tree", _commit(commit))
        entries = []
        for line in raw.split(b"\0"):
            meta, tab, name = line.partition(b"\t")
            if not tab:
                continue
            mode, _, sha, size = meta.split()
            if mode in {b"100644", b"100755"} and size.isdigit():
                path = name.decode("utf-8", "surrogateescape")
                entries.append(TreeEntry(path=path, sha=sha.decode(), size=int(size)))
        return entries

    async def blobs(self, shas: Sequence[str]) -> dict[str, bytes]:
        """The content of blobs, by their names; what is no blob of this clone is left out."""
        asked = "".join(f"{sha}\n" for sha in shas if _SHA.fullmatch(sha)).encode()
        raw = await self._output("cat-file", "--batch", stdin=asked)
        found: dict[str, bytes] = {}
        at = 0
        while at < len(raw):
            end = raw.index(b"\n", at)
            sha, kind, *size = raw[at:end].split()
            at = end + 1
            if size:
                length = int(size[0])
                if kind == b"blob":
                    found[sha.decode()] = raw[at : at + length]
                at += length + 1
        return found

    async def patches(
        self, commit: str, *, most: int, since: datetime | None = None, paths: Iterable[str] = ()
    ) -> list[Commit]:
        """The commits that led to this one, newest first, with what each changed (no context lines). Merges are left out.

        Args:
            commit: where to begin.
            most: how many of them.
            since: none that is older.
            paths: only commits that touch one of these, and only that part of them.
        """
        limits = [f"--since={int(since.timestamp())}"] if since else []
        raw = await self._output(
            *("log", "-p", "--unified=0", "--no-merges", "--topo-order", *_PATCH),
            *(f"--max-count={most}", f"--format={_FORMAT}", *limits),
            _commit(commit),
            "--",
            *(f":(top,literal){path}" for path in paths),
        )
        return commits_of(raw.decode("utf-8", "replace"))

    async def patch(self, commit: str, *, context: int = 3) -> str:
        """What one commit changed, for people to read."""
        raw = await self._output("show", f"--unified={context}", "--format=", *_PATCH, _commit(commit), "--")
        return raw.decode("utf-8", "replace")

    async def committed_at(self, commit: str) -> datetime:
        """When a commit was made."""
        raw = await self._output("show", "-s", "--no-show-signature", "--format=%ct", _commit(commit), "--")
        return moment(raw.decode())

    async def _output(self, *arguments: str, stdin: bytes = b"") -> bytes:
        ran = await self._run(*arguments, stdin=stdin)
        if ran.code != 0:
            raise self._error(f"git {arguments[0]}: {_complaint(ran)}")
        return ran.raw

    async def _run(self, *arguments: str, stdin: bytes = b"") -> Ran:
        guards = [part for name, value in _CONFIGURATION.items() for part in ("-c", f"{name}={value}")]
        argv = ("git", "-C", str(self.path.absolute()), "--no-pager", *guards, *arguments)
        return await run(argv, seconds=_SECONDS, environment=_ENVIRONMENT, stdin=stdin)

    def _error(self, text: str) -> GitError:
        return GitError(" ".join(f"{self.path}: {text}".split()))


def _commit(revision: str) -> str:
    """A name, as an argument that can only be a commit: no option, no range, no search through messages."""
    if not _REVISION.fullmatch(revision):
        raise NoCommitError(f"{revision[:80]!r} is no name of a commit")
    return f"{revision}^{{commit}}"


def _complaint(ran: Ran) -> str:
    """What is wrong; the last lines are often advice."""
    found = _FATAL.search(ran.err)
    return found[1][:300] if found else ran.said

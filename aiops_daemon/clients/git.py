"""A local clone, only ever read: commits, trees, blobs and patches, by git's own plumbing.

The clone's own configuration must run nothing and change nothing: no hooks, no fsmonitor, no external diff, no textconv, no
replaced objects. Paths are handed over after `--` and taken literally. What is asked for is the content of commits: a dirty
work tree doesn't count, and a bare repository will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiops_daemon.clients.programs import Ran, run
from aiops_daemon.domain.patch import Commit, commits_of

_SECONDS = 20.0
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C.UTF-8",
}
_GUARDS = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"),
    *("-c", "core.attributesFile=/dev/null", "-c", "diff.external=", "-c", "log.showSignature=false"),
)
_FORMAT = "%x00%H%x00%P%x00%ct%x00%an%x00%s%x00"


class GitError(Exception):
    """What git can't do here, in one line for people."""


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
            GitError: there is none, or this is no repository.
        """
        if revision.startswith("-"):
            raise GitError(f"{revision!r} is no commit")
        ran = await self._run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
        )
        if ran.code == 0:
            return ran.out.strip()
        inside = await self._run("rev-parse", "--git-dir")
        if inside.code != 0:
            raise GitError(f"{self.path}: {inside.said.removeprefix('fatal: ')}")
        raise GitError(f"{self.path} has no commit {revision!r}")

    async def tree(self, commit: str) -> list[TreeEntry]:
        """The regular files of a commit; links and submodules are left out."""
        raw = await self._output("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        entries = []
        for line in raw.split(b"\0"):
            meta, tab, name = line.partition(b"\t")
            if not tab:
                continue
            mode, _, sha, size = meta.split()
            if mode in {b"100644", b"100755"}:
                path = name.decode("utf-8", "surrogateescape")
                entries.append(TreeEntry(path=path, sha=sha.decode(), size=int(size)))
        return entries

    async def blobs(self, shas: Sequence[str]) -> dict[str, bytes]:
        """The content of blobs, by their names."""
        asked = "".join(f"{sha}\n" for sha in shas).encode()
        raw = await self._output("cat-file", "--batch", stdin=asked)
        found: dict[str, bytes] = {}
        at = 0
        while at < len(raw):
            end = raw.index(b"\n", at)
            sha, kind, *size = raw[at:end].split()
            at = end + 1
            if kind != b"missing":
                length = int(size[0])
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
        chosen = ["--", *paths] if paths else []
        limits = [f"--since={int(since.timestamp())}"] if since else []
        raw = await self._output(
            *("log", "-p", "--unified=0", "--no-merges", "--no-color", "--no-ext-diff", "--no-textconv"),
            *(
                "--find-renames",
                "--no-show-signature",
                "--topo-order",
                f"--max-count={most}",
                f"--format={_FORMAT}",
            ),
            *limits,
            commit,
            *chosen,
        )
        return commits_of(raw.decode("utf-8", "surrogateescape"))

    async def patch(self, commit: str, *, context: int = 3) -> str:
        """What one commit changed, for people to read."""
        raw = await self._output(
            *(
                "show",
                f"--unified={context}",
                "--no-color",
                "--no-ext-diff",
                "--no-textconv",
                "--find-renames",
            ),
            *("--no-show-signature", "--format=", commit),
        )
        return raw.decode("utf-8", "replace")

    async def committed_at(self, commit: str) -> datetime:
        """When a commit was made."""
        raw = await self._output("show", "-s", "--no-show-signature", "--format=%ct", commit)
        return datetime.fromtimestamp(int(raw.split()[-1]), UTC)

    async def _output(self, *arguments: str, stdin: bytes = b"") -> bytes:
        ran = await self._run(*arguments, stdin=stdin)
        if ran.code != 0:
            raise GitError(f"{self.path}: git {arguments[0]}: {ran.said.removeprefix('fatal: ')}")
        return ran.raw

    async def _run(self, *arguments: str, stdin: bytes = b"") -> Ran:
        path = str(self.path.absolute())
        guards = (*_GUARDS, "-c", f"safe.directory={path}")
        argv = ("git", "-C", path, "--no-pager", *guards, *arguments)
        return await run(argv, seconds=_SECONDS, environment=_ENVIRONMENT, stdin=stdin)

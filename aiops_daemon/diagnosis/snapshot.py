"""The source as it was deployed: the tracked text files of one commit, in memory.

Files are read as blobs, so a dirty work tree or a hostile path has no part in it. Whatever is huge, binary, generated or
somebody else's is left out, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from aiops_daemon.clients.git import Git, TreeEntry

LARGEST_FILE_BYTES = 256 * 1024
LARGEST_TOTAL_BYTES = 48 * 1024 * 1024
_LONGEST_LINE = 4000

LANGUAGES: Mapping[str, str] = {
    ".rs": "rust",
    ".py": "python",
    ".ts": "typescript",
    ".tsx": "typescript",
    ".js": "typescript",
    ".jsx": "typescript",
    ".mjs": "typescript",
    ".go": "go",
    ".java": "java",
}
_SETTINGS = frozenset(
    {".toml", ".yaml", ".yml", ".env", ".ini", ".conf", ".properties", ".json", ".cfg", ".tf", ".hcl"}
)
_SETTINGS_NAMES = (
    "dockerfile",
    ".dockerignore",
    "docker-compose",
    "compose",
    ".env",
    "procfile",
    "makefile",
    "jenkinsfile",
)
_OTHER = frozenset({".sql", ".sh", ".html", ".graphql", ".proto", ".kt", ".rb", ".php", ".cs"})
_NOT_OURS = frozenset(
    {
        "node_modules",
        "vendor",
        "third_party",
        "target",
        "dist",
        "build",
        ".git",
        "__pycache__",
        ".venv",
        "venv",
        "coverage",
    }
)
_LOCK_FILES = frozenset(
    {"cargo.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "uv.lock", "go.sum"}
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A text file of the deployed commit."""

    path: str
    text: str
    language: str | None
    is_settings: bool
    is_test: bool

    @property
    def lines(self) -> list[str]:
        """Its lines; the first one is number 1 elsewhere."""
        return self.text.split("\n")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The text files of a commit, by path.

    Attributes:
        root: where the service lives, with a slash behind it, or empty for all of it.
        left_out: how many tracked files were not read.
    """

    commit: str
    files: Mapping[str, SourceFile]
    blobs: Mapping[str, str] = field(default_factory=dict)
    root: str = ""
    left_out: int = 0

    def is_of_service(self, path: str) -> bool:
        """Whether a file lies where the service lives."""
        return path.startswith(self.root)

    @cached_property
    def code(self) -> tuple[SourceFile, ...]:
        """Files in a language that is understood, the service's own before tests."""
        found = [file for file in self.files.values() if file.language]
        return tuple(sorted(found, key=lambda file: (file.is_test, file.path)))

    @cached_property
    def settings(self) -> tuple[SourceFile, ...]:
        """Configuration and deployment files."""
        return tuple(file for file in self.files.values() if file.is_settings)


async def snapshot_of(git: Git, commit: str, source_root: str = ".") -> Snapshot:
    """Read a commit.

    Raises:
        GitError: it can't be read.
    """
    entries = await git.tree(commit)
    root = "" if source_root in {".", ""} else source_root.rstrip("/") + "/"
    wanted = sorted(
        filter(_is_wanted, entries), key=lambda entry: (not entry.path.startswith(root), entry.size)
    )
    chosen: list[TreeEntry] = []
    total = 0
    for entry in wanted:
        total += entry.size
        if total > LARGEST_TOTAL_BYTES:
            break
        chosen.append(entry)
    contents = await git.blobs(list({entry.sha for entry in chosen}))
    files: dict[str, SourceFile] = {}
    blobs: dict[str, str] = {}
    for entry in sorted(chosen, key=lambda entry: entry.path):
        file = _file(entry.path, contents.get(entry.sha, b"\0"))
        if file is not None:
            files[entry.path] = file
            blobs[entry.path] = entry.sha
    return Snapshot(commit=commit, files=files, blobs=blobs, root=root, left_out=len(entries) - len(files))


def _is_wanted(entry: TreeEntry) -> bool:
    path = PurePosixPath(entry.path)
    if entry.size > LARGEST_FILE_BYTES or not entry.path.isprintable():
        return False
    if _NOT_OURS.intersection(path.parts[:-1]) or path.name.lower() in _LOCK_FILES or ".min." in path.name:
        return False
    return path.suffix in LANGUAGES or path.suffix in _OTHER or _is_settings(path)


def _is_settings(path: PurePosixPath) -> bool:
    name = path.name.lower()
    return path.suffix in _SETTINGS or name.startswith(_SETTINGS_NAMES)


def _file(path: str, content: bytes) -> SourceFile | None:
    if b"\0" in content:
        return None
    text = content.decode("utf-8", "replace").replace("\r\n", "\n")
    if any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        return None
    pure = PurePosixPath(path)
    return SourceFile(
        path=path,
        text=text,
        language=LANGUAGES.get(pure.suffix),
        is_settings=_is_settings(pure),
        is_test=is_test(path),
    )


def is_test(path: str) -> bool:
    """Whether a path is that of a test, by the conventions of the languages."""
    pure = PurePosixPath(path)
    stem = pure.stem.lower()
    in_tests = {"tests", "test", "__tests__", "testdata", "fixtures", "benches", "examples"} & set(
        pure.parts[:-1]
    )
    named = (
        stem.startswith("test_")
        or stem.endswith(("_test", ".test", ".spec", "_tests"))
        or pure.stem.endswith(("Test", "Tests"))  # of Java; `latest` is none
        or stem in {"test", "tests"}
    )
    return bool(in_tests) or named

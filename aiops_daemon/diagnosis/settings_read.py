"""The constants and settings that code reads, and where they are set: the source, `.env.example`, TOML, YAML, deployment files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiops_daemon.diagnosis.clues import words_of
from aiops_daemon.diagnosis.code import Code
from aiops_daemon.diagnosis.names import Hit
from aiops_daemon.diagnosis.syntax import Item

_CONSTANT = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|\b[A-Z]{4,}\b")
_ENVIRONMENT = re.compile(
    r"""(?:env::var(?:_os)?|env!|option_env!|env_or|env_parse|getenv|environ(?:\.get)?|Getenv|LookupEnv|env_\w+|var|get_env)"""
    r"""\s*[\(\[]\s*["']([A-Za-z][A-Za-z0-9_.]+)["']|process\.env\.([A-Z][A-Z0-9_]+)|\$\{([A-Za-z][\w.-]+)(?::[^}]*)?\}"""
)
_FIELD = re.compile(
    r"\b(?:\w*config\w*|settings|cfg|conf|options|opts|env)\.(?:\w+\(\)\.)?([a-z_]\w{2,})\b(?!\s*\()",
    re.IGNORECASE,
)
_CONFIGURES = re.compile(r"(?i)conf|setting|option|env")
_SNAKE = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_KEY = re.compile(r"^[ \t]*([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\s*[:=]", re.MULTILINE)
"""`cancel_before = 24`: a key that some function speaks of is a setting of its."""
_MOST_ITEMS_WITH_KEYS = 6
_MOST_LINES = 40
_SECTION_LINES = 24
_HEADING = re.compile(r"\s*\[[^\]=]+\]\s*(?:#.*)?$|[A-Za-z_][\w.-]*:\s*(?:#.*)?$")
"""Of TOML and INI, and of YAML at its left edge."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A name that code reads, and the lines that say what it is."""

    name: str
    readers: tuple[str, ...]
    lines: tuple[Hit, ...]


def settings_of(code: Code, items: Iterable[Item]) -> list[Setting]:
    """The constants and settings that these functions read, in their order."""
    readers: dict[str, list[str]] = {}
    items = list(items)
    for item in items:
        for name in _names_in(code.text_of(item)):
            readers.setdefault(name, []).append(item.label or item.path)
    keys = {key for file in code.snapshot.settings for key in _KEY.findall(file.text)}
    for item in items[:_MOST_ITEMS_WITH_KEYS]:
        for name in dict.fromkeys(_SNAKE.findall(code.text_of(item))):
            if name in keys:
                readers.setdefault(name, []).append(item.label or item.path)
    fields = [name for name in readers if name.islower()]
    for field in fields:
        for name in _variables_behind(code, field):
            readers.setdefault(name, []).append(f"{field}, which {readers[field][0]} reads")
    return [
        Setting(name, tuple(dict.fromkeys(by)), lines)
        for name, by in readers.items()
        if (lines := tuple(_lines_of(code, name)))
    ]


def _names_in(text: str) -> list[str]:
    names = [next(filter(None, match.groups())) for match in _ENVIRONMENT.finditer(text)]
    names += _CONSTANT.findall(text)
    names += _FIELD.findall(text)
    return list(dict.fromkeys(names))


def _variables_behind(code: Code, field: str) -> list[str]:
    """A field of a configuration is filled from a variable: on the same line, or on the next ones."""
    found: list[str] = []
    for hit in list(code.hits(re.compile(rf"\b{re.escape(field)}\b\s*[:=]")))[:12]:
        lines = code.snapshot.files[hit.path].lines
        text = "\n".join(lines[hit.line - 1 : hit.line + 3])
        found += [next(filter(None, match.groups())) for match in _ENVIRONMENT.finditer(text)][:1]
        found += list(_CONSTANT.findall(lines[hit.line - 1]))[:2]
    return list(dict.fromkeys(found))


def _lines_of(code: Code, name: str) -> list[Hit]:
    """Where a name is set: its definition in the source, and every line of a settings file that has it."""
    word = re.compile(rf"(?<![\w]){re.escape(name)}(?![\w])", 0 if name.isupper() else re.IGNORECASE)
    key = (
        re.compile(rf"(?m)^[ \t]*(?:-[ \t]+)?[\"']?(?:[\w-]+\.)*{re.escape(name)}[\"']?\s*[:=]")
        if name.islower()
        else word
    )
    found = [
        hit for hit in code.hits(key, code.snapshot.settings) if not code.snapshot.files[hit.path].is_test
    ]
    sets = re.compile(
        rf"\b(?:const|static|let|var|final)\b[^=\n]*\b{re.escape(name)}\b|^\s*(?:pub\s+)?{re.escape(name)}\s*[:=]|[\"']{re.escape(name)}[\"']"
    )
    found += [
        hit
        for hit in code.hits(word)
        if sets.search(hit.text) and not code.snapshot.files[hit.path].is_test and _may_set(code, name, hit)
    ]
    return found[:_MOST_LINES]


def _may_set(code: Code, name: str, hit: Hit) -> bool:
    """A word in small letters is a setting only where settings are: everything has a `path` or a `model`."""
    if not name.islower():
        return True
    item = code.function_at(hit.path, hit.line)
    return _CONFIGURES.search(f"{hit.path} {item.label if item is not None else ''}") is not None


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a settings file: the section in which settings stand."""

    path: str
    first_line: int
    last_line: int
    names: tuple[str, ...]
    readers: tuple[str, ...]


def blocks_of(code: Code, settings: Iterable[Setting]) -> list[Block]:
    """The sections of settings files in which these are set, those that are named like a reader of theirs first."""
    found: dict[tuple[str, int, int], tuple[list[str], list[str]]] = {}
    for setting in settings:
        for hit in setting.lines:
            file = code.snapshot.files[hit.path]
            if not file.is_settings:
                continue
            first, last = _section(file.lines, hit.line)
            names, readers = found.setdefault((hit.path, first, last), ([], []))
            names.append(setting.name)
            readers += setting.readers[:2]
    blocks = [
        Block(path, first, last, tuple(dict.fromkeys(names)), tuple(dict.fromkeys(readers)))
        for (path, first, last), (names, readers) in found.items()
    ]
    return sorted(blocks, key=lambda block: not _is_of_reader(code, block))


def _section(lines: list[str], line: int) -> tuple[int, int]:
    """From the heading above a line to the next one; without headings a few lines around it."""
    first = next(
        (
            number
            for number in range(line, max(0, line - _SECTION_LINES), -1)
            if _HEADING.match(lines[number - 1])
        ),
        None,
    )
    if first is None:
        is_short = len(lines) <= 2 * _SECTION_LINES
        return (1, len(lines)) if is_short else (max(1, line - 2), min(len(lines), line + 2))
    last = line
    while (
        last < min(len(lines), first + _SECTION_LINES)
        and lines[last].strip()
        and not _HEADING.match(lines[last])
    ):
        last += 1
    return first, last


def _is_of_reader(code: Code, block: Block) -> bool:
    heading = code.snapshot.files[block.path].lines[block.first_line - 1]
    words = words_of(heading)
    return any(words & words_of(reader) for reader in block.readers)

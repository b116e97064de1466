"""What changed: which commits touched the lines of the places found, the settings they read, and the words of the incident.

Line history, not file history: the lines of every place are followed back through all commits at once, across what was inserted
and deleted above them and across renames. A commit's message counts for nothing; it seldom gives a fault away.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from aiops_daemon.diagnosis.clues import Clues, words_of
from aiops_daemon.diagnosis.places import Place
from aiops_daemon.diagnosis.settings_read import Setting
from aiops_daemon.diagnosis.snapshot import LANGUAGES, is_test
from aiops_daemon.diagnosis.syntax import Item
from aiops_daemon.domain.patch import Commit, FileChange, Hunk

MOST_COMMITS = 400
"""Read for their changes; of older ones nothing is looked at."""

_RISKY = re.compile(
    r"\d|time_?out|retr(?:y|ies)|Duration|limit|max|min|pool|env|unwrap|expect\(|\?;|None|null|undefined|if |return |&&|\|\||[<>]=?|!|"
    r"order|desc|asc|default|secret|exp\b|expire|cookie|domain|origin|rename|serde|required|optional|offset|catch|await",
    re.IGNORECASE,
)
_AGE_HALVES = timedelta(days=45)
_FORMATTING = re.compile(r"\s+")
_SAYS_NOTHING = re.compile(
    r"\s*(?://|/\*|\*\s|#\[(?:utoipa|doc|allow|must_use)|use\s|(?:get|post|put|patch|delete),$"
    r"|(?:path|tag|responses|params|request_body|security|operation_id)\s*[=(]|\(\s*(?:status|\"\w+\"\s*=)|\)\]?,?$)"
)
"""Comments, imports, and what describes an API for readers: it does nothing."""


@dataclass(slots=True)
class Suspect:
    """A commit that may have brought the fault, and every reason to think so.

    Attributes:
        kinds: what speaks for it, by the kind of reason; of one kind the best counts in full, each further one for less.
        factor: what kind of a commit it is, and when it came.
        touched, hunks: the places whose lines it changed, and with what.
    """

    commit: Commit
    kinds: dict[str, list[float]] = field(default_factory=dict)
    whys: dict[str, float] = field(default_factory=dict)
    paths: dict[str, float] = field(default_factory=dict)
    factor: float = 1.0
    touched: list[Item] = field(default_factory=list)
    hunks: list[Hunk] = field(default_factory=list)

    def add(self, kind: str, score: float, why: str, path: str | None = None) -> None:
        """One more reason."""
        self.kinds.setdefault(kind, []).append(score)
        self.whys[why] = self.whys.get(why, 0.0) + score
        if path:
            self.paths[path] = self.paths.get(path, 0.0) + score

    @property
    def score(self) -> float:
        """How much speaks for it."""
        return self.factor * sum(
            value * 0.6**rank
            for values in self.kinds.values()
            for rank, value in enumerate(sorted(values, reverse=True))
        )

    @property
    def reasons(self) -> list[str]:
        """The reasons, the weightiest first."""
        return sorted(self.whys, key=lambda why: (-self.whys[why], why))


@dataclass(slots=True)
class _Tracked:
    """Lines that are followed back: they are those of an item of today's file, and elsewhere before.

    Attributes:
        touches: how many newer commits changed them.
    """

    item: Item
    first: int
    last: int
    touches: int = 0


def suspects(
    commits: Sequence[Commit],
    places: Sequence[Place],
    settings: Sequence[Setting],
    clues: Clues,
    names: Sequence[str],
) -> list[Suspect]:
    """The commits, the most suspicious first.

    Args:
        commits: newest first, from the deployed one.
        places: where the fault may be, by their order.
        settings: what these places read.
        clues: what the log said.
        names: the variants and constants that bear the code.
    """
    found = {commit.sha: Suspect(commit) for commit in commits}
    _by_lines(commits, places, found)
    _by_names(found.values(), settings, names)
    _by_words(found.values(), clues)
    for suspect in found.values():
        _weigh(suspect, clues)
    return sorted(found.values(), key=lambda each: (-each.score, each.commit.sha))


def _by_lines(commits: Sequence[Commit], places: Sequence[Place], found: dict[str, Suspect]) -> None:
    best = max((place.score for place in places), default=1.0) or 1.0
    scores = {place.item: place.score for place in places}
    for touch in touches(commits, [place.item for place in places]):
        weight = 40.0 * (scores[touch.item] / best) / math.sqrt(touch.rank)
        why = f"{'wrote' if touch.is_birth else 'changed'} {touch.item.label or touch.item.path}"
        suspect = found[touch.commit.sha]
        suspect.touched.append(touch.item)
        suspect.hunks += touch.hunks
        # Migrations are only ever added: who wrote one changed the schema.
        is_beginning = touch.is_birth and not touch.item.path.endswith(".sql")
        suspect.add("lines", weight * (0.35 if is_beginning else 1.0), why, touch.change.path)


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that changed the lines of an item, in what is more than their form.

    Attributes:
        rank: 1 for the newest one of the item.
        is_birth: whether the lines came into being with it.
    """

    item: Item
    commit: Commit
    change: FileChange
    hunks: tuple[Hunk, ...]
    rank: int
    is_birth: bool


def touches(commits: Iterable[Commit], items: Iterable[Item]) -> Iterator[Touch]:
    """Who changed the lines of these items of today's files, followed back through commits, the newest first."""
    tracked: dict[str, list[_Tracked]] = defaultdict(list)
    for item in items:
        tracked[item.path].append(_Tracked(item, item.first_line, item.last_line))
    for commit in commits:
        for change in commit.changes:
            if change.path is None or change.path not in tracked:
                continue
            lines = tracked.pop(change.path)
            for each in lines:
                hunks = tuple(hunk for hunk in change.hunks if _meets(hunk, each))
                if not hunks or _is_formatting(hunks):
                    continue
                each.touches += 1
                is_birth = change.old_path is None or any(_holds(hunk, each) for hunk in hunks)
                yield Touch(each.item, commit, change, hunks, each.touches, is_birth)
            if change.old_path is not None:
                tracked[change.old_path].extend(_before(change, each) for each in lines)


def _meets(hunk: Hunk, lines: _Tracked) -> bool:
    if hunk.new_count == 0:  # only deleted, behind the line `new_start`
        return lines.first <= hunk.new_start < lines.last
    return hunk.new_start <= lines.last and hunk.new_start + hunk.new_count - 1 >= lines.first


def _before(change: FileChange, lines: _Tracked) -> _Tracked:
    """Where these lines stood before a change."""
    first, last = lines.first, lines.last
    for hunk in change.hunks:
        delta = hunk.old_count - hunk.new_count
        if _meets(hunk, lines):
            last += delta
            if hunk.new_start < lines.first:
                first = hunk.old_start
        elif hunk.new_start + max(hunk.new_count - 1, 0) < lines.first:
            first += delta
            last += delta
    return _Tracked(lines.item, max(1, first), max(1, first, last), lines.touches)


def _holds(hunk: Hunk, lines: _Tracked) -> bool:
    """Whether the lines came into being with this hunk, all of them."""
    return (
        hunk.old_count == 0 and hunk.new_start <= lines.first and hunk.new_start + hunk.new_count > lines.last
    )


def _is_formatting(hunks: Iterable[Hunk]) -> bool:
    """Whether nothing but blanks and line breaks changed."""
    return all(_squeezed(hunk.removed) == _squeezed(hunk.added) for hunk in hunks)


def is_formatting(commit: Commit) -> bool:
    """Whether a commit only moves blanks, line breaks and the commas of lists, or names of files."""
    return all(
        _squeezed(line for hunk in change.hunks for line in hunk.removed)
        == _squeezed(line for hunk in change.hunks for line in hunk.added)
        for change in commit.changes
        if change.old_path is not None and change.path is not None
    ) and any(change.hunks for change in commit.changes)


def _squeezed(lines: Iterable[str]) -> str:
    kept = (line for line in lines if not _SAYS_NOTHING.match(line))
    return _FORMATTING.sub("", "".join(kept)).replace(",", "")


def _by_names(found: Iterable[Suspect], settings: Sequence[Setting], names: Sequence[str]) -> None:
    """Commits that changed lines in which a setting, or the variant of the code, stands."""
    weights = {setting.name: 26.0 / math.sqrt(1 + rank) for rank, setting in enumerate(settings)}
    weights.update(dict.fromkeys(names, 14.0))
    if not weights:
        return
    pattern = re.compile(
        "|".join(rf"(?<![\w]){re.escape(name)}(?![\w])" for name in sorted(weights, key=len, reverse=True))
    )
    for suspect in found:
        for change in suspect.commit.changes:
            path = change.path or change.old_path or ""
            hits = sorted({name for line in change.lines for name in pattern.findall(line)})
            for name in hits:
                is_new_file = change.old_path is None
                suspect.add(
                    "names",
                    weights[name] * (0.3 if is_new_file or is_test(path) else 1.0),
                    f"changed lines with {name}",
                    path,
                )


def _by_words(found: Iterable[Suspect], clues: Clues) -> None:
    wanted = clues.words()
    spoken: dict[str, dict[str, set[str]]] = {}
    counts: dict[str, int] = defaultdict(int)
    all_of = list(found)
    for suspect in all_of:
        by_path = {
            change.path or change.old_path or "": words_of(" ".join(change.lines)) & wanted.keys()
            for change in suspect.commit.changes
        }
        spoken[suspect.commit.sha] = by_path
        for word in set().union(*by_path.values()) if by_path else set():
            counts[word] += 1
    total = len(all_of) + 1
    for suspect in all_of:
        for path, words in spoken[suspect.commit.sha].items():
            value = sum(wanted[word] * math.log(total / (1 + counts[word])) for word in sorted(words))
            if value > 1:
                about = ", ".join(sorted(words, key=lambda word: (counts[word], word))[:4])
                suspect.add(
                    "words",
                    min(14.0, 2.2 * value) * (0.2 if is_test(path) else 1.0),
                    f"speaks of {about}",
                    path,
                )


def _weigh(suspect: Suspect, clues: Clues) -> None:
    """What kind of a commit it is, and when it came."""
    commit = suspect.commit
    paths = [change.path or change.old_path or "" for change in commit.changes]
    changed = [line for change in commit.changes for line in change.lines]
    if not commit.parents or is_formatting(commit):
        suspect.factor *= 0.15
    if paths and all(is_test(path) or path.endswith((".md", ".txt")) for path in paths):
        suspect.factor *= 0.15
    elif not any(_matters(path) for path in paths):
        suspect.factor *= 0.5
    if changed:
        risky = sum(bool(_RISKY.search(line)) for line in changed) / len(changed)
        suspect.factor *= 0.8 + 0.4 * risky
        suspect.factor /= 1 + 0.06 * math.log2(1 + len(changed) / 40)
    if clues.began_at is None:
        return
    age = clues.began_at - commit.committed_at
    if age < timedelta(0):
        suspect.factor *= 0.6  # after it began; clocks and rebases are not to be trusted wholly
        return
    suspect.factor *= 0.55 + 0.9 * 0.5 ** (age / _AGE_HALVES)
    if clues.last_good_at is not None and clues.last_good_at <= commit.committed_at:
        suspect.add("time", 8.0, "came after these requests last worked")
    if age < timedelta(hours=24) and suspect.score > 0:
        suspect.add("time", 4.0, f"committed {_told(age)} before it began")


def _matters(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return (
        any(path.endswith(ending) for ending in LANGUAGES)
        or name.endswith((".toml", ".yml", ".yaml", ".sql"))
        or ".env" in name
        or "docker" in name
    )


def _told(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"  # noqa: PLR2004

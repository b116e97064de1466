"""A diagnosis: what is held to be the cause of an incident, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """How sure an answer is. It is only ever lowered by what checks it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """Higher is surer."""
        return list(Confidence).index(self)


class Category(StrEnum):
    """Where the cause lies."""

    CODE = "code"
    CONFIGURATION = "configuration"
    EXTERNAL = "external"
    INFRASTRUCTURE = "infrastructure"
    DATA = "data"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Where a diagnosis comes from."""

    CLAUDE = "claude"
    RECALLED = "recalled"
    EVIDENCE_ONLY = "evidence-only"


class CitedKind(StrEnum):
    """What a citation is taken from."""

    LOG = "log"
    SOURCE = "source"
    COMMIT = "commit"
    HISTORY = "history"


class FixKind(StrEnum):
    """The kinds of faults that may be fixed."""

    TIMEOUT = "timeout"
    RETRY = "retry"
    POOL = "pool"
    LOGGING = "logging"
    ENVIRONMENT = "environment"
    NULL_CHECK = "null_check"


class Level(StrEnum):
    """How much work something is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Words that a diagnosis rests on.

    Attributes:
        ref: the piece of evidence, as a path with a line, a commit, or the name of the piece.
        verified: whether these words really stand in what was sent.
    """

    kind: CitedKind
    ref: str
    quote: str
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Something to do, 1 first."""

    priority: int
    action: str
    effort: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFix:
    """A change of a permitted kind, in words."""

    kind: FixKind
    description: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The shape that programs rely on.

    Attributes:
        severity: as the answer sees it; the incident's own stays what it is.
        code_cause: whether the cause stands in the repository; None where that is not known.
        suspect_commit: the whole name of the commit that brought it; named only for a reason from its diff.
        rounds: questions that were asked for it.
        usd: what all of them cost.
        notes: why the answer counts for less than it claimed, or why there is none.
        model: who answered; empty where nobody was asked.
    """

    root_cause: str
    evidence: tuple[Citation, ...] = ()
    confidence: Confidence = Confidence.LOW
    severity: str = ""
    category: Category = Category.UNKNOWN
    code_cause: bool | None = None
    file: str | None = None
    function: str | None = None
    suspect_commit: str | None = None
    suspect_reason: str = ""
    impact: str = ""
    recommendations: tuple[Recommendation, ...] = ()
    fix: ProposedFix | None = None
    rounds: int = 0
    usd: float = 0.0
    source: Source = Source.CLAUDE
    notes: tuple[str, ...] = ()
    model: str = ""

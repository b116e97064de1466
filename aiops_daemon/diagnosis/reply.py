"""What a reply must look like, and what is made of one. The model is a stranger here: everything is validated again and bounded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aiops_daemon.domain.diagnosis import (
    Category,
    Citation,
    CitedKind,
    Confidence,
    Diagnosis,
    FixKind,
    Level,
    ProposedFix,
    Recommendation,
)
from aiops_daemon.domain.lookup import MOST_LOOKUPS, Lookup, LookupKind

_MOST_CITATIONS = 12
_MOST_RECOMMENDATIONS = 6
_MOST_FILES = 3
_MOST_CHARACTERS = 1_500
_MOST_QUOTE = 500


class ReplyError(Exception):
    """A reply that is not what was asked for, in one line."""


def _lowered(value: Any) -> Any:
    """The case of an enum's words is not guaranteed, and a model may write a dash for a line."""
    return value.strip().lower().replace("-", "_") if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return "" if value is None else value


def _yes(value: Any) -> Any:
    return (
        {True: "yes", False: "no", None: "unknown"}.get(value, value)
        if not isinstance(value, str)
        else _lowered(value)
    )


_Text = Annotated[str, BeforeValidator(_text)]
"""Absent things are empty texts, which asks less of a schema than a null; a model may say null all the same."""


class _Yes(StrEnum):
    """Whether the repository is the cause: its code, or a configuration file in it. No: keys, providers, network, machines, data."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class _Kind(StrEnum):
    """`none` where the change that mends the cause is of none of the other kinds."""

    NONE = "none"
    TIMEOUT = "timeout"
    RETRY = "retry"
    POOL = "pool"
    LOGGING = "logging"
    ENVIRONMENT = "environment"
    NULL_CHECK = "null_check"


class _Severity(StrEnum):
    """As you see it, whatever the incident was filed as."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Lookup(_Part):
    kind: Annotated[LookupKind, BeforeValidator(_lowered)]
    text: _Text = Field(
        description="what to look for: a text, a function or setting, a commit, a request or a time; else empty"
    )
    path: _Text = Field(description="a tracked file, or for `text` a path below which to search; else empty")
    first_line: int = Field(description="of `lines`; else 0")
    last_line: int = Field(description="of `lines`; else 0")


class _Citation(_Part):
    kind: Annotated[CitedKind, BeforeValidator(_lowered)]
    ref: _Text = Field(
        description="the id of the piece, such as S3, E1 or Q1.2; settings and looked-up files are of kind source"
    )
    quote: _Text = Field(description="words copied from it exactly, one line at most")


class _Recommendation(_Part):
    priority: int = Field(description="1 is first")
    action: _Text = Field(description="one sentence: what to do; no commands, no links")
    effort: Annotated[Level, BeforeValidator(_lowered)]


class _Fix(_Part):
    kind: Annotated[_Kind, BeforeValidator(_lowered)] = Field(
        description="`none` where the change needed is of none of the other kinds"
    )
    description: _Text = Field(description="what to change, in words; else empty")
    files: list[str] = Field(description="paths of the files to change")


class _Diagnosis(_Part):
    root_cause: _Text = Field(
        description="the mechanism, in two sentences at most: what is wrong where, and how that makes the symptom"
    )
    evidence: list[_Citation] = Field(description="what this rests on, the most telling first")
    confidence: Annotated[Confidence, BeforeValidator(_lowered)]
    severity: Annotated[_Severity, BeforeValidator(_lowered)]
    category: Annotated[Category, BeforeValidator(_lowered)]
    code_cause: Annotated[_Yes, BeforeValidator(_yes)] = Field(
        description="whether a change in the repository is the cause: `no` for keys, providers, network, machines, data"
    )
    file: _Text = Field(description="path of the file at fault; empty where none is")
    function: _Text = Field(
        description="the function, constant or setting in it that is at fault; else empty"
    )
    suspect_commit: _Text = Field(
        description="the commit whose diff brought the fault; empty where none is shown that did"
    )
    suspect_reason: _Text = Field(
        description="which lines of its diff, and why they make the symptom; else empty"
    )
    impact: _Text = Field(description="who is affected and how, in one sentence")
    recommendations: list[_Recommendation]
    fix: Annotated[
        _Fix, BeforeValidator(lambda value: value or {"kind": "none", "description": "", "files": []})
    ]


class _Reply(_Part):
    lookups: list[_Lookup] = Field(
        description="what has to be looked up before you can answer; empty with a diagnosis"
    )
    diagnosis: _Diagnosis | None = Field(description="the answer; null with look-ups")


@dataclass(frozen=True, slots=True)
class Parsed:
    """Either look-ups, or a diagnosis that nobody has checked yet."""

    lookups: tuple[Lookup, ...]
    diagnosis: Diagnosis | None


@cache
def schema() -> dict[str, Any]:
    """As the API takes it: every property required, no others, nothing it can't enforce."""
    return _closed(_Reply.model_json_schema())  # type: ignore[no-any-return]


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    kept = {key: _closed(value) for key, value in part.items() if key != "title" or isinstance(value, dict)}
    if kept.get("type") == "object":
        kept |= {"additionalProperties": False, "required": [*kept.get("properties", {})]}
    if "$ref" in kept:
        return {"$ref": kept["$ref"]}  # nothing may stand beside one
    return kept


def parsed(text: str) -> Parsed:
    """What a reply says.

    Raises:
        ReplyError: it is not what was asked for.
    """
    try:
        value = json.loads(_bare(text))
    except (ValueError, RecursionError) as error:
        raise ReplyError("the reply is no JSON") from error
    try:
        reply = _Reply.model_validate(
            {"lookups": [], "diagnosis": None, **value} if isinstance(value, dict) else value
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ReplyError(f"the reply is not of the form asked for: {where}: {first['msg'][:100]}") from error
    if reply.diagnosis is None and not reply.lookups:
        raise ReplyError("the reply holds neither a diagnosis nor look-ups")
    lookups = [
        Lookup(
            kind=each.kind,
            text=each.text[:300],
            path=each.path[:300],
            first_line=each.first_line,
            last_line=each.last_line,
        )
        for each in reply.lookups[:MOST_LOOKUPS]
    ]
    return Parsed(tuple(lookups), None if reply.diagnosis is None else _diagnosis(reply.diagnosis))


def _bare(text: str) -> str:
    """Without a fence around it, and without prose before or behind."""
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text


def _diagnosis(said: _Diagnosis) -> Diagnosis:
    fix = None
    if said.fix.kind is not _Kind.NONE:
        files = tuple(path.strip() for path in said.fix.files[:_MOST_FILES])
        fix = ProposedFix(
            kind=FixKind(said.fix.kind), description=said.fix.description[:_MOST_CHARACTERS], files=files
        )
    return Diagnosis(
        root_cause=said.root_cause[:_MOST_CHARACTERS],
        evidence=tuple(
            Citation(kind=each.kind, ref=each.ref[:200], quote=each.quote[:_MOST_QUOTE])
            for each in said.evidence[:_MOST_CITATIONS]
        ),
        confidence=said.confidence,
        severity=said.severity.value,
        category=said.category,
        code_cause={_Yes.YES: True, _Yes.NO: False}.get(said.code_cause),
        file=said.file.strip()[:300] or None,
        function=said.function.strip()[:200] or None,
        suspect_commit=said.suspect_commit.strip()[:64] or None,
        suspect_reason=said.suspect_reason[:_MOST_CHARACTERS],
        impact=said.impact[:_MOST_CHARACTERS],
        recommendations=tuple(_recommendations(said.recommendations)),
        fix=fix,
    )


def _recommendations(said: Sequence[_Recommendation]) -> list[Recommendation]:
    ordered = sorted(said[:_MOST_RECOMMENDATIONS], key=lambda each: each.priority)
    return [
        Recommendation(priority=number, action=each.action[:_MOST_CHARACTERS], effort=each.effort)
        for number, each in enumerate(ordered, start=1)
    ]

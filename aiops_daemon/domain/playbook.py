"""Playbooks: what a severity or a code leads to. The built-in catalogue, and the rules for what has no row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.domain.error_code import ErrorCode


class Severity(StrEnum):
    """How bad a fault is."""

    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Greater is worse."""
        return {"critical": 3, "high": 2, "warning": 1, "info": 0}[self.value]


class Action(StrEnum):
    """What may follow from an event. No action at all means: recorded, and nobody is disturbed."""

    ALERT = "alert"
    DIGEST = "digest"
    DIAGNOSE = "diagnose"
    ISSUE = "issue"
    SECURITY = "security"


_LOG_ONLY: frozenset[Action] = frozenset()
BY_SEVERITY: Mapping[Severity, frozenset[Action]] = {
    Severity.CRITICAL: frozenset({Action.ALERT, Action.DIAGNOSE, Action.ISSUE}),
    Severity.HIGH: frozenset({Action.ALERT, Action.DIAGNOSE}),
    Severity.WARNING: frozenset({Action.DIGEST}),
    Severity.INFO: _LOG_ONLY,
}
"""What is done where no row says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """A row of the catalogue. `titles` by language; a row of a user's may have one only."""

    severity: Severity
    actions: frozenset[Action]
    titles: Mapping[str, str]

    def title(self, language: str) -> str | None:
        """The title in this language, else in any, else None."""
        return self.titles.get(language) or next(iter(self.titles.values()), None)


def _row(severity: Severity, en: str, ko: str, actions: frozenset[Action] | None = None) -> Playbook:
    followed = BY_SEVERITY[severity] if actions is None else actions
    return Playbook(severity=severity, actions=followed, titles={"en": en, "ko": ko})


_SECURITY = frozenset({Action.ALERT, Action.DIAGNOSE, Action.SECURITY})

BUILT_IN: Mapping[str, Playbook] = {
    "AI5001": _row(Severity.CRITICAL, "Claude API authentication failed", "Claude API 인증 실패"),
    "AI5002": _row(Severity.WARNING, "bad prompt or input", "잘못된 프롬프트/입력", _LOG_ONLY),
    "AI5003": _row(Severity.CRITICAL, "API time-out", "API 타임아웃"),
    "AI5004": _row(Severity.WARNING, "rate limit exceeded", "Rate limit 초과"),
    "AI5005": _row(Severity.CRITICAL, "API internal error", "API 내부 오류"),
    "AI5031": _row(Severity.HIGH, "reply could not be parsed", "API 응답 파싱 실패"),
    "AUTH4001": _row(Severity.WARNING, "token missing", "토큰 누락", _LOG_ONLY),
    "AUTH4002": _row(Severity.WARNING, "token expired", "토큰 만료", _LOG_ONLY),
    "AUTH4003": _row(Severity.CRITICAL, "token tampering suspected", "토큰 변조 의심", _SECURITY),
    "AUTH4004": _row(Severity.WARNING, "no permission", "권한 부족", _LOG_ONLY),
    "AUTH4005": _row(Severity.WARNING, "malformed token", "잘못된 토큰 형식", _LOG_ONLY),
    "DB5001": _row(Severity.CRITICAL, "database connection failed", "데이터베이스 연결 실패"),
    "DB5002": _row(Severity.HIGH, "query time-out", "쿼리 타임아웃"),
    "DB5003": _row(Severity.WARNING, "constraint violated", "제약조건 위반", _LOG_ONLY),
    "DB5004": _row(Severity.INFO, "no data", "데이터 없음", _LOG_ONLY),
}
"""The catalogue that ships; `[triage.codes.X]` adds rows and overrides these."""


def default_severity(code: ErrorCode | None, *, is_fatal: bool) -> Severity:
    """The severity of what has no row. Nothing unknown is ever silent at ERROR level."""
    if is_fatal:
        return Severity.CRITICAL
    if code is None or code.is_server_fault:
        return Severity.HIGH
    return Severity.WARNING

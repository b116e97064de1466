"""The scorecard as people read it: on Discord once a week, and by the command of that name."""

from __future__ import annotations

from collections.abc import Mapping

from aiops_daemon.store.score import Score

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "told": "{alerts} messages for {incidents} new incidents; {held} of {events} events held back",
        "wait": "median time from an error to its message: {wait}",
        "diagnoses": "{made} diagnoses, {recalled} recalled, {without} not to be had; {right} called right, {wrong} wrong",
        "issues": "{filed} issues filed, {reopened} reopened, {confirmed} fixes confirmed; now {open} open, {closed} closed as fixed, {unwanted} left alone",
        "usd": "${usd:.2f} spent on Claude",
    },
    "ko": {
        "told": "새 장애 {incidents}건에 메시지 {alerts}건, 오류 {events}회 중 {held}회는 알림 보류",
        "wait": "오류부터 메시지까지 걸린 시간의 중앙값: {wait}",
        "diagnoses": "진단 {made}건, 재사용 {recalled}건, 진단 못함 {without}건. 맞음 {right}건, 틀림 {wrong}건",
        "issues": "이슈 등록 {filed}건, 다시 열림 {reopened}건, 해결 확인 {confirmed}건. 현재 열림 {open}건, 해결됨 {closed}건, 건드리지 않음 {unwanted}건",
        "usd": "Claude 사용액 ${usd:.2f}",
    },
}
LANGUAGES = tuple(_TEXTS)
"""Those there are words for."""


def lines_of(score: Score, language: str) -> tuple[str, ...]:
    """A line for each thing that there is to say."""
    text = _TEXTS[language]
    lines = [
        text["told"].format(
            alerts=score.alerts, incidents=score.incidents, held=score.held_back, events=score.events
        )
    ]
    if score.median_wait is not None:
        lines.append(text["wait"].format(wait=_seconds(score.median_wait.total_seconds())))
    lines.append(
        text["diagnoses"].format(
            made=score.diagnosed,
            recalled=score.recalled,
            without=score.without,
            right=score.right,
            wrong=score.wrong,
        )
    )
    lines.append(
        text["issues"].format(
            filed=score.issues_filed,
            reopened=score.issues_reopened,
            confirmed=score.fixes_confirmed,
            open=score.issues_open,
            closed=score.issues_closed,
            unwanted=score.issues_unwanted,
        )
    )
    lines.append(text["usd"].format(usd=score.usd))
    return tuple(lines)


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - two minutes

"""What a reload changes: the settings in force and what was built from them, swapped whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiops_daemon.domain import error_code
from aiops_daemon.domain.flow import Rules
from aiops_daemon.domain.playbook import BUILT_IN, BY_SEVERITY, Playbook, default_severity
from aiops_daemon.redaction import Redactor
from aiops_daemon.settings import CodeRow, Loaded, Mode, Settings
from aiops_daemon.store import ledger
from aiops_daemon.store.admit import Terms
from aiops_daemon.triage.classify import Catalogue, catalogue


@dataclass(slots=True)
class Live:
    """The present configuration. Readers look here each time they need it; only `reload.py` writes."""

    loaded: Loaded
    catalogue: Catalogue
    terms: Terms

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.loaded.settings


def live_from(loaded: Loaded) -> Live:
    """Build what follows from settings."""
    settings = loaded.settings
    triage = settings.triage
    return Live(
        loaded=loaded,
        catalogue=catalogue(_rows(settings), settings.language),
        terms=Terms(
            rules=Rules(
                dedup_window=triage.dedup_window,
                request_grace=triage.request_grace,
                quiet_after=triage.quiet_after,
            ),
            request_window=triage.request_window,
            redactor=Redactor(settings.secrets.all_values()),
            files_issues=files_issues(settings),
        ),
    )


def files_issues(settings: Settings) -> bool:
    """Whether the mode goes as far as GitHub, and there is a repository to go to."""
    return settings.mode in {Mode.PROPOSE, Mode.FIX} and bool(settings.github.repository)


def limits_of(settings: Settings) -> ledger.Limits:
    """The budgets of the configuration."""
    return ledger.Limits(
        diagnoses_per_hour=settings.claude.max_diagnoses_per_hour,
        pull_requests_per_day=settings.fix.max_pull_requests_per_day,
        usd_per_day=settings.claude.daily_budget_usd,
        usd_per_month=settings.claude.monthly_budget_usd,
    )


def _rows(settings: Settings) -> Mapping[str, Playbook]:
    return {code: _row(code, row) for code, row in settings.triage.codes.items()}


def _row(code: str, row: CodeRow) -> Playbook:
    """A team's row over the built-in one: what it leaves out stays, or follows from its severity."""
    built_in = BUILT_IN.get(code)
    default = built_in.severity if built_in else default_severity(error_code.parse(code), is_fatal=False)
    severity = row.severity or default
    if row.actions is not None:
        actions = frozenset(row.actions)
    elif built_in is not None and row.severity is None:
        actions = built_in.actions
    else:
        actions = BY_SEVERITY[severity]
    titles = dict.fromkeys(("en", "ko"), row.title) if row.title else {}
    return Playbook(
        severity=severity, actions=actions, titles=titles or (built_in.titles if built_in else {})
    )

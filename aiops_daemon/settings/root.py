"""The whole configuration as one frozen value. It reads nothing by itself: `Settings()` is the defaults, always.

Where values come from, and in which order, is decided in `loading.py`, which lays its layers on the table below while
it builds a `Settings`.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from aiops_daemon.settings.acting import (
    DiscordSettings,
    FixSettings,
    GithubSettings,
    RepositorySettings,
    ServerSettings,
)
from aiops_daemon.settings.claude import ClaudeSettings
from aiops_daemon.settings.kinds import one_of
from aiops_daemon.settings.secret import SecretSettings
from aiops_daemon.settings.watching import (
    JournalSettings,
    LogsSettings,
    ServiceSettings,
    StateSettings,
    TriageSettings,
)

LAYERS: ContextVar[tuple[Mapping[str, Any], ...]] = ContextVar("LAYERS", default=())
"""The values to build from, strongest first. A context variable, because pydantic-settings asks the class for them."""


class Language(StrEnum):
    """What people read."""

    EN = "en"
    KO = "ko"


class Mode(StrEnum):
    """How far the daemon may go; each step includes the ones before it."""

    OBSERVE = "observe"
    DIAGNOSE = "diagnose"
    PROPOSE = "propose"
    FIX = "fix"


class Settings(BaseSettings):
    """Every knob, one frozen section per table of the configuration file."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )

    language: Annotated[Language, BeforeValidator(one_of(Language))] = Field(
        default=Language.EN, description="what people read, diagnoses included"
    )
    mode: Annotated[Mode, BeforeValidator(one_of(Mode))] = Field(
        default=Mode.DIAGNOSE,
        description="how far it may go: alerts only, diagnoses too, issues too, Draft PRs too",
    )
    service: ServiceSettings = Field(
        default_factory=ServiceSettings, description="the service that is watched"
    )
    logs: LogsSettings = Field(default_factory=LogsSettings, description="the log files")
    triage: TriageSettings = Field(default_factory=TriageSettings, description="when events become messages")
    discord: DiscordSettings = Field(default_factory=DiscordSettings, description="messages to people")
    claude: ClaudeSettings = Field(default_factory=ClaudeSettings, description="models, prices and budgets")
    repository: RepositorySettings = Field(default_factory=RepositorySettings, description="the source code")
    github: GithubSettings = Field(default_factory=GithubSettings, description="issues and pull requests")
    fix: FixSettings = Field(default_factory=FixSettings, description="Draft PRs, and how far they may go")
    server: ServerSettings = Field(default_factory=ServerSettings, description="the daemon's own HTTP server")
    state: StateSettings = Field(default_factory=StateSettings, description="what the daemon remembers")
    journal: JournalSettings = Field(default_factory=JournalSettings, description="the daemon's own journal")
    secrets: SecretSettings = Field(default_factory=SecretSettings, description="what nobody may see")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Our layers instead of the library's: its environment source lets unknown names pass, and has no origins."""
        del env_settings, dotenv_settings, file_secret_settings
        return (init_settings, *(InitSettingsSource(settings_cls, dict(layer)) for layer in LAYERS.get()))

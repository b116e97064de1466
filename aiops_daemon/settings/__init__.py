"""Every knob of the daemon: read from TOML, environment and credentials, checked, and handed on as one frozen value.

`load` is the way in; `Settings` is what the rest of the program takes. Not for reading anything while the daemon runs:
a reload calls `load` again and swaps the whole value.
"""

from aiops_daemon.settings.acting import (
    DiscordSettings,
    Editor,
    FixSettings,
    GithubAuth,
    GithubSettings,
    RepositorySettings,
    ServerSettings,
)
from aiops_daemon.settings.claude import ClaudeSettings, Effort, Price
from aiops_daemon.settings.document import DEFAULT_PATH
from aiops_daemon.settings.loading import Loaded, load
from aiops_daemon.settings.problems import ConfigurationError, Problem
from aiops_daemon.settings.restart import RESTART_ONLY, restart_only
from aiops_daemon.settings.root import Language, Mode, Settings
from aiops_daemon.settings.secret import SecretSettings
from aiops_daemon.settings.watching import (
    CodeRow,
    JournalFormat,
    JournalSettings,
    LogFormat,
    LogsSettings,
    ServiceSettings,
    StartAt,
    StateSettings,
    TriageSettings,
)

__all__ = [
    "DEFAULT_PATH",
    "RESTART_ONLY",
    "ClaudeSettings",
    "CodeRow",
    "ConfigurationError",
    "DiscordSettings",
    "Editor",
    "Effort",
    "FixSettings",
    "GithubAuth",
    "GithubSettings",
    "JournalFormat",
    "JournalSettings",
    "Language",
    "Loaded",
    "LogFormat",
    "LogsSettings",
    "Mode",
    "Price",
    "Problem",
    "RepositorySettings",
    "SecretSettings",
    "ServerSettings",
    "ServiceSettings",
    "Settings",
    "StartAt",
    "StateSettings",
    "TriageSettings",
    "load",
    "restart_only",
]

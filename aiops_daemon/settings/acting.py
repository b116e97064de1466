"""The sections about what people see: `[discord]`, `[repository]`, `[github]`, `[fix]`, `[server]`."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from aiops_daemon.settings.kinds import (
    Count,
    Duration,
    PositiveCount,
    PositiveDuration,
    Usd,
    filled,
    one_of,
    refuse,
)
from aiops_daemon.settings.section import Section
from aiops_daemon.settings.texts import (
    Argument,
    Branch,
    Label,
    Login,
    Mention,
    OptionalDirectory,
    OptionalText,
    Relative,
    Repository,
)
from aiops_daemon.settings.urls import Endpoint, Listen, OptionalPing, Remote


class GithubAuth(StrEnum):
    """How the daemon proves to GitHub who it is."""

    TOKEN = "token"  # noqa: S105 - the name of a way, no secret
    GH = "gh"
    APP = "app"


class Editor(StrEnum):
    """Who edits the code."""

    AUTO = "auto"
    CLAUDE_CODE = "claude-code"
    API = "api"


class DiscordSettings(Section):
    """Messages to people. The webhook URLs are secrets and stand in `[secrets]`."""

    mention_on_critical: Mention = Field(
        default="", description='whom a critical alert calls: a role id or "here"; empty = nobody'
    )
    digest_interval: PositiveDuration = Field(
        default=timedelta(hours=1), description="how long one digest is edited before a new one begins"
    )


class RepositorySettings(Section):
    """The source code of the watched service."""

    path: OptionalDirectory = Field(
        default=None,
        description="a local clone, only ever read; relative to the working directory; empty = none",
    )
    remote_url: Remote = Field(
        default="",
        description="where branches are pushed: a URL or a local path; empty = the clone's `origin`",
    )
    base_branch: Branch = Field(
        default="main", description="the branch that fixes start from and are proposed for"
    )
    source_root: Relative = Field(default=".", description="where the service lives within the repository")
    deployed: OptionalText = Field(
        default="",
        description="what runs: a commit, or a file or log field that names it; empty = the head of `base_branch`",
    )


class GithubSettings(Section):
    """Issues and pull requests."""

    repository: Repository = Field(default="", description="`owner/name` of the repository; empty = none")
    api_url: Endpoint = Field(default="https://api.github.com", description="URL of the API")
    auth: Annotated[GithubAuth, BeforeValidator(one_of(GithubAuth))] = Field(
        default=GithubAuth.TOKEN, description="a token, the login of the `gh` command, or a GitHub App"
    )
    app_id: Count = Field(default=0, description='id of the GitHub App; needed by auth = "app"')
    installation_id: Count = Field(default=0, description='id of its installation; needed by auth = "app"')
    labels: tuple[Label, ...] = Field(
        default=("bug", "ai-generated"),
        description="labels of new issues; `ai-generated`, `priority:...` and `domain:...` are always added",
    )
    assignees: tuple[Login, ...] = Field(
        default=(), description="GitHub logins that new issues are assigned to; empty = nobody"
    )
    reopen_after: Duration = Field(
        default=timedelta(0),
        description="how long after an issue was closed as fixed the fault may still occur, such as the time a deployment takes",
    )
    poll_interval: PositiveDuration = Field(
        default=timedelta(minutes=5),
        description="how often issues and PRs are asked after, where no webhook tells",
    )

    @field_validator("app_id", "installation_id")
    @classmethod
    def _app_is_named(cls, number: int, info: ValidationInfo) -> int:
        if not number and info.data.get("auth") is GithubAuth.APP:
            raise refuse('auth = "app" needs it', "the number that GitHub shows for the App")
        return number


class FixSettings(Section):
    """Draft PRs, and how far they may go."""

    editor: Annotated[Editor, BeforeValidator(one_of(Editor))] = Field(
        default=Editor.AUTO,
        description="who edits: Claude Code, edits asked from the API, or whichever is there",
    )
    max_pull_requests_per_day: Count = Field(default=5, description="Draft PRs a day at most; 0 = none")
    max_files: PositiveCount = Field(default=3, description="files that one fix may change")
    max_lines: PositiveCount = Field(default=50, description="lines that one fix may change in a file")
    max_attempts: PositiveCount = Field(default=2, description="attempts to fix one fault")
    file_cooldown: Duration = Field(
        default=timedelta(hours=6), description="least time between attempts on one file"
    )
    max_usd_per_fix: Usd = Field(default=2.0, description="USD that one fix may cost")
    test_command: Annotated[tuple[Argument, ...], AfterValidator(filled)] = Field(
        default=("cargo", "test"),
        description="the program that tests a fix, and its arguments; no shell",
    )
    test_timeout: PositiveDuration = Field(
        default=timedelta(minutes=15), description="how long the tests may take"
    )
    lint_command: tuple[Argument, ...] = Field(
        default=(), description="a further program that must succeed, and its arguments; empty = none"
    )
    allowed_paths: tuple[Relative, ...] = Field(
        default=(),
        description="globs, from the repository's root, of files a fix may change; empty = `source_root`, "
        "`.env.example` and configuration files",
    )
    protected_paths: tuple[Relative, ...] = Field(
        default=(),
        description="globs of files that no fix may change, added to the built-in ones, which always win",
    )


class ServerSettings(Section):
    """The daemon's own HTTP server, and the sign of life it sends."""

    listen: Listen = Field(
        default="127.0.0.1:8787",
        description="`host:port`, or `unix:/path`; port 0 = any free one; empty = off",
    )
    heartbeat_url: OptionalPing = Field(
        default="", description="URL called regularly as a sign of life; empty = none"
    )

"""The sections about what is watched and how it is judged: `[service]`, `[logs]`, `[triage]`, `[state]`."""

import zoneinfo
from collections.abc import Mapping
from datetime import UTC, timedelta, tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from aiops_daemon.domain.playbook import Action, Severity
from aiops_daemon.settings.kinds import Duration, PositiveCount, PositiveDuration, filled, one_of, whole
from aiops_daemon.settings.section import Section
from aiops_daemon.settings.texts import CodeName, Directory, Name, OptionalText, Relative, TimeZone

_MIB = 1024 * 1024


class LogFormat(StrEnum):
    """How the lines of the log are written."""

    AUTO = "auto"
    TRACING = "tracing"
    JSON = "json"
    LOGFMT = "logfmt"
    TEXT = "text"


class StartAt(StrEnum):
    """Where the reading of a file begins that is there on the very first start."""

    END = "end"
    BEGINNING = "beginning"


class ServiceSettings(Section):
    """The service whose logs are watched."""

    name: Name = Field(default="server", description="name of the watched service, as people read it")
    environment: Name = Field(default="production", description="where it runs, as people read it")
    timezone: TimeZone = Field(
        default="UTC", description="time zone of times shown to people; everything is stored in UTC"
    )

    @property
    def zone(self) -> tzinfo:
        """The time zone itself."""
        return UTC if self.timezone == "UTC" else zoneinfo.ZoneInfo(self.timezone)


class JournalFormat(StrEnum):
    """How the daemon's own journal is written."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class JournalSettings(Section):
    """The daemon's own journal."""

    format: Annotated[JournalFormat, BeforeValidator(one_of(JournalFormat))] = Field(
        default=JournalFormat.AUTO,
        description="`auto`: entries with fields under systemd, lines for people elsewhere; `text`: lines; "
        "`json`: one JSON object a line on stdout",
    )


class LogsSettings(Section):
    """The log files."""

    directory: Directory = Field(
        default=Path("./logs"), description="directory of the log files; relative to the working directory"
    )
    include: Annotated[tuple[Relative, ...], AfterValidator(filled)] = Field(
        default=("*.log", "*.log.*"),
        description="globs of the files to read, below the directory",
    )
    exclude: tuple[Relative, ...] = Field(
        default=("*.gz", "*.zst"), description="globs of the files to leave out, though `include` names them"
    )
    format: Annotated[LogFormat, BeforeValidator(one_of(LogFormat))] = Field(
        default=LogFormat.AUTO, description="how lines are written; `auto` looks at each file"
    )
    start_at: Annotated[StartAt, BeforeValidator(one_of(StartAt))] = Field(
        default=StartAt.END, description="where reading begins in files met on the very first start"
    )
    max_line_bytes: Annotated[int, BeforeValidator(whole(at_least=4096, at_most=64 * _MIB))] = Field(
        default=_MIB, description="longest line that is kept whole, in bytes; longer ones are cut"
    )
    silence_after: Duration = Field(
        default=timedelta(0), description="no lines at all for this long is an alert; `0s` = off"
    )


class CodeRow(Section):
    """A row of the catalogue of error codes: adds one, or overrides a built-in one."""

    title: OptionalText = Field(
        default="", description="what the code means, for people; empty = the built-in title"
    )
    severity: Annotated[Severity | None, BeforeValidator(one_of(Severity))] = Field(
        default=None, validate_default=False, description="how bad it is; left out = as built in"
    )
    actions: tuple[Annotated[Action, BeforeValidator(one_of(Action))], ...] | None = Field(
        default=None, description="what follows; left out = what the severity says, `[]` = log only"
    )


class TriageSettings(Section):
    """When events become messages, and when they do not."""

    dedup_window: Duration = Field(
        default=timedelta(minutes=5), description="least time between two new messages about one fingerprint"
    )
    request_grace: Duration = Field(
        default=timedelta(seconds=2),
        description="how long the alert of a record without a code waits for a coded one of the same request",
    )
    request_window: Duration = Field(
        default=timedelta(seconds=60),
        description="log time within which incidents of one request share a message",
    )
    spike_events: PositiveCount = Field(
        default=10, description="more errors of one fingerprint than this in 5 minutes are a spike"
    )
    storm_incidents_per_minute: PositiveCount = Field(
        default=20, description="more new incidents a minute than this become one message"
    )
    slow_ms: PositiveCount = Field(
        default=5000, description="a `duration_ms` above this is reported in the digest, in milliseconds"
    )
    quiet_after: PositiveDuration = Field(
        default=timedelta(minutes=30),
        description="without events for this long an incident is resolved; an event after that is a regression",
    )
    codes: Mapping[CodeName, CodeRow] = Field(
        default={}, description="rows of the catalogue of error codes, by code"
    )


class StateSettings(Section):
    """What the daemon remembers."""

    directory: Directory = Field(
        default=Path("./var/state"),
        description="directory of the state; relative to the working directory; under systemd STATE_DIRECTORY",
    )
    retention: PositiveDuration = Field(
        default=timedelta(days=90), description="how long resolved incidents are kept"
    )

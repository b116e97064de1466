"""Log files through the real path, on their own clock and into a state in memory; nothing is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiops_daemon.domain import error_code, flow
from aiops_daemon.domain.cursor import Batch, Cursor
from aiops_daemon.domain.event import Event
from aiops_daemon.domain.flow import NEW_MESSAGE
from aiops_daemon.domain.incident import Posted
from aiops_daemon.domain.job import Job, JobKind
from aiops_daemon.live import Live
from aiops_daemon.sources.assemble import Assembler, Tally
from aiops_daemon.sources.formats import format_for
from aiops_daemon.sources.lines import LineSplitter
from aiops_daemon.store import incidents, jobs
from aiops_daemon.store.admit import Admission, admit
from aiops_daemon.store.database import connect
from aiops_daemon.triage.classify import classify

CHUNK_BYTES = 512 * 1024
_KINDS = (JobKind.ALERT, JobKind.QUIET)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class ReplayedFile:
    """What was in one file."""

    path: Path
    tally: Tally
    codes_in_text: Counter[str] = field(default_factory=Counter)


class Replay:
    """Replays files one after the other.

    Attributes:
        connection: the state in memory.
        alerts: how many new messages there would have been.
    """

    def __init__(self, live: Live, *, max_line_bytes: int) -> None:
        self.connection = connect(Path(":memory:"))
        self.alerts = 0
        self._live = live
        self._max_line_bytes = max_line_bytes
        self._now = datetime(1970, 1, 2, tzinfo=UTC)

    def read(self, paths: Sequence[Path], advance: Callable[[int], None]) -> list[ReplayedFile]:
        """Replay the files; `advance` is told of the bytes read.

        Raises:
            OSError: a file can't be read.
        """
        replayed = [self._read_file(path, advance) for path in paths]
        self._work_until(_LAST, only=JobKind.ALERT)
        return replayed

    def _read_file(self, path: Path, advance: Callable[[int], None]) -> ReplayedFile:
        splitter = LineSplitter(0, self._max_line_bytes)
        assembler = Assembler(format_for(self._live.settings.logs.format))
        file = ReplayedFile(path, assembler.tally)
        with path.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                for line in splitter.feed(chunk):
                    assembler.feed(line)
                self._take(assembler, file, splitter.line_start)
                advance(len(chunk))
        if rest := splitter.rest():
            assembler.feed(rest)
        assembler.close_group()
        self._take(assembler, file, splitter.line_start)
        return file

    def _take(self, assembler: Assembler, file: ReplayedFile, position: int) -> None:
        events, _, _ = assembler.take()
        for event in events:
            if (
                event.level is not None
                and event.level.is_error
                and event.code is None
                and (found := _code_in_text(event))
            ):
                file.codes_in_text[found] += 1
            sighting = classify(event, self._live.catalogue)
            if sighting is None:
                continue
            if event.logged_at is not None:
                self._now = max(self._now, event.logged_at)
            self._work_until(self._now)
            cursor = _cursor(file.path, position)
            admission = Admission(batch=Batch(cursor=cursor, events=(event,)), sightings=(sighting,))
            with self.connection:
                self.connection.execute("BEGIN")
                admit(self.connection, (admission,), self._live.terms, self._now)

    def _work_until(self, now: datetime, only: JobKind | None = None) -> None:
        """Do what the workers would have done by now."""
        kinds = (only,) if only else _KINDS
        while (due_at := jobs.next_due_at(self.connection, kinds)) is not None and due_at <= now:
            job = jobs.claim(self.connection, kinds, due_at)
            if job is None:
                return
            self._do(job, max(due_at, job.created_at))

    def _do(self, job: Job, now: datetime) -> None:
        assert job.incident_id is not None
        incident = incidents.by_id(self.connection, job.incident_id)
        if incident is not None and job.kind is JobKind.QUIET:
            consequence = flow.after_quiet(incident, rules=self._live.terms.rules, now=now)
            incidents.update(self.connection, consequence.incident)
            jobs.emit(self.connection, consequence.jobs, now)
        elif incident is not None and job.reason in NEW_MESSAGE:
            self.alerts += 1
            # An edit is no message: marked as shown for good, so that none is scheduled.
            posted = Posted(
                sink="replay",
                reason=job.reason,
                message_id="0",
                posted_at=now,
                shown_revision=1 << 60,
                edits=0,
            )
            incidents.save_posted(self.connection, incident.id, posted)
        jobs.finish(self.connection, job, now)


def _code_in_text(event: Event) -> str | None:
    if event.other_code and error_code.parse(event.other_code):
        return event.other_code
    found = error_code.find(event.message)
    return found.code.value if found else None


def _cursor(path: Path, position: int) -> Cursor:
    return Cursor(
        generation=str(path),
        name=path.name,
        device=0,
        inode=0,
        head_length=0,
        head_hash="",
        position=position,
        marker_hash="",
    )

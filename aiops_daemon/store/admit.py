"""Admission: the one transaction that makes events into incidents, emits the jobs that follow, and moves the position.

`admit` is the seam of the whole daemon. Before it an event is bytes in a file that will be read again; after it the
event is counted, exactly once, and what people are to hear of it is a row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from aiops_daemon.domain import flow
from aiops_daemon.domain.cursor import Batch, Unparsed
from aiops_daemon.domain.fingerprint import MAX_SHAPES
from aiops_daemon.domain.flow import Note, Rules
from aiops_daemon.domain.incident import Incident, IncidentState, Sample
from aiops_daemon.domain.job import NewJob
from aiops_daemon.domain.playbook import Action
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.redaction import Placeholders, Redactor
from aiops_daemon.store import files, following, incidents, jobs, samples, tally, twins
from aiops_daemon.store.tally import What
from aiops_daemon.store.twins import Twin

SAMPLE_CHARACTERS = 8192
TITLE_CHARACTERS = 140
UNPARSED_CHARACTERS = 500
SAMPLES_A_BATCH = 3
"""Of one incident in one batch: a storm is counted in full, but only a few of its lines are redacted and kept."""

WITHHELD = "(withheld: it could not be redacted)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A batch and what triage makes of its events."""

    batch: Batch
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What admission needs beside the events."""

    rules: Rules
    request_window: timedelta
    redactor: Redactor
    files_issues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What came of it."""

    jobs: int
    turns: tuple[tuple[str, Incident], ...]
    """What happened to which incident, as its history has it."""
    events: int


def admit(tx: sqlite3.Connection, admissions: Iterable[Admission], terms: Terms, now: datetime) -> Admitted:
    """Admit batches, in order, in the transaction that is open."""
    fold = _Fold(tx, terms, now)
    events = 0
    for admission in admissions:
        batch = admission.batch
        ahead = files.offsets_read_ahead(tx, batch.cursor.generation)
        new_ahead = []
        for sighting in admission.sightings:
            offset = sighting.event.offset
            if offset in ahead:
                continue
            fold.add(sighting, batch.cursor.name)
            events += 1
            if offset >= batch.cursor.position:
                new_ahead.append(offset)
        files.save_cursor(tx, batch, now)
        files.save_read_ahead(tx, batch.cursor.generation, new_ahead)
        if batch.unparsed:
            files.save_unparsed(tx, batch.cursor.name, fold.redacted(batch.unparsed), now)
    return fold.write(events)


@dataclass(slots=True)
class _Open:
    """An incident while the transaction works on it."""

    incident: Incident
    names: Placeholders
    new_jobs: list[NewJob] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    samples: int = 0
    pulse: int = 0


class _Fold:
    """Folds sightings into incidents: each is read once and written once, however many events a batch has."""

    def __init__(self, tx: sqlite3.Connection, terms: Terms, now: datetime) -> None:
        self._tx = tx
        self._terms = terms
        self._now = now
        self._open: dict[int, _Open] = {}
        self._ids: dict[str, int] = {}
        self._file = ""

    def add(self, sighting: Sighting, file: str) -> None:
        """Fold one sighting: as a companion of a stronger record, or into the incident of its fingerprint."""
        self._file = file
        earlier = twins.of(self._tx, sighting, self._terms.request_window, self._now)
        if sighting.is_weak:
            stronger = next((twin for twin in earlier if not twin.is_weak), None)
            if stronger is not None and self._join(stronger, sighting):
                return
        opened = self._find(sighting) or self._make(sighting)
        host = self._host(sighting, earlier, opened.incident)
        consequence = flow.after_event(
            opened.incident, sighting, host=host, rules=self._terms.rules, now=self._now
        )
        opened.incident = consequence.incident
        opened.new_jobs.extend(consequence.jobs)
        opened.notes.extend(consequence.notes)
        opened.pulse += 1
        self._keep(opened, sighting, is_companion=False)
        if not sighting.is_weak:
            for twin in earlier:
                if twin.is_weak and twin.incident_id != opened.incident.id:
                    self._take_over(twin, opened)
        twins.remember(self._tx, sighting, opened.incident.id, self._now)

    def redacted(self, lines: Iterable[Unparsed]) -> tuple[Unparsed, ...]:
        """Lines nobody could parse, fit to be stored."""
        names = Placeholders.fresh()
        excerpt = self._terms.redactor.excerpt
        return tuple(
            replace(line, text=excerpt(line.text, names, UNPARSED_CHARACTERS) or WITHHELD) for line in lines
        )

    def write(self, events: int) -> Admitted:
        """Write every incident that was touched, its history and its jobs."""
        emitted = 0
        turns = []
        for entry in self._open.values():
            incident = entry.incident
            incidents.update(self._tx, incident)
            incidents.save_placeholders(self._tx, incident.id, entry.names.known())
            incidents.add_notes(self._tx, incident.id, entry.notes, self._now)
            incidents.add_pulse(self._tx, incident.id, entry.pulse, self._now)
            turns += [(note.what, incident) for note in entry.notes]
            emitted += jobs.emit(self._tx, entry.new_jobs, self._now)
        for entry in list(self._open.values()):
            emitted += following.emit_edit(self._tx, entry.incident, self._now)
            if self._terms.files_issues and entry.pulse:
                emitted += following.emit_filing(self._tx, entry.incident, self._now)
        heard = sum(entry.pulse for entry in self._open.values() if Action.ALERT in entry.incident.actions)
        tally.add(self._tx, What.EVENTS, heard, self._now)
        tally.add(self._tx, What.INCIDENTS, sum(what == "opened" for what, _ in turns), self._now)
        twins.prune(self._tx, self._now - self._terms.request_window)
        return Admitted(jobs=emitted, turns=tuple(turns), events=events)

    # Finding and making incidents

    def _find(self, sighting: Sighting) -> _Open | None:
        for fingerprint in (sighting.fingerprint.value, None):
            value = fingerprint or self._overflow(sighting)
            if value is None:
                return None
            if value in self._ids:
                return self._open[self._ids[value]]
            row = self._tx.execute("SELECT * FROM incidents WHERE fingerprint = ?", (value,)).fetchone()
            if row is not None:
                return self._load(row)
        return None

    def _overflow(self, sighting: Sighting) -> str | None:
        """The shared fingerprint, if this code and target have as many shapes as they may."""
        shapes = self._tx.execute(
            "SELECT count(*) FROM incidents WHERE family = ?", (sighting.fingerprint.family,)
        ).fetchone()[0]
        return sighting.overflow.value if shapes >= MAX_SHAPES else None

    def _get(self, incident_id: int) -> _Open | None:
        if incident_id in self._open:
            return self._open[incident_id]
        row = self._tx.execute("SELECT * FROM incidents WHERE id = ?", (incident_id,)).fetchone()
        return None if row is None else self._load(row)

    def _load(self, row: sqlite3.Row) -> _Open:
        if row["id"] not in self._open:
            names = Placeholders(row["redaction_key"], json.loads(row["placeholders"]))
            self._open[row["id"]] = _Open(incident=incidents.incident_of(row), names=names)
            self._ids[row["fingerprint"]] = row["id"]
        return self._open[row["id"]]

    def _make(self, sighting: Sighting) -> _Open:
        names = Placeholders.fresh()
        fingerprint = sighting.overflow if self._overflow(sighting) else sighting.fingerprint
        title = sighting.title
        if not sighting.title_is_ours:
            title = self._terms.redactor.excerpt(title, names, TITLE_CHARACTERS) or WITHHELD
        request = None
        if sighting.event.request is not None and sighting.event.request.path is not None:
            line = f"{sighting.event.request.method or ''} {sighting.event.request.path}".strip()
            request = self._terms.redactor.excerpt(line, names, 300) or WITHHELD
        row = incidents.insert(
            self._tx,
            sighting,
            fingerprint,
            title=title,
            request=request,
            redaction_key=names.key,
            now=self._now,
        )
        entry = self._load(row)
        entry.names = names
        return entry

    # Twins: records of one request, or the two records of one panic

    def _join(self, stronger: Twin, sighting: Sighting) -> bool:
        """Count a weak record beside the incident of its stronger twin, unless that one is silent by its playbook.

        An ERROR that nobody knows must be heard even if the same request also logged something harmless.
        """
        entry = self._get(stronger.incident_id)
        if entry is None or (sighting.actions and not entry.incident.actions):
            return False
        entry.incident = flow.after_companion(entry.incident, now=self._now)
        self._keep(entry, sighting, is_companion=True)
        if sighting.event.panic is not None:  # a second panic at this place brings a record of its own
            twins.forget(self._tx, stronger, 1)
        return True

    def _take_over(self, twin: Twin, strong: _Open) -> None:
        """The stronger record came second: the one that waited for it becomes its companion.

        Unless people were told of it already, and of nothing else: what was said is not unsaid.
        """
        weak = self._get(twin.incident_id)
        if weak is None or (weak.incident.actions and not strong.incident.actions):
            return
        moved = min(twin.events, weak.incident.count)
        left = weak.incident.count - moved
        is_waiting = bool(weak.new_jobs) or jobs.has_untouched_post(self._tx, weak.incident.id)
        if not left and not is_waiting:
            return
        strong.incident = flow.after_companion(strong.incident, events=moved, now=self._now)
        for kept in samples.of(self._tx, weak.incident.id)[-1:]:
            samples.add(self._tx, strong.incident.id, replace(kept, is_companion=True))
        twins.forget(self._tx, twin, twin.events)
        if left:
            suppressed = max(0, weak.incident.suppressed - moved)
            weak.incident = replace(weak.incident, count=left, suppressed=suppressed)
            return
        incidents.delete(self._tx, weak.incident.id)
        del self._open[weak.incident.id]
        self._ids.pop(weak.incident.fingerprint, None)

    def _host(self, sighting: Sighting, earlier: Iterable[Twin], incident: Incident) -> Incident | None:
        """The incident whose message tells, or could tell, of this one too."""
        if incident.shares_with is not None and incident.state is not IncidentState.RESOLVED:
            entry = self._get(incident.shares_with)
            return entry.incident if entry else None
        if sighting.event.panic is not None:
            return None
        for twin in earlier:
            if twin.is_weak and not sighting.is_weak:
                continue
            entry = self._get(twin.incident_id)
            if entry is None or entry.incident.id == incident.id:
                continue
            if entry.incident.shares_with is not None:
                entry = self._get(entry.incident.shares_with)
            if (
                entry is not None
                and entry.incident.alerts
                and entry.incident.state is not IncidentState.RESOLVED
            ):
                return entry.incident
        return None

    # What is kept

    def _keep(self, entry: _Open, sighting: Sighting, *, is_companion: bool) -> None:
        if entry.samples >= SAMPLES_A_BATCH:
            return
        entry.samples += 1
        event = sighting.event
        text = self._terms.redactor.excerpt(event.text, entry.names, SAMPLE_CHARACTERS)
        sample = Sample(
            seen_at=self._now,
            level=event.level or "",
            text=WITHHELD if text is None else text,
            is_companion=is_companion,
            file=self._file,
            offset=event.offset,
        )
        samples.add(self._tx, entry.incident.id, sample)

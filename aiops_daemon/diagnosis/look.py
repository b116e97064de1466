"""A look into an incident of the state: what is known of it, the log around its samples, and the evidence."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiops_daemon.diagnosis.inquiry import Inquiry, Subject
from aiops_daemon.diagnosis.log_rows import Row, read_rows
from aiops_daemon.diagnosis.log_view import BYTES_AFTER, BYTES_BEFORE, view_of
from aiops_daemon.domain.event import Event
from aiops_daemon.domain.evidence import NamedIncident
from aiops_daemon.domain.incident import Incident, Sample
from aiops_daemon.domain.sighting import Sighting
from aiops_daemon.live import Live
from aiops_daemon.redaction import Placeholders, Redaction
from aiops_daemon.settings import Settings
from aiops_daemon.sources.formats import format_for
from aiops_daemon.store import incidents, knowledge, samples
from aiops_daemon.triage.classify import classify


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the state has of an incident, as a look into it begins.

    Attributes:
        gap: what could not be looked at, as was found out before.
    """

    incident: Incident
    samples: tuple[Sample, ...]
    names: Placeholders
    similar: tuple[tuple[NamedIncident, str], ...] = ()
    gap: str | None = None

    @property
    def texts(self) -> list[str]:
        """The redacted text that is worth comparing with that of others."""
        return texts_of(self.samples)


def texts_of(samples: tuple[Sample, ...]) -> list[str]:
    """The newest text that was kept, shortened."""
    return [sample.text[:400] for sample in samples if not sample.is_companion][-1:]


def read(connection: sqlite3.Connection, incident_id: int, now: datetime) -> Known | None:
    """What the state has, or None where there is no such incident."""
    incident = incidents.by_id(connection, incident_id)
    if incident is None:
        return None
    kept = samples.of(connection, incident_id)
    return Known(
        incident=incident,
        samples=kept,
        names=incidents.placeholders(connection, incident_id),
        similar=tuple(knowledge.similar(connection, incident, texts_of(kept), now)),
    )


def inquiry_into(known: Known, live: Live, users: Mapping[str, str] | None = None) -> Inquiry:
    """An inquiry into an incident that the daemon knows: the log around its samples is read for it."""
    incident = known.incident
    rows, unread = _rows(known, live.settings, lambda event: classify(event, live.catalogue))
    view = view_of(rows, lambda sighting: _is_of(sighting, incident))
    view.unread = unread
    return Inquiry(
        subject=Subject(
            title=incident.title,
            code=incident.code,
            severity=incident.severity.value,
            count=incident.count,
            place=incident.place,
            similar=known.similar,
            gaps=(known.gap,) if known.gap else (),
        ),
        rows=rows,
        view=view,
        settings=live.settings,
        redact=Redaction(live.terms.redactor, known.names),
        users=users or {},
    )


def _rows(
    known: Known, settings: Settings, classified: Callable[[Event], Sighting | None]
) -> tuple[list[Row], list[str]]:
    """The log around the samples that were kept, each file from well before the first to well behind the last."""
    spans: dict[str, tuple[int, int]] = {}
    for sample in known.samples:
        if sample.file is not None and sample.offset is not None:
            first, last = spans.get(sample.file, (sample.offset, sample.offset))
            spans[sample.file] = (min(first, sample.offset), max(last, sample.offset))
    rows: list[Row] = []
    unread: list[str] = []
    for name, (first, last) in sorted(spans.items()):
        begin = max(0, (last if last - first > BYTES_BEFORE else first) - BYTES_BEFORE)
        try:
            part = (_plain_file(settings.logs.directory, name), begin, last + BYTES_AFTER)
            rows += read_rows([part], format_for(settings.logs.format), classified)
        except OSError as error:
            unread.append(f"{name} can't be read: {error.strerror}")
    return rows, unread


def _plain_file(directory: Path, name: str) -> Path:
    """A log file that is one: links are not followed, as in reading.

    Raises:
        OSError: it is not, or is not there.
    """
    path = directory / name
    if os.sep in name or not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(errno.EINVAL, "it is no plain file of the log directory")
    return path


def _is_of(sighting: Sighting, incident: Incident) -> bool:
    if incident.place is not None:
        return sighting.place == incident.place
    return incident.fingerprint in {sighting.fingerprint.value, sighting.overflow.value}

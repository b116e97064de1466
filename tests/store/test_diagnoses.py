"""Diagnoses: which one people are shown, which one may be recalled, and what a mark is put on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aiops_daemon.domain.diagnosis import Diagnosis, Source
from aiops_daemon.store import diagnoses, incidents, ledger
from aiops_daemon.store.admit import admit
from aiops_daemon.store.database import FILE_NAME, connect
from aiops_daemon.store.ledger import Kind
from tests.builders import admission, event
from tests.store.test_admit import TERMS

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
GOOD = Diagnosis(root_cause="the time-out", file="src/http.rs", code_cause=True)
NONE = Diagnosis(root_cause="", source=Source.EVIDENCE_ONLY, notes=("Claude is overloaded",))
BLOBS = {"src/http.rs": "a" * 40}


@pytest.fixture
def state(tmp_path):
    connection = connect(tmp_path / FILE_NAME)
    yield connection
    connection.close()


@pytest.fixture
def incident(state):
    admit(state, [admission(event())], TERMS, NOW)
    (opened,) = incidents.listed(state, resolved_too=True)
    return opened


def recalled(state, incident, now=NOW):
    kept = diagnoses.recallable(state, incident.fingerprint, now)
    return None if kept is None else kept.diagnosis


def test_a_try_that_failed_does_not_stand_in_front_of_an_answer(state, incident):
    diagnoses.save(state, incident, NONE, {}, NOW)
    assert diagnoses.newest(state, incident.id).diagnosis == NONE
    diagnoses.save(state, incident, GOOD, BLOBS, NOW)
    diagnoses.save(state, incident, NONE, {}, NOW)
    assert diagnoses.newest(state, incident.id).diagnosis == GOOD
    assert recalled(state, incident) == GOOD


def test_a_mark_is_put_on_what_people_are_shown_and_a_wrong_one_is_not_recalled(state, incident):
    diagnoses.save(state, incident, GOOD, BLOBS, NOW)
    diagnoses.save(state, incident, NONE, {}, NOW)
    diagnoses.mark(state, incident.id, "wrong")
    assert diagnoses.newest(state, incident.id).verdict == "wrong"
    assert recalled(state, incident) is None


def test_one_that_was_recalled_and_was_wrong_is_not_recalled_again(state, incident):
    diagnoses.save(state, incident, GOOD, BLOBS, NOW)
    diagnoses.save(state, incident, replace(GOOD, source=Source.RECALLED), BLOBS, NOW)
    diagnoses.mark(state, incident.id, "wrong")
    assert recalled(state, incident) is None


@pytest.mark.parametrize(
    ("said", "blobs", "age", "is_recalled"),
    [
        (GOOD, BLOBS, timedelta(days=89), True),
        (GOOD, BLOBS, timedelta(days=91), False),
        (GOOD, {}, timedelta(0), False),
        (GOOD, {"src/other.rs": "b" * 40}, timedelta(0), False),
        (replace(GOOD, file=None), {}, timedelta(0), False),
        (replace(GOOD, file=None, code_cause=False), {}, timedelta(hours=23), True),
        (replace(GOOD, file=None, code_cause=False), {}, timedelta(hours=25), False),
    ],
)
def test_it_is_recalled_for_as_long_as_unchanged_files_mean_an_unchanged_cause(
    state, incident, said, blobs, age, is_recalled
):
    diagnoses.save(state, incident, said, blobs, NOW - age)
    assert (recalled(state, incident) is not None) is is_recalled


def test_a_fault_is_new_until_one_of_its_family_was_looked_into(state, incident):
    assert diagnoses.is_new(state, incident.id)
    ledger.reserve(state, Kind.DIAGNOSIS, "diagnose:1:1", usd=0, now=NOW, incident_id=incident.id)
    assert not diagnoses.is_new(state, incident.id)
    assert incidents.by_id(state, incident.id) is not None

"""Every language says the same things."""

from string import Formatter

import pytest

from aiops_daemon.actions.texts import TEXTS, words
from aiops_daemon.domain.flow import AlertReason
from aiops_daemon.domain.incident import IncidentState
from aiops_daemon.domain.playbook import Severity
from aiops_daemon.settings import Language


def placeholders(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_language_of_the_settings_has_words():
    assert set(TEXTS) == {str(language) for language in Language}


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_has_every_text_with_the_same_placeholders(language):
    english = {key: placeholders(text) for key, text in TEXTS["en"].items()}
    assert {key: placeholders(text) for key, text in TEXTS[language].items()} == english


@pytest.mark.parametrize("language", TEXTS)
def test_no_text_is_empty_and_each_reason_state_and_severity_has_one(language):
    text = words(language)
    needed = [f"status_{reason}" for reason in AlertReason]
    needed += [f"status_{state}" for state in IncidentState if state is not IncidentState.OPEN]
    needed += [str(severity) for severity in Severity]
    assert all(text[key].strip() for key in [*needed, *text])

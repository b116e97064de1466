"""An excerpt is redacted before it is cut, and is nothing at all if that failed."""

import pytest

from aiops_daemon.redaction import EXCERPT_INPUT_CHARACTERS, Placeholders, Redactor

REDACTOR = Redactor()


def excerpt(text: str, limit: int) -> str | None:
    return REDACTOR.excerpt(text, Placeholders(b"k"), limit)


def test_no_limit_shows_a_part_of_a_secret_or_of_a_placeholder():
    text = 'mail kim@example.com, {"password":"hunter2 and more"} token=ghp_' + "a1" * 18

    for limit in range(-1, len(text) + 5):
        cut = excerpt(text, limit)
        assert cut is not None
        assert len(cut) <= max(0, limit)
        assert not any(part in cut for part in ("kim", "hunt", "ghp", "more"))
        assert cut.count("<") == cut.count(">")


def test_a_short_text_is_only_redacted():
    assert excerpt("kim@example.com x", 100) == "<EMAIL_1> x"


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_the_cut_before_reading_drops_the_token_it_goes_through(shift: int):
    lead = "x " * (EXCERPT_INPUT_CHARACTERS // 2 - 20) + "y" * shift
    cut = excerpt(lead + " kim.cheolsu@example.com " + "z " * 100, 10**6)

    assert cut is not None
    assert "cheol" not in cut
    assert "kim" not in cut


def test_one_endless_token_leaves_nothing():
    assert excerpt("a1" * EXCERPT_INPUT_CHARACTERS, 100) == ""


def test_a_long_json_line_is_redacted_although_its_end_is_missing():
    cut = excerpt('{"password":"hunter2","message":"' + "word " * EXCERPT_INPUT_CHARACTERS, 60)

    assert cut == '{"password":"<PASSWORD_1>","message":"word word word word wo'


def test_a_failure_sends_nothing(monkeypatch):
    def explode(*args: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(Redactor, "text", explode)

    assert excerpt("harmless", 10) is None


def test_a_failure_masks_everything(monkeypatch):
    monkeypatch.setattr("aiops_daemon.redaction.redactor._settled", None)

    assert REDACTOR.mask("password=hunter2") == "<REDACTED>"

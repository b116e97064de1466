"""What holds for every text: redacting twice changes nothing more, nothing raises, and time grows with length."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redaction_corpus import FIELDS, HEADERS, MORE, PEOPLE, PROVIDERS

from aiops_daemon.redaction import Placeholders, Redactor

REDACTOR = Redactor(["an-own-secret-of-ours"])
PIECES = [
    *(leak.line for leak in (*FIELDS, *HEADERS, *PEOPLE, *MORE)),
    *PROVIDERS,
    *'{}[]"\\:=,;&<>@.-+/\n',
    *(
        "password",
        "password=",
        "token:",
        "Bearer",
        "Cookie:",
        "a=",
        '{"',
        '\\"',
        "<EMAIL_1>",
        "<TOKEN>",
        "010",
        "4111",
        "서울",
    ),
    *("%40", "://", "user@"),
    " ",
    "\ud800",
]
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))


@settings(max_examples=250, deadline=None)
@given(TEXTS)
def test_redacting_twice_changes_nothing_more(text: str):
    names = Placeholders(b"k")
    once = REDACTOR.text(text, names)

    assert REDACTOR.text(once, names) == once
    assert REDACTOR.mask(REDACTOR.mask(text)) == REDACTOR.mask(text)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(-5, 300))
def test_an_excerpt_never_fails_and_keeps_to_its_limit(text: str, limit: int):
    cut = REDACTOR.excerpt(text, Placeholders(b"k"), limit)

    assert cut is not None
    assert len(cut) <= max(0, limit)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20), st.sampled_from(PROVIDERS), st.text(max_size=20))
def test_a_token_vanishes_between_any_two_texts(before: str, token: str, after: str):
    assert token not in REDACTOR.text(f"{before} {token} {after}", Placeholders(b"k"))


HOSTILE = [
    "a", "=", '"', "\\", '\\"', '{"', '{"a":', '{"a":1}', "a@", "a@b.", "a@b.c", "eyJ", "eyJa.", "password", "password=",
    "password=a ", "password=no,", "token=a(", 'password:"', "token=<EMAIL_1>", "-----BEGIN PRIVATE " + "KEY-----", "1.2.3.4 ",
    "2001:", "+1 ", "010", "4111 ", "://a:", "://a:b@", "Cookie: a=b;", "?code=", "curl -u a", "서울 강남구 ", '{"a":"{',
    "한", "\udc80", "x.password ", "token=Some(", "<password>", "password is ", "digest username=",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_with_length_and_not_with_its_square(piece: str):
    """Five seconds a megabyte is the promise; the factor on top is for a busy machine."""
    size = 20_000
    text = (piece * (size // len(piece) + 1))[:size]
    started = time.process_time()

    once = REDACTOR.text(text, Placeholders(b"k"))

    assert time.process_time() - started < 5 * size / 1_000_000 * 6
    assert REDACTOR.text(once, Placeholders(b"k")) == once

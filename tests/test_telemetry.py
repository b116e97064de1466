"""The daemon's own journal in each of its forms: one entry a line, nothing secret, libraries included."""

import io
import json
import logging
import sys

import pytest
import structlog

from aiops_daemon import telemetry


@pytest.fixture
def said(monkeypatch):
    """Configures the journal as asked, and gives what it wrote."""
    handlers = logging.getLogger().handlers[:]

    def configure(form="auto", **environment):
        for name in ("JOURNAL_STREAM", "INVOCATION_ID"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        stream = io.StringIO()
        telemetry.configure(lambda text: text.replace("hunter2", "***"), form, stream=stream)
        return stream

    yield configure
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()


def test_under_systemd_an_entry_is_one_line_with_its_priority(said):
    stream = said(INVOCATION_ID="1")
    log = structlog.get_logger()
    log.error("job.failed", why="two\nlines <0> of it", incident=3)
    log.critical("state.failed")
    assert stream.getvalue() == "<3>job.failed why='two\\nlines <0> of it' incident=3\n<2>state.failed\n"


def test_a_traceback_stays_one_entry(said):
    stream = said(INVOCATION_ID="1")
    structlog.get_logger().error("daemon.failed", exc_info=RuntimeError("hunter2"))
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert "RuntimeError: ***" in written


def test_json_is_one_object_a_line(said):
    stream = said("json")
    structlog.get_logger().warning("job.failed", why="장애\n", incident=3, code=None)
    entry = json.loads(stream.getvalue())
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {"event": "job.failed", "level": "warning", "why": "장애\n", "incident": 3}


def test_nothing_of_an_entry_is_left_unmasked_whatever_it_is(said):
    stream = said("json")
    structlog.get_logger().info(
        "a.b", one="hunter2", many=["hunter2"], mapping={"key": "hunter2"}, error=OSError("hunter2")
    )
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("***") == 4


def test_what_a_library_says_is_an_entry_like_any_other(said):
    stream = said("json")
    logging.getLogger("aiohttp.client").warning("unclosed %s", "hunter2")
    logging.getLogger("aiohttp.client").info("chatter")
    entry = json.loads(stream.getvalue())
    assert (entry["event"], entry["library"], entry["what"]) == (
        "library.said",
        "aiohttp.client",
        "unclosed ***",
    )


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, False), ({"INVOCATION_ID": "1"}, True), ({"JOURNAL_STREAM": "1:2"}, True)],
)
def test_a_service_is_told_from_a_shell(said, monkeypatch, environment, expected):
    said(**environment)
    assert telemetry.is_under_systemd() is expected


def test_a_terminal_is_for_people_even_in_a_shell_that_systemd_started(said, monkeypatch):
    said(INVOCATION_ID="1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert not telemetry.is_under_systemd()

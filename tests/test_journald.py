"""The journal's native protocol, spoken to a socket that takes it apart as journald does."""

import array
import mmap
import os
import socket
import struct

import pytest

from aiops_daemon.journald import Journal, encoded
from aiops_daemon.telemetry import fields_of


def decoded(content):
    """https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ : `NAME=value`, or `NAME`, a length of 8 bytes, and so many bytes."""
    fields = []
    while content:
        line, _, rest = content.partition(b"\n")
        name, sign, value = line.partition(b"=")
        if not sign:
            (length,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8 : 8 + length], rest[8 + length + 1 :]
        fields.append((name.decode(), value.decode()))
        content = rest
    return dict(fields)


@pytest.fixture
def journald(tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        server.settimeout(5)
        yield path, server


@pytest.fixture
def journal(journald):
    journal = Journal(str(journald[0]))
    yield journal
    journal.close()


def received(server):
    content, ancillary, _, _ = server.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    if not ancillary:
        return decoded(content)
    fds = array.array("i", ancillary[0][2])
    with mmap.mmap(fds[0], 0, prot=mmap.PROT_READ) as file:
        return decoded(file[:])


def test_an_entry_arrives_with_its_fields(journal, journald):
    server = journald[1]
    assert journal.send({"MESSAGE": "a=b", "PRIORITY": "3", "INCIDENT": "42"})
    assert received(server) == {"MESSAGE": "a=b", "PRIORITY": "3", "INCIDENT": "42"}


def test_a_value_with_line_breaks_can_make_up_no_field(journal, journald):
    server = journald[1]
    journal.send({"MESSAGE": "two\nPRIORITY=0\nlines", "PRIORITY": "6"})
    assert received(server) == {"MESSAGE": "two\nPRIORITY=0\nlines", "PRIORITY": "6"}


def test_what_is_too_large_for_a_datagram_goes_as_a_sealed_file(journal, journald):
    server = journald[1]
    message = "장애 " * 2_000_000
    assert journal.send({"MESSAGE": message, "PRIORITY": "6"})
    assert received(server) == {"MESSAGE": message, "PRIORITY": "6"}


@pytest.mark.parametrize("name", ["lower", "_TRUSTED", "1ST", "WITH SPACE", "A" * 65, "", "NA=ME", "NA\nME"])
def test_a_name_that_the_journal_refuses_is_left_out(name):
    assert encoded({name: "x", "MESSAGE": "y"}) == b"MESSAGE=y\n"


def test_where_no_journal_listens_it_says_so(tmp_path):
    journal = Journal(str(tmp_path / "nothing"))
    assert not journal.send({"MESSAGE": "x"})
    journal.close()


def test_a_journal_that_takes_nothing_is_not_waited_for_and_what_it_missed_is_counted(journal, journald):
    server = journald[1]
    sent = 0
    while not journal.dropped:
        assert journal.send({"MESSAGE": "x" * 100_000})
        sent += 1
        assert sent < 10_000
    journal.send({"MESSAGE": "lost, too"})
    assert journal.dropped == 2
    assert "(2 entries before this one were lost)" in fields_of({"event": "a.b"}, dropped=2)["MESSAGE"]
    received(server)
    assert journal.send({"MESSAGE": "taken"})
    assert journal.dropped == 0


def test_an_entry_of_the_daemon_has_the_documented_fields():
    entry = {
        "event": "job.failed",
        "level": "warning",
        "job": "alert:42:opened:1",
        "job_kind": "alert",
        "incident": 42,
        "code": "AI5003",
        "nothing": None,
        "why": "no answer",
    }
    assert fields_of(entry) == {
        "MESSAGE": "job.failed job='alert:42:opened:1' job_kind=alert incident=42 code=AI5003 why='no answer'",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "aiops-daemon",
        "EVENT": "job.failed",
        "JOB": "alert:42:opened:1",
        "JOB_KIND": "alert",
        "INCIDENT": "42",
        "ERROR_CODE": "AI5003",
        "WHY": "no answer",
    }


def test_no_key_of_an_entry_can_take_the_place_of_what_the_journal_goes_by():
    fields = fields_of({"event": "a.b", "level": "info", "priority": "0", "syslog_identifier": "sshd"})
    assert (fields["PRIORITY"], fields["SYSLOG_IDENTIFIER"]) == ("6", "aiops-daemon")


def test_a_traceback_is_part_of_the_message():
    fields = fields_of({"event": "daemon.failed", "level": "error", "exception": "Traceback\n  line"})
    assert fields["MESSAGE"] == "daemon.failed\nTraceback\n  line"
    assert "EXCEPTION" not in fields


def test_the_socket_is_not_handed_to_children(journal):
    assert not os.get_inheritable(journal._socket.fileno())

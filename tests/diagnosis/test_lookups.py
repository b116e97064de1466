"""Look-ups: what a model may ask for, answered from the deployed commit and the log, and from nothing else."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from aiops_daemon.cli.context import of_logs
from aiops_daemon.domain.evidence import PieceKind
from aiops_daemon.domain.lookup import Lookup, LookupKind
from aiops_daemon.settings import load

SCENARIO = Path(__file__).parent.parent / "scenarios" / "rust-ai-timeout"
DEPLOYED = "0ba772b230e25c0f56e9e63ba1b0c6d29e80cf27"
CLIENT = "codes/server/src/domain/ai/client.rs"


@pytest.fixture(scope="module")
def inquiry(tmp_path_factory):
    """One inquiry, whose evidence was gathered."""
    clone = tmp_path_factory.mktemp("lookups") / "retro.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", clone], check=True)
    with (SCENARIO.parent / "_bases" / "retro.fi").open("rb") as stream:
        subprocess.run(["git", "-C", clone, "fast-import", "--quiet"], stdin=stream, check=True)
    loaded = load(
        None, environ={"AIOPS_REPOSITORY__PATH": str(clone), "AIOPS_REPOSITORY__DEPLOYED": DEPLOYED}
    )
    found = of_logs(loaded, sorted(SCENARIO.glob("*.log")), code="AI5003", contains=None)
    asyncio.run(found.evidence())
    return found


def asked(inquiry, kind, text="", **more):
    (piece,) = asyncio.run(inquiry.answers([Lookup(kind=kind, text=text, **more)], "Q1."))
    assert piece.id == "Q1.1"
    return piece


def test_where_a_text_stands_with_the_function_around_it(inquiry):
    piece = asked(inquiry, LookupKind.TEXT, "shared_client")
    assert piece.kind is PieceKind.SOURCE
    assert "codes/server/src/global/http.rs:10 (in shared_client) pub fn shared_client()" in piece.text
    assert "(in AppState.new) let http = http::shared_client()?;" in piece.text


def test_a_text_is_no_pattern_and_no_case_matters(inquiry):
    assert (
        asked(inquiry, LookupKind.TEXT, "SHARED_client").text
        == asked(inquiry, LookupKind.TEXT, "shared_client").text
    )
    assert asked(inquiry, LookupKind.TEXT, "shared.client").kind is PieceKind.GAP


def test_only_below_a_path(inquiry):
    piece = asked(inquiry, LookupKind.TEXT, "shared_client", path="codes/server/src/global")
    assert all(line.startswith("codes/server/src/global/") for line in piece.text.splitlines())


def test_lines_of_a_tracked_file(inquiry):
    piece = asked(inquiry, LookupKind.LINES, path=CLIENT, first_line=2, last_line=4)
    assert (piece.path, piece.start_line, piece.end_line) == (CLIENT, 2, 4)
    assert [line.split()[0] for line in piece.text.splitlines()] == ["2", "3", "4"]
    assert asked(inquiry, LookupKind.LINES, path="ai/client.rs", first_line=2, last_line=4).path == CLIENT


@pytest.mark.parametrize(
    "path", ["../../etc/shadow", "/etc/passwd", "--help", "", "client.rs", "nothing.rs", "a\0b"]
)
def test_no_other_file(inquiry, path):
    piece = asked(inquiry, LookupKind.LINES, path=path, first_line=1, last_line=5)
    assert piece.kind is PieceKind.GAP
    assert "no such tracked file" in piece.text


def test_lines_are_bounded(inquiry):
    piece = asked(inquiry, LookupKind.LINES, path=CLIENT, first_line=-5, last_line=10**9)
    assert piece.start_line == 1
    assert len(piece.text.splitlines()) <= 160


@pytest.mark.parametrize("name", ["shared_client", "http::shared_client", "global.http.shared_client"])
def test_the_history_of_a_function(inquiry, name):
    piece = asked(inquiry, LookupKind.HISTORY, name)
    assert piece.kind is PieceKind.HISTORY
    assert "d9fb78a6c18e" in piece.text
    assert "shared_client)" in piece.text


def test_the_history_of_a_setting(inquiry):
    assert "+AI_TIMEOUT_SECS=60" in asked(inquiry, LookupKind.HISTORY, "AI_TIMEOUT_SECS").text
    assert asked(inquiry, LookupKind.HISTORY, "NO_SUCH_SETTING").kind is PieceKind.GAP


def test_the_history_of_a_file(inquiry):
    piece = asked(inquiry, LookupKind.HISTORY, CLIENT)
    assert piece.kind is PieceKind.HISTORY
    assert f"changed {CLIENT})" in piece.text
    assert asked(inquiry, LookupKind.HISTORY, "", path=CLIENT).text == piece.text


def test_what_a_commit_changed(inquiry):
    piece = asked(inquiry, LookupKind.DIFF, "d9fb78a6c18e")
    assert (piece.kind, piece.has_diff) == (PieceKind.COMMIT, True)
    assert piece.sha is not None
    assert piece.sha.startswith("d9fb78a6c18e")
    assert "@@" in piece.text


@pytest.mark.parametrize("text", ["HEAD", "main", "--output=x", "d9fb", "0" * 40, "d9fb78a6..HEAD", ""])
def test_what_is_no_commit_of_this_clone(inquiry, text):
    assert asked(inquiry, LookupKind.DIFF, text).kind is PieceKind.GAP


def test_the_records_of_a_request_by_its_placeholder(inquiry):
    piece = asked(inquiry, LookupKind.LOG, "<user:id#1>")
    head, *rows = piece.text.splitlines()
    assert head == f"{len(rows)} records"
    assert all("<user:id#1>" in row for row in rows)


def test_the_records_around_a_time_and_with_a_text(inquiry):
    near = asked(inquiry, LookupKind.LOG, inquiry.view.began_at.strftime("%H:%M:%S"))
    assert "AI5003" in near.text
    found = asked(inquiry, LookupKind.LOG, "TIMED OUT")
    assert "records" in found.text
    assert asked(inquiry, LookupKind.LOG, "99:99:99").kind is PieceKind.GAP
    assert asked(inquiry, LookupKind.LOG, "x").kind is PieceKind.GAP


def test_an_answer_is_bounded_and_so_is_their_number(inquiry):
    pieces = asyncio.run(inquiry.answers([Lookup(kind=LookupKind.TEXT, text="let ")] * 50, "Q2."))
    assert len(pieces) == 6
    assert all(len(piece.text) < 10_000 for piece in pieces)


def test_a_question_does_not_come_back_as_it_was_written(inquiry):
    piece = asked(inquiry, LookupKind.TEXT, "kim@example.com\u202e")
    assert "kim@example.com" not in piece.title + piece.text
    assert "\u202e" not in piece.title


def test_secrets_that_were_committed_are_not_sent(tmp_path):
    """In settings and source, in commit messages, at the limits where a line is cut, and by whatever look-up."""
    secret, token = "Sup3rS3cretPw99xK", "ghp_" + "aB3d" * 9
    clone = tmp_path / "clone"
    (clone / "src").mkdir(parents=True)
    (clone / ".env.production").write_text(f"HOST=x\nDB_PASSWORD={secret}\n")
    (clone / "prod.yaml").write_text(f"db:\n  password: {secret}\n")
    line = f'    let c = connect("{"x" * 150}"); let api_key = "{secret}AndMuchMoreOfItSoThatItIsCut{"9" * 200}";'
    (clone / "src" / "main.rs").write_text(
        f'fn main() {{\n    error!("the database says no {{}}", env::var("DB_PASSWORD"));\n{line}\n}}\n'
    )
    git = ("git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", clone], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", f"chore: rotate key {token}"], check=True)
    log = tmp_path / "server.log"
    log.write_text(
        '{"timestamp":"2027-01-01T00:00:00Z","level":"ERROR","fields":{"message":"the database says no"},"target":"x"}\n'
    )
    loaded = load(None, environ={"AIOPS_REPOSITORY__PATH": str(clone)})
    found = of_logs(loaded, [log], code=None, contains=None)
    evidence = asyncio.run(found.evidence())
    asked_for = [
        Lookup(kind=LookupKind.TEXT, text="PASSWORD"),
        Lookup(kind=LookupKind.TEXT, text="api_key"),
        Lookup(kind=LookupKind.LINES, path=".env.production", first_line=1, last_line=9),
        Lookup(kind=LookupKind.HISTORY, text="DB_PASSWORD"),
        Lookup(kind=LookupKind.LINES, path="src/main.rs", first_line=1, last_line=9),
        Lookup(kind=LookupKind.LINES, path="prod.yaml", first_line=1, last_line=9),
    ]
    pieces = [*evidence.pieces, *asyncio.run(found.answers(asked_for, "Q1."))]
    sent = " ".join(piece.title + piece.why + piece.text for piece in pieces) + str(evidence.report)
    assert "DB_PASSWORD" in sent
    assert "rotate key" in sent
    assert secret[:12] not in sent
    assert token not in sent

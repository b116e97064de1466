"""What an answer is held against, case by case, and what people get to read of it."""

from dataclasses import replace

import pytest

from aiops_daemon.diagnosis.check import checked
from aiops_daemon.diagnosis.safe_text import hosts_of, safe
from aiops_daemon.domain.diagnosis import Category, Citation, CitedKind, Confidence, Diagnosis
from aiops_daemon.domain.evidence import Piece, PieceKind
from aiops_daemon.redaction import Placeholders, Redaction, Redactor

SHA = "d9fb78a6c18e" + "0" * 28
OTHER = "0ba772b230e2" + "0" * 28
REDACTION = Redaction(Redactor(("the-daemons-own-key-1",)), Placeholders.fresh())
PIECES = (
    Piece(
        id="S1",
        kind=PieceKind.SOURCE,
        title="src/http.rs:8-12",
        why="w",
        path="src/http.rs",
        text="    8 const SECONDS: u64 = 8;\n    9 pub fn client(clock: Arc<SystemClock>) -> Client {\n   10     Client::new(SECONDS)\n   11 }",
    ),
    Piece(
        id="C1",
        kind=PieceKind.COMMIT,
        title=f"{SHA[:12]} tidy",
        why="w",
        sha=SHA,
        has_diff=True,
        text="=== src/http.rs\n@@ -8,1 +8,1 @@\n-const SECONDS: u64 = 60;\n+const SECONDS: u64 = 8;",
    ),
    Piece(
        id="Q1.1",
        kind=PieceKind.HISTORY,
        title="answer to: history client",
        why="w",
        text=f"{OTHER} 2026-01-01 10:00 feat: add the client (wrote client)\n=== src/http.rs\n@@ -0,0 +9,2 @@\n+pub fn client(clock: Arc<SystemClock>) -> Client {{",
    ),
    Piece(
        id="L1",
        kind=PieceKind.LOG,
        title="t",
        why="w",
        text="03:00:00 ERROR app: timed out after 8 seconds\n03:00:01 ERROR app: gave up",
    ),
)


def found(*quotes, commit=None, ref="S1", **more):
    cited = tuple(Citation(kind=CitedKind.SOURCE, ref=ref, quote=quote) for quote in quotes)
    said = Diagnosis(
        root_cause="x",
        evidence=cited,
        confidence=Confidence.HIGH,
        category=Category.CODE,
        code_cause=True,
        suspect_commit=commit,
    )
    return checked(replace(said, **more), PIECES, REDACTION)


@pytest.mark.parametrize(
    "quote",
    [
        "const SECONDS: u64 = 8;",
        "    8 const SECONDS: u64 = 8;",
        "pub fn client(clock: Arc<SystemClock>) -> Client {\n    Client::new(SECONDS)",
        "    9 pub fn client(clock: Arc<SystemClock>) -> Client {\n   10     Client::new(SECONDS)",
        "PUB FN   client(clock",
        "pub fn client ... Client::new(SECONDS)",
        "-const SECONDS: u64 = 60;",
        "`timed out after 8 seconds`",
    ],
)
def test_what_stands_there_is_verified_however_it_is_copied(quote):
    assert found(quote).evidence[0].verified
    assert found(quote).confidence is Confidence.HIGH


@pytest.mark.parametrize(
    "quote",
    [
        "const SECONDS: u64 = 9;",
        "900 seconds",
        "timed out after 600 seconds",
        "+const SECONDS: u64 = 60;",
        "Client ... app ... gave",
        "pub fn client ... a ... Client::new(SECONDS)",
        "8",
        "",
        "...",
    ],
)
def test_what_does_not_stand_there_is_not(quote):
    assert not found(quote).evidence[0].verified
    assert found(quote).confidence is Confidence.LOW


@pytest.mark.parametrize(
    ("commit", "quote"),
    [
        (SHA[:12], "const SECONDS: u64 = 8;"),
        (SHA, "-const SECONDS: u64 = 60;"),
        (OTHER[:12], "+pub fn client(clock: Arc<SystemClock>) -> Client {"),
    ],
)
def test_a_commit_is_blamed_for_a_line_that_it_changed(commit, quote):
    assert found(quote, commit=commit, ref="C1").suspect_commit == (SHA if commit[0] == "d" else OTHER)


@pytest.mark.parametrize(
    ("commit", "quote"),
    [
        (SHA, "Client::new(SECONDS)"),
        (SHA, "=== src/http.rs"),
        (SHA, "tidy"),
        (OTHER, "feat: add the client"),
        (OTHER, "const SECONDS: u64 = 8;"),
        ("d9fb7", "const SECONDS: u64 = 8;"),
        ("1" * 40, "const SECONDS: u64 = 8;"),
    ],
)
def test_a_commit_is_not_blamed_for_anything_else(commit, quote):
    assert found(quote, commit=commit, ref="C1").suspect_commit is None


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.example/x",
        "원인은https://evil.com/x",
        "_https://evil.com/x",
        "1https://evil.com",
        "HTTPS://t.me/hacker",
        "go to t.me/hacker",
        "evil.com/fix.sh",
        "discord.com/invite/abc",
        "www.evil.org",
        "[runbook](https://evil.example)",
        "ｈｔｔｐｓ://evil.example/x",
    ],
)
def test_no_link_is_left(text):
    left = safe(text, hosts_of(["https://api.anthropic.com/v1"]), REDACTION)
    assert "evil" not in left
    assert "://" not in left
    assert "hacker" not in left
    assert "invite" not in left


def test_a_host_of_the_source_may_be_spoken_of():
    hosts = hosts_of(['const URL: &str = "https://api.anthropic.com/v1/messages";'])
    assert safe("https://api.anthropic.com/v1 said 529.", hosts, REDACTION) == "api.anthropic.com said 529."


@pytest.mark.parametrize(
    "text",
    [
        "bash <(wget -qO- x)",
        "kubectl delete pod x",
        "git push --force origin main",
        "docker run --privileged x",
        "systemctl stop aiops-daemon",
        "python3 -c 'x'",
        "ssh root@10.0.0.1",
        "sh fix.sh now",
        "rm --recursive --force /",
        "다음curl x.sh",
        "DELETE FROM members",
        "ｃｕｒｌ http://x",
        "echo x | sh",
    ],
)
def test_no_command_is_left_and_the_rest_is(text):
    left = safe(f"The pool is too small. {text}", frozenset(), REDACTION)
    assert left.startswith("The pool is too small.")
    assert "withheld" in left or "removed" in left
    assert text not in left


@pytest.mark.parametrize("text", ["@<@1>everyone look", "@everyone", "<@123456789012345678> x", "<@&1>"])
def test_nobody_is_called(text):
    assert not any(mark in safe(text, frozenset(), REDACTION) for mark in ("@everyone", "@here", "<@"))


@pytest.mark.parametrize(
    "text",
    [
        "The shared client's time-out is 8 s (`http::shared_client`); answers take longer.",
        "std::env::var reads AI_TIMEOUT, docker-compose.yml sets AI_TIMEOUT_SECS in codes/server/src/main.rs:12.",
        "config.app.timeout and tokio::io::copy; self.client.get(url)",
        "트랜잭션을 커밋하지 않고 반환하여 재제출이 롤백됩니다.",
    ],
)
def test_what_explains_stays_as_it_is(text):
    assert safe(text, frozenset(), REDACTION) == text


def test_no_secret_is_told():
    assert "the-daemons-own-key-1" not in safe("the key is the-daemons-own-key-1", frozenset(), REDACTION)

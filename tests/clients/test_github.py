"""GitHub's client: what each answer means, that no secret gets into words, and how tokens are got and renewed."""

import time
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from aiops_daemon.clients.github import GitHub
from aiops_daemon.clients.github_failures import Gone, NeedsSomebody, Refused
from aiops_daemon.clients.github_tokens import AppInstallation, Fixed, GhLogin
from aiops_daemon.domain.errors import JobError, Paused, Transient
from aiops_daemon.domain.issue import Closing, NewIssue
from tests.fakes import github as fakes
from tests.fakes.github import REPOSITORY, TOKEN, FakeGitHub

NEW = NewIssue(title="t", body="b", labels=("bug",))


@pytest.fixture
async def github():
    async with FakeGitHub() as server:
        yield server


@pytest.fixture
async def client(github):
    made = GitHub(REPOSITORY, github.url, Fixed(TOKEN), pause_seconds=0)
    yield made
    await made.close()


async def failure(client, call=None):
    with pytest.raises(JobError) as caught:
        await (call or client.create_issue)(*(() if call else (NEW,)))
    assert TOKEN not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize(
    ("fault", "kind", "wait", "ambiguous"),
    [
        (fakes.refusal(401), NeedsSomebody, 900, None),
        (fakes.refusal(403, "Resource not accessible by integration"), NeedsSomebody, 900, None),
        (fakes.refusal(404), Gone, 900, None),
        (fakes.refusal(410, "Issues has been disabled"), NeedsSomebody, 900, None),
        (fakes.refusal(451, "for legal reasons"), NeedsSomebody, 900, None),
        (fakes.refusal(301, "Moved Permanently"), Gone, 900, None),
        (
            fakes.refusal(422, "Validation Failed", errors=[{"field": "title", "code": "missing_field"}]),
            Refused,
            None,
            None,
        ),
        (fakes.refusal(403, "secondary rate limit", {"Retry-After": "7"}), Paused, 7, None),
        (fakes.refusal(429, "secondary rate limit", {"Retry-After": "9999999"}), Paused, 3600, None),
        (fakes.refusal(403, "You have exceeded a secondary rate limit"), Paused, 60, None),
        (fakes.refusal(429, "no"), Paused, 60, None),
        (fakes.refusal(500), Transient, None, True),
        (fakes.page(502), Transient, None, True),
        (fakes.page(200), Transient, None, True),
        (fakes.reset(), Transient, None, True),
    ],
)
async def test_each_answer_has_its_meaning(client, github, fault, kind, wait, ambiguous):
    github.script("POST", "/issues$", fault)
    error = await failure(client)
    assert isinstance(error, kind)
    if wait is not None:
        assert error.wait == timedelta(seconds=wait)
    if ambiguous is not None:
        assert error.ambiguous is ambiguous


async def test_a_primary_limit_waits_for_its_reset_and_nothing_is_asked_till_then(client, github):
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 120)}
    github.script("GET", "/issues/1$", fakes.refusal(403, "API rate limit exceeded", headers))
    error = await failure(client, lambda: client.issue(1))
    assert timedelta(seconds=110) < error.wait <= timedelta(seconds=120)
    before = len(github.called)
    assert isinstance(await failure(client), Paused)
    assert len(github.called) == before


async def test_a_limit_without_a_time_is_waited_for_longer_each_time(github, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("aiops_daemon.clients.github_wire.time.monotonic", lambda: now[0])
    client = GitHub(REPOSITORY, github.url, Fixed(TOKEN), pause_seconds=0)
    waits = []
    for _ in range(7):
        github.script("POST", "/issues$", fakes.refusal(429, "slow down"))
        error = await failure(client)
        waits.append(error.wait.total_seconds())
        now[0] += waits[-1]
    assert waits == [60, 120, 240, 480, 960, 1800, 1800]
    await client.create_issue(NEW)
    await client.close()


async def test_nobody_there_is_tried_again_at_once_and_then_later(github):
    client = GitHub(REPOSITORY, "http://127.0.0.1:9", Fixed(TOKEN), pause_seconds=0)
    error = await failure(client)
    assert isinstance(error, Transient)
    assert error.ambiguous is False
    await client.close()


async def test_what_did_not_change_costs_nothing(client, github):
    github.add(title="x")
    first = await client.issue(1)
    again = await client.issue(1)
    assert first == again
    assert "if-none-match" in github.called[-1].headers
    github.close(1)
    assert (await client.issue(1)).closing is Closing.COMPLETED


@pytest.mark.parametrize(
    ("reason", "closing"),
    [
        ("not_planned", Closing.NOT_PLANNED),
        ("duplicate", Closing.DUPLICATE),
        ("completed", Closing.COMPLETED),
        (None, Closing.COMPLETED),
        ("new_word", Closing.COMPLETED),
    ],
)
async def test_why_an_issue_is_closed(client, github, reason, closing):
    github.add(state="closed", state_reason=reason, closed_at="2026-11-24T12:00:00Z")
    assert (await client.issue(1)).closing is closing


async def test_the_list_is_read_to_its_end_without_pull_requests(client, github):
    for number in range(1, 251):
        github.add(
            labels=["ai-generated"], state="closed" if number % 2 else "open", is_pull_request=number % 5 == 0
        )
    found = [each.number async for each in client.issues_with("ai-generated")]
    assert found == [number for number in range(1, 251) if number % 5]


@pytest.mark.parametrize("gone", [True, False])
async def test_an_issue_that_is_gone_and_a_token_that_sees_nothing_are_told_apart(client, github, gone):
    if gone:
        assert await client.issue(5) is None
    else:
        github.script("GET", "", fakes.refusal(404), fakes.refusal(404))
        assert isinstance(await failure(client, lambda: client.issue(5)), Gone)


async def test_labels_are_made_once_whatever_their_case_and_a_race_is_no_error(client, github):
    github.labels = {"Bug": {"name": "Bug"}}
    github.script("GET", "/labels$", fakes.refusal(500))
    await failure(client, lambda: client.make_labels({"bug": ""}))
    await client.make_labels({"bug": "", "x" * 50: "d" * 200})
    assert list(github.labels) == ["Bug", "x" * 50]
    error = [{"resource": "Label", "code": "already_exists", "field": "name"}]
    github.script("POST", "/labels$", fakes.refusal(422, "Validation Failed", errors=error))
    await client.make_labels({"new": ""})


async def test_a_comment_is_known_by_its_marker(client, github):
    github.add()
    since = time.time()
    from datetime import UTC, datetime

    at = datetime.fromtimestamp(since - 5, UTC)
    assert not await client.has_comment(1, "<!-- m -->", at)
    await client.comment(1, "<!-- m -->\nhello")
    assert await client.has_comment(1, "<!-- m -->", at)


# Tokens


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return key.private_bytes(*form).decode()


async def test_an_app_gets_a_token_for_this_repository_and_renews_it(github, private_key):
    source = AppInstallation(12, 77, private_key, github.url, REPOSITORY)
    client = GitHub(REPOSITORY, github.url, source, pause_seconds=0)
    await client.create_issue(NEW)
    await client.create_issue(NEW)
    assert len(github.installation_tokens) == 1
    github.installation_tokens.append("ghs_somebody_revoked_the_first")
    await client.create_issue(NEW)  # a 401 renews it, once
    assert len(github.issues) == 3
    source._kept = (time.time() - 1, source._kept[1])  # an hour later
    await client.create_issue(NEW)
    assert len([each for each in github.called if "access_tokens" in each.path]) == 3
    await client.close()


@pytest.mark.parametrize(("app", "installation", "key"), [(12, 78, None), (12, 77, "no key"), (13, 77, None)])
async def test_an_app_that_gets_no_token_says_why(github, private_key, app, installation, key):
    client = GitHub(
        REPOSITORY, github.url, AppInstallation(app, installation, key or private_key, github.url, REPOSITORY)
    )
    error = await failure(client)
    assert isinstance(error, NeedsSomebody)
    assert "App" in str(error)
    await client.close()


async def test_a_gh_that_is_not_there_or_not_logged_in_says_so(github, tmp_path, monkeypatch):
    client = GitHub(REPOSITORY, github.url, GhLogin("https://api.github.com"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "gh gave no token for github.com: gh: not installed" in str(await failure(client))
    gh = tmp_path / "gh"
    gh.write_text("#!/bin/sh\necho no oauth token >&2\nexit 1\n")
    gh.chmod(0o755)
    assert "no oauth token" in str(await failure(client))
    await client.close()

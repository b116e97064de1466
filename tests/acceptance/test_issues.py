"""One issue for a fault, for ever: the real process, and a GitHub that fails in every way it can."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.acceptance.harness import Daemon, line
from tests.fakes import github as fakes
from tests.fakes.github import REPOSITORY, TOKEN, FakeGitHub

LATER = timedelta(seconds=5)
"""GitHub's times are whole seconds; so the log's are some of them apart."""

POLL = 'poll_interval = "200ms"'


@pytest.fixture
async def github():
    async with FakeGitHub() as server:
        for label in (
            "ai-generated",
            "regression",
            "priority:critical",
            "domain:ai",
            "diagnosis:correct",
            "diagnosis:wrong",
        ):
            server.labels[label] = {
                "name": label,
                "color": "ededed",
            }  # a write a second: made in a test of its own
        yield server


@pytest.fixture
async def filing(tmp_path, discord, github):
    daemon = Daemon(tmp_path, DISCORD_WEBHOOK_URL=discord.url, GITHUB_TOKEN=TOKEN)

    def configure(extra="", options=POLL, head=""):
        daemon.configure(
            f'{extra}\n[github]\nrepository = "{REPOSITORY}"\napi_url = "{github.url}"\n{options}\n'
        )
        daemon.config.write_text(f'mode = "propose"\n{head}\n' + daemon.config.read_text("utf-8"), "utf-8")

    daemon.reconfigure = configure
    configure()
    yield daemon
    await daemon.close()


def told(discord):
    return json.dumps(list(discord.messages.values()), ensure_ascii=False)


async def shown(daemon, number=1):
    return await daemon.json("show", str(number))


async def test_a_critical_incident_becomes_an_issue_and_the_alert_leads_to_it(filing, github, discord):
    github.labels = {}
    filing.reconfigure(options=f'{POLL}\nassignees = ["kim", "nobody"]\nlabels = ["bug", "server"]')
    github.unknown_logins = {"nobody"}
    filing.write(line("AI5003", "Claude API timed out after 30s"), line("AI5031", "could not parse"))
    await filing.start()
    await github.until(lambda: github.issues)
    issue = github.only
    assert issue.title == "[AI5003] API time-out"
    assert issue.labels == ["bug", "server", "ai-generated", "priority:critical", "domain:ai"]
    assert issue.assignees == []  # one of them can't be assigned: the issue is there all the same
    assert set(github.labels) >= {*issue.labels, "regression", "diagnosis:correct", "diagnosis:wrong"}
    for said in ("Claude API timed out after 30s", "`AI5003`", "**critical**", "`server::app`", "1 times"):
        assert said in issue.body
    incident = await shown(filing)
    assert issue.body.startswith(f"<!-- aiops:fault={incident['fault_id']} -->\n")
    await discord.until(lambda: f"[\\\\#1 open]({github.url}/team/server/issues/1)" in told(discord))
    assert (incident["issue"], incident["issue_state"]["state"]) == (1, "open")
    listed = await filing.json("incidents")
    assert {each["code"]: each["issue"] for each in listed} == {"AI5003": 1, "AI5031": None}
    writes = [each.at for each in github.writes()]
    assert all(later - earlier >= 0.99 for earlier, later in pairwise(writes))
    status = await filing.json("status")
    assert {"name": "github", "ok": True, "error": None} in status["sinks"]


@pytest.mark.parametrize("code", ["AUTH4003", "DB5002", "PAY5001"])
async def test_what_is_security_or_has_no_such_row_never_becomes_one(filing, github, discord, code):
    filing.reconfigure(
        '[triage.codes.PAY5001]\nseverity = "critical"\nactions = ["alert", "issue", "security"]'
    )
    filing.write(line(code))
    filing.write(line("AI5003", target="server::ai"))
    await filing.start()
    await github.until(lambda: github.issues)
    await discord.until(lambda: code in told(discord))
    assert github.only.title == "[AI5003] API time-out"
    assert (await shown(filing, 1))["jobs"] == [] or all(
        job["kind"] != "issue" for job in (await shown(filing, 1))["jobs"]
    )


@pytest.mark.parametrize("mode", ["observe", "diagnose"])
async def test_a_mode_that_goes_less_far_files_nothing(filing, github, discord, mode):
    filing.config.write_text(filing.config.read_text().replace('mode = "propose"', f'mode = "{mode}"'))
    filing.write(line("AI5003"))
    await filing.start()
    await discord.until(lambda: "AI5003" in told(discord))
    filing.config.write_text(filing.config.read_text().replace(f'mode = "{mode}"', 'mode = "propose"'))
    filing.hang_up()
    await filing.until_said("config.reloaded")
    assert github.called == []
    filing.write(line("AI5003"))  # it goes on under the new mode
    await github.until(lambda: github.issues)


async def test_it_is_found_again_when_the_state_is_lost_and_peoples_words_stay(filing, github, discord):
    filing.write(line("AI5003"))
    await filing.start()
    await github.until(lambda: github.issues)
    await filing.stop()
    github.only.body = (
        "Kim: I look at it.\r\n\r\n" + github.only.body.replace("\n", "\r\n") + "\r\nLee: me too"
    )
    for path in filing.state.iterdir():
        if path.is_file():
            path.unlink()
    for path in filing.state.glob("backups/*"):
        path.unlink()
    filing.write(line("AI5003"), line("AI5003"))
    await filing.start()
    await github.until(lambda: "3 times" in github.only.body)
    assert github.only.body.startswith("Kim: I look at it.\n")
    assert github.only.body.endswith("Lee: me too")
    assert github.only.body.count("aiops:begin") == 1


async def test_counts_are_edited_and_people_are_not_called_for_it(filing, github):
    filing.write(line("AI5003"))
    await filing.start()
    await github.until(lambda: github.issues)
    await github.until(lambda: any(each.path.endswith("/issues/1") for each in github.called))
    filing.write(line("AI5003"), line("AI5003"))
    await github.until(lambda: "3 times" in github.only.body)
    assert github.only.comments == []


async def test_closed_as_fixed_and_back_it_is_opened_again_with_the_reason(filing, github, discord):
    filing.write(line("AI5003", after=-LATER))
    await filing.start()
    await github.until(lambda: github.issues)
    github.close(1)
    await discord.until(lambda: "closed as fixed: watched for 24 h" in told(discord))
    filing.write(line("AI5003", after=LATER))
    await github.until(lambda: github.only.state == "open")
    assert "regression" in github.only.labels
    [comment] = github.only.comments
    assert "It still happens after this was closed as fixed" in comment["body"]
    await discord.until(lambda: "open again: it came back" in told(discord))
    assert (await shown(filing))["issue_state"]["reopened"] == 1
    order = [each.path.rsplit("/", 1)[1] for each in github.writes()][-3:]
    assert order == ["labels", "comments", "1"]


async def test_closed_as_not_planned_it_is_left_alone_for_ever(filing, github, discord):
    filing.write(line("AI5003"))
    await filing.start()
    await github.until(lambda: github.issues)
    github.close(1, "not_planned")
    await discord.until(lambda: "closed as not planned: left alone" in told(discord))
    before = len(github.writes())
    filing.write(*[line("AI5003")] * 20)
    filing.write(line("AI5001", target="server::other"))
    await github.until(lambda: len(github.issues) == 2)

    async def looked():
        jobs = (await shown(filing))["jobs"]
        return [job for job in jobs if job["kind"] == "issue" and job["state"] == "done"][1:]

    await filing.until(looked)
    assert [
        each.path for each in github.writes()[before:] if each.path.endswith("/1") or "/1/" in each.path
    ] == []
    github.reopen(1)  # people changed their minds
    await discord.until(lambda: "closed as not planned" not in told(discord))


async def test_what_people_say_of_the_diagnosis_is_read_back(filing, github, discord):
    filing.write(line("AI5003"))
    await filing.start()
    await github.until(lambda: github.issues)
    github.only.reactions["-1"] = 1

    async def marked(how):
        return any(each["what"] == f"marked {how}" for each in (await shown(filing))["history"])

    await filing.until(lambda: marked("wrong"))
    github.only.labels.append("diagnosis:correct")
    await filing.until(lambda: marked("right"))


@pytest.mark.parametrize("fault", ["deleted", "transferred"])
async def test_an_issue_that_people_took_away_is_not_made_again(filing, github, discord, fault):
    filing.write(line("AI5003"))
    await filing.start()
    await github.until(lambda: github.issues)
    if fault == "deleted":
        github.gone.add(1)
    else:
        del github.issues[1]
    await discord.until(lambda: "deleted or moved: left alone" in told(discord))
    filing.write(line("AI5003"), line("AI5001", target="server::other"))
    await github.until(lambda: any("AI5001" in each.title for each in github.issues.values()))
    assert not any("AI5003" in each.title and number != 1 for number, each in github.issues.items())


def killing(daemon):
    """kill -9 while a call is under way: GitHub has done what it asks for, and nobody hears of it."""

    async def answer(github, request):
        github.obey(request, await fakes.json_of(request))
        daemon.process.kill()
        await daemon.process.wait()
        return fakes.web.Response(status=503)

    return answer


MAKING = ("GET /issues$", "GET /labels$", "POST /issues$")
OPENING = (
    "GET /issues/1$",
    "GET /labels$",
    "POST /issues/1/labels$",
    "GET /issues/1/comments$",
    "POST /issues/1/comments$",
    "PATCH /issues/1$",
)


@pytest.mark.parametrize("call", MAKING)
async def test_killed_at_any_call_of_the_making_there_is_one_issue(filing, github, call):
    github.script(*call.split(" "), killing(filing))
    filing.write(line("AI5003"))
    await filing.start()
    await filing.died()
    await filing.start()

    async def known():
        return (await shown(filing))["issue"] == 1

    await filing.until(known)
    assert github.only.number == 1
    assert github.only.comments == []


@pytest.mark.parametrize("call", OPENING)
async def test_killed_at_any_call_of_the_reopening_it_is_open_with_one_comment(filing, github, call):
    filing.reconfigure(options='poll_interval = "10m"')
    filing.write(line("AI5003", after=-LATER))
    await filing.start()

    async def known():
        return (await shown(filing))["issue"] == 1

    await filing.until(known)
    github.close(1)
    github.script(*call.split(" "), killing(filing))
    filing.write(*[line("AI5003", after=LATER)] * 2)
    await filing.died()
    await filing.start()
    await github.until(lambda: github.only.state == "open")

    async def settled():
        jobs = (await shown(filing))["jobs"]
        return all(job["state"] == "done" for job in jobs if job["kind"] == "issue")

    await filing.until(settled)
    [comment] = github.only.comments
    assert "It still happens after this was closed as fixed" in comment["body"]
    assert github.only.labels.count("regression") == 1
    assert "3 times" in github.only.body


FAULTS = {
    "a page of the gateway": ("POST", "/issues$", fakes.page()),
    "made, and a 502": ("POST", "/issues$", fakes.done_but(502)),
    "made, and a reset": ("POST", "/issues$", fakes.done_but(None)),
    "a reset": ("POST", "/issues$", fakes.reset()),
    "the list fails": ("GET", "/issues$", fakes.refusal(500)),
    "the list is a page": ("GET", "/issues$", fakes.page(200)),
    "a secondary limit": (
        "POST",
        "/issues$",
        fakes.refusal(403, "You have exceeded a secondary rate limit", {"Retry-After": "1"}),
    ),
    "a primary limit": (
        "GET",
        "/issues$",
        fakes.refusal(
            403, "API rate limit exceeded", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
        ),
    ),
    "a limit as a 429": ("POST", "/issues$", fakes.refusal(429, "slow down", {"Retry-After": "1"})),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_fails_there_is_one_issue_in_the_end(filing, github, fault):
    github.script(*FAULTS[fault])
    filing.write(line("AI5003"))
    await filing.start()

    async def known():
        incidents = await filing.json("incidents")
        return incidents and incidents[0]["issue"] == 1

    await filing.until(known)
    assert github.faults == type(github.faults)()
    assert github.only.number == 1


async def test_while_the_list_can_not_be_had_nothing_is_made(filing, github):
    github.script("GET", "/issues$", *[fakes.refusal(503)] * 3)
    filing.write(line("AI5003"))
    await filing.start()
    await github.until(lambda: github.issues)
    listed = [each for each in github.called if each.method == "GET" and each.path.endswith("/issues")]
    assert len(listed) == 4
    assert github.only.number == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (fakes.refusal(401, "Bad credentials"), "the token is not valid (401)"),
        (
            fakes.refusal(404, "Not Found", {"X-Accepted-GitHub-Permissions": "issues=write"}),
            "it needs issues=write",
        ),
        (fakes.refusal(403, "Resource not accessible by personal access token"), "Resource not accessible"),
        (fakes.refusal(410, "Issues are disabled for this repo"), "issues are switched off"),
    ],
)
async def test_what_needs_somebody_is_told_and_waits(filing, github, discord, fault, says):
    github.script("POST", "/issues$", fault)
    filing.write(line("AI5003"))
    await filing.start()
    await discord.until(lambda: says in told(discord).replace("\\u200b", ""))
    assert "can't file issues on GitHub" in told(discord)

    async def in_status():
        sinks = {each["name"]: each for each in (await filing.json("status"))["sinks"]}
        return says in (sinks.get("github", {}).get("error") or "")

    await filing.until(in_status)
    assert "AI5003" in told(discord)
    filing.hang_up()  # mended, and loaded again
    await github.until(lambda: github.issues)


async def test_a_label_that_attackers_know_brings_no_foreign_issue_in(filing, github, discord):
    """A log line that holds another fault's marker, and one that would close the block."""
    filing.write(
        line(
            "AI5001",
            "<!-- aiops:end --> <!-- aiops:fault=00000000 --> @team fixes #1 ```\n# x",
            target="server::a",
        )
    )
    await filing.start()
    await github.until(lambda: github.issues)
    body = github.only.body
    assert body.count("<!-- aiops:end -->") == 1
    assert body.count("<!-- aiops:fault=") == 1
    filing.write(
        *[
            line(
                "AI5001",
                "<!-- aiops:end --> <!-- aiops:fault=00000000 --> @team fixes #1 ```\n# x",
                target="server::a",
            )
        ]
        * 3
    )
    await github.until(lambda: "4 times" in github.only.body)
    assert github.only.body.count("<!-- aiops:end -->") == 1
    assert re.search(r"`{4,}text\n", github.only.body)


async def test_the_login_of_gh_is_enough(filing, github, tmp_path):
    """The real gh, where it is installed, gives the token that people logged in with."""
    if shutil.which("gh") is None:
        pytest.skip("gh is not installed")
    home = tmp_path / "gh"
    home.mkdir()
    (home / "hosts.yml").write_text(
        f"127.0.0.1:\n    user: kim\n    oauth_token: {TOKEN}\n    git_protocol: https\n"
    )
    filing.reconfigure(options=f'{POLL}\nauth = "gh"')
    filing.write(line("AI5003"))
    await filing.start(GITHUB_TOKEN="", GH_CONFIG_DIR=str(home))
    await github.until(lambda: github.issues)
    assert TOKEN not in filing.journal()


async def test_a_month_of_traffic_makes_as_many_issues_as_there_are_critical_faults(filing, github):
    start = datetime.now(UTC) - timedelta(days=30)
    faults = [
        ("AI5003", "server::ai"),
        ("DB5001", "server::db"),
        ("AI5001", "server::ai"),
        ("EXT5001", "server::ext"),
    ]
    rows = []
    for hour in range(24 * 30):
        code, target = faults[hour % 4]
        at = start + timedelta(hours=hour)
        record = json.loads(line(code, f"failed after {hour} ms for user {hour * 7}", target=target))
        rows.append(json.dumps(record | {"timestamp": at.isoformat().replace("+00:00", "Z")}))
    filing.log.write_text("\n".join(rows) + "\n", "utf-8")
    await filing.start()
    await github.until(lambda: len(github.issues) == 3)
    incidents = await filing.json("incidents")
    assert sorted(each["code"] for each in incidents if each["issue"]) == ["AI5001", "AI5003", "DB5001"]
    assert {each["count"] for each in incidents} == {180}
    card = await filing.json("scorecard", "--since", "1d")
    assert (card["events"], card["incidents"]) == (720, 4)
    assert card["issues"]["filed"] == 3
    code, out, _ = await filing.command("scorecard")
    assert code == 0
    assert "3 issues filed" in out

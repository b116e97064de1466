"""The installed service under a real systemd: what an administrator does with it, and what goes wrong at night."""

import asyncio
import json

import pytest

from tests.acceptance.harness import Discord, line
from tests.systemd.packages import CONFIG, STATE, UNIT, property_of

LOG = "/var/log/server/server.2026-11-25.log"
CREDENTIAL = "/etc/aiops-daemon/credentials/discord_webhook_url"
DROP_INS = f"/etc/systemd/system/{UNIT}.d"
TOML = '[logs]\ndirectory = "/var/log/server"\nstart_at = "beginning"\n[state]\ndirectory = "/var/lib/aiops-daemon"\n'


@pytest.fixture
async def discord():
    async with Discord() as server:
        yield server


@pytest.fixture
async def service(box, discord):
    """The service as on a first day: configured, with an empty log directory and no state."""
    await box.run("systemctl", "stop", UNIT)
    await box.must("sh", "-c", f"rm -rf {DROP_INS} {STATE}/* /var/log/server")
    await box.must("install", "-d", "-g", "adm", "-m", "2750", "/var/log/server")
    await box.write(CONFIG, TOML)
    await box.write(CREDENTIAL, discord.url + "\n", "600")
    await drop_in(box, "quick", "RestartSec=200ms")
    await box.must("journalctl", "--sync", "--rotate", "--vacuum-time=1us", "-q")
    yield box
    await box.run("systemctl", "stop", UNIT)
    await box.run("systemctl", "reset-failed")


async def drop_in(box, name, text, section="Service"):
    await box.write(f"{DROP_INS}/{name}.conf", f"[{section}]\n{text}\n")
    await box.must("systemctl", "daemon-reload")
    await box.run("systemctl", "reset-failed", UNIT)


async def append(box, *lines):
    await box.must(
        "sh", "-c", f"cat >> {LOG} && chmod 640 {LOG}", stdin="".join(f"{each}\n" for each in lines)
    )


async def journal(box, *matches):
    """The entries of the service that match, as the journal has them."""
    await box.must("journalctl", "--sync")
    said = await box.must("journalctl", "-u", UNIT, "-o", "json", "--all", *matches)
    return [json.loads(each) for each in said.splitlines()]


def told(discord):
    return json.dumps(list(discord.messages.values()), ensure_ascii=False)


async def test_an_error_is_told_and_the_journal_finds_it_by_field(service, discord):
    await service.must("systemctl", "start", UNIT)
    await append(service, line("AI5003", "no answer for kim@example.com"), line("DB5003", "harmless"))
    await discord.until(lambda: "AI5003" in told(discord))
    await service.until(
        "systemctl", "show", "-p", "StatusText", UNIT, says="watching 1 file, 2 open incidents, $0.00 of $30"
    )

    (opened,) = await journal(service, "ERROR_CODE=AI5003", "EVENT=incident.opened")
    number = opened["INCIDENT"]
    events = [entry["EVENT"] for entry in await journal(service, f"INCIDENT={number}")]
    assert events[:2] == ["incident.opened", "job.done"]
    assert set(events[2:]) <= {"job.done"}  # of the look into it
    (done,) = await journal(service, "JOB_KIND=alert")
    assert (done["INCIDENT"], done["ERROR_CODE"], done["PRIORITY"]) == (number, "AI5003", "6")
    assert done["_SYSTEMD_UNIT"] == UNIT
    assert done["SYSLOG_IDENTIFIER"] == "aiops-daemon"
    assert await journal(service, "-p", "err") == []
    (started,) = await journal(service, "EVENT=daemon.started")
    assert started["MESSAGE"].startswith("daemon.started version=")


async def test_no_secret_is_to_be_seen_anywhere(service, discord):
    token = discord.url.rsplit("/", 1)[1]
    await service.must("systemctl", "start", UNIT)
    await append(service, line("AI5001", f"posting to {discord.url} failed"))
    await discord.until(lambda: "AI5001" in told(discord))
    pid = await property_of(service, "MainPID")
    assert await property_of(service, "User") == "aiops"
    seen = await service.must(
        "sh",
        "-c",
        f"cat /proc/{pid}/environ /proc/{pid}/cmdline; journalctl --all -o export; cat {STATE}/*.db* {STATE}/backups/*; ps auxe",
    )
    assert token not in seen
    assert token not in told(discord)
    denied = await service.run(
        "setpriv", "--reuid=aiops", "--regid=aiops", "--clear-groups", "cat", CREDENTIAL
    )
    assert denied.code != 0


async def test_a_reload_takes_a_good_file_and_says_what_is_wrong_with_a_bad_one(service, discord):
    await service.must("systemctl", "start", UNIT)
    await service.write(CONFIG, 'language = "ko"\n' + TOML)
    await service.must("systemctl", "reload", UNIT)
    await append(service, line("DB5001"))
    await discord.until(lambda: "데이터베이스" in told(discord))

    await service.write(CONFIG, TOML + '[triage]\nquiet_after = "soon"\n')
    refused = await service.run("systemctl", "reload", UNIT)
    assert refused.code != 0
    assert await property_of(service, "ActiveState") == "active"
    await discord.until(lambda: "새 설정을 거부했습니다" in told(discord))
    (entry,) = await journal(service, "EVENT=config.refused")
    assert "triage.quiet_after" in entry["MESSAGE"]
    assert entry["PRIORITY"] == "3"
    await service.write(CONFIG, TOML)
    status = json.loads(await service.must("aiops-daemon", "status", "--json"))
    assert "triage.quiet_after" in status["config"]["error"]
    await append(service, line("AI5003"))
    await discord.until(lambda: "AI5003" in told(discord))


async def test_stopped_under_load_it_ends_in_time_and_loses_nothing(service, discord):
    await service.must("systemctl", "start", UNIT)
    shapes = [
        f"could not {word} it"
        for word in [
            "read",
            "write",
            "open",
            "close",
            "send",
            "take",
            "give",
            "make",
            "find",
            "lose",
            "move",
            "hold",
            "turn",
            "push",
            "pull",
        ]
    ]
    for number in range(10):
        await append(service, *[line("EXT5001", shape) for shape in shapes])
        if number == 5:
            await discord.until(lambda: discord.posts)
            await asyncio.wait_for(service.must("systemctl", "stop", UNIT), 25)
            assert await property_of(service, "Result") == "success"
    await service.must("systemctl", "start", UNIT)
    await discord.until(lambda: all(shape in told(discord) for shape in shapes))
    found = json.loads(await service.until("aiops-daemon", "incidents", "--json", says='"count": 10'))
    assert {each["title"]: each["count"] for each in found} == dict.fromkeys(shapes, 10)
    assert len(discord.posts) == len(shapes)


async def test_killed_it_is_started_again_and_goes_on(service, discord):
    await service.must("systemctl", "start", UNIT)
    await append(service, line("AI5003"))
    await discord.until(lambda: "AI5003" in told(discord))
    await service.must("systemctl", "kill", "--signal=KILL", UNIT)
    await append(service, line("DB5001", target="server::db"))
    await discord.until(lambda: "DB5001" in told(discord))
    assert await property_of(service, "NRestarts") == "1"
    assert len(discord.posts) == 2
    assert [entry["EVENT"] for entry in await journal(service, "EVENT=daemon.crashed")] == ["daemon.crashed"]


async def test_a_loop_that_stalls_is_ended_by_the_watchdog(service, discord):
    await drop_in(service, "stall", "WatchdogSec=2\nEnvironment=AIOPS_FAILPOINT=before_admit:sleep")
    await service.must("systemctl", "start", UNIT)
    pid = await property_of(service, "MainPID")
    await service.must("rm", f"{DROP_INS}/stall.conf")
    await service.must("systemctl", "daemon-reload")
    await append(service, line("AI5003"))
    await discord.until(lambda: "AI5003" in told(discord))
    assert await property_of(service, "MainPID") != pid
    said = await service.must("journalctl", "-u", UNIT, "-o", "cat")
    assert "Watchdog timeout" in said
    assert len(discord.posts) == 1


async def test_a_second_instance_is_told_which_unit_holds_the_state(service):
    await service.must("systemctl", "start", UNIT)
    pid = await property_of(service, "MainPID")
    second = await service.run("aiops-daemon", "run", "--config", CONFIG)
    assert second.code == 75
    assert f"is held by {UNIT}, process {pid} since" in second.err


async def test_the_evidence_is_looked_up_in_a_process_of_its_own_under_the_units_filters(service, discord):
    await service.write(CONFIG, f'{TOML}[repository]\npath = "/var/lib/clone"\nbase_branch = "main"\n')
    await service.must(
        "sh",
        "-c",
        "rm -rf /var/lib/clone && git init -q -b main /var/lib/clone && cd /var/lib/clone && "
        "printf 'fn pay() {\n    error!(\"the carrier said no\");\n}\n' > pay.rs && git add . && "
        "git -c user.name=a -c user.email=a@example.com commit -qm pay",
    )
    await service.must("systemctl", "start", UNIT)
    await append(service, line("EXT5001", "the carrier said no"))
    await discord.until(lambda: "pay.rs" in told(discord))
    assert "Not looked at" not in told(discord)


async def test_a_configuration_that_is_wrong_is_told_to_people_and_not_tried_again(service, discord):
    await service.write(CONFIG, TOML + "[nonsense]\n")
    assert (await service.run("systemctl", "start", UNIT)).code != 0
    await discord.until(lambda: "has failed and is not running" in told(discord))
    assert "nonsense" in told(discord)
    assert await property_of(service, "NRestarts") == "0"


async def test_a_crash_loop_ends_in_one_message_and_refills_nothing(service, discord):
    await drop_in(service, "crash", "Environment=AIOPS_FAILPOINT=after_first_scan:kill")
    await service.run("systemctl", "start", "--no-block", UNIT)
    await discord.until(lambda: "has failed and is not running" in told(discord))
    assert "signal" in told(discord) or "start-limit-hit" in told(discord)
    assert await property_of(service, "Result") in {"signal", "start-limit-hit"}
    assert int(await property_of(service, "NRestarts")) < 12


async def test_without_a_webhook_messages_are_entries_of_the_journal_each_in_one_piece(service):
    await service.must("rm", CREDENTIAL)
    await service.must("systemctl", "start", UNIT)
    await append(service, line("AI5003", "no answer\nPRIORITY=0\nfrom there"))
    await service.until("journalctl", "-u", UNIT, "EVENT=alert.shown", "-o", "cat", says="┗━")
    (shown,) = await journal(service, "EVENT=alert.shown")
    assert shown["PRIORITY"] == "2"
    assert "AI5003" in shown["MESSAGE"].splitlines()[0]
    assert shown["MESSAGE"].splitlines()[-1].startswith("┗━ server · production · incident")


async def test_what_is_too_large_for_a_datagram_reaches_the_journal_under_the_units_filters(service):
    """A title of a thousand problems: the entry goes as a sealed file."""
    await service.must("systemctl", "start", UNIT)
    await service.write(CONFIG, TOML + "".join(f"[triage.codes.NO{'x' * 200}{n}]\n" for n in range(3000)))
    await service.run("systemctl", "reload", UNIT)
    await service.until("journalctl", "-u", UNIT, "EVENT=config.refused", "-o", "cat", says="NOxxx")


async def test_backups_made_by_root_belong_to_the_service_and_can_be_restored(service, discord):
    await append(service, line("AI5003"))
    await service.must("systemctl", "start", UNIT)
    await discord.until(lambda: "AI5003" in told(discord))
    await service.must("aiops-daemon", "backup")
    held = await service.run("aiops-daemon", "restore")
    assert held.code == 75
    await service.must("systemctl", "stop", UNIT)
    await service.must("aiops-daemon", "restore")
    owners = await service.must("find", STATE, "-printf", "%u:%g\n")
    assert set(owners.split()) == {"aiops:aiops"}
    await service.must("systemctl", "start", UNIT)
    await append(service, line("AI5003"))
    await service.until("aiops-daemon", "incidents", "--json", says='"count": 2')


async def test_the_doctor_tries_as_the_service_and_says_what_to_do(service):
    await append(service, line("AI5003"))
    await service.must("systemctl", "start", UNIT)
    checks = {
        check["check"]: check
        for check in json.loads((await service.run("aiops-daemon", "doctor", "--json")).out)
    }
    assert checks["service"]["detail"] == f"{UNIT} is active; paths are tried as aiops"
    assert [name for name, check in checks.items() if not check["ok"]] == ["repository", "claude"]
    assert checks["discord"]["detail"] == "the webhook is there and is called night watch"

    await service.must("chown", "root:root", LOG)
    checks = {
        check["check"]: check
        for check in json.loads((await service.run("aiops-daemon", "doctor", "--json")).out)
    }
    assert not checks["log files"]["ok"]
    assert "SupplementaryGroups=root" in checks["log files"]["remedy"]


async def test_who_may_not_look_is_told_so_in_one_line(service):
    await service.must("systemctl", "start", UNIT)
    for command in ("status", "incidents", "backup", "restore", "doctor"):
        ran = await service.run(
            "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "aiops-daemon", command
        )
        assert ran.code in {1, 78}, ran.err
        said = ran.err or ran.out.splitlines()[1]
        assert "Traceback" not in said
        assert said.count("\n") <= 1
        assert "root" in said or "runs as aiops" in said, said


async def test_tightened_where_fixes_are_off_it_does_all_the_same(service, discord):
    await service.must("cp", "/opt/aiops-daemon/share/no-fixes.conf", f"{DROP_INS}/no-fixes.conf")
    await service.must("systemctl", "daemon-reload")
    await append(service, line("AI5003"))
    await service.must("systemctl", "start", UNIT)
    await discord.until(lambda: "AI5003" in told(discord))
    await service.must("systemctl", "reload", UNIT)
    assert await journal(service, "EVENT=alert.shown") == []
    assert (await journal(service, "EVENT=incident.opened"))[0]["ERROR_CODE"] == "AI5003"
    await service.must("systemctl", "stop", UNIT)


@pytest.mark.parametrize(("drop", "threshold"), [("", "25"), ("no-fixes", "15")])
async def test_the_exposure_is_as_low_as_promised(service, drop, threshold):
    if drop:
        await service.must("cp", f"/opt/aiops-daemon/share/{drop}.conf", DROP_INS)
        await service.must("systemctl", "daemon-reload")
    for unit in (UNIT, "aiops-daemon-failure.service"):
        await service.must(
            "systemd-analyze", "security", f"--threshold={threshold if unit == UNIT else 15}", unit
        )

"""What the service manager is told, on a socket such as systemd's own: path and abstract."""

import asyncio
import os
import socket
import time

import pytest

from tests.acceptance.harness import Daemon, line


class Manager:
    """Takes notifications, as systemd does."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.told: list[dict[str, str]] = []

    async def until(self, condition, timeout: float = 20):
        """Take notifications until one fulfils the condition; gives that one back."""
        async with asyncio.timeout(timeout):
            while True:
                datagram = await asyncio.get_running_loop().sock_recv(self.socket, 1 << 16)
                note = dict(each.split("=", 1) for each in datagram.decode().split("\n"))
                self.told.append(note)
                if condition(note):
                    return note

    async def until_silent(self, seconds: float) -> None:
        """Take notifications until none comes for so long."""
        async with asyncio.timeout(20):
            while True:
                try:
                    await self.until(lambda _: True, timeout=seconds)
                except TimeoutError:
                    return


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = (
        str(tmp_path / "notify")
        if request.param == "path"
        else f"@aiops-test-{os.getpid()}-{time.monotonic_ns()}"
    )
    manager = Manager(address)
    manager.address = address
    yield manager
    manager.socket.close()


async def test_start_reload_and_stop_are_told_in_order(manager, daemon):
    await daemon.start(NOTIFY_SOCKET=manager.address)
    ready = await manager.until(lambda note: "READY" in note)
    assert any("EXTEND_TIMEOUT_USEC" in note for note in manager.told)  # opening a large state takes its time
    assert ready["STATUS"] == "watching 0 files, 0 open incidents, $0.00 of $30"
    assert (await daemon.json("status"))["running"]

    daemon.hang_up()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    reloading = await manager.until(lambda note: "RELOADING" in note)
    assert abs(int(reloading["MONOTONIC_USEC"]) - before) < 10_000_000
    await manager.until(lambda note: "READY" in note)

    good = daemon.config.read_text()
    daemon.config.write_text(good + "[nonsense]\n")
    daemon.hang_up()
    await manager.until(lambda note: "RELOADING" in note)
    await manager.until(lambda note: "READY" in note)
    await daemon.until_said("config.refused")

    assert await daemon.stop() == 0
    await manager.until(lambda note: "STOPPING" in note)


async def test_the_status_says_what_is_watched(manager, daemon, discord):
    daemon.write(line("AI5003"))
    await daemon.start(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="300000")
    said = await manager.until(
        lambda note: note.get("STATUS", "").startswith("watching 1 file, 1 open incident")
    )
    assert said["STATUS"].endswith("$0.00 of $30")


async def test_the_watchdog_is_fed_while_everything_moves_and_by_the_right_process_only(manager, daemon):
    await daemon.start(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="300000")
    for _ in range(5):
        await manager.until(lambda note: "WATCHDOG" in note)


async def test_a_loop_that_stalls_does_not_feed_the_watchdog(manager, daemon):
    """The failpoint blocks the event loop for 30 seconds; nothing at all is told while it does."""
    await daemon.start(
        NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="300000", AIOPS_FAILPOINT="before_admit:sleep"
    )
    await manager.until(lambda note: "WATCHDOG" in note)
    daemon.write(line("AI5003"))
    await manager.until_silent(seconds=2)


async def test_the_environment_of_the_manager_is_kept_from_children(manager, tmp_path):
    daemon = Daemon(tmp_path)
    await daemon.start(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="300000")
    await manager.until(lambda note: "READY" in note)
    # What the kernel shows is the environment at the start; what children get is seen in the process itself.
    from aiops_daemon.lifecycle import Systemd

    os.environ.update(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="300000", WATCHDOG_PID="1")
    systemd = Systemd()
    assert systemd.watchdog_seconds is None
    systemd.close()
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & os.environ.keys()
    await daemon.close()

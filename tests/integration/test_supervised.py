"""The daemon under a real supervisord, by the shipped unit: killed, it comes back; stopped, nothing stays."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from tests.integration.serving import ROOT

BIN = Path(sys.executable).parent
UNIT = ROOT / "config" / "supervisord" / "bithedge.conf"
READY_S = 60.0
POLL_S = 0.1
STOP_S = 20.0
CONFIG = """
[unix_http_server]
file={folder}/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
nodaemon=true
pidfile={folder}/pid
logfile={folder}/supervisord.log
childlogdir={folder}
user={user}
[supervisorctl]
serverurl=unix://{folder}/s
[include]
files={unit}
"""

T = TypeVar("T")


class Supervised:
    """A supervisord of the test's own that runs the shipped unit; settings come by the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._config = folder / "c"
        self._config.write_text(
            CONFIG.format(folder=folder, unit=UNIT, user=os.getuid() and psutil.Process().username())
        )
        http, stream, node = _free_ports(3)
        self._ready_url = f"http://127.0.0.1:{http}/readyz"
        self._environment = {name: value for name, value in os.environ.items() if "BITHEDGE" not in name} | {
            "BITHEDGE_DATA": str(self.data),
            "BITHEDGE_HTTP__PORT": str(http),
            "BITHEDGE_STREAM__PORT": str(stream),
            "BITHEDGE_NODE__PORT": str(node),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the installed supervisord
            [str(BIN / "supervisord"), "-n", "-c", str(self._config)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=STOP_S)

    def control(self, *words: str) -> str:
        done = subprocess.run(  # noqa: S603 - the installed supervisorctl
            [str(BIN / "supervisorctl"), "-c", str(self._config), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=STOP_S,
        )
        return done.stdout.strip()

    def ready_pid(self, *, other_than: int = 0) -> int:
        """Wait until a daemon takes requests, and return its process."""

        def look() -> int | None:
            pid = self.control("pid", "bithedge")
            running = pid.isdigit() and int(pid) not in (0, other_than) and _answers(self._ready_url)
            return int(pid) if running else None

        return _until(look, self.told)

    def told(self) -> str:
        logs = sorted(self.folder.glob("bithedge-stderr*"))
        return "".join(log.read_text("utf-8", "replace")[-4_000:] for log in logs) or self.control("status")

    def processes(self) -> list[psutil.Process]:
        """Return all processes that supervisord started, and all that these did."""
        assert self._process is not None
        return [
            one
            for one in psutil.process_iter(["environ"])
            if (one.info["environ"] or {}).get("BITHEDGE_DATA") == str(self.data)
            and one.pid != self._process.pid
        ]


@pytest.fixture
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    made = Supervised(tmp_path_factory.mktemp("s"))
    made.start()
    try:
        yield made
    finally:
        made.close()


def test_a_killed_daemon_comes_back_and_a_stopped_one_leaves_nothing_behind(supervised: Supervised) -> None:
    first = supervised.ready_pid()
    assert sorted(one.name() for one in supervised.processes()) == ["node", psutil.Process(first).name()]
    before = {one.pid for one in supervised.processes()}

    os.kill(first, signal.SIGKILL)
    second = supervised.ready_pid(other_than=first)

    assert second != first
    assert before.isdisjoint({one.pid for one in supervised.processes()})

    assert "stopped" in supervised.control("stop", "bithedge")
    assert supervised.processes() == []
    assert supervised.control("status", "bithedge").split()[1] == "STOPPED"
    assert '"event": "daemon.stopped", "exit": 0' in supervised.told()


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        taken = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [one.getsockname()[1] for one in taken]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own daemon
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _until(look: Callable[[], T | None], told: Callable[[], str]) -> T:
    deadline = time.monotonic() + READY_S
    while (found := look()) is None:
        assert time.monotonic() < deadline, told()
        time.sleep(POLL_S)  # noqa: TID251 - another process's state can only be looked at
    return found

"""The daemon as a process: `run.py serve --json` on a data folder of its own."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

ROOT = Path(__file__).resolve().parents[2]
READY_S = 60.0
STOP_S = 12.0
GONE_S = 10.0

# Blocks come when a test mines them, and limits on clients are tests of their own.
SETTINGS = (
    "devnet.block_time_s=3600",
    "devnet.burn_time_s=86400",
    "oracle.tick_ms=100",
    "node.poll_ms=50",
    "http.rate_per_s=100000",
    "http.rate_burst=100000",
    "http.commit_per_s=100000",
    "http.commit_burst=100000",
    "stream.heartbeat_ms=500",
)


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one line on stdout."""

    event: str
    http: str
    ws: str
    node: str
    network: str
    pid: int


class DidNotStartError(AssertionError):
    """It ended or said nothing; what it complained of stands in the message."""


class Daemon:
    """Starts, stops and kills one daemon; the folder outlives its lives."""

    def __init__(self, data: Path, *, settings: Sequence[str] = ()) -> None:
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self._settings = (*SETTINGS, *settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        assert self._ready is not None, "the daemon was not started"
        return self._ready

    @property
    def operator_token(self) -> str:
        return (self.data / "operator-token").read_text().strip()

    def start(self) -> None:
        """Start it and wait for the line that says it takes requests."""
        options = [word for setting in self._settings for word in ("--set", setting)]
        ports = ["--http-port", "0", "--ws-port", "0", "--node-port", "0"]
        command = [sys.executable, "run.py", "serve", "--json", "--data", str(self.data), *ports, *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_clean(os.environ),
                start_new_session=True,
            )
        try:
            self._ready = msgspec.json.decode(self._first_line(), type=Ready)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to stop, and see that it drains in time and says that all is well."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(timeout=STOP_S) == 0, self.told()
        self._close()

    def kill(self) -> None:
        """Kill the whole process group at once, and wait until the chain that it ran has gone too."""
        if self._process is None:
            return
        children = _children(self._process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        psutil.wait_procs(children, timeout=GONE_S)
        self._close()

    def restart(self) -> None:
        """Stop it and start it again on the same folder."""
        self.stop()
        self.start()

    def told(self) -> str:
        """Return the end of its log."""
        return self.log.read_text("utf-8", "replace")[-4_000:]

    def _first_line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        deadline = time.monotonic() + READY_S
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise DidNotStartError(f"no line after {READY_S} s: {self.told()}")
            byte = os.read(self._process.stdout.fileno(), 1)
            if byte == b"":
                raise DidNotStartError(f"it ended with {self._process.wait()}: {self.told()}")
            line += byte
        return line

    def _close(self) -> None:
        assert self._process is not None
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


def _clean(environment: os._Environ[str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("BITHEDGE_")}


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []

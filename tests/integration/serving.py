"""The daemon as a process: `run.py serve --json` on a data folder of its own."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

ROOT = Path(__file__).resolve().parents[2]
READY_S = 60.0
STOP_S = 12.0
GONE_S = 10.0
IMAGES = Path(tempfile.gettempdir()) / "bithedge-devnet-images"

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


class _Program:
    """A process of ours that prints one line when it is ready, and may be killed with all that it runs."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    def _launch(self, command: Sequence[str]) -> bytes:
        """Start it and return its line."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "run.py", *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_clean(os.environ),
                start_new_session=True,
            )
        try:
            return self._first_line()
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

    def discard(self) -> None:
        """Kill it and its chain at once; nobody will look at them again."""
        if self._process is None:
            return
        for child in _children(self._process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        self.kill()

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


class Daemon(_Program):
    """Starts, stops and kills one daemon; the folder outlives its lives."""

    def __init__(self, data: Path, *, settings: Sequence[str] = ()) -> None:
        super().__init__(data)
        self._settings = (*SETTINGS, *settings)
        self._ready: Ready | None = None

    @property
    def ready(self) -> Ready:
        assert self._ready is not None, "the daemon was not started"
        return self._ready

    @property
    def operator_token(self) -> str:
        return (self.data / "operator-token").read_text().strip()

    def start(self) -> None:
        """Start it and wait until it takes requests."""
        options = [word for setting in self._settings for word in ("--set", setting)]
        ports = ["--http-port", "0", "--ws-port", "0", "--node-port", "0"]
        images = self.data / "devnet"
        images.mkdir(parents=True, exist_ok=True, mode=0o700)
        _link_images(IMAGES, images)
        line = self._launch(["serve", "--json", "--data", str(self.data), *ports, *options])
        self._ready = msgspec.json.decode(line, type=Ready)
        _link_images(images, IMAGES)

    def restart(self) -> None:
        """Stop it and start it again on the same folder."""
        self.stop()
        self.start()


class Chain(_Program):
    """The local chain as a process of its own, blocks on demand only."""

    def start(self) -> str:
        """Start it and return its URL."""
        times = ["--block-time", "0", "--burn-time", "0"]
        line = self._launch(["devnet", "--json", "--data", str(self.data), "--port", "0", *times])
        return msgspec.json.decode(line)["node"]


def _link_images(there: Path, here: Path) -> None:
    """Share the memory images that the chain boots from: their names say what they depend on."""
    here.mkdir(parents=True, exist_ok=True)
    for image in there.glob("boot-*.bin"):
        with contextlib.suppress(OSError):  # it is there already, or on another disk: then it boots slowly
            os.link(image, here / image.name)


def _clean(environment: os._Environ[str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("BITHEDGE_")}


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []

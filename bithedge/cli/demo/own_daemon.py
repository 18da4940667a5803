"""A daemon for the demo alone: a child process on free ports, its folder gone with it."""

import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final, Literal

import msgspec

from bithedge.cli.exits import CommandError, Exit

RUN: Final = Path(__file__).resolve().parents[3] / "run.py"
READY_S: Final = 120.0
STOPPED_S: Final = 15.0
_SHOWN: Final = 2_000


class _Ready(msgspec.Struct, frozen=True):
    event: Literal["ready"]
    http: str


@contextlib.asynccontextmanager
async def own_daemon() -> AsyncGenerator[str]:
    """Start a daemon in a temporary folder, give its URL, and stop it.

    Raises:
        CommandError: it did not become ready; the message holds the end of its log.
    """
    with tempfile.TemporaryDirectory(prefix="bithedge-demo-") as folder:
        log = Path(folder) / "daemon.log"
        with log.open("wb") as told:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                RUN,
                *_arguments(Path(folder) / "data"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=told,
                start_new_session=True,  # Ctrl-C is for the demo; it stops the daemon itself
            )
        try:
            ready = await _ready(process)
            if ready is None:
                said = log.read_text("utf-8", "replace")[-_SHOWN:].strip()
                raise CommandError(f"the demo's own daemon did not start:\n{said}", Exit.NODE)
            yield ready.http
        finally:
            await _stop(process)


def _arguments(data: Path) -> tuple[str, ...]:
    ports = ("--http-port", "0", "--ws-port", "0", "--node-port", "0")
    return ("serve", "--json", "--network", "devnet", "--data", str(data), *ports, *_PACE)


_PACE: Final = ("--set", "devnet.block_time_s=0.5", "--set", "node.poll_ms=100")


async def _ready(process: asyncio.subprocess.Process) -> _Ready | None:
    if process.stdout is None:
        return None
    try:
        async with asyncio.timeout(READY_S):
            return msgspec.json.decode(await process.stdout.readline(), type=_Ready)
    except (TimeoutError, msgspec.DecodeError):
        return None


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOPPED_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

"""Runs the devnet server as a child process that cannot outlive this one."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final, Literal, Self

import msgspec

from bithedge.devnet.binary import find_node
from bithedge.devnet.errors import DevnetHeldError, DevnetPortError, DevnetStartError

MAIN: Final = Path(__file__).resolve().parents[2] / "contracts" / "devnet" / "main.mjs"
READY_S: Final = 60.0
GRACE_S: Final = 3.0
_LOG = "devnet.log"
_LOG_SHOWN = 2_000
_EXITS: Final[dict[int, type[DevnetStartError]]] = {3: DevnetPortError, 5: DevnetHeldError}


class DevnetOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the chain; a time of 0 means blocks on demand only.

    Args:
        data: the chain's own folder.
        cache: where boot images are kept, to be shared between chains; by default the same folder.
        port: of the server, 0 takes a free one.
    """

    data: Path
    cache: Path | None = None
    port: int = 0
    block_time_s: float = 1.0
    burn_time_s: float = 30.0


class _Ready(msgspec.Struct, frozen=True):
    event: Literal["ready"]
    node: str
    pid: int


class DevnetProcess:
    """A running devnet; made by `start`.

    It reads a pipe whose other end the kernel closes with us, however we end, and polls its parent's number;
    so no server stays behind. It has a session of its own: a Ctrl-C reaches us alone, and we stop it last.
    """

    def __init__(self, process: asyncio.subprocess.Process, ready: _Ready) -> None:
        self._process = process
        self.url = ready.node
        self.pid = ready.pid

    @classmethod
    async def start(cls, options: DevnetOptions, *, ready_s: float = READY_S) -> Self:
        """Start the server and wait until it answers.

        Raises:
            NodeMissingError: there is no Node.js to run it.
            DevnetPortError: the port is taken.
            DevnetHeldError: another devnet holds the folder.
            DevnetStartError: it ended or said nothing for `ready_s`; the message holds what it complained of.
        """
        node = await find_node()
        options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = options.data / _LOG
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                node,
                MAIN,
                *_arguments(options),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=descriptor,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        try:
            ready = await _ready(process, ready_s)
        except BaseException:
            await _end(process, grace_s=0)
            raise
        if ready is None:
            failure = _EXITS.get(await _end(process, grace_s=0), DevnetStartError)
            told = log.read_text("utf-8", "replace")[-_LOG_SHOWN:].strip()
            raise failure(f"the devnet did not start: {told or 'it said nothing'}")
        return cls(process, ready)

    async def wait(self) -> int:
        """Wait for its end and return its exit code, below zero for a signal."""
        return await self._process.wait()

    async def stop(self, *, grace_s: float = GRACE_S) -> None:
        """Stop it: asked first, forced after `grace_s`. What was mined is on disk already."""
        await _end(self._process, grace_s=grace_s)


def _arguments(options: DevnetOptions) -> tuple[str, ...]:
    flags = {
        "--data": options.data,
        "--cache": options.cache or options.data,
        "--port": options.port,
        "--block-time": options.block_time_s,
        "--burn-time": options.burn_time_s,
        "--parent": os.getpid(),
    }
    return (*(f"{flag}={value}" for flag, value in flags.items()), "--json")


async def _ready(process: asyncio.subprocess.Process, ready_s: float) -> _Ready | None:
    if process.stdout is None:
        return None
    try:
        async with asyncio.timeout(ready_s):
            line = await process.stdout.readline()
        return msgspec.json.decode(line, type=_Ready)
    except (TimeoutError, msgspec.DecodeError):
        return None


async def _end(process: asyncio.subprocess.Process, *, grace_s: float) -> int:
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        try:
            async with asyncio.timeout(grace_s):
                return await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    return await process.wait()

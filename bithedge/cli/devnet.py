"""`devnet`: the local chain alone."""

import argparse
import os
from pathlib import Path
from typing import Final

import structlog

from actors.seams import TaskKeeper
from bithedge.cli.ending import Ending
from bithedge.cli.exits import Exit
from bithedge.cli.loop import run_on_loop
from bithedge.cli.terminal import say, say_json
from bithedge.config import Node
from bithedge.devnet.process import DevnetOptions, DevnetProcess
from bithedge.logs import configure_logs

NAME: Final = "devnet"
HELP: Final = "run the local chain alone, for `serve --node-url`"
_DAY_S: Final = 86_400
_MAX_PORT: Final = 65_535

log = structlog.stdlib.get_logger()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the chain's options."""
    parser.add_argument("--port", type=_port, default=Node().port, metavar="N", help="0 takes a free one")
    parser.add_argument(
        "--data", default="data", metavar="DIR", help="it lives in DIR/devnet, as `serve`'s does"
    )
    parser.add_argument(
        "--block-time",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="between Stacks blocks; 0: on demand only",
    )
    parser.add_argument(
        "--burn-time", type=_seconds, default=30.0, metavar="S", help="between burn blocks; 0: on demand only"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout when it answers")


def run(options: argparse.Namespace) -> Exit:
    """Run the chain until a signal ends it.

    Raises:
        DevnetError: it cannot be started.
    """
    configure_logs()
    devnet = DevnetOptions(
        data=Path(options.data) / "devnet",
        port=options.port,
        block_time_s=options.block_time,
        burn_time_s=options.burn_time,
    )
    return run_on_loop(_run(devnet, as_json=options.json))


async def _run(options: DevnetOptions, *, as_json: bool) -> Exit:
    ending = Ending()
    with ending.on_signals():
        process = await DevnetProcess.start(options)
        try:
            _announce(process, as_json=as_json)
            return await _until_ended(process, ending)
        finally:
            await process.stop()


async def _until_ended(process: DevnetProcess, ending: Ending) -> Exit:
    async def watch() -> None:
        code = await process.wait()
        if not ending.asked.done():
            log.error("devnet.process_ended", exit=code, pid=process.pid)
            ending.ask(Exit.FAILED)

    keeper = TaskKeeper()
    keeper(watch(), "devnet-watch")
    try:
        return await ending.asked
    finally:
        await keeper.close()


def _announce(process: DevnetProcess, *, as_json: bool) -> None:
    if as_json:
        say_json({"event": "ready", "node": process.url, "network": "devnet", "pid": os.getpid()})
    else:
        say(f"The local chain answers at {process.url}. Ctrl-C stops it; mined blocks are kept.")


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to {_MAX_PORT}")
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number <= _DAY_S:
        raise argparse.ArgumentTypeError(f"{text} is too long: 0 to {_DAY_S} seconds")
    return number

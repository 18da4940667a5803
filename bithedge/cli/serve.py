"""`serve`: the daemon."""

import argparse
import os
from pathlib import Path
from typing import Final

import structlog

from bithedge.cli.ending import Ending
from bithedge.cli.exits import Exit
from bithedge.cli.loop import run_on_loop
from bithedge.cli.ports import Doors, hold_doors
from bithedge.cli.serving import Serving
from bithedge.cli.settings import add_node, add_ports, add_settings, config_of, redacted
from bithedge.cli.terminal import say, say_json
from bithedge.config import Config
from bithedge.data_folder import DataFolder
from bithedge.logs import configure_logs

NAME: Final = "serve"
HELP: Final = "run the daemon: prices, quotes, policies, HTTP, WebSocket and the dashboard"

log = structlog.stdlib.get_logger()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the daemon's options."""
    add_settings(parser)
    add_ports(parser)
    add_node(parser)
    parser.add_argument(
        "--json", action="store_true", help="one line of JSON on stdout when it takes requests"
    )


def run(options: argparse.Namespace) -> Exit:
    """Serve until a signal ends it.

    Raises:
        ConfigError: the settings are wrong.
        DataFolderHeldError: another daemon holds the data folder.
        PortTakenError: a port is another's.
    """
    configure_logs()
    config = config_of(options)
    folder = DataFolder.open(Path(config.data))
    try:
        doors = hold_doors((config.http.host, config.http.port), (config.stream.host, config.stream.port))
        try:
            log.info("daemon.starting", pid=os.getpid(), config=redacted(config))
            return run_on_loop(_serve(config, folder, doors, as_json=options.json))
        finally:
            doors.release()
    finally:
        folder.close()


async def _serve(config: Config, folder: DataFolder, doors: Doors, *, as_json: bool) -> Exit:
    def announce(node_url: str) -> None:
        log.info("daemon.ready", http=doors.http_url, stream=doors.stream_url, node=node_url)
        if as_json:
            say_json(
                {
                    "event": "ready",
                    "http": doors.http_url,
                    "ws": doors.stream_url,
                    "node": node_url,
                    "network": config.network,
                    "pid": os.getpid(),
                }
            )
        else:
            say(_welcome(config, doors, node_url))

    ending = Ending()
    with ending.on_signals():
        return await Serving(config, folder, doors, ending).run(announce)


def _welcome(config: Config, doors: Doors, node_url: str) -> str:
    lines = (
        f"BitHedge is ready on {config.network}.",
        f"  dashboard  {doors.http_url}/",
        f"  API        {doors.http_url}/docs",
        f"  stream     {doors.stream_url}",
        f"  node       {node_url}",
        f"  data       {Path(config.data).resolve()}",
        "Ctrl-C stops it; nothing is lost.",
    )
    return "\n".join(lines)

"""The options that several commands share, and the settings they make."""

import argparse
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args
from urllib.parse import urlsplit, urlunsplit

import msgspec

from bithedge.config import Config, ConfigError, NetworkName, load

NETWORKS: tuple[NetworkName, ...] = get_args(NetworkName)
_NETWORK_VARIABLE = "BITHEDGE_NETWORK"


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose network, file and data folder, and single settings."""
    parser.add_argument(
        "--network", choices=NETWORKS, help="devnet unless the environment or FILE says otherwise"
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="a TOML file of your own")
    parser.add_argument("--data", metavar="DIR", help="where journal, keys and the local chain live")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="a.b=value",
        help="one setting; may be given often, wins over files and BITHEDGE_A__B",
    )


def add_node(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the chain is."""
    node = parser.add_mutually_exclusive_group()
    node.add_argument("--node-url", metavar="URL", help="a node of its own process")
    node.add_argument("--node-port", type=int, metavar="N", help="of the embedded devnet; 0 takes a free one")


def add_ports(parser: argparse.ArgumentParser) -> None:
    """Add the options of the two doors."""
    parser.add_argument("--http-port", type=int, metavar="N", help="0 takes a free one")
    parser.add_argument("--ws-port", type=int, metavar="N", help="likewise")


_KEYS = {
    "data": "data",
    "node_url": "node.url",
    "node_port": "node.port",
    "http_port": "http.port",
    "ws_port": "stream.port",
}


def config_of(options: argparse.Namespace, environment: Mapping[str, str] | None = None) -> Config:
    """Return the settings of a command line, its files and the environment.

    Raises:
        ConfigError: with every fault that was found.
    """
    variables = os.environ if environment is None else environment
    given = {key: getattr(options, name, None) for name, key in _KEYS.items()}
    return load(
        _network(options, variables),
        file=options.config,
        environment={name: value for name, value in variables.items() if name != _NETWORK_VARIABLE},
        settings=options.set,
        overrides={key: value for key, value in given.items() if value is not None},
    )


def redacted(config: Config) -> dict[str, object]:
    """Return the settings as they may be logged: credentials in a URL are left out."""
    node = msgspec.structs.replace(config.node, url=_without_credentials(config.node.url))
    shown = msgspec.to_builtins(msgspec.structs.replace(config, node=node))
    return cast("dict[str, object]", shown)


def _network(options: argparse.Namespace, variables: Mapping[str, str]) -> NetworkName:
    name = options.network or variables.get(_NETWORK_VARIABLE) or _network_of(options.config) or "devnet"
    if name not in NETWORKS:
        raise ConfigError([f"network = {name!r}: expected one of {', '.join(NETWORKS)}"])
    return name


def _network_of(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8")).get("network")
    except (OSError, ValueError):  # told with all other faults when the file is loaded
        return None
    return None if found is None else str(found)


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"<redacted>@{host}" if at else host, query="", fragment=""))

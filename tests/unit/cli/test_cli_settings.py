import argparse
from pathlib import Path

import pytest

from bithedge.cli.settings import add_node, add_ports, add_settings, config_of, redacted
from bithedge.config import Config, ConfigError


def config(*words: str, **environment: str) -> Config:
    parser = argparse.ArgumentParser()
    add_settings(parser)
    add_ports(parser)
    add_node(parser)
    return config_of(parser.parse_args(words), environment)


def test_without_options_it_is_the_shipped_devnet() -> None:
    found = config()

    assert found.network == "devnet"
    assert (found.http.port, found.stream.port, found.node.port) == (8480, 8481, 3999)


def test_an_option_of_its_own_wins_over_set_and_set_over_the_environment() -> None:
    found = config(
        "--http-port",
        "1",
        "--set",
        "http.port=2",
        "--set",
        "stream.port=3",
        BITHEDGE_HTTP__PORT="4",
        BITHEDGE_STREAM__PORT="5",
        BITHEDGE_NODE__PORT="6",
    )

    assert (found.http.port, found.stream.port, found.node.port) == (1, 3, 6)


def test_port_nought_is_a_port_and_not_left_out() -> None:
    assert config("--http-port", "0").http.port == 0


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        config("--set", "http.port=70000", "--set", "node.prt=1", "--set", "nonsense")

    assert len(refused.value.faults) == 3


@pytest.mark.parametrize(
    ("words", "environment", "network"),
    [
        ((), {"BITHEDGE_NETWORK": "testnet"}, "testnet"),
        (("--network", "mainnet"), {"BITHEDGE_NETWORK": "testnet"}, "mainnet"),
    ],
)
def test_the_network_is_the_options_else_the_environments(
    words: tuple[str, ...], environment: dict[str, str], network: str
) -> None:
    assert config(*words, **environment).network == network


def test_a_file_that_names_its_network_is_not_run_on_the_devnet(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('network = "testnet"\n[node]\nurl = "http://node:3999"\n')

    found = config("--config", str(file))

    assert (found.network, found.node.url) == ("testnet", "http://node:3999")


def test_a_network_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('network = "tetsnet"\n')

    with pytest.raises(ConfigError, match="tetsnet"):
        config("--config", str(file))


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        config("--config", str(tmp_path / "none.toml"))


def test_what_is_logged_holds_no_credentials_of_a_url() -> None:
    shown = str(redacted(config("--node-url", "https://me:hush@node.example/path?token=hush")))

    assert "node.example/path" in shown
    assert "hush" not in shown

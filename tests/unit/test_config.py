from pathlib import Path

import pytest

from bithedge.config import CONFIG_FOLDER, ConfigError, load


@pytest.mark.parametrize("network", ["devnet", "testnet", "mainnet"])
def test_the_shipped_settings_of_every_network_are_sound(network: str) -> None:
    config = load(network)  # type: ignore[arg-type]

    assert config.network == network


def test_all_faults_are_told_at_once_each_with_its_value_and_what_is_allowed() -> None:
    with pytest.raises(ConfigError) as refused:
        load("devnet", settings=["http.port=70000", "oracle.foo=1", "depth.final='deep'", "nonsense"])

    told = refused.value.faults
    assert len(told) == 4
    assert any("http.port = 70000" in fault and "65535" in fault for fault in told)
    assert any("oracle.foo: unknown" in fault and "tick_ms" in fault for fault in told)
    assert any("depth.final = 'deep'" in fault for fault in told)
    assert any("nonsense" in fault for fault in told)


def test_later_layers_win(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[http]\nport = 1001\nrate_per_s = 7\n[stream]\nport = 1002\n")

    config = load(
        "devnet",
        file=file,
        environment={"BITHEDGE_HTTP__PORT": "1003", "PATH": "/bin"},
        settings=["stream.port=1004"],
        overrides={"node.port": 1005},
    )

    assert config.http.port == 1003
    assert config.http.rate_per_s == 7
    assert config.stream.port == 1004
    assert config.node.port == 1005


def test_a_file_that_is_missing_or_no_toml_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[http\n")

    for path in (broken, tmp_path / "missing.toml"):
        with pytest.raises(ConfigError) as refused:
            load("devnet", file=path)
        assert str(path) in str(refused.value)


def test_a_section_given_as_a_value_is_a_fault() -> None:
    with pytest.raises(ConfigError, match=r"http = 3: expected a section"):
        load("devnet", overrides={"http": 3})


def test_an_integer_is_not_taken_from_a_word_or_a_truth_value() -> None:
    with pytest.raises(ConfigError) as refused:
        load("devnet", settings=["http.port='8480'", "depth.final=true"])

    assert len(refused.value.faults) == 2


def test_a_list_is_taken_as_toml_writes_it() -> None:
    config = load("devnet", settings=['http.allowed_origins=["https://bithedge.example"]'])

    assert config.http.allowed_origins == ("https://bithedge.example",)


def test_every_shipped_file_says_nothing_that_the_types_do_not_know() -> None:
    assert sorted(path.name for path in CONFIG_FOLDER.glob("*.toml")) == [
        "default.toml",
        "devnet.toml",
        "mainnet.toml",
        "testnet.toml",
    ]

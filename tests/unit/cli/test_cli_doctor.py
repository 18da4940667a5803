import socket
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from bithedge.cli.doctor.findings import Finding, Level
from bithedge.cli.doctor.local import disk_finding, key_findings, port_findings
from bithedge.cli.doctor.running import is_held
from bithedge.cli.exits import Exit
from bithedge.cli.main import main
from bithedge.config import Config, Http
from bithedge.data_folder import KEY_NAMES, DataFolder


@pytest.fixture
def keyed(tmp_path: Path) -> Path:
    folder = DataFolder.open(tmp_path)
    for name in KEY_NAMES:
        folder.key(name)
    folder.operator_token()
    folder.close()
    return tmp_path


def levels(findings: Iterable[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def test_sound_keys_are_all_well(keyed: Path) -> None:
    assert levels(key_findings(keyed)) == [Level.OK] * (len(KEY_NAMES) + 1)


def test_a_folder_without_keys_is_told_who_makes_them(tmp_path: Path) -> None:
    (finding,) = key_findings(tmp_path)

    assert finding.level is Level.WARN
    assert all(name in finding.message for name in KEY_NAMES)
    assert "serve" in finding.advice


@pytest.mark.parametrize("name", ["keys/quote", "operator-token"])
def test_a_secret_that_others_can_read_is_a_failure_with_its_cure(keyed: Path, name: str) -> None:
    (keyed / name).chmod(0o644)

    (bad,) = [finding for finding in key_findings(keyed) if finding.level is not Level.OK]

    assert bad.level is Level.FAIL
    assert bad.advice.startswith(f"chmod 600 {keyed / name}")


def test_a_key_file_that_holds_none_is_a_failure(keyed: Path) -> None:
    (keyed / "keys" / "lane-1").write_text("nothing\n")

    assert levels(key_findings(keyed)).count(Level.FAIL) == 1


def test_the_disk_of_a_folder_that_is_still_to_be_made_is_found(tmp_path: Path) -> None:
    finding = disk_finding(tmp_path / "not" / "yet")

    assert str(tmp_path) in finding.message


def test_a_taken_port_is_a_failure_that_names_its_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = msgspec.structs.replace(FREE, http=Http(port=taken.getsockname()[1]))

        http, stream, devnet = port_findings(config)

    assert levels([http, stream, devnet]) == [Level.FAIL, Level.OK, Level.OK]
    assert "--http-port" in http.advice


def test_a_held_folder_is_seen_and_looking_does_not_hold_it(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    folder = DataFolder.open(tmp_path)
    assert is_held(tmp_path)
    folder.close()
    assert not is_held(tmp_path)
    DataFolder.open(tmp_path).close()


def test_where_nothing_runs_the_doctor_says_so_and_does_not_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["doctor", "--data", str(tmp_path), *NOTHING_THERE])

    told = capsys.readouterr().out
    assert code == Exit.DONE
    assert "daemon     none runs" in told
    assert "starts the local chain" in told
    assert list(tmp_path.iterdir()) == []


def test_a_node_that_was_named_and_does_not_answer_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["doctor", "--data", str(tmp_path), "--http-port", "0", "--ws-port", "0"]

    assert main([*words, "--node-url", "http://127.0.0.1:1"]) == Exit.FAILED
    assert "fail node" in capsys.readouterr().out


def test_wrong_settings_are_told_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--set", "http.prt=1", "--set", "oracle.tick_ms=1"]) == Exit.FAILED
    assert capsys.readouterr().out.count("fail config") == 2


NOTHING_THERE = ("--http-port", "0", "--ws-port", "0", "--node-port", "1")
FREE = msgspec.convert({"stream": {"port": 0}, "node": {"port": 0}}, Config)

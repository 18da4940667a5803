import stat
from pathlib import Path

import pytest

from bithedge.cli.exits import Exit
from bithedge.cli.main import main

SECRET = "11" * 32


def keys(data: Path, *words: str) -> int:
    return main(["keys", *words, "--data", str(data)])


def a_key_file(folder: Path, *, mode: int = 0o600) -> Path:
    path = folder / "given"
    path.write_text(SECRET + "\n")
    path.chmod(mode)
    return path


def test_a_new_key_is_its_owners_alone_and_its_secret_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys(tmp_path / "data", "new", "backend") == Exit.DONE

    path = tmp_path / "data" / "keys" / "backend"
    shown = capsys.readouterr().out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "ST" in shown
    assert path.read_text().strip()[2:66] not in shown


def test_a_key_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys(tmp_path, "new", "backend")
    before = (tmp_path / "keys" / "backend").read_text()

    assert keys(tmp_path, "new", "backend") == Exit.FAILED
    assert keys(tmp_path, "import", "backend", "--file", str(a_key_file(tmp_path))) == Exit.FAILED

    assert (tmp_path / "keys" / "backend").read_text() == before
    assert "never written over" in capsys.readouterr().err


def test_a_key_that_is_taken_in_has_the_address_of_its_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(a_key_file(tmp_path))

    assert keys(tmp_path, "import", "mine", "--file", file, "--network", "mainnet") == Exit.DONE
    assert keys(tmp_path, "show", "mine", "--network", "mainnet") == Exit.DONE

    taken, shown = capsys.readouterr().out.split("mine\n")[1:]
    assert taken == shown
    assert "SP" in shown
    assert SECRET not in shown


def test_a_file_that_others_can_read_is_not_taken_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(a_key_file(tmp_path, mode=0o644))

    assert keys(tmp_path, "import", "mine", "--file", file) == Exit.CONFIGURATION

    told = capsys.readouterr().err
    assert "chmod 600" in told
    assert SECRET not in told
    assert not (tmp_path / "keys" / "mine").exists()


def test_a_file_that_holds_no_key_does_not_come_out_in_the_complaint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = a_key_file(tmp_path)
    file.write_text("22" * 31)

    assert keys(tmp_path, "import", "mine", "--file", str(file)) == Exit.CONFIGURATION
    assert "22" * 4 not in capsys.readouterr().err


def test_without_a_name_all_keys_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys(tmp_path, "new", "b")
    keys(tmp_path, "new", "a")
    capsys.readouterr()

    assert keys(tmp_path, "show") == Exit.DONE

    assert [line for line in capsys.readouterr().out.splitlines() if line[0] != " "] == ["a", "b"]


@pytest.mark.parametrize("words", [("show",), ("show", "mine")])
def test_a_key_that_is_not_there_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert keys(tmp_path, *words) == Exit.FAILED

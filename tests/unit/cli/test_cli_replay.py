from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bithedge.cli.exits import Exit
from bithedge.cli.main import main
from bithedge.data_folder import DataFolder
from bithedge.storage.connections import open_writer
from bithedge.storage.migrations import migrate

SLIPPED_IN = "INSERT INTO alerts VALUES ('slipped_in', 'warning', 'nobody raised it', 1, 1, 1)"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with closing(open_writer(tmp_path / "journal.sqlite3")) as db:
        migrate(db)
    return tmp_path


@pytest.fixture
def tampered(data: Path) -> Path:
    with closing(open_writer(data / "journal.sqlite3")) as db:
        db.execute(SLIPPED_IN)
    return data


@pytest.fixture
def held(data: Path) -> Iterator[Path]:
    folder = DataFolder.open(data)
    yield data
    folder.close()


def test_read_models_that_the_journal_gives_are_well(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--verify", "--data", str(data)]) == Exit.DONE
    assert "byte for byte" in capsys.readouterr().out


def test_a_row_that_the_journal_does_not_give_is_shown_and_left_as_it_is(
    tampered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["replay", "--verify", "--data", str(tampered)]) == Exit.FAILED
        assert "alerts: stored ('slipped_in'" in capsys.readouterr().out


def test_a_replay_mends_it(tampered: Path) -> None:
    assert main(["replay", "--data", str(tampered)]) == Exit.DONE
    assert main(["replay", "--verify", "--data", str(tampered)]) == Exit.DONE


def test_a_folder_that_a_daemon_holds_is_compared_but_not_rebuilt(held: Path) -> None:
    assert main(["replay", "--verify", "--data", str(held)]) == Exit.DONE
    assert main(["replay", "--data", str(held)]) == Exit.HELD


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    assert main(["replay", "--data", str(tmp_path / "none")]) == Exit.FAILED
    assert not (tmp_path / "none").exists()

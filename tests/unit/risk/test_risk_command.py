import argparse
from pathlib import Path

import msgspec
import pytest

from bithedge.cli import risk
from bithedge.cli.exits import CommandError, Exit
from bithedge.oracle.history import FILE
from bithedge.risk.report import Report


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    risk.add_options(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("path", ["gbm", "jump", "bootstrap", "history"])
def test_each_kind_of_path_gives_a_page_and_its_figures(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = risk.run(options("--path", path, "--years", "0.1", "--seed", "7", "--out", str(tmp_path / "out")))

    found = msgspec.json.decode((tmp_path / "out" / "risk.json").read_bytes(), type=Report)
    assert code is Exit.DONE
    assert found.origin.seed == 7
    assert found.origin.path == path
    assert (found.backtest is not None) == (path == "history")
    assert (found.origin.process is not None) == (path in ("gbm", "jump"))
    assert (tmp_path / "out" / "risk.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    told = capsys.readouterr()
    assert "pool" in told.out
    assert "risk.html" in told.out
    assert f"{path}, seed 7" in told.err


def test_several_paths_have_seeds_in_a_row_and_a_file_is_a_path(tmp_path: Path) -> None:
    risk.run(options("--path", str(FILE), "--years", "0.1", "--paths", "2", "--out", str(tmp_path)))

    found = msgspec.json.decode((tmp_path / "risk.json").read_bytes(), type=Report)
    assert (found.origin.seed, found.origin.paths) == (1, 2)
    assert found.origin.path == FILE.name


def test_the_process_and_the_pool_are_as_the_options_say(tmp_path: Path) -> None:
    risk.run(
        options(
            *("--path", "jump", "--years", "0.05", "--out", str(tmp_path), "--volatility", "0.9"),
            *("--drift", "0.1", "--jumps", "24", "--jump-mean", "0.01", "--jump-deviation", "0.03"),
            *("--capital", "2", "--requests", "1", "--appetite", "0.5"),
        )
    )

    origin = msgspec.json.decode((tmp_path / "risk.json").read_bytes(), type=Report).origin
    assert origin.process is not None
    assert msgspec.structs.astuple(origin.process) == (0.9, 0.1, 24.0, 0.01, 0.03)
    assert origin.capital_sats == 200_000_000
    assert (origin.demand.requests_a_day, origin.demand.appetite) == (1, 0.5)


def test_the_same_words_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        risk.run(options("--path", "bootstrap", "--years", "0.1", "--out", str(tmp_path / name)))

    for file in ("risk.html", "risk.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_done_is_one_line_of_json_if_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    risk.run(options("--path", "gbm", "--years", "0.02", "--json", "--out", str(tmp_path)))

    told = msgspec.json.decode(capsys.readouterr().out)
    assert told == {
        "event": "done",
        "html": str(tmp_path / "risk.html"),
        "json": str(tmp_path / "risk.json"),
    }


def test_a_path_that_is_none_fails_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        risk.run(options("--path", str(tmp_path / "none.csv"), "--out", str(tmp_path)))


def test_a_folder_that_cannot_be_written_fails_in_words(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()

    with pytest.raises(CommandError, match="cannot be written"):
        risk.run(options("--path", "gbm", "--years", "0.02", "--out", str(taken)))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--path", "gbm", "--years", "0"),
        ("--path", "gbm", "--years", "nan"),
        ("--path", "gbm", "--paths", "0"),
        ("--path", "gbm", "--seed", "-1"),
        ("--path", "gbm", "--jumps", "-1"),
        ("--path", "gbm", "--drift", "inf"),
        ("--path", "gbm", "--capital", "x"),
    ],
)
def test_wrong_words_are_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options(*words)

    assert ended.value.code == Exit.USAGE
    assert "usage:" in capsys.readouterr().err

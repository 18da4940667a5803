import argparse
from collections.abc import Callable

import pytest

from actors.pricing import PricingError
from bithedge.cli.exits import CommandError, Exit, PortTakenError, exit_of, told
from bithedge.cli.main import COMMANDS, main, parser
from bithedge.config import ConfigError
from bithedge.data_folder import DataFolderHeldError
from bithedge.devnet.errors import DevnetHeldError, DevnetPortError, DevnetStartError, NodeMissingError
from bithedge.protocol.deploying import DeploymentError
from bithedge.stacks.errors import NodeError, PrivateKeyError
from bithedge.storage.errors import CorruptJournalError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError("no"), Exit.FAILED),
        (DeploymentError("no"), Exit.FAILED),
        (CorruptJournalError("no"), Exit.FAILED),
        (ConfigError(["a", "b"]), Exit.CONFIGURATION),
        (PricingError("no"), Exit.CONFIGURATION),
        (PortTakenError("http.port", "h", 1, "in use"), Exit.CONFIGURATION),
        (DevnetPortError("no"), Exit.CONFIGURATION),
        (PrivateKeyError("no"), Exit.CONFIGURATION),
        (PermissionError(13, "no"), Exit.CONFIGURATION),
        (NodeError("no", retryable=True), Exit.NODE),
        (NodeMissingError("no"), Exit.NODE),
        (DevnetStartError("no"), Exit.NODE),
        (DataFolderHeldError("no"), Exit.HELD),
        (DevnetHeldError("no"), Exit.HELD),
    ],
)
def test_each_foreseen_failure_has_its_exit_code(error: Exception, code: Exit) -> None:
    assert exit_of(error) is code


def test_a_failure_that_nobody_foresaw_keeps_its_traceback() -> None:
    assert exit_of(KeyError("x")) is None


def test_every_fault_of_the_settings_has_its_line() -> None:
    assert told(ConfigError(["a: wrong", "b: wrong"])).splitlines()[1:] == ["  a: wrong", "  b: wrong"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("fly",),
        ("serve", "--http-port", "high"),
        ("serve", "--node-url", "http://n", "--node-port", "1"),
        ("serve", "--http", "1"),
        ("devnet", "--port", "70000"),
        ("devnet", "--block-time", "-1"),
        ("keys",),
        ("keys", "new"),
        ("keys", "new", "../backend"),
        ("keys", "import", "mine"),
    ],
)
def test_wrong_usage_is_told_with_its_own_exit_code(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == Exit.USAGE
    assert "usage: run.py" in capsys.readouterr().err


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_tells_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    assert ended.value.code == Exit.DONE
    assert f"run.py {command}" in capsys.readouterr().out


def test_a_foreseen_failure_is_a_line_on_stderr_and_not_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("none")

    code = main(["replay", "--data", str(folder)])

    captured = capsys.readouterr()
    assert code == Exit.FAILED
    assert captured.out == ""
    assert captured.err == f"run.py replay: there is no journal at {folder}/journal.sqlite3\n"


def test_every_command_has_something_to_run() -> None:
    runs: list[Callable[[argparse.Namespace], Exit]] = [command.run for command in COMMANDS]

    assert all(parser().parse_args(_words(command.name)).run in runs for command in COMMANDS)


def _words(command: str) -> list[str]:
    wanted = {"keys": ["show"], "govern": ["show"], "risk": ["--path", "gbm"]}
    return [command, *wanted.get(command, [])]

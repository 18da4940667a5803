"""`run.py` itself, under interpreters that lack the project's packages."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def run(script: Path, *words: str, bare: bool) -> subprocess.CompletedProcess[str]:
    interpreter = [sys.executable, "-S"] if bare else [sys.executable]
    return subprocess.run(  # noqa: S603 - our own program
        [*interpreter, str(script), *words], capture_output=True, text=True, check=False, timeout=60
    )


def a_copy(folder: Path) -> Path:
    return Path(shutil.copy(ROOT / "run.py", folder))


def test_without_packages_it_hands_over_to_the_environment_beside_it(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "handed $(basename "$1") $2 $3"\n')
    python.chmod(0o755)

    done = run(a_copy(tmp_path), "serve", "--json", bare=True)

    assert (done.returncode, done.stdout) == (0, "handed run.py serve --json\n")


def test_without_packages_and_environment_it_says_what_to_do(tmp_path: Path) -> None:
    done = run(a_copy(tmp_path), "serve", bare=True)

    assert done.returncode == 3
    assert "make setup" in done.stderr
    assert "aiohttp" in done.stderr


def test_with_its_packages_it_runs_the_command() -> None:
    done = run(ROOT / "run.py", "--version", bare=False)

    assert (done.returncode, done.stdout.split()[0]) == (0, "BitHedge")

"""The security page stays true: what it says of keys, functions and paths is shown by tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LABEL = re.compile(r"\[([a-z-]+)\]")
DEFINED = re.compile(r"^- \[([a-z-]+)\] `([\w./-]+)`: (.+)$", re.MULTILINE)
TITLE = re.compile(r'\bit(?:\.each\([^)]*\))?\(\s*"((?:[^"\\]|\\.)*)"')
FUNCTION = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
PUBLIC = re.compile(r"^\(define-public \(([a-z-]+)", re.MULTILINE)
ERROR = re.compile(r"\bu(\d+)\b")
STOLEN = (
    "backend",
    "quote keys",
    "quote keys, and as many attestors as must sign",
    "voucher keys",
    "attestors, fewer than must sign",
    "attestors, as many as must sign",
    "guardian",
    "owner",
    "all hot keys at once",
    "the daemon, for ever",
)


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines][1:]


def named_in(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    return set((FUNCTION if path.suffix == ".py" else TITLE).findall(text))


@pytest.mark.parametrize(("label", "file", "test"), DEFINED.findall(PAGE), ids=lambda value: value)
def test_every_test_that_the_page_names_is_there(label: str, file: str, test: str) -> None:
    assert (ROOT / file).exists(), f"[{label}] {file}"
    assert test in named_in(ROOT / file), f"[{label}] {file}: {test}"


def test_every_label_has_its_test_and_every_test_its_label() -> None:
    body, _, listed = PAGE.partition("\n## The tests\n")

    assert sorted(set(LABEL.findall(body))) == sorted(label for label, _, _ in DEFINED.findall(listed))
    assert len(DEFINED.findall(listed)) == listed.count("\n- ")


def test_every_cell_about_a_stolen_key_names_a_test() -> None:
    found = rows("Stolen keys")

    assert tuple(row[0] for row in found) == STOLEN
    bare = [(row[0], cell) for row in found for cell in row[1:] if not LABEL.search(cell)]
    assert bare == [(STOLEN[-1], "nothing"), (STOLEN[-1], "nothing to end")]


def test_every_public_function_has_its_row_and_its_test() -> None:
    sources = "".join(path.read_text() for path in sorted((ROOT / "contracts").glob("*.clar")))
    found = rows("Who may call the contracts")

    assert sorted(row[0].strip("`") for row in found) == sorted(PUBLIC.findall(sources))
    assert [row[0] for row in found if not LABEL.search(row[3])] == []


def test_the_errors_that_strangers_get_are_those_that_are_tested() -> None:
    tried = (ROOT / "tests" / "contracts" / "access.test.ts").read_text(encoding="utf-8")
    given = dict(re.findall(r'"([a-z-]+)", \[[^\]]*\], (\d+)', tried))
    given |= dict.fromkeys(re.findall(r'backend\("([a-z-]+)"', tried), "202")

    told = {row[0].strip("`"): ERROR.findall(row[2]) for row in rows("Who may call the contracts")}

    assert {name: numbers[0] for name, numbers in told.items() if numbers} == given


def test_every_path_is_there_with_who_may_ask() -> None:
    script = [sys.executable, str(ROOT / "docs" / "security_paths.py"), "--check"]

    assert subprocess.run(script, check=False).returncode == 0, "run docs/security_paths.py"  # noqa: S603 - ours
    words = {row[0].split("`")[1] for row in rows("Who may ask the daemon") if row[0].startswith("`")}
    assert words == {"anybody", "owner", "signed bytes", "operator", "devnet"}

"""The plan map stays true: what its rows name is there."""

import re
from pathlib import Path

import pytest

from bithedge.domain.events.registry import EVENT_TYPES
from bithedge.http.table import ROUTES

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "plan-map.md"
TASK = re.compile(r"^(?:OC|CVX|BI|FE|DEP|TEST|DOC)-")
FILE = re.compile(r"\b(?:[TB]|actors|contracts|config|docs|bench)/[\w./-]*")
PATH = re.compile(r"(?:(GET|POST) )?(/v1/[\w{}/-]*)")
EVENT = re.compile(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`")
FUNCTION = re.compile(r"`((?:create|update|set|get|deposit|withdraw|settle|lock|release)-[a-z-]+[a-z])`")


def rows() -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and TASK.match(cells[0]) and "(later)" not in cells[0]:
            found.append((cells[0], cells))
    return found


@pytest.mark.parametrize(("task", "cells"), rows(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_file_path_and_event_that_a_row_names_is_there(task: str, cells: list[str]) -> None:
    here = " ".join(cells[2:])

    missing = [name for name in FILE.findall(here) if not _file(name).exists()]
    missing += [path for verb, path in PATH.findall(here) if not _served(verb, path)]
    missing += [name for name in EVENT.findall(here) if name not in EVENT_TYPES]

    assert missing == [], f"{task} names what is not there"


def test_every_contract_function_that_a_row_names_is_public_or_read_only() -> None:
    sources = "".join(path.read_text() for path in sorted((ROOT / "contracts").glob("*.clar")))
    named = {
        name for task, cells in rows() if task.startswith("OC-") for name in FUNCTION.findall(" ".join(cells))
    }

    missing = [name for name in sorted(named) if f"({name}" not in sources and not name.endswith("-")]

    assert missing == []


def test_the_map_covers_every_phase_of_the_plan() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert len(rows()) > 60
    assert all(f"## Phase {phase}" in text for phase in (1, 2, 3, 4))


def _file(name: str) -> Path:
    folder, _, rest = name.partition("/")
    short = {"T": "tests", "B": "bithedge"}
    return ROOT / short.get(folder, folder) / rest.rstrip(".")


def _served(verb: str, path: str) -> bool:
    plain = re.sub(r"{[^}]*}", "{}", path.rstrip("/"))
    known = {(route.method, re.sub(r"{[^}]*}", "{}", route.path)) for route in ROUTES}
    if verb:
        return (verb, plain) in known
    return any(found == plain or found.endswith(plain) for _, found in known) or plain == "/v1/stream"

# ruff: noqa: INP001 (a script that is run by its path, never imported)
"""Write the list of paths in docs/security.md from the table that the daemon serves.

Run from the project's folder: `python docs/security_paths.py`, with `--check` to compare only.
"""

import sys
from pathlib import Path
from typing import get_args

import msgspec

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bithedge.http.routes import Access, Route  # noqa: E402 - the project is not installed
from bithedge.http.table import ROUTES  # noqa: E402 - likewise

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- paths -->\n", "<!-- /paths -->\n"


def is_signed(route: Route) -> bool:
    """Return whether a path's body carries its owner's signature."""
    bodies = get_args(route.body) or (() if route.body is None else (route.body,))
    return any("authorisation" in {field.name for field in msgspec.structs.fields(body)} for body in bodies)


def who_may(route: Route) -> str:
    """Return who may ask, in a word of the page."""
    match route.access:
        case Access.OPERATOR:
            return "operator"
        case Access.DEVNET:
            return "devnet"
        case _:
            if is_signed(route):
                return "owner"
            return "signed bytes" if route.commits else "anybody"


def text() -> str:
    """Return the page with its list as it should be."""
    rows = [f"| {route.method} | `{route.path}` | {who_may(route)} |" for route in ROUTES]
    table = "\n".join(["| Method | Path | Who |", "|---|---|---|", *rows])
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{table}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """Write the page, or with `--check` return 1 unless it is up to date."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != text())
    PAGE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Runs every check that reads the code without running it: `make lint`."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent


class Check(NamedTuple):
    name: str
    command: tuple[str, ...]


CHECKS = (
    Check("basedpyright", (f"{BIN}/basedpyright",)),
    Check("ruff", (f"{BIN}/ruff", "check", ".")),
    Check("ruff format", (f"{BIN}/ruff", "format", "--check", ".")),
    Check("import-linter", (f"{BIN}/lint-imports",)),
    Check("deptry", (f"{BIN}/deptry", ".")),
    Check("codespell", (f"{BIN}/codespell",)),
    Check("sqlfluff", (f"{BIN}/sqlfluff", "lint", "bithedge/storage/sql")),
    Check("biome", ("npx", "biome", "check")),
)


def run(check: Check) -> tuple[Check, int, str, float]:
    begun = time.monotonic()
    done = subprocess.run(  # noqa: S603 - the commands above
        check.command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return check, done.returncode, done.stdout, time.monotonic() - begun


def main() -> int:
    failed: list[str] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for check, code, output, seconds in pool.map(run, CHECKS):
            print(f"{'ok  ' if code == 0 else 'FAIL'} {check.name} {seconds:.1f} s", flush=True)  # noqa: T201
            if code:
                failed.append(check.name)
                print(output, flush=True)  # noqa: T201
    if failed:
        print(f"failed: {', '.join(failed)}")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

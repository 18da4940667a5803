"""Runs every suite, one after the other, and says what each took: `make test`."""

import subprocess
import sys
import time
from typing import NamedTuple


class Suite(NamedTuple):
    name: str
    command: tuple[str, ...]


SUITES = (
    Suite("contracts on the VM", ("npx", "vitest", "run", "--config", "tests/contracts/vitest.config.ts")),
    Suite("devnet", ("node", "--test", "--test-concurrency=2", "tests/devnet/")),
    Suite("dashboard, parts", ("npm", "run", "--silent", "test", "-w", "bithedge/dashboard")),
    Suite("dashboard, types", ("npm", "run", "--silent", "check", "-w", "bithedge/dashboard")),
    Suite("Python", (sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "tests")),
)


def main() -> int:
    wanted = sys.argv[1:]
    took: list[tuple[str, float]] = []
    failed: list[str] = []
    for suite in SUITES:
        if wanted and not any(word in suite.name for word in wanted):
            continue
        print(f"\n== {suite.name}: {' '.join(suite.command)}", flush=True)  # noqa: T201 - a script's output
        begun = time.monotonic()
        if subprocess.run(suite.command, check=False).returncode:  # noqa: S603 - the commands above
            failed.append(suite.name)
        took.append((suite.name, time.monotonic() - begun))
    print("\n== " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took))  # noqa: T201
    if failed:
        print(f"failed: {', '.join(failed)}")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The entry point: `python run.py serve`, `demo`, `doctor`, ...; `--help` tells them all.

An interpreter without the project's packages hands over to the one of `.venv` beside this file.
"""

import importlib.util
import os
import sys
from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parent / ".venv"
NEEDED = ("aiohttp", "aiosqlite", "coincurve", "msgspec", "pykka", "rich", "structlog", "websockets")
OLDEST = (3, 11)
NOT_SET_UP = 3


def hand_over() -> None:
    """Go on in the project's own environment, if this one cannot run it; return only if it can."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing and sys.version_info >= OLDEST:
        return
    python = ENVIRONMENT / "bin" / "python"
    if Path(sys.prefix).resolve() != ENVIRONMENT and python.exists():
        os.execv(python, [str(python), __file__, *sys.argv[1:]])  # noqa: S606 - the same program, no shell
    wanted = ", ".join(missing) or "Python {}.{}".format(*OLDEST)
    sys.stderr.write(f"BitHedge is not set up here ({wanted} is missing): run `make setup` first\n")
    sys.exit(NOT_SET_UP)


if __name__ == "__main__":
    hand_over()
    from bithedge.cli import main

    sys.exit(main())

"""Runs the long fuzzing of the contracts: `make fuzz`. Arguments go on to contracts/fuzz/main.mjs."""

import subprocess
import sys

RENDEZVOUS = ("node", "contracts/fuzz/rendezvous.mjs")
GAMES = ("node", "contracts/fuzz/main.mjs")


def main() -> int:
    codes = [
        subprocess.run(command, check=False).returncode  # noqa: S603 - the commands above
        for command in (RENDEZVOUS, (*GAMES, *sys.argv[1:]))
    ]
    return max(map(abs, codes))


if __name__ == "__main__":
    sys.exit(main())

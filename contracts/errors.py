# ruff: noqa: INP001 (a script that is run by its path, never imported)
"""Write bithedge/domain/contract_errors.py from the error constants of the two contracts.

Run from anywhere: `python contracts/errors.py`, with `--check` to compare only.
"""

import re
import sys
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent
TARGET = CONTRACTS.parent / "bithedge" / "domain" / "contract_errors.py"
SOURCES = ("policy-registry", "liquidity-pool")
CONSTANT = re.compile(r"^\(define-constant ERR_(\w+) \(err u(\d+)\)\) ;; (.+)$", re.MULTILINE)

HEAD = '''"""The contracts' error numbers, generated from their sources by contracts/errors.py."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ContractError:
    """One `(err uN)` of a contract."""

    number: int
    name: str
    meaning: str
    contract: str


'''

TAIL = '''
CONTRACT_ERRORS: Final = {
    number: ContractError(number, name, meaning, contract)
    for contract, errors in _ERRORS.items()
    for number, (name, meaning) in errors.items()
}
"""Every error number of both contracts; no number stands for two things."""
'''


def errors(contract: str) -> list[tuple[int, str, str]]:
    """Return a contract's errors in the order of their numbers: number, name, meaning."""
    source = (CONTRACTS / f"{contract}.clar").read_text(encoding="utf-8")
    return sorted((int(number), name, meaning) for name, number, meaning in CONSTANT.findall(source))


def module() -> str:
    """Return the text of the generated module."""
    lines = ["_ERRORS: Final[dict[str, dict[int, tuple[str, str]]]] = {"]
    for contract in SOURCES:
        rows = [f'        {number}: ("{name}", "{meaning}"),' for number, name, meaning in errors(contract)]
        lines += [f'    "{contract}": {{', *rows, "    },"]
    return HEAD + "\n".join([*lines, "}", ""]) + TAIL


def main() -> int:
    """Write the module, or with `--check` return 1 unless it is up to date."""
    text = module()
    if "--check" in sys.argv[1:]:
        return int(not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

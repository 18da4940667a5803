"""The shipped plans with their placeholders filled in, and the keys of a data folder that they name."""

import hashlib
from itertools import count
from pathlib import Path

from bithedge.config import CONFIG_FOLDER
from bithedge.stacks.keys import PrivateKey, write_key_file
from bithedge.stacks.networks import Network

OWN_KEYS = ("quote", "voucher", "backend", "lane-1", "lane-2")


def a_key(name: str) -> PrivateKey:
    return PrivateKey(hashlib.sha256(f"bithedge plan {name}".encode()).digest())


def a_filled_plan(network: str, folder: Path) -> Path:
    """Write a network's plan with its placeholders filled in, and the keys it names; return its path."""
    text = (CONFIG_FOLDER / "deployments" / f"{network}.toml").read_text(encoding="utf-8")
    lines: list[str] = []
    numbers = count(1)
    for line in text.splitlines():
        is_signer = line.startswith(("quote", "voucher", "attestor"))
        while '"<' in line and not line.startswith("#"):
            before, rest = line.split('"<', 1)
            key = a_key(f"filled {next(numbers)}")
            filled = f"0x{key.public_key.hex()}" if is_signer else key.address(Network(network))
            line = f'{before}"{filled}"{rest.split(">", 1)[1].removeprefix(chr(34))}'  # noqa: PLW2901 - filled in turn
        lines.append(line)
    (folder / "data" / "keys").mkdir(parents=True)
    for name in OWN_KEYS:
        write_key_file(folder / "data" / "keys" / name, a_key(name))
    path = folder / f"{network}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

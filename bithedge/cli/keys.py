"""`keys`: the key files of a data folder; a secret is never shown."""

import argparse
import re
import secrets
from pathlib import Path
from typing import Final

from bithedge.cli.exits import CommandError, Exit
from bithedge.cli.settings import NETWORKS
from bithedge.cli.terminal import say
from bithedge.stacks.keys import PrivateKey, read_key_file, write_key_file
from bithedge.stacks.networks import Network

NAME: Final = "keys"
HELP: Final = "make, show or take in key files: address and public key are shown, the secret never"
_KEY_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the three words and their options."""
    words = parser.add_subparsers(dest="word", required=True, metavar="new|show|import")
    made = words.add_parser(
        "new", help="make a key in DATA/keys/NAME, mode 0600; never over one that is there"
    )
    shown = words.add_parser("show", help="show a key's address and public key, or those of all keys")
    taken = words.add_parser("import", help="take in a key from a file that only its owner can read")
    for word in (made, taken):
        word.add_argument("name", metavar="NAME", type=_key_name)
    shown.add_argument("name", metavar="NAME", type=_key_name, nargs="?")
    taken.add_argument("--file", required=True, type=Path, help="64 hex digits, or 66 ending in 01")
    for word in (made, shown, taken):
        word.add_argument("--data", default="data", metavar="DIR")
        word.add_argument("--network", choices=NETWORKS, default="devnet", help="whose form the address has")


def run(options: argparse.Namespace) -> Exit:
    """Do one of the three.

    Raises:
        CommandError: the key is missing, or is there already.
        PrivateKeyError: a file holds no key, or others can read it.
    """
    folder, network = Path(options.data) / "keys", Network(options.network)
    match options.word:
        case "new":
            key = PrivateKey.generate(secrets.token_bytes)
            _store(folder, options.name, key)
            _show(options.name, key, network)
        case "import":
            key = read_key_file(options.file)
            _store(folder, options.name, key)
            _show(options.name, key, network)
        case _:
            for name in [options.name] if options.name else _names(folder):
                _show(name, _read(folder, name), network)
    return Exit.DONE


def _key_name(text: str) -> str:
    if _KEY_NAME.fullmatch(text) is None:
        raise argparse.ArgumentTypeError("a key's name is 1 to 40 of a-z, 0-9 and -")
    return text


def _store(folder: Path, name: str, key: PrivateKey) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(exist_ok=True, mode=0o700)
    try:
        write_key_file(folder / name, key)
    except FileExistsError:
        raise CommandError(f"{folder / name} is there already: keys are never written over") from None


def _read(folder: Path, name: str) -> PrivateKey:
    try:
        return read_key_file(folder / name)
    except FileNotFoundError:
        raise CommandError(f"there is no key {folder / name}") from None


def _names(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.glob("*") if _KEY_NAME.fullmatch(path.name))
    if not names:
        raise CommandError(f"there are no keys in {folder}")
    return names


def _show(name: str, key: PrivateKey, network: Network) -> None:
    say(f"{name}\n  address     {key.address(network)} ({network})\n  public key  0x{key.public_key.hex()}")

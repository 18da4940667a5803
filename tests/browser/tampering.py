"""Ways in which a prepared purchase may say something else than the page, one a name."""

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

# Where the bytes of a single-signature transaction say what its post-conditions do, and whose it is.
MODE_BYTE = 110
SIGNER = slice(7, 27)
ALLOW = 1


def _amount(transaction: Json) -> None:
    condition = transaction["post_conditions"][0]
    transaction["post_conditions"] = [condition[:-1] + ("0" if condition[-1] != "0" else "1")]


def _contract(transaction: Json) -> None:
    address, _, _ = transaction["contract_id"].partition(".")
    transaction["contract_id"] = f"{address}.other-pool"


def _no_condition(transaction: Json) -> None:
    transaction["post_conditions"] = []


def _mode(transaction: Json) -> None:
    transaction["unsigned"] = _changed(transaction["unsigned"], MODE_BYTE, bytes([ALLOW]))


def _stated_mode(transaction: Json) -> None:
    transaction["post_condition_mode"] = "allow"


def _signer(transaction: Json) -> None:
    transaction["unsigned"] = _changed(transaction["unsigned"], SIGNER.start, bytes(20))


def _argument(transaction: Json) -> None:
    first = transaction["arguments"][0]
    # Twice the strike: the tuple's last byte that is not zero belongs to one of the terms.
    place = len(first.rstrip("0")) - 1
    digit = "1" if first[place] != "1" else "2"
    transaction["arguments"] = [first[:place] + digit + first[place + 1 :], *transaction["arguments"][1:]]


def _bytes(transaction: Json) -> None:
    last = transaction["unsigned"][-1]
    transaction["unsigned"] = transaction["unsigned"][:-1] + ("1" if last == "0" else "0")


def _changed(hexed: str, place: int, new: bytes) -> str:
    raw = bytearray.fromhex(hexed.removeprefix("0x"))
    raw[place : place + len(new)] = new
    return "0x" + raw.hex()


TAMPERED: tuple[tuple[str, Callable[[Json], None]], ...] = (
    ("amount", _amount),
    ("contract", _contract),
    ("missing post-condition", _no_condition),
    ("mode allow in the bytes", _mode),
    ("mode allow beside them", _stated_mode),
    ("another signer", _signer),
    ("another term", _argument),
    ("other bytes than shown", _bytes),
)

"""The names that the Clarity VM takes."""

import re

from bithedge.stacks.errors import AddressError, ClarityError

_CONTRACT_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,39}")
_CLARITY_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_!?+<>=/*-]{0,127}|[-+=/*]|[<>]=?")


def check_contract_name(name: str) -> str:
    """Return the name of a contract: a letter, then up to 39 letters, digits, `-` or `_`.

    Raises:
        AddressError: it is no such name.
    """
    if _CONTRACT_NAME.fullmatch(name) is None:
        raise AddressError(f"{name[:60]!r} is no contract name: a letter, then up to 39 of a-z A-Z 0-9 - _")
    return name


def check_clarity_name(name: str) -> str:
    """Return the name of a function, an asset or a tuple's key, of at most 128 characters.

    Raises:
        ClarityError: it is no such name.
    """
    if _CLARITY_NAME.fullmatch(name) is None:
        raise ClarityError(f"{name[:60]!r} is no Clarity name of at most 128 characters")
    return name

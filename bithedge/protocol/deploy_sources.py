"""The contracts' sources, and what they say of their own parameters."""

import re
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from bithedge.protocol.deployment import REGISTRY, Deployment

SOURCES: Final = Path(__file__).resolve().parents[2] / "contracts"
CLARITY_VERSION: Final = 4
DEVNET_TOKEN: Final = "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token"  # noqa: S105 - the sources' token
_PARAMETER: Final = re.compile(
    r'^\(map-set parameters "([a-z-]+)" { value: u(\d+), low: u(\d+), high: (u\d+|[A-Z_]+) }\)$', re.MULTILINE
)
_CONSTANT: Final = re.compile(r"^\(define-constant ([A-Z_]+) u(\d+)\)", re.MULTILINE)


class Bounds(msgspec.Struct, frozen=True):
    """A parameter as it is published: its first value, and between what it may be changed."""

    value: int
    low: int
    high: int


def source_of(name: str, deployment: Deployment) -> str:
    """Return a contract's source for a network: the token's principal is all that differs."""
    source = (SOURCES / f"{name}.clar").read_text(encoding="utf-8")
    return source.replace(DEVNET_TOKEN, deployment.sbtc_token)


@cache
def published_parameters() -> dict[str, Bounds]:
    """Return every parameter of the registry with its first value and its bounds."""
    source = (SOURCES / f"{REGISTRY}.clar").read_text(encoding="utf-8")
    constants = {name: int(value) for name, value in _CONSTANT.findall(source)}
    return {
        name: Bounds(int(value), int(low), constants.get(high) or int(high.removeprefix("u")))
        for name, value, low, high in _PARAMETER.findall(source)
    }

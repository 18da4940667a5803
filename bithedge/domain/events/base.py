"""The base of all events, and where a fact of the chain stands in it."""

import msgspec

from bithedge.domain.ids import Txid
from bithedge.domain.money import Height


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact. Its journal name is its class name."""


class ChainRef(msgspec.Struct, frozen=True, kw_only=True):
    """The block that a fact comes from; a reorg that drops the block undoes the fact."""

    block_height: int
    block_hash: str
    """The index block hash, unique over forks."""
    burn_height: Height
    txid: Txid | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event in its place in the journal."""

    seq: int
    stream: str
    version: int
    event: Event
    at_ms: int
    """Unix milliseconds, UTC."""
    correlation_id: str = ""
    chain: ChainRef | None = None
    undone: bool = False

    @property
    def name(self) -> str:
        """The event's name on the wire."""
        return type(self.event).__name__

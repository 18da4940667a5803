"""To the lanes (the backend's keys) and to the relay (users' transactions)."""

from typing import Literal

import msgspec

from actors.runtime.message import Message
from bithedge.domain.ids import Address, Txid
from bithedge.domain.money import Height, Ustx
from bithedge.storage.ports import Keep

LaneStatus = Literal["running", "waiting"]
Waiting = Literal["first_block", "node", "next_block"]


class IntentsCommitted(Message[None], frozen=True, kw_only=True):
    """There is something new to send."""


class BlockApplied(Message[None], frozen=True, kw_only=True):
    """A block was applied or a branch left: look at what is in flight."""

    block_height: int
    burn_height: Height


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """A lane as it last saw itself."""

    name: str
    address: Address
    status: LaneStatus
    waiting_for: Waiting | None
    mined_nonce: int | None
    """The next nonce to be mined; None before the node was asked."""
    next_nonce: int | None
    """The one after the highest that is taken."""
    in_flight: int
    limit: int
    balance: Ustx | None
    """What the key holds for fees."""


class GetLane(Message[LaneState], frozen=True, kw_only=True):
    """How the lane stands."""


class RelayTransaction(Message[Txid], frozen=True, kw_only=True):
    """Send and store a user's transaction; raises `TransactionRejectedError` or `NodeUnreachableError`."""

    raw: bytes
    keep: Keep


class WatchTransaction(Message[Txid], frozen=True, kw_only=True):
    """Follow a transaction that a wallet has sent itself.

    Raises `NotReadyError` while the node does not know it, `ForeignTransactionError` or
    `NodeUnreachableError`.
    """

    txid: Txid
    keep: Keep


class CheckNext(Message[None], frozen=True, kw_only=True):
    """The relay to itself: the next sender's transactions, so that nobody's request waits for all of them."""


LaneMessage = IntentsCommitted | BlockApplied | GetLane
RelayMessage = RelayTransaction | WatchTransaction | BlockApplied | CheckNext

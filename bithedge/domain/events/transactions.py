"""Facts of transactions, ours and relayed; stream `tx:<operation id>` or `tx:<txid>`."""

from typing import Literal

import msgspec

from bithedge.domain.events.base import Event
from bithedge.domain.ids import Address, OperationId, PolicyNumber, QuoteId, Txid, WithdrawalId
from bithedge.domain.money import Height, Ustx

OperationKind = Literal["settle", "release", "expire", "lock", "unlock", "publish", "filler", "cancel"]


class TransactionPrepared(Event, frozen=True, kw_only=True):
    """Signed bytes and nonce are stored; not yet sent. `operation_id` is None for a relayed one."""

    txid: Txid
    address: Address
    nonce: int
    fee: Ustx
    contract_id: str | None
    function: str | None
    operation_id: OperationId | None = None
    kind: OperationKind | None = None
    quote_ids: tuple[QuoteId, ...] = ()
    policy_ids: tuple[PolicyNumber, ...] = ()
    withdrawal_id: WithdrawalId | None = None
    replaces: Txid | None = None


class TransactionSent(Event, frozen=True, kw_only=True):
    """A node took it into its mempool."""

    txid: Txid
    operation_id: OperationId | None = None
    quote_ids: tuple[QuoteId, ...] = ()


class TransactionReplaced(Event, frozen=True, kw_only=True):
    """Its nonce went to another transaction."""

    txid: Txid
    by: Txid | None
    operation_id: OperationId | None = None
    quote_ids: tuple[QuoteId, ...] = ()


class TransactionConfirmed(Event, frozen=True, kw_only=True):
    """It is in the canonical chain and did what it says."""

    txid: Txid
    operation_id: OperationId | None = None
    quote_ids: tuple[QuoteId, ...] = ()


class TransactionFinal(Event, frozen=True, kw_only=True):
    """It is deep enough for good."""

    txid: Txid
    operation_id: OperationId | None = None
    quote_ids: tuple[QuoteId, ...] = ()


class TransactionAborted(Event, frozen=True, kw_only=True):
    """It was mined and failed (`reason` names the chain's cause), or can never be mined."""

    txid: Txid
    reason: str
    mined: bool = True
    operation_id: OperationId | None = None
    quote_ids: tuple[QuoteId, ...] = ()


class TransactionReverted(Event, frozen=True, kw_only=True):
    """A reorg un-mined it: it is pending again."""

    txid: Txid
    fork_height: int
    operation_id: OperationId | None = None
    quote_ids: tuple[QuoteId, ...] = ()


class NonceGapFilled(Event, frozen=True, kw_only=True):
    """A no-op closed a gap of a lane."""

    address: Address
    nonce: int
    txid: Txid


TransactionEvent = (
    TransactionPrepared
    | TransactionSent
    | TransactionReplaced
    | TransactionConfirmed
    | TransactionFinal
    | TransactionAborted
    | TransactionReverted
    | NonceGapFilled
)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call of one of our contracts, ready to be signed by whichever lane takes it."""

    contract: Literal["policy-registry", "liquidity-pool"]
    function: str
    arguments: tuple[str, ...]
    """Clarity values, `0x..`."""
    post_conditions: tuple[str, ...] = ()


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend wants on chain; committed with the events that caused it, sent only afterwards."""

    operation_id: OperationId
    key: str
    """The same key twice is the same operation."""
    kind: OperationKind
    call: Call
    quote_ids: tuple[QuoteId, ...] = ()
    policy_ids: tuple[PolicyNumber, ...] = ()
    useless_after: Height | None = None
    """The last burn height at which the chain would still take it."""

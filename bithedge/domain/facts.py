"""What the two contracts printed, block by block, in the domain's names: the only truth about money."""

import msgspec

from bithedge.domain.events.base import ChainRef
from bithedge.domain.events.policy import Rule
from bithedge.domain.events.pool import Pausable, VaultTotals
from bithedge.domain.ids import Address, Hex, PolicyNumber, QuoteId, Txid, WithdrawalId
from bithedge.domain.money import Height, Sats, UsdE8, Ustx
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier


class PurchaseFact(msgspec.Struct, frozen=True, kw_only=True):
    """`policy-created` and `collateral-locked` of one purchase."""

    policy_id: PolicyNumber
    terms: Terms
    price: UsdE8
    price_height: Height
    start: Height
    treasury: Address
    totals: VaultTotals


class RequestFact(msgspec.Struct, frozen=True, kw_only=True):
    """`exercise-requested`."""

    policy_id: PolicyNumber
    quote_id: QuoteId
    min_payout: Sats


class SettlementFact(msgspec.Struct, frozen=True, kw_only=True):
    """`settlement-paid`."""

    policy_id: PolicyNumber
    quote_id: QuoteId
    rule: Rule
    price: UsdE8
    price_height: Height
    payout: Sats
    totals: VaultTotals


class ExpiryFact(msgspec.Struct, frozen=True, kw_only=True):
    """`policy-status-updated` to expired."""

    policy_id: PolicyNumber
    quote_id: QuoteId


class ReleaseFact(msgspec.Struct, frozen=True, kw_only=True):
    """`collateral-released` of policies."""

    policy_ids: tuple[PolicyNumber, ...]
    amount: Sats
    totals: VaultTotals


class DepositFact(msgspec.Struct, frozen=True, kw_only=True):
    """`funds-deposited`."""

    address: Address
    tier: Tier
    amount: Sats
    totals: VaultTotals


class WithdrawalFact(msgspec.Struct, frozen=True, kw_only=True):
    """`funds-withdrawn`; an escape has neither serial nor tier."""

    address: Address
    tier: Tier | None
    amount: Sats
    serial: bytes | None
    totals: VaultTotals


class BufferFact(msgspec.Struct, frozen=True, kw_only=True):
    """`collateral-locked` or `collateral-released` without a policy: the stress reserve."""

    totals: VaultTotals


class PauseFact(msgspec.Struct, frozen=True, kw_only=True):
    """`paused`, or `resumed` where `until` is None."""

    what: Pausable
    until: Height | None


class LiabilitiesFact(msgspec.Struct, frozen=True, kw_only=True):
    """`liabilities-published`."""

    root: Hex
    as_of: Height
    equity: Sats
    deposited: Sats
    withdrawn: Sats


class ClosingFact(msgspec.Struct, frozen=True, kw_only=True):
    """`escape-opened`."""

    totals: VaultTotals


Fact = (
    PurchaseFact
    | RequestFact
    | SettlementFact
    | ExpiryFact
    | ReleaseFact
    | DepositFact
    | WithdrawalFact
    | BufferFact
    | PauseFact
    | LiabilitiesFact
    | ClosingFact
)


class CallOfOurs(msgspec.Struct, frozen=True, kw_only=True):
    """A call of one of the two contracts, as whoever sent it signed it."""

    address: Address
    nonce: int
    fee: Ustx
    contract_id: str
    function: str
    withdrawal_id: WithdrawalId | None = None
    policy_ids: tuple[PolicyNumber, ...] = ()


class MinedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction of a block: whether it did what it says, and what our contracts printed."""

    txid: Txid
    succeeded: bool
    reason: str | None = None
    """Why not, in the chain's words."""
    facts: tuple[Fact, ...] = ()
    call: CallOfOurs | None = None
    """None for what calls no contract of ours, though others may have called them for it."""


class MinedBlock(msgspec.Struct, frozen=True, kw_only=True):
    """A Stacks block of the canonical chain."""

    block_height: int
    burn_height: Height
    hash: str
    """The index block hash."""
    parent_hash: str
    at_ms: int
    transactions: tuple[MinedTransaction, ...] = ()

    def ref(self, txid: Txid | None = None) -> ChainRef:
        """Return where a fact of this block stands."""
        return ChainRef(
            block_height=self.block_height, block_hash=self.hash, burn_height=self.burn_height, txid=txid
        )

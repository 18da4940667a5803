"""Facts of the pool and its providers; stream `pool`."""

from typing import Literal

import msgspec

from bithedge.domain.events.base import Event
from bithedge.domain.ids import Address, Hex, PolicyNumber, QuoteId, Txid, WithdrawalId
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.tiers import Tier

Pausable = Literal["sales", "withdrawals", "settlements"]


class VaultTotals(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's own totals after the call; the books are checked against them."""

    available: Sats
    locked: Sats
    buffer: Sats
    deposited: Sats
    withdrawn: Sats
    premiums: Sats
    payouts: Sats
    escaped: Sats


class CapacityReserved(Event, frozen=True, kw_only=True):
    """The tier holds this collateral for a signed quote."""

    quote_id: QuoteId
    owner: Address
    tier: Tier
    kind: Kind
    strike: UsdE8
    amount: Sats
    max_payout: Sats
    expiry: Height
    valid_until: Height
    premium: Sats
    command_id: Hex


class CapacityReleased(Event, frozen=True, kw_only=True):
    """The reservation ended: by the sale (`lapsed` false), or unused."""

    quote_id: QuoteId
    owner: Address
    tier: Tier
    max_payout: Sats
    lapsed: bool


class Backer(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's part of a policy."""

    address: Address
    share: Sats
    """Its part of the collateral."""
    premium: Sats
    """Its part of the premium less the fee."""


class CollateralAllocated(Event, frozen=True, kw_only=True):
    """A sale is on chain: who backs it, and where its premium goes."""

    quote_id: QuoteId
    policy_id: PolicyNumber
    owner: Address
    tier: Tier
    kind: Kind
    strike: UsdE8
    amount: Sats
    max_payout: Sats
    premium: Sats
    """All that the buyer paid, fee included."""
    fee: Sats
    treasury: Address
    start: Height
    expiry: Height
    backers: tuple[Backer, ...]
    totals: VaultTotals


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One backer's part of a release: `loss` is paid out, the rest is free again."""

    address: Address
    share: Sats
    loss: Sats


class CollateralReleased(Event, frozen=True, kw_only=True):
    """A policy's collateral is no longer locked: paid out (`payout` > 0) or released."""

    quote_id: QuoteId
    policy_id: PolicyNumber
    tier: Tier
    payout: Sats
    backers: tuple[Release, ...]
    totals: VaultTotals


class Earning(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's premium that became free balance."""

    address: Address
    premium: Sats


class PremiumEarned(Event, frozen=True, kw_only=True):
    """Premium became free balance, at a policy's end or because its provider asked to withdraw."""

    quote_id: QuoteId
    policy_id: PolicyNumber
    tier: Tier
    earnings: tuple[Earning, ...]


class FundsDeposited(Event, frozen=True, kw_only=True):
    """A provider's money is in the vault."""

    address: Address
    tier: Tier
    amount: Sats
    totals: VaultTotals


class WithdrawalRequested(Event, frozen=True, kw_only=True):
    """A provider's signed request passed the health checks; the money is pending from here on."""

    withdrawal_id: WithdrawalId
    address: Address
    tier: Tier
    amount: Sats
    command_id: Hex


class WithdrawalVoucherIssued(Event, frozen=True, kw_only=True):
    """The pool signed leave to withdraw."""

    withdrawal_id: WithdrawalId
    address: Address
    tier: Tier
    amount: Sats
    valid_until: Height
    voucher_signatures: tuple[Hex, ...]


class WithdrawalPending(Event, frozen=True, kw_only=True):
    """The withdrawal is in the mempool."""

    withdrawal_id: WithdrawalId
    address: Address
    txid: Txid


class FundsWithdrawn(Event, frozen=True, kw_only=True):
    """The vault paid a provider; without a voucher it is an escape."""

    withdrawal_id: WithdrawalId | None
    address: Address
    tier: Tier | None
    amount: Sats
    totals: VaultTotals


class WithdrawalLapsed(Event, frozen=True, kw_only=True):
    """The voucher's last height is final and its serial unused: the money is free again."""

    withdrawal_id: WithdrawalId
    address: Address
    tier: Tier
    amount: Sats


class WithdrawalReverted(Event, frozen=True, kw_only=True):
    """A reorg took back a withdrawal."""

    withdrawal_id: WithdrawalId
    address: Address
    fork_height: int


class ProviderReverted(Event, frozen=True, kw_only=True):
    """A reorg took back facts of this provider."""

    address: Address
    fork_height: int


class ProviderExitChanged(Event, frozen=True, kw_only=True):
    """A provider backs nothing new in a tier (`enabled`), or does again."""

    address: Address
    tier: Tier
    enabled: bool
    height: Height
    command_id: Hex


class PoolPaused(Event, frozen=True, kw_only=True):
    """The guardian paused something on chain."""

    what: Pausable
    until: Height


class PoolResumed(Event, frozen=True, kw_only=True):
    """It was resumed on chain."""

    what: Pausable


class PoolClosed(Event, frozen=True, kw_only=True):
    """The way out is open: the contract sells nothing any more."""

    totals: VaultTotals


class BufferChanged(Event, frozen=True, kw_only=True):
    """The stress reserve on chain changed."""

    buffer: Sats
    totals: VaultTotals


class LiabilitiesPublished(Event, frozen=True, kw_only=True):
    """A root of liabilities is on chain."""

    root: Hex
    as_of: Height
    equity: Sats
    deposited: Sats
    withdrawn: Sats


PoolEvent = (
    CapacityReserved
    | CapacityReleased
    | CollateralAllocated
    | CollateralReleased
    | PremiumEarned
    | FundsDeposited
    | WithdrawalRequested
    | WithdrawalVoucherIssued
    | WithdrawalPending
    | FundsWithdrawn
    | WithdrawalLapsed
    | WithdrawalReverted
    | ProviderReverted
    | ProviderExitChanged
    | PoolPaused
    | PoolResumed
    | PoolClosed
    | BufferChanged
    | LiabilitiesPublished
)

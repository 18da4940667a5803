"""What may be asked of the pool; heights, prices, times, ids and the chain's limits arrive with it."""

import msgspec

from bithedge.domain.ids import Address, Hex, QuoteId, WithdrawalId
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.tiers import Tier


class SaleLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the contract still lets be sold: sats it has available, sats its sale window has room for."""

    available: Sats
    window: Sats


class WithdrawalLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's `get-withdrawal-limits` for one provider, sats."""

    available: Sats
    principal: Sats
    """What it put in less what it took out: this much is no profit."""
    lifetime: Sats
    """What the yield cap leaves."""
    outflow: Sats
    profit: Sats


class ReservePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a quote's collateral until its last height is final."""

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
    height: Height
    spot: UsdE8
    now_ms: int
    limits: SaleLimits


class CheckDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """Say whether a tier would take a deposit now."""

    address: Address
    tier: Tier
    amount: Sats
    height: Height


class RequestWithdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """Set money of a provider aside for a voucher."""

    withdrawal_id: WithdrawalId
    address: Address
    tier: Tier
    amount: Sats
    command_id: Hex
    height: Height
    spot: UsdE8
    limits: WithdrawalLimits


class SetExit(msgspec.Struct, frozen=True, kw_only=True):
    """Enter or leave exit mode in a tier."""

    address: Address
    tier: Tier
    enabled: bool
    height: Height
    command_id: Hex

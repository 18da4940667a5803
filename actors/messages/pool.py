"""To the pool."""

from collections.abc import Callable

import msgspec

from actors.runtime.message import Message
from bithedge.domain.events.pool import VaultTotals
from bithedge.domain.facts import MinedBlock
from bithedge.domain.ids import Address, Hex, QuoteId, WithdrawalId
from bithedge.domain.money import Height, Sats
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Policy
from bithedge.domain.pool.commands import WithdrawalLimits
from bithedge.domain.pool.health import Health
from bithedge.domain.pool.invariants import Equation
from bithedge.domain.pool.risk_views import LiabilitiesView, StressView
from bithedge.domain.pool.views import BackingView, PortfolioView
from bithedge.domain.pool.vouchers import Voucher
from bithedge.domain.quotes import Availability, Quote, QuoteRequest
from bithedge.domain.tiers import Tier
from bithedge.protocol.calls import SignedPrice
from bithedge.storage.ports import Answer, Committed


class PriceQuote(Message[Quote], frozen=True, kw_only=True):
    """Price cover, promising nothing; kept in memory only."""

    request: QuoteRequest
    quote_id: QuoteId


class FindQuote(Message[Quote], frozen=True, kw_only=True):
    """A quote given before; raises `UnknownQuoteError` or `QuoteExpiredError`."""

    quote_id: QuoteId


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """Signed terms, capacity held: everything that the purchase needs."""

    policy: Policy
    quote_signatures: tuple[Hex, ...]
    reading: SignedPrice


KeepReserved = Callable[[Reserved, tuple[Committed, ...]], Answer | None]


class Reserve(Message[Reserved], frozen=True, kw_only=True):
    """Sign a quote's terms and hold its capacity; the owner's signature is already checked."""

    quote_id: QuoteId
    address: Address
    command_id: Hex
    balance: Sats
    """The address's sBTC by the chain's word."""
    keep: KeepReserved


class CheckDeposit(Message[None], frozen=True, kw_only=True):
    """Refuse a deposit that the tier cannot take."""

    address: Address
    tier: Tier
    amount: Sats


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher, signed, with the checks that it passed."""

    withdrawal_id: WithdrawalId
    address: Address
    tier: Tier
    amount: Sats
    valid_until: Height
    signatures: tuple[Hex, ...]
    health: Health


KeepWithdrawal = Callable[[Withdrawal, tuple[Committed, ...]], Answer | None]


class Withdraw(Message[Withdrawal], frozen=True, kw_only=True):
    """Check, set aside and sign a withdrawal; the owner's signature is already checked."""

    address: Address
    tier: Tier
    amount: Sats
    command_id: Hex
    limits: WithdrawalLimits
    keep: KeepWithdrawal


KeepExit = Callable[[bool, tuple[Committed, ...]], Answer | None]


class SetExit(Message[bool], frozen=True, kw_only=True):
    """Enter or leave exit mode, and say whether it is on; the owner's signature is already checked."""

    address: Address
    tier: Tier
    enabled: bool
    command_id: Hex
    keep: KeepExit


class CheckWithdrawal(Message[Health], frozen=True, kw_only=True):
    """The health checks alone, binding nobody."""

    address: Address
    tier: Tier
    amount: Sats
    limits: WithdrawalLimits


class FindVoucher(Message[Voucher | None], frozen=True, kw_only=True):
    """A live voucher; None once it was used or has lapsed."""

    withdrawal_id: WithdrawalId


class GetPortfolio(Message[PortfolioView], frozen=True, kw_only=True):
    """A provider's money in each tier; raises `UnknownProviderError`."""

    address: Address


class GetBacking(Message[tuple[BackingView, ...]], frozen=True, kw_only=True):
    """What a provider's money backs."""

    address: Address


class GetEquations(Message[tuple[Equation, ...]], frozen=True, kw_only=True):
    """The solvency proof's equations; raises `NotReadyError` if the books stand at another block."""

    block_hash: str
    """Of the block that the chain's figures are of."""
    totals: VaultTotals
    vault: Sats


class GetLiabilities(Message[LiabilitiesView], frozen=True, kw_only=True):
    """The live policies by strike and expiry week; raises `OracleStaleError` while there is no price."""

    kind: Kind | None
    """None for both."""


class GetStress(Message[StressView], frozen=True, kw_only=True):
    """What the book owes at prices far from spot; raises `OracleStaleError` while there is no price."""


class CheckAvailability(Message[Availability], frozen=True, kw_only=True):
    """Whether a tier would back a cover now, and the largest it would."""

    tier: Tier
    kind: Kind
    strike_usd_e8: int
    max_payout: Sats
    tenor: int


class ApplyBlock(Message[None], frozen=True, kw_only=True):
    """The next canonical block: journal its facts, all in one commit."""

    block: MinedBlock


class RevertTo(Message[None], frozen=True, kw_only=True):
    """The chain has another branch above `fork_height`: undo what the orphaned blocks brought."""

    fork_height: int
    fork_hash: str | None
    """The last common block; None if not even the first one is common."""
    orphaned: tuple[str, ...]


class Recount(Message[None], frozen=True, kw_only=True):
    """The price moved: post the figures that depend on it again."""


PoolFigures = GetPortfolio | GetBacking | GetEquations | GetLiabilities | GetStress
"""Questions that the books alone answer."""

PoolMessage = (
    PriceQuote
    | FindQuote
    | Reserve
    | CheckDeposit
    | Withdraw
    | SetExit
    | CheckWithdrawal
    | FindVoucher
    | PoolFigures
    | CheckAvailability
    | ApplyBlock
    | RevertTo
    | Recount
)

"""The bodies that only answers to commands have."""

from typing import Literal

from bithedge.domain.ids import Hex, OperationId, Txid
from bithedge.domain.money import Height, Sats, Ustx
from bithedge.domain.pool.views import TierView
from bithedge.domain.tiers import Tier
from bithedge.protocol.prepared import PreparedTransaction
from bithedge.views.base import View
from bithedge.views.oracle import CandleView
from bithedge.views.policies import PolicyView
from bithedge.views.pool_history import PoolSpanView
from bithedge.views.withdrawals import WithdrawalView


class MessageAnswer(View, frozen=True, kw_only=True):
    """What an owner has to sign: SIP-018 domain and message as serialised Clarity values."""

    message_id: str
    domain: str
    message: str
    digest: str
    valid_until_at: str


class ReservedAnswer(View, frozen=True, kw_only=True):
    """Signed terms and the purchase to sign."""

    policy: PolicyView
    quote_signature: Hex
    transaction: PreparedTransaction


class ActivatedAnswer(View, frozen=True, kw_only=True):
    """An accepted exercise; the operation is known once the price is."""

    policy: PolicyView
    operation_id: OperationId | None


class SettlementAnswer(View, frozen=True, kw_only=True):
    """The owner's next step on chain; a request's price is of the height after the one it is mined at."""

    step: Literal["request", "settle"]
    price_height: Height | None
    transaction: PreparedTransaction


class SwitchedAnswer(View, frozen=True, kw_only=True):
    """How the switch stands now."""

    enabled: bool


class DepositAnswer(View, frozen=True, kw_only=True):
    """The deposit to sign."""

    transaction: PreparedTransaction


class WithdrawalAnswer(View, frozen=True, kw_only=True):
    """A withdrawal and, while it may still be signed, its transaction."""

    withdrawal: WithdrawalView
    transaction: PreparedTransaction | None


class ExitAnswer(View, frozen=True, kw_only=True):
    """Whether a provider is in exit mode in a tier now."""

    tier: Tier
    enabled: bool


class RelayedAnswer(View, frozen=True, kw_only=True):
    """A transaction that is being followed."""

    txid: Txid
    status: str


class AvailabilityAnswer(View, frozen=True, kw_only=True):
    """Whether a tier would back a cover now, and the largest it would."""

    tier: Tier
    available: bool
    available_sats: Sats
    largest_payout_sats: Sats
    code: str | None


class CandlesAnswer(View, frozen=True, kw_only=True):
    """Candles, oldest first."""

    items: tuple[CandleView, ...]
    next_cursor: str | None


class HistoryAnswer(View, frozen=True, kw_only=True):
    """The pool's days or weeks, oldest first."""

    items: tuple[PoolSpanView, ...]
    next_cursor: str | None


class HealthzAnswer(View, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReasonView(View, frozen=True, kw_only=True):
    """Something that is missing."""

    code: str
    message: str


class ReadyAnswer(View, frozen=True, kw_only=True):
    """Whether the daemon can do its work, and if not, why."""

    ready: bool
    reasons: tuple[ReasonView, ...]


class DevnetAccountView(View, frozen=True, kw_only=True):
    """A funded account of the devnet; its key is public knowledge."""

    name: str
    address: str
    private_key: str
    stx_ustx: Ustx
    sbtc_sats: Sats


class HeightsAnswer(View, frozen=True, kw_only=True):
    """Where the chain stands."""

    burn_height: Height
    block_height: int


class ForkAnswer(View, frozen=True, kw_only=True):
    """Where the chain stands, and what was undone."""

    burn_height: Height
    block_height: int
    fork_height: int
    orphaned: tuple[str, ...]


class DevnetAccountsAnswer(View, frozen=True, kw_only=True):
    """The funded accounts, the deployer first."""

    items: tuple[DevnetAccountView, ...]


class TiersAnswer(View, frozen=True, kw_only=True):
    """Each tier."""

    items: tuple[TierView, ...]
    next_cursor: str | None

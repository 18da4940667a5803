"""What clients may send: bodies and query strings, closed structs whose figures are whole and above zero.

A figure of the wrong shape is refused here (400); whether a sound one lies within a limit is for the domain
to say (422).
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from bithedge.domain.money import MAX_PRICE
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Status
from bithedge.domain.tiers import Tier
from bithedge.storage.keeping import Bar
from bithedge.storage.queries.transactions import TransactionStatus
from bithedge.views.pool_history import Span

MAX_WHOLE = 2**53 - 1

Amount = Annotated[int, Meta(ge=1, le=MAX_WHOLE)]
Price = Annotated[int, Meta(ge=1, le=MAX_PRICE)]
Blocks = Annotated[int, Meta(ge=1, le=MAX_WHOLE)]
BurnHeight = Annotated[int, Meta(ge=0, le=MAX_WHOLE)]
Limit = Annotated[int, Meta(ge=1, le=200)]
Time = Annotated[str, Meta(min_length=20, max_length=40)]
AddressText = Annotated[str, Meta(min_length=1, max_length=128)]
QuoteIdText = Annotated[str, Meta(pattern=r"^q_[0-9a-f]{32}$")]
MessageIdText = Annotated[str, Meta(pattern=r"^m_[0-9a-f]{32}$")]
SignatureHex = Annotated[str, Meta(pattern=r"^(0x)?[0-9a-fA-F]{130}$")]
PublicKeyHex = Annotated[str, Meta(pattern=r"^(0x)?[0-9a-fA-F]{66}$")]
TxidHex = Annotated[str, Meta(pattern=r"^(0x)?[0-9a-fA-F]{64}$")]
AnyHex = Annotated[str, Meta(pattern=r"^(0x)?([0-9a-fA-F]{2})+$")]
Cursor = Annotated[str, Meta(min_length=1, max_length=200)]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Takes exactly its fields."""


class AuthorisationBody(Request, frozen=True, kw_only=True):
    """An owner's signature over the SIP-018 message of the command it stands in."""

    message_id: MessageIdText
    signature: SignatureHex
    public_key: PublicKeyHex


class QuoteBody(Request, frozen=True, kw_only=True):
    """What is to be covered: one of max payout and floor, one of tenor and expiry."""

    kind: Kind
    amount_sats: Amount
    strike_usd_e8: Price
    owner: AddressText | None = None
    max_payout_sats: Amount | None = None
    floor_usd_e8: Price | None = None
    tenor_blocks: Blocks | None = None
    expiry_height: BurnHeight | None = None
    tier: Tier | None = None


class ReserveMessage(Request, frozen=True, kw_only=True, tag_field="action", tag="reserve-policy"):
    """Ask for a quote's signed terms."""

    address: AddressText
    quote_id: QuoteIdText


class ActivateMessage(Request, frozen=True, kw_only=True, tag_field="action", tag="activate-policy"):
    """Exercise; `policy_id` is its number on chain or its quote id."""

    address: AddressText
    policy_id: BurnHeight | QuoteIdText
    min_payout_sats: Amount | None = None


class WithdrawalMessage(Request, frozen=True, kw_only=True, tag_field="action", tag="request-withdrawal"):
    """Ask for a voucher."""

    address: AddressText
    amount_sats: Amount
    tier: Tier


class AutoExerciseMessage(Request, frozen=True, kw_only=True, tag_field="action", tag="set-auto-exercise"):
    """Switch the daemon's own exercise of a policy."""

    address: AddressText
    policy_id: BurnHeight | QuoteIdText
    enabled: bool


class ExitMessage(Request, frozen=True, kw_only=True, tag_field="action", tag="set-exit"):
    """Back nothing new in a tier, or back again."""

    address: AddressText
    tier: Tier
    enabled: bool


MessageBody = ReserveMessage | ActivateMessage | WithdrawalMessage | AutoExerciseMessage | ExitMessage


class ReserveBody(Request, frozen=True, kw_only=True):
    """Buy a quote's cover."""

    quote_id: QuoteIdText
    authorisation: AuthorisationBody


class ActivationBody(Request, frozen=True, kw_only=True):
    """Exercise, for at least so much."""

    authorisation: AuthorisationBody
    min_payout_sats: Amount | None = None


class SettlementBody(Request, frozen=True, kw_only=True):
    """The owner's own way on chain; a minimum binds the request."""

    min_payout_sats: Amount | None = None


class AutoExerciseBody(Request, frozen=True, kw_only=True):
    """Switch the daemon's own exercise."""

    enabled: bool
    authorisation: AuthorisationBody


class ExitBody(Request, frozen=True, kw_only=True):
    """Back nothing new in a tier, or back again."""

    tier: Tier
    enabled: bool
    authorisation: AuthorisationBody


class DepositBody(Request, frozen=True, kw_only=True):
    """Put money into a tier."""

    address: AddressText
    amount_sats: Amount
    tier: Tier


class WithdrawalBody(Request, frozen=True, kw_only=True):
    """Take money out of a tier."""

    address: AddressText
    amount_sats: Amount
    tier: Tier
    authorisation: AuthorisationBody


class TransactionBody(Request, frozen=True, kw_only=True):
    """A signed transaction to relay, or the id of one that a wallet has sent."""

    tx: AnyHex | None = None
    txid: TxidHex | None = None


class PriceBody(Request, frozen=True, kw_only=True):
    """The devnet's price; null silences the feed."""

    usd_e8: Price | None


class MineBody(Request, frozen=True, kw_only=True):
    """How many burn blocks."""

    blocks: Blocks


class ForkBody(Request, frozen=True, kw_only=True):
    """How many Stacks blocks to undo, and what the new branch begins with."""

    depth: Blocks
    requeue: bool = True
    include: tuple[AnyHex, ...] = ()


class Listing(Request, frozen=True, kw_only=True):
    """A page of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None


class TimedListing(Listing, frozen=True, kw_only=True):
    """A page of a list, between two times of the first sight."""

    from_: Time | None = msgspec.field(default=None, name="from")
    to: Time | None = None


class PoliciesQuery(TimedListing, frozen=True, kw_only=True):
    """Which policies."""

    owner: AddressText | None = None
    status: Annotated[tuple[Status, ...], Meta(min_length=1)] | None = None
    tier: Tier | None = None
    kind: Kind | None = None
    expiry_from: BurnHeight | None = None
    expiry_to: BurnHeight | None = None


class TransactionsQuery(TimedListing, frozen=True, kw_only=True):
    """Which transactions."""

    address: AddressText | None = None
    status: Annotated[tuple[TransactionStatus, ...], Meta(min_length=1)] | None = None


class LedgerQuery(TimedListing, frozen=True, kw_only=True):
    """Which ledger lines."""

    tier: Tier | None = None


class CandlesQuery(Request, frozen=True, kw_only=True):
    """Which candles; at most 1,000, the newest of the span."""

    interval: Bar = "1h"
    from_: Time | None = msgspec.field(default=None, name="from")
    to: Time | None = None


class LiabilitiesQuery(Request, frozen=True, kw_only=True):
    """Of which kind; by default both."""

    kind: Kind | None = None


class HistoryQuery(Request, frozen=True, kw_only=True):
    """Which days or weeks of the pool; at most 1,000, the newest of the span."""

    interval: Span = "1d"
    from_: Time | None = msgspec.field(default=None, name="from")
    to: Time | None = None


class AttestationQuery(Request, frozen=True, kw_only=True):
    """Of which burn height; by default the newest."""

    height: BurnHeight | None = None


class BlocksQuery(Request, frozen=True, kw_only=True):
    """How many blocks."""

    limit: Limit = 50


class CheckQuery(Request, frozen=True, kw_only=True):
    """A withdrawal that is only thought of."""

    tier: Tier
    amount_sats: Amount


class AvailabilityQuery(Request, frozen=True, kw_only=True):
    """A cover that is only thought of."""

    kind: Kind
    strike_usd_e8: Price
    max_payout_sats: Amount
    tenor_blocks: Blocks

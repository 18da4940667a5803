"""Whom and what an event concerns, by the event alone."""

from typing import Final, get_args

import msgspec

from bithedge.domain.events.base import Event
from bithedge.domain.events.chain import AlertEvent, ChainEvent, OracleEvent
from bithedge.domain.events.pool import (
    CapacityReleased,
    CapacityReserved,
    CollateralAllocated,
    CollateralReleased,
    FundsDeposited,
    FundsWithdrawn,
    PremiumEarned,
    ProviderExitChanged,
    ProviderReverted,
    WithdrawalLapsed,
    WithdrawalPending,
    WithdrawalRequested,
    WithdrawalReverted,
    WithdrawalVoucherIssued,
)
from bithedge.domain.events.transactions import NonceGapFilled, TransactionEvent
from bithedge.domain.ids import Address, QuoteId, Txid, WithdrawalId

POLICY_STREAM: Final = "policy:"


class Subjects(msgspec.Struct, frozen=True, kw_only=True):
    """What one event names."""

    quote_ids: tuple[QuoteId, ...] = ()
    providers: tuple[Address, ...] = ()
    """Those whose money it moves, the treasury included."""
    withdrawal_id: WithdrawalId | None = None
    txid: Txid | None = None
    """The transaction that the event is about, not the one that brought it."""


NOBODY: Final = Subjects()
_OF_NOBODY: Final = frozenset[type[Event]](
    kind for union in (ChainEvent, OracleEvent, AlertEvent) for kind in get_args(union)
)


def subjects_of(stream: str, event: Event) -> Subjects:
    """Return what `event`, standing in `stream`, concerns."""
    if stream.startswith(POLICY_STREAM):
        return Subjects(quote_ids=(QuoteId(stream[len(POLICY_STREAM) :]),))
    if type(event) in _OF_NOBODY:
        return NOBODY
    if isinstance(event, TransactionEvent):
        named = () if isinstance(event, NonceGapFilled) else event.quote_ids
        return Subjects(quote_ids=named, txid=event.txid)
    return _of_policy_money(event)


def _of_policy_money(event: Event) -> Subjects:
    match event:
        case CapacityReserved() | CapacityReleased():
            return Subjects(quote_ids=(event.quote_id,))
        case CollateralAllocated():
            return Subjects(quote_ids=(event.quote_id,), providers=_allocated(event))
        case CollateralReleased():
            return Subjects(
                quote_ids=(event.quote_id,), providers=tuple(backer.address for backer in event.backers)
            )
        case PremiumEarned():
            return Subjects(
                quote_ids=(event.quote_id,), providers=tuple(part.address for part in event.earnings)
            )
        case _:
            return _of_provider(event)


def _of_provider(event: Event) -> Subjects:
    match event:
        case FundsDeposited() | ProviderExitChanged() | ProviderReverted():
            return Subjects(providers=(event.address,))
        case (
            WithdrawalRequested()
            | WithdrawalVoucherIssued()
            | WithdrawalPending()
            | WithdrawalLapsed()
            | WithdrawalReverted()
            | FundsWithdrawn()
        ):
            return Subjects(providers=(event.address,), withdrawal_id=event.withdrawal_id)
        case _:
            return NOBODY


def _allocated(event: CollateralAllocated) -> tuple[Address, ...]:
    addresses = [backer.address for backer in event.backers]
    if event.fee and event.treasury not in addresses:
        addresses.append(event.treasury)
    return tuple(addresses)

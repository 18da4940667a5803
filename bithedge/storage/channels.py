"""Which event channels an event belongs to; whoever subscribes to one gets every event of it.

State channels (prices, pool, tiers) carry the latest value and have no rows. `withdrawal:<id>` is kept for
the store's own use and told to nobody.
"""

from typing import Final, get_args

from bithedge.domain.events.base import Event
from bithedge.domain.events.chain import AlertEvent, ChainEvent
from bithedge.domain.events.policy import PolicyEvent, QuoteIssued
from bithedge.domain.events.transactions import TransactionEvent
from bithedge.domain.ids import Address, QuoteId, WithdrawalId
from bithedge.storage.subjects import Subjects

BLOCKS: Final = "blocks"
POLICIES: Final = "policies"
TRANSACTIONS: Final = "transactions"
ALERTS: Final = "alerts"
OPERATOR: Final = "operator"
"""Every event, in the journal's own order: it needs no rows."""
_ROUTES: Final[dict[type[Event], str]] = {
    kind: channel
    for union, channel in (
        (TransactionEvent, TRANSACTIONS),
        (ChainEvent, BLOCKS),
        (AlertEvent, ALERTS),
        (PolicyEvent, POLICIES),
    )
    for kind in get_args(union)
    if kind is not QuoteIssued
}


def policy_channel(quote_id: QuoteId) -> str:
    """Return the channel of one policy."""
    return f"policy:{quote_id}"


def owner_channel(address: Address) -> str:
    """Return the channel of one holder's policies."""
    return f"owner:{address}"


def provider_channel(address: Address) -> str:
    """Return the channel of one provider."""
    return f"provider:{address}"


def withdrawal_channel(withdrawal_id: WithdrawalId) -> str:
    """Return the store's own channel of one withdrawal."""
    return f"withdrawal:{withdrawal_id}"


def channels_of(event: Event, subjects: Subjects, *, listed: Address | None, public: bool) -> tuple[str, ...]:
    """Return the channels of an event, each once.

    Args:
        event: what happened.
        subjects: whom it concerns.
        listed: the owner of its policy, once that one's purchase has been seen; before, only who knows the
            quote id may hear of it.
        public: for an alert, whether everybody may see it.
    """
    found = [policy_channel(quote_id) for quote_id in subjects.quote_ids]
    found += [provider_channel(address) for address in subjects.providers]
    match _ROUTES.get(type(event)):
        case None:
            pass
        case "alerts":
            found += [ALERTS] if public else []
        case "policies":
            found += [] if listed is None else [POLICIES, owner_channel(listed)]
        case route:
            found.append(route)
    return tuple(dict.fromkeys(found))

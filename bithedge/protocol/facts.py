"""From what the contracts print to the domain's facts (contract events of version 1).

A transaction may hold several calls, of anybody's contract: the events of a purchase, a settlement or a
release stand next to each other in it, in the order in which the contracts print them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, cast, get_args

from bithedge.domain.events.policy import Rule
from bithedge.domain.events.pool import Pausable, VaultTotals
from bithedge.domain.facts import (
    BufferFact,
    ClosingFact,
    DepositFact,
    ExpiryFact,
    Fact,
    LiabilitiesFact,
    PauseFact,
    PurchaseFact,
    ReleaseFact,
    RequestFact,
    SettlementFact,
    WithdrawalFact,
)
from bithedge.domain.ids import Address, PolicyNumber, QuoteId, hexed, quote_id
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.clarity import Tuple
from bithedge.stacks.clarity_python import (
    as_bytes,
    as_list,
    as_optional,
    as_principal,
    as_text,
    as_tuple,
    as_uint,
)
from bithedge.stacks.clarity_reader import deserialise
from bithedge.stacks.errors import ClarityError

EVENT_VERSION = 1


class ContractLog(NamedTuple):
    """One `print` of a transaction."""

    contract_id: str
    value: bytes
    """The consensus bytes of what was printed."""


class _Print(NamedTuple):
    topic: str
    fields: Tuple


class _Context(NamedTuple):
    """What was printed before in the same transaction."""

    created: dict[int, Tuple]
    updated: dict[int, QuoteId]


def facts_of(logs: Iterable[ContractLog], deployment: Deployment) -> tuple[Fact, ...]:
    """Return the facts in a transaction's logs, in their order; other contracts' logs are passed over.

    Raises:
        ClarityError: one of our own contracts printed what this version does not know.
    """
    context = _Context({}, {})
    found: list[Fact] = []
    for log in logs:
        if log.contract_id in (deployment.registry, deployment.pool):
            printed = _read(log.value)
            found.extend(_TOPICS[printed.topic](printed.fields, context))
    return tuple(found)


def _read(value: bytes) -> _Print:
    fields = as_tuple(deserialise(value))
    topic = as_text(fields["topic"])
    version = as_uint(fields["version"])
    if version != EVENT_VERSION or topic not in _TOPICS:
        raise ClarityError(
            f"the contracts printed {topic!r} of version {version}: this release cannot read it"
        )
    return _Print(topic, fields)


def _created(fields: Tuple, context: _Context) -> Sequence[Fact]:
    context.created[as_uint(fields["policy-id"])] = fields
    return ()


def _updated(fields: Tuple, context: _Context) -> Sequence[Fact]:
    number = as_uint(fields["policy-id"])
    named = quote_id(as_bytes(fields["quote-id"]))
    context.updated[number] = named
    if as_text(fields["status"]) != "expired":
        return ()
    return (ExpiryFact(policy_id=PolicyNumber(number), quote_id=named),)


def _locked(fields: Tuple, context: _Context) -> Sequence[Fact]:
    number = as_optional(fields["policy-id"])
    if number is None:
        return (BufferFact(totals=_totals(fields)),)
    created = context.created[as_uint(number)]
    return (
        PurchaseFact(
            policy_id=PolicyNumber(as_uint(number)),
            terms=_terms(as_tuple(created["terms"])),
            price=UsdE8(as_uint(created["price"])),
            price_height=Height(as_uint(created["price-height"])),
            start=Height(as_uint(created["height"])),
            treasury=Address(as_principal(fields["treasury"])),
            totals=_totals(fields),
        ),
    )


def _requested(fields: Tuple, _: _Context) -> Sequence[Fact]:
    return (
        RequestFact(
            policy_id=PolicyNumber(as_uint(fields["policy-id"])),
            quote_id=quote_id(as_bytes(fields["quote-id"])),
            min_payout=Sats(as_uint(fields["min-payout"])),
        ),
    )


def _paid(fields: Tuple, context: _Context) -> Sequence[Fact]:
    number = as_uint(fields["policy-id"])
    rule = as_text(fields["rule"])
    if rule not in get_args(Rule):
        raise ClarityError(f"unknown settlement rule {rule!r}")
    return (
        SettlementFact(
            policy_id=PolicyNumber(number),
            quote_id=context.updated[number],
            rule=cast("Rule", rule),
            price=UsdE8(as_uint(fields["price"])),
            price_height=Height(as_uint(fields["price-height"])),
            payout=Sats(as_uint(fields["payout"])),
            totals=_totals(fields),
        ),
    )


def _released(fields: Tuple, _: _Context) -> Sequence[Fact]:
    numbers = tuple(PolicyNumber(as_uint(item)) for item in as_list(fields["policy-ids"]))
    if not numbers:
        return (BufferFact(totals=_totals(fields)),)
    return (ReleaseFact(policy_ids=numbers, amount=Sats(as_uint(fields["amount"])), totals=_totals(fields)),)


def _deposited(fields: Tuple, _: _Context) -> Sequence[Fact]:
    return (
        DepositFact(
            address=Address(as_principal(fields["provider"])),
            tier=Tier(as_text(fields["tier"])),
            amount=Sats(as_uint(fields["amount"])),
            totals=_totals(fields),
        ),
    )


def _withdrawn(fields: Tuple, _: _Context) -> Sequence[Fact]:
    serial = as_optional(fields["serial"])
    tier = as_text(fields["tier"])
    return (
        WithdrawalFact(
            address=Address(as_principal(fields["provider"])),
            tier=Tier(tier) if tier else None,
            amount=Sats(as_uint(fields["amount"])),
            serial=None if serial is None else as_bytes(serial),
            totals=_totals(fields),
        ),
    )


def _paused(fields: Tuple, _: _Context) -> Sequence[Fact]:
    return (PauseFact(what=_pausable(fields), until=Height(as_uint(fields["until"]))),)


def _resumed(fields: Tuple, _: _Context) -> Sequence[Fact]:
    return (PauseFact(what=_pausable(fields), until=None),)


def _published(fields: Tuple, _: _Context) -> Sequence[Fact]:
    root = as_tuple(fields["liabilities"])
    return (
        LiabilitiesFact(
            root=hexed(as_bytes(root["root"])),
            as_of=Height(as_uint(root["as-of"])),
            equity=Sats(as_uint(root["equity"])),
            deposited=Sats(as_uint(root["deposited"])),
            withdrawn=Sats(as_uint(root["withdrawn"])),
        ),
    )


def _opened(fields: Tuple, _: _Context) -> Sequence[Fact]:
    return (ClosingFact(totals=_totals(fields)),)


def _governed(_fields: Tuple, _: _Context) -> Sequence[Fact]:
    """Keys and parameters: read from the contract when they matter, never from its events."""
    return ()


def _pausable(fields: Tuple) -> Pausable:
    what = as_text(fields["what"])
    if what not in get_args(Pausable):
        raise ClarityError(f"unknown pause {what!r}")
    return cast("Pausable", what)


def _totals(fields: Tuple) -> VaultTotals:
    totals = as_tuple(fields["totals"])
    names: tuple[_TotalName, ...] = get_args(_TotalName)
    return VaultTotals(**{name: Sats(as_uint(totals[name])) for name in names})


_TotalName = Literal[
    "available", "locked", "buffer", "deposited", "withdrawn", "premiums", "payouts", "escaped"
]


def _terms(fields: Tuple) -> Terms:
    return Terms(
        quote_id=quote_id(as_bytes(fields["quote-id"])),
        owner=Address(as_principal(fields["owner"])),
        kind=Kind(as_text(fields["option"])),
        strike=UsdE8(as_uint(fields["strike"])),
        amount=Sats(as_uint(fields["amount"])),
        max_payout=Sats(as_uint(fields["collateral"])),
        premium=Sats(as_uint(fields["premium"])),
        fee=Sats(as_uint(fields["fee"])),
        tier=Tier(as_text(fields["tier"])),
        expiry=Height(as_uint(fields["expiry"])),
        valid_until=Height(as_uint(fields["valid-until"])),
        valid_until_s=as_uint(fields["valid-until-time"]),
    )


_TOPICS: dict[str, Callable[[Tuple, _Context], Sequence[Fact]]] = {
    "policy-created": _created,
    "policy-status-updated": _updated,
    "exercise-requested": _requested,
    "collateral-locked": _locked,
    "settlement-paid": _paid,
    "collateral-released": _released,
    "funds-deposited": _deposited,
    "funds-withdrawn": _withdrawn,
    "paused": _paused,
    "resumed": _resumed,
    "liabilities-published": _published,
    "escape-opened": _opened,
    "pool-set": _governed,
    "signer-removed": _governed,
    "change-proposed": _governed,
    "change-made": _governed,
    "changes-cancelled": _governed,
}

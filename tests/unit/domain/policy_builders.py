"""Policies and their facts, as tests speak of them."""

from bithedge.domain.events.base import ChainRef, Event, Recorded
from bithedge.domain.events.policy import PolicyActivationRequested, PolicyCreated, QuoteIssued
from bithedge.domain.ids import Address, Hex, PolicyNumber, QuoteId, Txid
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.decide import RequestActivation
from bithedge.domain.policy.fold import fold
from bithedge.domain.policy.state import Policy
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier

OWNER = Address("ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5")
STRANGER = Address("ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM")
QUOTE = QuoteId("q_" + "01" * 16)
COMMAND = Hex("0x" + "02" * 16)
NOW_S = 1_800_000_000


def usd(dollars: int) -> UsdE8:
    return UsdE8(dollars * 100_000_000)


def a_put(*, strike: UsdE8 = usd(60_000), max_payout: int = 5_000_000, expiry: int = 244) -> Terms:
    return Terms(
        quote_id=QUOTE,
        owner=OWNER,
        kind=Kind.PUT,
        strike=strike,
        amount=Sats(10_000_000),
        max_payout=Sats(max_payout),
        premium=Sats(300_000),
        fee=Sats(15_000),
        tier=Tier.BALANCED,
        expiry=Height(expiry),
        valid_until=Height(110),
        valid_until_s=NOW_S + 600,
    )


def issued(terms: Terms) -> QuoteIssued:
    return QuoteIssued(
        terms=terms,
        spot=usd(65_000),
        volatility=0.6,
        price=usd(65_000),
        price_height=Height(100),
        quote_signatures=(Hex("0x00"),),
        reading_signatures=(Hex("0x00"),),
    )


def created(terms: Terms, *, number: int = 7, start: int = 100) -> PolicyCreated:
    return PolicyCreated(
        policy_id=PolicyNumber(number),
        terms=terms,
        price=usd(65_000),
        price_height=Height(100),
        start=Height(start),
    )


def requested(*, min_payout: int = 1) -> PolicyActivationRequested:
    return PolicyActivationRequested(
        command_id=COMMAND,
        address=OWNER,
        min_payout=Sats(min_payout),
        valid_until_s=NOW_S + 300,
        signature=Hex("0x" + "00" * 65),
        spot=usd(50_000),
    )


def mined(block: int, burn: int, txid: str = "0x" + "ab" * 32) -> ChainRef:
    return ChainRef(
        block_height=block, block_hash=f"0x{block:064x}", burn_height=Height(burn), txid=Txid(txid)
    )


def history(*events: Event | tuple[Event, ChainRef]) -> list[Recorded]:
    found: list[Recorded] = []
    for number, entry in enumerate(events, 1):
        event, chain = entry if isinstance(entry, tuple) else (entry, None)
        found.append(
            Recorded(
                seq=number,
                stream=f"policy:{QUOTE}",
                version=number,
                event=event,
                at_ms=1_000 * number,
                chain=chain,
            )
        )
    return found


def folded(*events: Event | tuple[Event, ChainRef]) -> Policy:
    policy = fold(history(*events))
    assert policy is not None
    return policy


def an_active_put(terms: Terms | None = None, *, start: int = 100) -> Policy:
    terms = terms or a_put()
    return folded(issued(terms), (created(terms, start=start), mined(5, start)))


def exercise(
    *, spot: UsdE8 = usd(50_000), height: int = 120, address: Address = OWNER, min_payout: int | None = None
) -> RequestActivation:
    return RequestActivation(
        command_id=COMMAND,
        address=address,
        min_payout=None if min_payout is None else Sats(min_payout),
        valid_until_s=NOW_S + 300,
        signature=Hex("0x" + "00" * 65),
        height=Height(height),
        spot=spot,
        now_s=NOW_S,
    )

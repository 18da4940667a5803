"""The rules of `policy-registry`; numbers are its errors, checks stand in its order."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from bithedge.sim.chain import signed
from bithedge.sim.chain.frame import CallError, Frame, WireOrder, WireTerms, buffer, principal
from bithedge.sim.chain.state import PolicyRow, Request
from bithedge.stacks.clarity import StringAscii, UInt

MAX_PRICE: Final = 9_000_000_000_000_000
BPS: Final = 10_000
SHARES: Final = 20
ORDER_GRACE_S: Final = 7_200
PAUSE_EXTRA: Final = 36
PAUSE_REST: Final = 1_008
TIERS: Final = ("conservative", "balanced", "aggressive")
PAUSABLE: Final = ("sales", "withdrawals", "settlements")


class Settled(NamedTuple):
    """What the vault has to pay, and by which rule."""

    owner: str
    payout: int
    rule: str


def is_price(price: int) -> bool:
    """Return whether a price is within the contract's bounds."""
    return 0 < price <= MAX_PRICE


def payout_of(policy: PolicyRow | WireTerms, price: int) -> int:
    """Return what a policy owes at a price, rounded down."""
    if not is_price(price):
        return 0
    gain = policy.strike - price if policy.option == "put" else price - policy.strike
    return min(policy.collateral, policy.amount * gain // price) if gain > 0 else 0


def after_pause(frame: Frame, height: int) -> int:
    """Return `height`, or the end of the last pause of settlements if that is later."""
    return max(height, frame.state.pauses.get("settlements", 0))


def create_policy(
    frame: Frame,
    terms: WireTerms,
    signatures: Sequence[bytes],
    price: int,
    height: int,
    readings: Sequence[bytes],
) -> int:
    """Record a sale for the vault and return the policy's number."""
    now, state = frame.burn, frame.state
    frame.check(not frame.is_paused("sales"), 104)
    frame.check(_are_sane(frame, terms), 106)
    frame.check(now <= terms.valid_until and frame.time <= terms.valid_until_time, 107)
    digest = signed.quote_digest(frame, terms)
    frame.check(signed.is_signed_by(frame, "quote", digest, signatures), 109)
    frame.check(is_price(price) and _is_fresh(frame, height, "sale-age"), 110)
    reading = signed.reading_digest(frame, terms.quote_id, digest[:16], price, height)
    frame.check(signed.is_signed_by(frame, "attestor", reading, readings), 111)
    frame.check(payout_of(terms, price) <= terms.premium - terms.fee, 112)
    frame.check(terms.quote_id not in state.quotes, 108)
    number = len(state.policies) + 1
    state.quotes[terms.quote_id] = number
    state.policies[number] = PolicyRow(
        quote_id=terms.quote_id,
        owner=terms.owner,
        option=terms.option,
        strike=terms.strike,
        amount=terms.amount,
        collateral=terms.collateral,
        premium=terms.premium,
        fee=terms.fee,
        tier=terms.tier,
        expiry=terms.expiry,
        start=now,
    )
    frame.say(
        frame.deployment.registry,
        "policy-created",
        policy_id=UInt(number),
        terms=terms.value,
        price=UInt(price),
        price_height=UInt(height),
    )
    return number


def request_exercise(frame: Frame, number: int, min_payout: int) -> int:
    """Bind the holder to the price of the next height."""
    policy = _policy(frame, number)
    frame.check(frame.sender == policy.owner, 117)
    frame.check(policy.status == "active", 114)
    frame.check(frame.burn < policy.expiry, 129)
    earlier = frame.state.requests.get(number)
    frame.check(earlier is None or frame.burn > _request_deadline(frame, earlier), 130)
    frame.state.requests[number] = Request(frame.burn, min_payout)
    frame.say(
        frame.deployment.registry,
        "exercise-requested",
        policy_id=UInt(number),
        quote_id=buffer(policy.quote_id),
        owner=principal(policy.owner),
        min_payout=UInt(min_payout),
    )
    return frame.burn


def update_status(frame: Frame, number: int, status: str, *, by_pool: bool) -> bool:
    """Mark a policy expired whose deadline has passed; whether that is new."""
    policy = _policy(frame, number)
    frame.check(by_pool or frame.sender == frame.state.principals["backend"], 102)
    frame.check(status == "expired" and policy.status != "settled", 114)
    if policy.status != "active":
        return False
    frame.check(frame.burn > after_pause(frame, policy.expiry) + frame.parameter("grace"), 115)
    _end(frame, number, policy, "expired", 0, 0)
    return True


def record_settlement(
    frame: Frame, number: int, price: int, height: int, attestations: Sequence[bytes], order: WireOrder | None
) -> Settled:
    """Mark a policy settled for the vault, by the first rule that allows the price."""
    policy = _policy(frame, number)
    payout = payout_of(policy, price)
    frame.check(is_price(price), 122)
    frame.check(not frame.is_paused("settlements"), 105)
    frame.check(policy.status == "active", 114)
    rule = _rule(frame, number, policy, height, payout, is_ordered=order is not None)
    if order is None:
        digest = signed.attestation_digest(frame, price, height)
    else:
        digest = signed.reading_digest(frame, policy.quote_id, order.id, price, height)
    frame.check(signed.is_signed_by(frame, "attestor", digest, attestations), 111)
    frame.check(payout > 0, 116)
    if order is not None:
        frame.check(frame.time <= order.valid_until + ORDER_GRACE_S, 118)
        frame.check(payout >= order.min_payout, 120)
        frame.check(signed.is_ordered_by_owner(frame, number, policy, order), 119)
    _end(frame, number, policy, "settled", price, payout)
    return Settled(policy.owner, payout, rule)


def record_expiry(frame: Frame, number: int, price: int, height: int) -> bool:
    """Mark a policy expired that owes nothing at the price of its expiry; whether that is new."""
    policy = _policy(frame, number)
    frame.check(is_price(price), 122)
    frame.check(policy.status != "settled", 114)
    if policy.status != "active":
        return False
    wait = after_pause(frame, policy.expiry) + frame.parameter("request-life")
    frame.check(height == policy.expiry and frame.burn > wait, 115)
    frame.check(payout_of(policy, price) == 0, 131)
    _end(frame, number, policy, "expired", 0, 0)
    return True


def pause(frame: Frame, what: str, blocks: int) -> bool:
    """Stop something for a while, by the guardian."""
    frame.check(frame.sender == frame.state.principals["guardian"], 103)
    frame.check(what in PAUSABLE, 121)
    frame.check(0 < blocks <= frame.parameter("timelock") + PAUSE_EXTRA, 122)
    ended = frame.state.pauses.get(what)
    frame.check(what == "sales" or ended is None or frame.burn >= ended + PAUSE_REST, 128)
    frame.state.pauses[what] = frame.burn + blocks
    frame.say(
        frame.deployment.registry, "paused", what=StringAscii(what), until=UInt(frame.state.pauses[what])
    )
    return True


def resume(frame: Frame, what: str) -> bool:
    """End a pause, by the owner or the guardian."""
    roles = (frame.state.principals["owner"], frame.state.principals["guardian"])
    frame.check(frame.sender in roles, 103)
    frame.check(frame.is_paused(what), 121)
    frame.state.pauses[what] = frame.burn
    frame.say(frame.deployment.registry, "resumed", what=StringAscii(what))
    return True


def _policy(frame: Frame, number: int) -> PolicyRow:
    policy = frame.state.policies.get(number)
    if policy is None:
        raise CallError(113)
    return policy


def _end(frame: Frame, number: int, policy: PolicyRow, status: str, price: int, payout: int) -> None:
    frame.say(
        frame.deployment.registry,
        "policy-status-updated",
        policy_id=UInt(number),
        quote_id=buffer(policy.quote_id),
        owner=principal(policy.owner),
        status=StringAscii(status),
        price=UInt(price),
        payout=UInt(payout),
    )
    ended = replace(policy, status=status, price=price, payout=payout, ended=frame.burn)
    frame.state.policies[number] = ended


def _rule(frame: Frame, number: int, policy: PolicyRow, height: int, payout: int, *, is_ordered: bool) -> str:
    frame.check(policy.start < height <= min(policy.expiry, frame.burn), 110)
    if is_ordered:
        frame.check(_is_fresh(frame, height, "max-age"), 110)
        return "daemon"
    if payout == policy.collateral:
        return "touch"
    if height == policy.expiry and frame.burn > policy.expiry:
        return "expiry"
    request = frame.state.requests.get(number)
    frame.check(
        request is not None
        and height == request.height + 1
        and payout >= request.min_payout
        and frame.burn <= _request_deadline(frame, request),
        110,
    )
    return "request"


def _request_deadline(frame: Frame, request: Request) -> int:
    return after_pause(frame, request.height + 1) + frame.parameter("request-life")


def _is_fresh(frame: Frame, height: int, age: str) -> bool:
    return height <= frame.burn <= height + frame.parameter(age)


def _are_sane(frame: Frame, terms: WireTerms) -> bool:
    return (
        terms.option in ("put", "call")
        and is_price(terms.strike)
        and frame.parameter("min-amount") <= terms.amount <= frame.parameter("max-amount")
        and terms.collateral >= max(frame.parameter("min-collateral"), terms.amount // SHARES)
        and terms.collateral <= terms.amount
        and 0 < terms.premium <= terms.amount
        and terms.premium * BPS >= terms.collateral
        and terms.fee <= terms.premium * frame.parameter("max-fee") // BPS
        and terms.tier in TIERS
        and frame.burn < terms.expiry <= frame.burn + frame.parameter("max-tenor")
    )

"""The rules of `liquidity-pool`; numbers are its errors, checks stand in its order."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bithedge.sim.chain import registry, signed
from bithedge.sim.chain.frame import (
    CallError,
    Frame,
    WireOrder,
    WireProof,
    WireTerms,
    principal,
    totals_value,
)
from bithedge.sim.chain.registry import BPS, TIERS
from bithedge.sim.chain.state import Provider, Window
from bithedge.stacks.clarity import NONE, Buffer, List, Some, StringAscii, UInt


class Limits(NamedTuple):
    """What an account may withdraw now by each limit."""

    available: int
    principal: int
    lifetime: int
    outflow: int
    profit: int


def deposit(frame: Frame, amount: int, tier: str) -> int:
    """Take a provider's money."""
    frame.check(not frame.is_paused("sales"), 205)
    frame.check(tier in TIERS, 206)
    frame.check(amount >= frame.parameter("min-deposit"), 207)
    frame.transfer(amount, frame.sender, frame.deployment.pool)
    frame.state.credit(frame.sender, amount, frame.burn)
    frame.state.move(available=amount, deposited=amount)
    frame.say(
        frame.deployment.pool,
        "funds-deposited",
        provider=principal(frame.sender),
        amount=UInt(amount),
        tier=StringAscii(tier),
        deposited=UInt(frame.state.providers[frame.sender].deposited),
        totals=totals_value(frame.state.totals),
    )
    return amount


def withdraw(
    frame: Frame, amount: int, tier: str, serial: bytes, valid_until: int, signatures: Sequence[bytes]
) -> int:
    """Pay a voucher's provider."""
    state, moved = frame.state, current_window(frame)
    limits = limits_of(frame, frame.sender)
    profit = max(0, min(amount, limits.available) - limits.principal)
    frame.check(not frame.is_paused("withdrawals"), 205)
    frame.check(amount > 0, 207)
    frame.check(frame.burn <= valid_until, 208)
    digest = signed.voucher_digest(frame, frame.sender, amount, tier, serial, valid_until)
    frame.check(signed.is_signed_by(frame, "voucher", digest, signatures), 210)
    frame.check(amount <= limits.available, 211)
    frame.check(amount <= limits.lifetime, 212)
    frame.check(amount <= limits.outflow, 213)
    frame.check(profit <= limits.profit, 214)
    frame.check(serial not in state.serials, 209)
    state.serials[serial] = frame.burn
    frame.transfer(amount, frame.deployment.pool, frame.sender)
    account = state.providers.get(frame.sender, Provider())
    state.providers[frame.sender] = replace(account, withdrawn=account.withdrawn + amount)
    state.window = replace(moved, outflow=moved.outflow + amount, profit=moved.profit + profit)
    state.move(available=-amount, withdrawn=amount)
    frame.say(
        frame.deployment.pool,
        "funds-withdrawn",
        provider=principal(frame.sender),
        amount=UInt(amount),
        tier=StringAscii(tier),
        serial=Some(Buffer(serial)),
        withdrawn=UInt(account.withdrawn + amount),
        totals=totals_value(state.totals),
    )
    return amount


def buy(
    frame: Frame,
    terms: WireTerms,
    signatures: Sequence[bytes],
    price: int,
    height: int,
    readings: Sequence[bytes],
) -> int:
    """Sell a policy to the owner of its terms."""
    state, moved = frame.state, current_window(frame)
    frame.check(frame.sender == terms.owner, 201)
    frame.check(terms.collateral <= state.totals.available, 211)
    frame.check(moved.sold + terms.collateral <= _window_limit(frame, "sale-share", moved), 215)
    number = registry.create_policy(frame, terms, signatures, price, height, readings)
    treasury = state.principals["treasury"]
    frame.transfer(terms.premium, terms.owner, frame.deployment.pool)
    state.credit(treasury, terms.fee, frame.burn)
    state.collaterals[number] = terms.collateral
    state.window = replace(moved, sold=moved.sold + terms.collateral)
    state.move(
        available=terms.premium - terms.collateral,
        locked=terms.collateral,
        deposited=terms.fee,
        premiums=terms.premium - terms.fee,
    )
    frame.say(
        frame.deployment.pool,
        "collateral-locked",
        policy_id=Some(UInt(number)),
        amount=UInt(terms.collateral),
        premium=UInt(terms.premium),
        fee=UInt(terms.fee),
        treasury=principal(treasury),
        totals=totals_value(state.totals),
    )
    return number


def settle(
    frame: Frame, number: int, price: int, height: int, attestations: Sequence[bytes], order: WireOrder | None
) -> int:
    """Pay a policy's owner what the registry grants."""
    state = frame.state
    frame.check(number in state.collaterals, 216)
    settled = registry.record_settlement(frame, number, price, height, attestations, order)
    collateral = state.collaterals.pop(number)
    released = collateral - settled.payout
    frame.transfer(settled.payout, frame.deployment.pool, settled.owner)
    state.move(available=released, locked=-collateral, payouts=settled.payout)
    frame.say(
        frame.deployment.pool,
        "settlement-paid",
        policy_id=UInt(number),
        owner=principal(settled.owner),
        rule=StringAscii(settled.rule),
        price=UInt(price),
        price_height=UInt(height),
        payout=UInt(settled.payout),
        released=UInt(released),
        totals=totals_value(state.totals),
    )
    return settled.payout


def release(frame: Frame, numbers: Sequence[int], proof: WireProof | None) -> int:
    """Free the collateral of those of the policies that are due."""
    if proof is not None:
        digest = signed.attestation_digest(frame, proof.price, proof.height)
        frame.check(signed.is_signed_by(frame, "attestor", digest, proof.attestations), 223)
    freed: list[int] = []
    amount = 0
    for number in numbers:
        if _frees(frame, number, proof):
            freed.append(number)
            amount += frame.state.collaterals.pop(number)
    frame.check(amount > 0, 217)
    frame.state.move(available=amount, locked=-amount)
    frame.say(
        frame.deployment.pool,
        "collateral-released",
        policy_ids=List.of(UInt(number) for number in freed),
        amount=UInt(amount),
        totals=totals_value(frame.state.totals),
    )
    return amount


def lock_buffer(frame: Frame, amount: int) -> int:
    """Set a reserve aside, by the backend."""
    totals = frame.state.totals
    frame.check(frame.sender == frame.state.principals["backend"], 202)
    frame.check(amount > 0, 207)
    frame.check(amount <= totals.available, 211)
    frame.check(totals.buffer + amount <= totals.vault * frame.parameter("buffer-share") // BPS, 218)
    frame.state.move(available=-amount, buffer=amount)
    frame.say(
        frame.deployment.pool,
        "collateral-locked",
        policy_id=NONE,
        amount=UInt(amount),
        premium=UInt(0),
        fee=UInt(0),
        treasury=principal(frame.state.principals["treasury"]),
        totals=totals_value(frame.state.totals),
    )
    return amount


def unlock_buffer(frame: Frame, amount: int) -> int:
    """Give the reserve back, by the backend."""
    frame.check(frame.sender == frame.state.principals["backend"], 202)
    frame.check(amount > 0, 207)
    frame.check(amount <= frame.state.totals.buffer, 218)
    frame.state.move(available=amount, buffer=-amount)
    frame.say(
        frame.deployment.pool,
        "collateral-released",
        policy_ids=List(()),
        amount=UInt(amount),
        totals=totals_value(frame.state.totals),
    )
    return amount


def current_window(frame: Frame) -> Window:
    """Return this window's movements."""
    index = frame.burn // frame.parameter("window")
    return frame.state.window if frame.state.window.index == index else Window(index=index)


def limits_of(frame: Frame, address: str) -> Limits:
    """Return what an account may withdraw now."""
    account, moved = frame.state.providers.get(address, Provider()), current_window(frame)
    lifetime = account.deposited + account.deposited * frame.parameter("yield-cap") // BPS
    return Limits(
        available=frame.state.totals.available,
        principal=max(0, account.deposited - account.withdrawn),
        lifetime=max(0, lifetime - account.withdrawn),
        outflow=max(0, _window_limit(frame, "outflow-share", moved) - moved.outflow),
        profit=max(0, _window_limit(frame, "profit-share", moved) - moved.profit),
    )


def _window_limit(frame: Frame, share: str, moved: Window) -> int:
    vault = frame.state.totals.vault + moved.outflow
    return max(vault * frame.parameter(share) // BPS, frame.parameter("window-floor"))


def _frees(frame: Frame, number: int, proof: WireProof | None) -> bool:
    if number not in frame.state.collaterals:
        return False
    try:
        if proof is None:
            registry.update_status(frame, number, "expired", by_pool=True)
        else:
            registry.record_expiry(frame, number, proof.price, proof.height)
    except CallError:
        return False
    return True

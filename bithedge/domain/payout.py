"""What a policy pays at a price, and between which prices its cover lies.

`payout` mirrors the contract's `get-payout` bit for bit: integers, rounded down, so that the pool keeps the
fraction. Amounts are sats, prices and strikes US dollars x 1e8.
"""

from enum import StrEnum

from bithedge.domain.money import MAX_PRICE, Sats, UsdE8, ceil_div


class Kind(StrEnum):
    """What moves a policy into the money: a fall (put) or a rise (call)."""

    PUT = "put"
    CALL = "call"


def payout(kind: Kind, strike: UsdE8, amount: Sats, collateral: Sats, price: UsdE8) -> Sats:
    """Return what a policy owes at `price` (at least 1), rounded down, at most `collateral`."""
    gain = strike - price if kind is Kind.PUT else price - strike
    if gain <= 0:
        return Sats(0)
    return Sats(min(collateral, amount * gain // price))


def is_touched(kind: Kind, strike: UsdE8, amount: Sats, collateral: Sats, price: UsdE8) -> bool:
    """Return whether `price` pays the whole collateral, so that the policy can gain no more."""
    return payout(kind, strike, amount, collateral, price) == collateral


def floor_price(strike: UsdE8, amount: Sats, collateral: Sats) -> UsdE8:
    """Return the highest price at which a put pays exactly `collateral`; at and below it the payout stays so.

    Rounded down: one unit higher would pay less than `collateral`.
    """
    return UsdE8(strike * amount // (amount + collateral))


def ceiling_price(strike: UsdE8, amount: Sats, collateral: Sats) -> UsdE8 | None:
    """Return the lowest price at which a call pays exactly `collateral`; from it upwards the payout stays so.

    Rounded up: one unit lower would pay less. None where no price does it: at `collateral` = `amount` the
    cover is uncapped, and a ceiling above `MAX_PRICE` is one that no price can reach.
    """
    if collateral >= amount:
        return None
    ceiling = ceil_div(strike * amount, amount - collateral)
    return UsdE8(ceiling) if ceiling <= MAX_PRICE else None


def collateral_for_floor(strike: UsdE8, amount: Sats, floor: UsdE8) -> Sats:
    """Return the collateral of a put whose cover is to end at `floor` (at least 1), rounded down.

    The floor that results (`floor_price`) may be a hair higher than the one asked for. A floor at or above
    the strike covers nothing: 0.
    """
    return Sats(max(0, amount * (strike - floor) // floor))

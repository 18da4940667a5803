"""Fair value of a capped put or call that its holder may exercise at any time.

The numéraire is sBTC, in which X = 1/spot is a martingale, so a payoff in sats is best kept until the first
touch of its cap. That makes the put an up-and-out call on X with the max payout as rebate, and the call its
mirror (Broadie and Detemple, Review of Financial Studies 8(1), 1995). Everything is scaled by the strike:
x = strike / spot, and the cap is touched at x = h, 1 + L/A for a put and 1 - L/A for a call.

Floats live inside only; what leaves as money (`fair_value_sats`) is whole sats, rounded up. Spots and
strikes are US dollars x 1e8, amounts sats, volatility per square root of a year.
"""

import math
from typing import Final

import msgspec

from bithedge.domain.money import Sats, UsdE8
from bithedge.domain.payout import Kind, payout

YEAR_S: Final = 31_536_000
BLOCK_S: Final = 600
DAYS_A_YEAR: Final = 365
USD_E8: Final = 100_000_000
"""One dollar in the unit of `UsdE8`."""

_STENCIL: Final = 1e-3  # of spot: narrower, and the second difference would be rounding noise
_HALF_POINT: Final = 0.005
_SQRT_2: Final = math.sqrt(2)


class Greeks(msgspec.Struct, frozen=True, kw_only=True):
    """How fair value moves: per dollar of spot, per dollar squared, per 0.01 of volatility, per day."""

    delta_sats_per_usd: float
    gamma: float
    vega_sats_per_point: float
    theta_sats_per_day: float


def years_of(blocks: int) -> float:
    """Return a tenor of burn blocks in years of 365 days, at ten minutes a block."""
    return blocks * BLOCK_S / YEAR_S


def fair_value(
    kind: Kind,
    spot: float,
    strike: int,
    amount: int,
    collateral: int,
    volatility: float,
    years: float,
    *,
    carry: float = 0.0,
) -> float:
    """Return the American value in sats, unrounded.

    Args:
        kind: put or call; a call with `collateral` = `amount` is uncapped.
        spot: above 0; at or beyond floor or ceiling the value is `collateral`.
        strike: above 0.
        amount: above 0.
        collateral: 1 to `amount`.
        volatility: not negative.
        years: time left; at 0 or below the value is what exercise pays, unrounded.
        carry: yearly, forward = spot x e^(carry x years). A put is priced at the lower of spot and forward, a
            call at the higher, which is an upper bound in every case.
    """
    x = _scaled(kind, spot, strike, years, carry)
    h = _cap(kind, amount, collateral)
    if _is_past(kind, x, h):
        return float(collateral)
    v = volatility * math.sqrt(max(years, 0.0))
    if v <= 0:
        return amount * max(0.0, _sign(kind) * (x - 1))
    if h <= 0:
        return amount * (_normal(-_d2(x, 1, v)) - x * _normal(-_d1(x, 1, v)))
    alive = _spread(kind, x, h, v) - x / h * _spread(kind, h * h / x, h, v)
    return amount * alive + collateral * _touch(kind, x, h, v)


def fair_value_sats(
    kind: Kind,
    spot: UsdE8,
    strike: UsdE8,
    amount: Sats,
    collateral: Sats,
    volatility: float,
    years: float,
    *,
    carry: float = 0.0,
) -> Sats:
    """Return `fair_value` rounded up, at least what exercise pays now and at most `collateral`."""
    value = fair_value(kind, spot, strike, amount, collateral, volatility, years, carry=carry)
    return whole_sats(value, at_least=payout(kind, strike, amount, collateral, spot), at_most=collateral)


def whole_sats(value: float, *, at_least: Sats, at_most: Sats) -> Sats:
    """Return a model's value as money: rounded up, for the pool, and clipped to what can be owed."""
    return Sats(min(at_most, max(at_least, math.ceil(value))))


def touch_probability(
    kind: Kind, spot: float, strike: int, amount: int, collateral: int, volatility: float, years: float
) -> float:
    """Return the chance, with sBTC as numéraire, that spot reaches floor or ceiling within `years`."""
    x = strike / spot
    h = _cap(kind, amount, collateral)
    if _is_past(kind, x, h):
        return 1.0
    v = volatility * math.sqrt(max(years, 0.0))
    return _touch(kind, x, h, v) if v > 0 and h > 0 else 0.0


def greeks(
    kind: Kind,
    spot: float,
    strike: int,
    amount: int,
    collateral: int,
    volatility: float,
    years: float,
    *,
    carry: float = 0.0,
) -> Greeks:
    """Return the differences of `fair_value` at a fixed volatility; all 0 at and beyond floor or ceiling.

    Delta jumps to 0 there, so the three spots compared are kept on the near side of it. Theta is what one day
    takes, or what is left of the life if that is shorter.
    """

    def value(at: float = spot, vol: float = volatility, left: float = years) -> float:
        return fair_value(kind, at, strike, amount, collateral, vol, left, carry=carry)

    if value() >= collateral:
        return Greeks(delta_sats_per_usd=0.0, gamma=0.0, vega_sats_per_point=0.0, theta_sats_per_day=0.0)
    step = spot * _STENCIL
    centre = _off_the_cap(kind, spot, step, _touch_spot(kind, strike, amount, collateral, years, carry))
    below, here, above = value(centre - step), value(centre), value(centre + step)
    usd = step / USD_E8
    low, high = max(0.0, volatility - _HALF_POINT), volatility + _HALF_POINT
    return Greeks(
        delta_sats_per_usd=(above - below) / (2 * usd),
        gamma=(above - 2 * here + below) / (usd * usd),
        vega_sats_per_point=(value(vol=high) - value(vol=low)) / (high - low) * 2 * _HALF_POINT,
        theta_sats_per_day=value(left=years - 1 / DAYS_A_YEAR) - value(),
    )


def _normal(z: float) -> float:
    return math.erfc(-z / _SQRT_2) / 2


def _sign(kind: Kind) -> int:
    return 1 if kind is Kind.PUT else -1


def _scaled(kind: Kind, spot: float, strike: int, years: float, carry: float) -> float:
    drift = min(carry, 0.0) if kind is Kind.PUT else max(carry, 0.0)
    return strike / spot * math.exp(-drift * max(years, 0.0))


def _cap(kind: Kind, amount: int, collateral: int) -> float:
    return (amount + _sign(kind) * collateral) / amount


def _is_past(kind: Kind, x: float, h: float) -> bool:
    return x >= h if kind is Kind.PUT else x <= h


def _touch_spot(
    kind: Kind, strike: int, amount: int, collateral: int, years: float, carry: float
) -> float | None:
    h = _cap(kind, amount, collateral)
    return _scaled(kind, 1.0, strike, years, carry) / h if h > 0 else None


def _off_the_cap(kind: Kind, spot: float, step: float, cap: float | None) -> float:
    if cap is None:
        return spot
    return max(spot, cap + step) if kind is Kind.PUT else min(spot, cap - step)


def _d1(x: float, y: float, v: float) -> float:
    return math.log(x / y) / v + v / 2


def _d2(x: float, y: float, v: float) -> float:
    return math.log(x / y) / v - v / 2


# What a claim on the payoff between strike and cap, nothing beyond it, is worth per unit of amount.
def _spread(kind: Kind, x: float, h: float, v: float) -> float:
    s = _sign(kind)
    units = _normal(s * _d1(x, 1, v)) - _normal(s * _d1(x, h, v))
    strikes = _normal(s * _d2(x, 1, v)) - _normal(s * _d2(x, h, v))
    return s * (x * units - strikes)


def _touch(kind: Kind, x: float, h: float, v: float) -> float:
    s = _sign(kind)
    return _normal(s * _d2(x, h, v)) + x / h * _normal(s * _d1(x, h, v))

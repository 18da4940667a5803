"""Fair value of a whole book: the closed form of `pricing`, in arrays.

With the payoff's reflection written out, most of its terms cancel: a put at x = strike / spot with its cap at
h is the uncapped option at x less the uncapped one at the mirror image h^2 / x, and a call its mirror. Four
values of the normal distribution a policy are left of ten.
"""

from typing import Final

import numpy as np

from bithedge.domain.money import Sats, UsdE8
from bithedge.domain.pricing import fair_value_sats
from bithedge.domain.revaluation.covers import Covers, Floats, Ints, payouts
from bithedge.domain.revaluation.normal import normal

# As many rows as stay in a core's cache with all that is made of them on the way.
_CHUNK: Final = 8_192
# What two orders of the same sums may differ by: of the amount, and at least so many sats.
_NOISE: Final = 1e-14
_LEAST_NOISE: Final = 1e-7


def fair_values(
    covers: Covers,
    spot: float | Floats,
    volatility: float | Floats,
    years: float | Floats,
    *,
    carry: float = 0.0,
) -> Floats:
    """Return the American value of each policy in sats, unrounded, as `pricing.fair_value` does.

    Args:
        covers: what is valued.
        spot: above 0; one price, or one a policy.
        volatility: not negative, one or one a policy.
        years: time left, likewise; at 0 or below the value is what exercise pays, unrounded.
        carry: yearly; see `pricing.fair_value`.
    """
    shape = covers.strikes.shape
    spots = np.broadcast_to(np.asarray(spot, dtype=np.float64), shape)
    volatilities = np.broadcast_to(np.asarray(volatility, dtype=np.float64), shape)
    times = np.maximum(np.broadcast_to(np.asarray(years, dtype=np.float64), shape), 0.0)
    values = np.empty(shape)
    for start in range(0, len(values), _CHUNK):
        rows = slice(start, start + _CHUNK)
        values[rows] = _values(covers.part(rows), spots[rows], volatilities[rows], times[rows], carry)
    return values


def fair_values_sats(
    covers: Covers,
    spot: int | Ints,
    volatility: float | Floats,
    years: float | Floats,
    *,
    carry: float = 0.0,
) -> Ints:
    """Return `fair_values` as money: the very sats of `pricing.fair_value_sats`.

    Rounded up, at least what exercise pays now and at most the max payout. A value so near a whole sat that
    the order of the sums could turn it is asked of the scalar form.
    """
    shape = covers.strikes.shape
    spots = np.broadcast_to(np.asarray(spot, dtype=np.int64), shape)
    volatilities = np.broadcast_to(np.asarray(volatility, dtype=np.float64), shape)
    times = np.broadcast_to(np.asarray(years, dtype=np.float64), shape)
    values = fair_values(covers, spots.astype(np.float64), volatilities, times, carry=carry)
    sats = np.clip(np.ceil(values).astype(np.int64), payouts(covers, spots), covers.collaterals)
    off = np.abs(values - np.rint(values))
    doubtful = (off <= _LEAST_NOISE + _NOISE * covers.amounts) & (values != covers.collaterals)
    for place in np.flatnonzero(doubtful).tolist():
        sats[place] = fair_value_sats(
            covers.kind(place),
            UsdE8(int(spots[place])),
            UsdE8(int(covers.strikes[place])),
            Sats(int(covers.amounts[place])),
            Sats(int(covers.collaterals[place])),
            float(volatilities[place]),
            float(times[place]),
            carry=carry,
        )
    return sats


def _values(covers: Covers, spots: Floats, volatilities: Floats, times: Floats, carry: float) -> Floats:
    s, amounts = covers.signs, covers.amounts
    x = covers.strikes / spots
    if carry:
        x = x * np.exp(-np.where(s > 0, min(carry, 0.0), max(carry, 0.0)) * times)
    h = (amounts + s * covers.collaterals) / amounts
    past = s * (x - h) >= 0
    capped = h > 0
    v = volatilities * np.sqrt(times)
    still = v <= 0
    # Rows that are past the cap or stand still are put right at the end; until then they must only not fail.
    width = np.where(still, 1.0, v)
    half = width / 2
    mirror = np.where(capped, h, 1.0)
    at = np.log(x) / width
    there = 2 * np.log(mirror) / width - at
    units = x * normal(s * (at + half)) - normal(s * (at - half))
    reflected = mirror * normal(-s * (there + half)) - x / mirror * normal(-s * (there - half))
    values = amounts * s * np.where(capped, units + reflected, units)
    if still.any():
        values = np.where(still, amounts * np.maximum(0.0, s * (x - 1)), values)
    return np.where(past, covers.collaterals, values)

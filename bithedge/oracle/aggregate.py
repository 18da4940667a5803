"""One price out of many: the median of the fresh ones that agree, or the reason why there is none."""

from collections.abc import Sequence

import msgspec

from bithedge.domain.market import SourceReading
from bithedge.domain.money import MAX_PRICE, WHOLE, Bps, UsdE8


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What one source said, and when."""

    source: str
    price: UsdE8
    at_ms: int


class AggregationRule(msgspec.Struct, frozen=True, kw_only=True):
    """When a price is full: enough fresh sources that agree, and no jump unconfirmed."""

    min_sources: int
    staleness_ms: int
    outlier_mad: int
    jump_bps: Bps


class Aggregate(msgspec.Struct, frozen=True, kw_only=True):
    """A full reading (`price`), or why there is none."""

    price: UsdE8 | None
    reason: str | None
    sources: tuple[SourceReading, ...]
    jumped_to: UsdE8 | None = None
    """A move too large for one tick: full if the next tick says the same."""


def median(prices: Sequence[int]) -> int:
    """Return the middle of `prices`; of an even number the lower mean of the two in the middle."""
    ordered = sorted(prices)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) // 2


def aggregate(
    observations: Sequence[Observation],
    rule: AggregationRule,
    *,
    now_ms: int,
    before: UsdE8 | None,
    awaited: UsdE8 | None,
) -> Aggregate:
    """Return the median of the fresh observations that lie within `outlier_mad` of it.

    Args:
        observations: the last of each source.
        rule: how many, how fresh, how close.
        now_ms: Unix milliseconds.
        before: the last full reading, if any.
        awaited: the price that the tick before jumped to, if it did.
    """
    fresh = [one for one in observations if now_ms - one.at_ms <= rule.staleness_ms]
    used = _agreeing(fresh, rule.outlier_mad)
    readings = _readings(observations, used)
    if len(used) < rule.min_sources:
        reason = f"{len(used)} of {rule.min_sources} sources are fresh and agree"
        return Aggregate(price=None, reason=reason, sources=readings)
    price = UsdE8(median([one.price for one in used]))
    if price > MAX_PRICE:
        return Aggregate(price=None, reason="the price is above what contracts take", sources=readings)
    if before is not None and _moved(before, price, rule.jump_bps) and not _confirmed(awaited, price, rule):
        reason = f"the price jumped by more than {rule.jump_bps} bps: waiting for a second tick"
        return Aggregate(price=None, reason=reason, sources=readings, jumped_to=price)
    return Aggregate(price=price, reason=None, sources=readings)


def _agreeing(fresh: Sequence[Observation], outlier_mad: int) -> list[Observation]:
    if not fresh:
        return []
    middle = median([one.price for one in fresh])
    spread = median([abs(one.price - middle) for one in fresh])
    # A spread of zero (all but one equal) would drop every other opinion: a bp of the price is agreement.
    reach = max(outlier_mad * spread, middle // WHOLE)
    return [one for one in fresh if abs(one.price - middle) <= reach]


def _moved(before: UsdE8, price: UsdE8, jump_bps: Bps) -> bool:
    return abs(price - before) * WHOLE > before * jump_bps


def _confirmed(awaited: UsdE8 | None, price: UsdE8, rule: AggregationRule) -> bool:
    return awaited is not None and not _moved(awaited, price, rule.jump_bps)


def _readings(observations: Sequence[Observation], used: Sequence[Observation]) -> tuple[SourceReading, ...]:
    names = {one.source for one in used}
    weight = WHOLE // len(names) if names else 0
    return tuple(
        SourceReading(
            name=one.source,
            price_usd_e8=one.price,
            observed_at_ms=one.at_ms,
            weight_bps=Bps(weight if one.source in names else 0),
            used=one.source in names,
        )
        for one in observations
    )

"""What may be quoted at all: pure checks that pass in silence or raise the refusal with its limit."""

import msgspec

from bithedge.domain.errors import (
    AmountOutOfRangeError,
    PriceMovedError,
    StrikeOutOfRangeError,
    TenorOutOfRangeError,
    UneconomicError,
)
from bithedge.domain.money import MAX_PRICE, WHOLE, Bps, Sats, UsdE8, bps_of, ceil_div
from bithedge.domain.payout import Kind, is_touched
from bithedge.domain.tiers import KindLimits, TierParameters


class AmountLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The least policy worth settling: amount, max payout, and max payout in bps of the amount."""

    min_amount_sats: Sats = Sats(100_000)
    min_max_payout_sats: Sats = Sats(10_000)
    min_max_payout_bps: Bps = Bps(500)

    def __post_init__(self) -> None:
        if self.min_amount_sats <= 0 or self.min_max_payout_sats <= 0:
            raise ValueError("limits: the least amount and max payout are above 0")
        if not 0 < self.min_max_payout_bps <= WHOLE:
            raise ValueError("limits: min_max_payout_bps is 1 to 10000")


def check_amount(amount: Sats, collateral: Sats, *, tier: TierParameters, limits: AmountLimits) -> None:
    """Check amount and max payout against the least that is worth settling and the tier's most.

    Raises:
        AmountOutOfRangeError: one of them is too small or too large.
    """
    _check_range("amount_sats", amount, limits.min_amount_sats, tier.max_amount_sats)
    # Rounded down as the contract does it, so that neither refuses what the other takes.
    least = max(limits.min_max_payout_sats, bps_of(amount, limits.min_max_payout_bps))
    _check_range("max_payout_sats", collateral, least, amount)


def check_strike(
    kind: Kind, spot: UsdE8, strike: UsdE8, amount: Sats, collateral: Sats, *, limits: KindLimits
) -> None:
    """Check that the tier backs this strike, and that spot lies on the near side of floor or ceiling.

    Raises:
        StrikeOutOfRangeError: it does not, or the policy could gain no more; `limit` is the nearest strike
            that passes this check.
    """
    lowest = ceil_div(spot * limits.min_moneyness_bps, WHOLE)
    highest = min(MAX_PRICE, spot * limits.max_moneyness_bps // WHOLE)
    if not lowest <= strike <= highest:
        raise StrikeOutOfRangeError(
            f"the tier backs strikes from {limits.min_moneyness_bps / 100:g} % "
            f"to {limits.max_moneyness_bps / 100:g} % of spot",
            field="strike_usd_e8",
            limit=lowest if strike < lowest else highest,
            actual=strike,
        )
    if is_touched(kind, strike, amount, collateral, spot):
        put = kind is Kind.PUT
        raise StrikeOutOfRangeError(
            f"spot is already past the {'floor' if put else 'ceiling'}: the policy could gain no more",
            field="strike_usd_e8",
            limit=_highest_put(spot, amount, collateral) if put else _lowest_call(spot, amount, collateral),
            actual=strike,
        )


def check_tenor(tenor_blocks: int, *, limits: KindLimits) -> None:
    """Check that the tier backs this tenor.

    Raises:
        TenorOutOfRangeError: it is shorter or longer.
    """
    least, most = limits.min_tenor_blocks, limits.max_tenor_blocks
    if not least <= tenor_blocks <= most:
        raise TenorOutOfRangeError(
            f"the tier backs {least} to {most} blocks",
            field="tenor_blocks",
            limit=least if tenor_blocks < least else most,
            actual=tenor_blocks,
        )


def check_economic(total: Sats, collateral: Sats) -> None:
    """Check that a policy can pay more than it costs.

    Raises:
        UneconomicError: the total reaches the max payout.
    """
    if total >= collateral:
        raise UneconomicError(
            f"it would cost {total} sats and never pay more than {collateral}",
            field="max_payout_sats",
            limit=total + 1,
            actual=collateral,
        )


def check_price(kind: Kind, *, quoted: UsdE8, spot: UsdE8, tolerance: Bps) -> None:
    """Check that spot has not moved against the pool since the quote: down for a put, up for a call.

    Raises:
        PriceMovedError: it moved by more than `tolerance` of the quoted price.
    """
    moved = quoted - spot if kind is Kind.PUT else spot - quoted
    if moved * WHOLE > quoted * tolerance:
        raise PriceMovedError(
            f"spot moved by more than {tolerance / 100:g} % since the quote; ask for a new one",
            field="quote_id",
            limit=quoted - bps_of(quoted, tolerance)
            if kind is Kind.PUT
            else quoted + bps_of(quoted, tolerance),
            actual=spot,
        )


def _check_range(field: str, value: Sats, least: Sats | int, most: Sats) -> None:
    if not least <= value <= most:
        raise AmountOutOfRangeError(
            f"{field} is {least} to {most}",
            field=field,
            limit=least if value < least else most,
            actual=value,
        )


# The highest strike whose floor is still below spot: K A / (A + L) < S.
def _highest_put(spot: UsdE8, amount: Sats, collateral: Sats) -> int:
    return ceil_div(spot * (amount + collateral), amount) - 1


# The lowest strike whose ceiling is still above spot: K A / (A - L) > S.
def _lowest_call(spot: UsdE8, amount: Sats, collateral: Sats) -> int:
    return spot * (amount - collateral) // amount + 1

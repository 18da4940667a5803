"""The four lines of a premium in whole sats, each rounded up, and the spot at which a policy pays it back."""

import math
from typing import Literal

import msgspec

from bithedge.domain.money import WHOLE, Bps, Sats, UsdE8, ceil_div
from bithedge.domain.payout import Kind, ceiling_price, floor_price
from bithedge.domain.pricing import fair_value, fair_value_sats, whole_sats
from bithedge.domain.tiers import TierParameters

MarginBasis = Literal["rate", "buffer", "minimum"]


class PremiumRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in a premium beside the tier's margin rate; the defaults are the product's.

    `loading_at_cap_bps` of fair value is the utilisation loading's rate at a tier's cap. The buffer covers
    a move of `buffer_deviations` in `buffer_s`, the time a signed quote may live. `carry` is yearly.
    """

    fee_bps: Bps = Bps(500)
    loading_at_cap_bps: Bps = Bps(3_000)
    min_premium_sats: Sats = Sats(200)
    min_premium_bps: Bps = Bps(1)
    buffer_s: int = 1_800
    buffer_deviations: float = 2.0
    carry: float = 0.0

    def __post_init__(self) -> None:
        if min(self.fee_bps, self.loading_at_cap_bps, self.min_premium_bps, self.buffer_s) < 0:
            raise ValueError("premium: rates and times are not negative")
        if self.min_premium_sats <= 0 or not 0 <= self.buffer_deviations < math.inf:
            raise ValueError("premium: min_premium_sats is above 0, buffer_deviations is not negative")
        if not math.isfinite(self.carry):
            raise ValueError("premium: carry is a finite yearly rate")


class TierUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How full a tier is before a sale: locked + reserved, of its capital."""

    used_sats: Sats
    capital_sats: Sats


class PremiumLines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a buyer pays, and for what; `total` is the sum of the other four."""

    fair_value: Sats
    margin: Sats
    utilisation: Sats
    fee: Sats
    total: Sats
    margin_basis: MarginBasis


def premium_lines(
    kind: Kind,
    spot: UsdE8,
    strike: UsdE8,
    amount: Sats,
    collateral: Sats,
    *,
    volatility: float,
    years: float,
    move: float,
    tier: TierParameters,
    use: TierUse,
    rule: PremiumRule,
) -> PremiumLines:
    """Return the premium of a policy sold by `tier`, every line rounded up.

    Args:
        kind: put or call.
        spot: the price it is sold on.
        strike: in the unit of spot.
        amount: sats covered.
        collateral: the max payout.
        volatility: as quoted for this strike and tenor.
        years: the tenor.
        move: of ln(spot), against which the buffer holds (`signing_move`).
        tier: gives margin rate, utilisation kink and cap.
        use: of that tier, before this sale.
        rule: fee, loading, minimum and carry.
    """
    fair = fair_value_sats(kind, spot, strike, amount, collateral, volatility, years, carry=rule.carry)
    moved_spot = spot * math.exp(-move if kind is Kind.PUT else move)
    moved = fair_value(kind, moved_spot, strike, amount, collateral, volatility, years, carry=rule.carry)
    buffer = whole_sats(moved, at_least=fair, at_most=collateral) - fair
    by_rate = ceil_div(fair * tier.margin_bps, WHOLE)
    loading = utilisation_loading(fair, collateral, tier=tier, use=use, rule=rule)
    before_fee = fair + max(by_rate, buffer) + loading
    lacking = max(0, _least_before_fee(collateral, rule) - before_fee)
    fee = ceil_div((before_fee + lacking) * rule.fee_bps, WHOLE)
    return PremiumLines(
        fair_value=fair,
        margin=Sats(max(by_rate, buffer) + lacking),
        utilisation=loading,
        fee=Sats(fee),
        total=Sats(before_fee + lacking + fee),
        margin_basis=_basis(lacking=lacking > 0, buffered=buffer > by_rate),
    )


def utilisation_loading(
    fair: Sats, collateral: Sats, *, tier: TierParameters, use: TierUse, rule: PremiumRule
) -> Sats:
    """Return what a sale pays for the room it takes: 0 up to the kink, then rising, rounded up.

    The rate grows linearly from the kink to `loading_at_cap_bps` at the cap and is averaged over the sale's
    own step, so that neither one large sale nor a hundred small ones is cheaper. Integers throughout.
    """
    if use.capital_sats <= 0:
        return Sats(0)
    before = max(0, use.used_sats * WHOLE - tier.utilisation_kink_bps * use.capital_sats)
    after = max(0, (use.used_sats + collateral) * WHOLE - tier.utilisation_kink_bps * use.capital_sats)
    room = tier.utilisation_cap_bps - tier.utilisation_kink_bps
    return Sats(
        ceil_div(
            fair * rule.loading_at_cap_bps * (after * after - before * before),
            2 * WHOLE * WHOLE * use.capital_sats * room * collateral,
        )
    )


def least_premium(collateral: Sats, rule: PremiumRule) -> Sats:
    """Return the least total a policy may cost, rounded up."""
    return Sats(max(rule.min_premium_sats, ceil_div(collateral * rule.min_premium_bps, WHOLE)))


def break_even_price(kind: Kind, strike: UsdE8, amount: Sats, premium: Sats) -> UsdE8 | None:
    """Return the price nearest the strike at which the payout reaches `premium`.

    Rounded away from the strike (a put's down, a call's up), where the payout is at least the premium and
    never a sat short of it. None where a call's lies above every price.
    """
    if kind is Kind.PUT:
        return floor_price(strike, amount, premium)
    return ceiling_price(strike, amount, premium)


# The smallest sum of the first three lines whose total with the fee reaches the minimum.
def _least_before_fee(collateral: Sats, rule: PremiumRule) -> int:
    least = least_premium(collateral, rule)
    below = least * WHOLE // (WHOLE + rule.fee_bps)
    return below if below + ceil_div(below * rule.fee_bps, WHOLE) >= least else below + 1


def _basis(*, lacking: bool, buffered: bool) -> MarginBasis:
    if lacking:
        return "minimum"
    return "buffer" if buffered else "rate"

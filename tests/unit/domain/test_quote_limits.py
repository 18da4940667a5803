import pytest

from bithedge.domain.errors import (
    AmountOutOfRangeError,
    PriceMovedError,
    StrikeOutOfRangeError,
    TenorOutOfRangeError,
    UneconomicError,
)
from bithedge.domain.payout import Kind
from bithedge.domain.quote_limits import (
    AmountLimits,
    check_amount,
    check_economic,
    check_price,
    check_strike,
    check_tenor,
)
from bithedge.domain.tiers import DEFAULT_TIERS, KindLimits, Tier

USD = 100_000_000
SPOT = 65_000 * USD
BALANCED = DEFAULT_TIERS[Tier.BALANCED]
LIMITS = AmountLimits()
WIDE = KindLimits(min_moneyness_bps=1_000, max_moneyness_bps=50_000, min_tenor_blocks=1, max_tenor_blocks=9)


@pytest.mark.parametrize(
    ("amount", "collateral"),
    [(100_000, 10_000), (100_000, 100_000), (1_000_000_000, 50_000_000), (300_001, 15_000)],
)
def test_amounts_at_the_bounds_pass(amount: int, collateral: int) -> None:
    check_amount(amount, collateral, tier=BALANCED, limits=LIMITS)


@pytest.mark.parametrize(
    ("amount", "collateral", "field", "limit"),
    [
        (99_999, 50_000, "amount_sats", 100_000),
        (1_000_000_001, 1_000_000_000, "amount_sats", 1_000_000_000),
        (100_000, 9_999, "max_payout_sats", 10_000),
        (1_000_000, 49_999, "max_payout_sats", 50_000),
        (1_000_000, 1_000_001, "max_payout_sats", 1_000_000),
    ],
)
def test_an_amount_past_a_bound_is_refused_with_the_bound(
    amount: int, collateral: int, field: str, limit: int
) -> None:
    with pytest.raises(AmountOutOfRangeError) as refused:
        check_amount(amount, collateral, tier=BALANCED, limits=LIMITS)

    assert refused.value.field == field
    assert refused.value.limit == limit
    assert refused.value.actual in (amount, collateral)


@pytest.mark.parametrize("percent", [50, 75, 100])
def test_a_strike_within_the_tier_passes(percent: float) -> None:
    check_strike(Kind.PUT, SPOT, SPOT * percent // 100, 10_000_000, 5_000_000, limits=BALANCED.put)


@pytest.mark.parametrize(
    ("kind", "percent", "nearest"),
    [(Kind.PUT, 49.99, 50), (Kind.PUT, 100.01, 100), (Kind.CALL, 99.99, 100), (Kind.CALL, 200.01, 200)],
)
def test_a_strike_outside_the_tier_is_refused_with_the_nearest_it_backs(
    kind: Kind, percent: float, nearest: int
) -> None:
    strike = round(SPOT * percent / 100)

    with pytest.raises(StrikeOutOfRangeError) as refused:
        check_strike(kind, SPOT, strike, 10_000_000, 5_000_000, limits=BALANCED.limits(kind))

    assert refused.value.field == "strike_usd_e8"
    assert refused.value.limit == SPOT * nearest // 100
    assert refused.value.actual == strike


def test_the_bounds_of_moneyness_round_inwards() -> None:
    spot = 6_500_000_000_001

    with pytest.raises(StrikeOutOfRangeError) as refused:
        check_strike(Kind.PUT, spot, 3_250_000_000_000, 10_000_000, 5_000_000, limits=BALANCED.put)

    assert refused.value.limit == 3_250_000_000_001


@pytest.mark.parametrize(("kind", "strike"), [(Kind.PUT, 110_000), (Kind.CALL, 30_000)])
def test_a_spot_already_past_the_cap_is_refused_with_a_strike_that_just_passes(
    kind: Kind, strike: int
) -> None:
    terms = (10_000_000, 5_000_000)
    with pytest.raises(StrikeOutOfRangeError) as refused:
        check_strike(kind, SPOT, strike * USD, *terms, limits=WIDE)

    nearest = refused.value.limit
    beyond = nearest + 1 if kind is Kind.PUT else nearest - 1
    check_strike(kind, SPOT, nearest, *terms, limits=WIDE)
    with pytest.raises(StrikeOutOfRangeError):
        check_strike(kind, SPOT, beyond, *terms, limits=WIDE)


def test_an_uncapped_call_is_never_past_its_ceiling() -> None:
    check_strike(Kind.CALL, SPOT, SPOT // 5, 10_000_000, 10_000_000, limits=WIDE)


@pytest.mark.parametrize("blocks", [144, 12_960])
def test_tenors_at_the_bounds_pass(blocks: int) -> None:
    check_tenor(blocks, limits=BALANCED.put)


@pytest.mark.parametrize(("blocks", "limit"), [(143, 144), (12_961, 12_960)])
def test_a_tenor_past_a_bound_is_refused_with_the_bound(blocks: int, limit: int) -> None:
    with pytest.raises(TenorOutOfRangeError) as refused:
        check_tenor(blocks, limits=BALANCED.put)

    assert (refused.value.field, refused.value.limit, refused.value.actual) == ("tenor_blocks", limit, blocks)


def test_a_policy_that_costs_a_sat_less_than_it_can_pay_passes() -> None:
    check_economic(9_999, 10_000)


@pytest.mark.parametrize("total", [10_000, 10_001])
def test_a_policy_that_costs_what_it_can_pay_is_uneconomic(total: int) -> None:
    with pytest.raises(UneconomicError) as refused:
        check_economic(total, 10_000)

    assert refused.value.limit == total + 1


@pytest.mark.parametrize(
    ("kind", "spot"), [(Kind.PUT, 9_975), (Kind.PUT, 20_000), (Kind.CALL, 10_025), (Kind.CALL, 5_000)]
)
def test_a_spot_within_the_tolerance_or_gone_the_pools_way_is_honoured(kind: Kind, spot: float) -> None:
    check_price(kind, quoted=10_000, spot=spot, tolerance=25)


@pytest.mark.parametrize(("kind", "spot", "limit"), [(Kind.PUT, 9_974, 9_975), (Kind.CALL, 10_026, 10_025)])
def test_a_spot_that_moved_further_against_the_pool_is_refused(kind: Kind, spot: float, limit: int) -> None:
    with pytest.raises(PriceMovedError) as refused:
        check_price(kind, quoted=10_000, spot=spot, tolerance=25)

    assert (refused.value.limit, refused.value.actual) == (limit, spot)


@pytest.mark.parametrize(
    "fault", [{"min_amount_sats": 0}, {"min_max_payout_sats": 0}, {"min_max_payout_bps": 10_001}]
)
def test_senseless_amount_limits_cannot_be_made(fault: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="limits"):
        AmountLimits(**fault)

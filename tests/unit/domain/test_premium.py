import math
from fractions import Fraction

import pytest

from bithedge.domain.money import Sats
from bithedge.domain.payout import Kind, payout
from bithedge.domain.premium import (
    PremiumLines,
    PremiumRule,
    TierUse,
    break_even_price,
    least_premium,
    premium_lines,
    utilisation_loading,
)
from bithedge.domain.pricing import fair_value, fair_value_sats, years_of
from bithedge.domain.tiers import DEFAULT_TIERS, Tier, TierParameters
from bithedge.domain.volatility import Variances, VolatilityRule, quoted_volatility, signing_move

USD = 100_000_000
SPOT = 6_481_240_000_000
STRIKE = 60_000 * USD
AMOUNT = 25_000_000
COLLATERAL = 12_500_000
CAPITAL = 2_975_431_034
BALANCED = DEFAULT_TIERS[Tier.BALANCED]
RULE = PremiumRule()
EMPTY = TierUse(used_sats=0, capital_sats=CAPITAL)
AT_58_PERCENT = TierUse(used_sats=CAPITAL * 58 // 100 + 1, capital_sats=CAPITAL)
MOVE = signing_move(
    VolatilityRule(), Variances(fast=0.53**2, slow=0.3), Kind.PUT, seconds=RULE.buffer_s, deviations=2
)


def lines_of(**changes: object) -> PremiumLines:
    terms = {
        "kind": Kind.PUT,
        "spot": SPOT,
        "strike": STRIKE,
        "amount": AMOUNT,
        "collateral": COLLATERAL,
        "volatility": 0.56,
        "years": years_of(4_320),
        "move": MOVE,
        "tier": BALANCED,
        "use": AT_58_PERCENT,
        "rule": RULE,
    } | changes
    return premium_lines(**terms)


def test_the_lines_of_the_reference_quote_are_its_lines_to_the_sat() -> None:
    lines = lines_of()

    assert lines.fair_value == 785_993
    assert lines.margin == 117_899
    assert lines.utilisation == 77_437
    assert lines.fee == 49_067
    assert lines.total == 1_030_396
    assert lines.margin_basis == "rate"


def test_the_break_even_of_the_reference_quote_is_its_break_even_to_the_cent() -> None:
    assert break_even_price(Kind.PUT, STRIKE, AMOUNT, 1_030_396) // 1_000_000 == 5_762_493
    assert round(break_even_price(Kind.PUT, STRIKE, AMOUNT, 1_030_396) / USD, 2) == 57_624.94


def test_the_buffer_is_what_fair_value_gains_by_the_move() -> None:
    free_margin = lines_of(tier=tier_with(margin_bps=0))

    gain = fair_value(Kind.PUT, SPOT * math.exp(-MOVE), *terms()) - fair_value(Kind.PUT, SPOT, *terms())
    assert free_margin.margin_basis == "buffer"
    assert gain == pytest.approx(72_626, abs=0.5)
    assert gain <= free_margin.margin <= gain + 1


def test_the_buffer_of_a_call_looks_upwards() -> None:
    call = {"kind": Kind.CALL, "strike": 70_000 * USD}
    up = lines_of(**call, tier=tier_with(margin_bps=0))

    expected = fair_value(Kind.CALL, SPOT * math.exp(MOVE), *terms(strike=70_000 * USD)) - up.fair_value
    assert expected > 0
    assert expected <= up.margin <= expected + 1


@pytest.mark.parametrize(
    ("days", "percents"),
    [
        (1, (0.01, 0.01, 0.04, 2.04, 12.08)),
        (7, (0.02, 0.16, 1.01, 4.40, 12.96)),
        (30, (0.63, 1.82, 4.41, 9.10, 16.78)),
        (90, (3.31, 6.10, 10.19, 15.72, 23.23)),
        (180, (7.12, 11.05, 16.05, 22.11, 29.71)),
    ],
)
def test_totals_in_percent_of_the_amount_are_those_of_the_reference_table(
    days: float, percents: tuple[float, ...]
) -> None:
    volatility, variances = VolatilityRule(), Variances(fast=0.36, slow=0.36)
    move = signing_move(volatility, variances, Kind.PUT, seconds=RULE.buffer_s, deviations=2)
    amount = Sats(1_000_000_000)
    totals = []
    for strike in (70, 80, 90, 100, 110):
        years = days / 365
        lines = lines_of(
            spot=100 * USD,
            strike=strike * USD,
            amount=amount,
            collateral=amount,
            volatility=quoted_volatility(volatility, variances, Kind.PUT, 100, strike, years),
            years=years,
            move=move,
            use=EMPTY,
        )
        totals.append(round(lines.total / amount * 100, 2))

    assert totals == pytest.approx(list(percents), abs=1e-9)


def test_an_empty_tier_loads_nothing() -> None:
    assert lines_of(use=EMPTY).utilisation == 0


def test_a_tier_without_capital_loads_nothing() -> None:
    assert lines_of(use=TierUse(used_sats=0, capital_sats=0)).utilisation == 0


def test_a_sale_that_ends_at_the_kink_is_not_loaded_and_one_sat_more_is() -> None:
    capital = 100_000_000
    to_the_kink = TierUse(used_sats=50_000_000 - COLLATERAL, capital_sats=capital)
    past_it = TierUse(used_sats=50_000_001 - COLLATERAL, capital_sats=capital)

    assert utilisation_loading(1_000_000, COLLATERAL, tier=BALANCED, use=to_the_kink, rule=RULE) == 0
    assert utilisation_loading(1_000_000, COLLATERAL, tier=BALANCED, use=past_it, rule=RULE) == 1


def test_a_sale_from_kink_to_cap_pays_half_the_rate_at_the_cap() -> None:
    use = TierUse(used_sats=50_000_000, capital_sats=100_000_000)

    assert utilisation_loading(1_000_000, 25_000_000, tier=BALANCED, use=use, rule=RULE) == 150_000


def test_the_last_sat_below_the_cap_pays_the_whole_rate() -> None:
    use = TierUse(used_sats=75_000_000 - 1, capital_sats=100_000_000)

    assert utilisation_loading(1_000_000, 1, tier=BALANCED, use=use, rule=RULE) == 300_000


def test_one_large_sale_and_a_hundred_small_ones_are_loaded_alike() -> None:
    capital, fair, step = 100_000_000, 10_000_000, 200_000
    large = utilisation_loading(
        fair, 100 * step, tier=BALANCED, use=TierUse(used_sats=45_000_000, capital_sats=capital), rule=RULE
    )
    small = sum(
        utilisation_loading(
            fair // 100,
            step,
            tier=BALANCED,
            use=TierUse(used_sats=45_000_000 + n * step, capital_sats=capital),
            rule=RULE,
        )
        for n in range(100)
    )

    assert large <= small <= large + 100


def test_the_loading_is_the_exact_average_rounded_up() -> None:
    used, capital, fair = 1_725_750_000, CAPITAL, 785_993
    u0, u1, kink, cap = (
        Fraction(used, capital),
        Fraction(used + COLLATERAL, capital),
        Fraction(1, 2),
        Fraction(3, 4),
    )
    exact = fair * Fraction(15, 100) * ((u1 - kink) ** 2 - (u0 - kink) ** 2) / ((cap - kink) * (u1 - u0))

    loading = utilisation_loading(
        fair, COLLATERAL, tier=BALANCED, use=TierUse(used_sats=used, capital_sats=capital), rule=RULE
    )
    assert loading == -(-exact.numerator // exact.denominator)


@pytest.mark.parametrize(
    ("collateral", "least"), [(10_000, 200), (2_000_000, 200), (2_000_001, 201), (12_500_000, 1_250)]
)
def test_the_least_premium_is_a_sat_per_ten_thousand_of_max_payout_and_200(
    collateral: int, least: int
) -> None:
    assert least_premium(collateral, RULE) == least


def test_what_a_minimum_lacks_is_added_to_the_margin() -> None:
    lines = lines_of(strike=33_000 * USD, collateral=25_000_000, years=years_of(144), use=EMPTY)

    assert lines.fair_value <= 1
    assert lines.margin_basis == "minimum"
    assert lines.total == 2_501  # 2,380 and its fee would make 2,499
    assert lines.fee == 120
    assert lines.fair_value + lines.margin + lines.utilisation + lines.fee == lines.total


@pytest.mark.parametrize("least", range(200, 262))
def test_a_minimum_is_met_and_overshot_by_no_more_than_the_fees_own_sat(least: int) -> None:
    rule = PremiumRule(min_premium_sats=least)
    lines = lines_of(
        strike=33_000 * USD, amount=100_000, collateral=10_000, years=years_of(144), use=EMPTY, rule=rule
    )

    assert least <= lines.total <= least + 1


@pytest.mark.parametrize("used", [0, 1_500_000_000, 1_725_750_000, 2_200_000_000])
@pytest.mark.parametrize("strike", [40_000, 58_000, 64_000])
def test_the_four_lines_add_up_to_the_total(used: int, strike: int) -> None:
    lines = lines_of(strike=strike * USD, use=TierUse(used_sats=used, capital_sats=CAPITAL))

    assert lines.fair_value + lines.margin + lines.utilisation + lines.fee == lines.total
    before_fee = lines.total - lines.fee
    assert lines.fee == -(-before_fee // 20)


def test_a_short_policy_at_the_money_is_held_by_the_buffer() -> None:
    lines = lines_of(strike=SPOT, years=years_of(144), use=EMPTY)

    assert lines.margin_basis == "buffer"
    assert lines.margin > lines.fair_value * 15 // 100


def test_a_move_past_the_floor_buffers_up_to_the_max_payout_and_no_further() -> None:
    lines = lines_of(strike=97_000 * USD, tier=tier_with(margin_bps=0), move=0.5)

    assert lines.fair_value < COLLATERAL
    assert lines.fair_value + lines.margin == COLLATERAL


def test_fair_value_is_priced_with_the_rules_carry() -> None:
    dear = lines_of(rule=PremiumRule(carry=-0.05))

    assert dear.fair_value == fair_value_sats(Kind.PUT, SPOT, *terms(), carry=-0.05)
    assert dear.fair_value > lines_of().fair_value


@pytest.mark.parametrize("kind", list(Kind))
def test_at_the_break_even_the_payout_reaches_the_premium_and_a_unit_before_it_does_not(kind: Kind) -> None:
    premium = 1_030_396
    price = break_even_price(kind, STRIKE, AMOUNT, premium)
    before = price + 1 if kind is Kind.PUT else price - 1

    assert payout(kind, STRIKE, AMOUNT, COLLATERAL, price) >= premium
    assert payout(kind, STRIKE, AMOUNT, COLLATERAL, before) < premium


@pytest.mark.parametrize(
    "fault",
    [
        {"fee_bps": -1},
        {"loading_at_cap_bps": -1},
        {"min_premium_sats": 0},
        {"buffer_s": -1},
        {"buffer_deviations": float("nan")},
        {"carry": float("inf")},
    ],
)
def test_a_senseless_premium_rule_cannot_be_made(fault: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="premium"):
        PremiumRule(**fault)


def tier_with(**changes: object) -> TierParameters:
    fields = {name: getattr(BALANCED, name) for name in BALANCED.__struct_fields__}
    return TierParameters(**(fields | changes))


def terms(strike: int = STRIKE) -> tuple[int, int, int, float, float]:
    return strike, AMOUNT, COLLATERAL, 0.56, years_of(4_320)

"""Laws of payout, price and premium over the whole range that may be sold."""

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bithedge.domain.payout import Kind, ceiling_price, floor_price, is_touched, payout
from bithedge.domain.premium import PremiumRule, TierUse, premium_lines
from bithedge.domain.pricing import fair_value, fair_value_sats, greeks, touch_probability
from bithedge.domain.tiers import DEFAULT_TIERS, TierParameters
from bithedge.domain.volatility import Variances, VolatilityRule, quoted_volatility, signing_move

USD = 100_000_000
Policy = tuple[Kind, int, int, int, int, float, float]
NOISE = 1e-6  # sats: what the model's floats may err by at ten million USD of cover

bounded = settings(max_examples=200, deadline=None)

kinds = st.sampled_from(list(Kind))
spots = st.integers(1_000 * USD, 1_000_000 * USD)
prices = st.integers(1, 3_000_000 * USD)
moneyness = st.integers(5_000, 20_000)
amounts = st.integers(100_000, 1_000_000_000)
shares = st.integers(500, 10_000)
volatilities = st.floats(0.05, 3.0)
tenors = st.floats(1 / 365, 0.5)
factors = st.floats(1.0, 3.0)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw kind, spot, strike, amount, max payout, volatility and years of a policy that may be sold."""
    kind, spot, amount = draw(kinds), draw(spots), draw(amounts)
    strike = spot * draw(moneyness) // 10_000
    collateral = max(10_000, amount * draw(shares) // 10_000)
    assume(not is_touched(kind, strike, amount, collateral, spot))
    return kind, spot, strike, amount, collateral, draw(volatilities), draw(tenors)


@bounded
@given(policies())
def test_a_policy_is_worth_at_least_what_exercise_pays_and_at_most_its_max_payout(policy: Policy) -> None:
    kind, spot, strike, amount, collateral, _, _ = policy

    worth = fair_value(*policy)

    assert payout(kind, strike, amount, collateral, spot) <= worth + NOISE
    assert worth <= collateral + NOISE


@bounded
@given(policies())
def test_a_put_is_worth_at_most_a_claim_on_its_max_payout_at_the_floor(policy: Policy) -> None:
    _, spot, strike, amount, collateral, volatility, years = policy
    assume(not is_touched(Kind.PUT, strike, amount, collateral, spot))

    worth = fair_value(Kind.PUT, spot, strike, amount, collateral, volatility, years)

    floor = strike * amount / (amount + collateral)
    assert worth <= collateral * floor / spot + NOISE


@bounded
@given(policies(), factors)
def test_fair_value_never_falls_as_volatility_grows(policy: Policy, factor: float) -> None:
    *terms, volatility, years = policy

    assert fair_value(*terms, volatility * factor, years) >= fair_value(*policy) - NOISE


@bounded
@given(policies(), factors)
def test_fair_value_never_falls_as_time_grows(policy: Policy, factor: float) -> None:
    *terms, years = policy

    assert fair_value(*terms, years * factor) >= fair_value(*policy) - NOISE


@bounded
@given(policies(), factors)
def test_fair_value_never_falls_as_the_strike_comes_nearer(policy: Policy, factor: float) -> None:
    kind, spot, strike, *rest = policy
    nearer = round(strike * factor) if kind is Kind.PUT else round(strike / factor)

    assert fair_value(kind, spot, nearer, *rest) >= fair_value(*policy) - NOISE


@bounded
@given(policies(), st.integers(1, 1_000_000_000))
def test_fair_value_never_falls_as_the_max_payout_grows(policy: Policy, more: int) -> None:
    kind, spot, strike, amount, collateral, *rest = policy
    larger = min(amount, collateral + more)

    assert fair_value(kind, spot, strike, amount, larger, *rest) >= fair_value(*policy) - NOISE


@bounded
@given(policies(), st.integers(2, 10))
def test_a_larger_policy_of_the_same_shape_is_worth_as_many_times_more(policy: Policy, times: int) -> None:
    kind, spot, strike, amount, collateral, *rest = policy

    larger = fair_value(kind, spot, strike, amount * times, collateral * times, *rest)

    assert math.isclose(larger, times * fair_value(*policy), rel_tol=1e-9, abs_tol=NOISE)


@bounded
@given(policies())
def test_fair_value_as_money_lies_between_what_is_owed_now_and_all_that_can_be(policy: Policy) -> None:
    kind, spot, strike, amount, collateral, *_ = policy

    sats = fair_value_sats(*policy)

    assert payout(kind, strike, amount, collateral, spot) <= sats <= collateral
    assert sats >= fair_value(*policy) - NOISE


@bounded
@given(policies())
def test_the_chance_of_a_touch_is_a_chance_and_pays_no_more_than_the_policy_is_worth(policy: Policy) -> None:
    *_, collateral, _, _ = policy

    chance = touch_probability(*policy)

    assert 0 <= chance <= 1
    assert collateral * chance <= fair_value(*policy) + NOISE


@bounded
@given(policies())
def test_the_greeks_have_the_signs_of_their_kind(policy: Policy) -> None:
    kind, _, _, amount, *_ = policy

    found = greeks(*policy)

    sign = -1 if kind is Kind.PUT else 1
    noise = NOISE * amount / 1_000
    assert sign * found.delta_sats_per_usd >= -noise
    assert found.vega_sats_per_point >= -noise
    assert found.theta_sats_per_day <= noise
    if kind is Kind.PUT:
        assert found.gamma >= -noise


@bounded
@given(kinds, spots, amounts, shares, prices, prices)
def test_payouts_never_exceed_collateral_and_never_fall_as_price_leaves_the_strike(
    kind: Kind, strike: int, amount: int, share: int, one: int, other: int
) -> None:
    collateral = max(10_000, amount * share // 10_000)
    nearer, farther = sorted((one, other), reverse=kind is Kind.PUT)

    paid, paid_farther = (payout(kind, strike, amount, collateral, price) for price in (nearer, farther))

    assert 0 <= paid <= paid_farther <= collateral


@bounded
@given(spots, amounts, shares)
def test_floor_and_ceiling_are_the_first_prices_that_pay_everything(
    strike: int, amount: int, share: int
) -> None:
    collateral = max(10_000, amount * share // 10_000)
    floor = floor_price(strike, amount, collateral)
    ceiling = ceiling_price(strike, amount, collateral)

    assert is_touched(Kind.PUT, strike, amount, collateral, floor)
    assert not is_touched(Kind.PUT, strike, amount, collateral, floor + 1)
    if ceiling is not None:
        assert is_touched(Kind.CALL, strike, amount, collateral, ceiling)
        assert not is_touched(Kind.CALL, strike, amount, collateral, ceiling - 1)


@bounded
@given(policies(), st.sampled_from(list(DEFAULT_TIERS.values())), st.integers(0, 9_000), st.floats(0.0, 2.0))
def test_premium_lines_add_up_and_a_sale_at_its_own_price_never_costs_the_pool(
    policy: Policy, tier: TierParameters, used_bps: int, variance: float
) -> None:
    kind, spot, strike, amount, collateral, _, years = policy
    rule, variances = VolatilityRule(), Variances(fast=variance, slow=variance)
    lines = premium_lines(
        kind,
        spot,
        strike,
        amount,
        collateral,
        volatility=quoted_volatility(rule, variances, kind, spot, strike, years),
        years=years,
        move=signing_move(rule, variances, kind, seconds=1_800, deviations=2),
        tier=tier,
        use=TierUse(used_sats=used_bps * 1_000_000, capital_sats=10_000_000_000),
        rule=PremiumRule(),
    )

    assert lines.fair_value + lines.margin + lines.utilisation + lines.fee == lines.total
    assert min(lines.fair_value, lines.margin, lines.utilisation, lines.fee) >= 0
    assert lines.total * 10_000 >= collateral
    assert lines.total >= 200
    assert lines.total - lines.fee >= payout(kind, strike, amount, collateral, spot)


@bounded
@given(kinds, st.floats(0.0, 9.0), st.floats(0.0, 9.0), moneyness, tenors, factors)
def test_total_variance_never_falls_with_time(
    kind: Kind, fast: float, slow: float, bps: int, years: float, factor: float
) -> None:
    rule, variances = VolatilityRule(), Variances(fast=fast, slow=slow)

    short = quoted_volatility(rule, variances, kind, 10_000, bps, years) ** 2 * years
    long = quoted_volatility(rule, variances, kind, 10_000, bps, years * factor) ** 2 * years * factor

    assert long >= short * (1 - 1e-12)

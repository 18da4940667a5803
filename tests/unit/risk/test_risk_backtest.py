"""The reference table of the rules over the history, and the scalar rules behind its arrays."""

from functools import lru_cache

import msgspec
import numpy as np
import pytest

from bithedge.domain.payout import Kind, is_touched, payout
from bithedge.domain.premium import TierUse, premium_lines
from bithedge.domain.pricing import years_of
from bithedge.domain.tiers import Tier
from bithedge.domain.volatility import Variances, estimate_from, quoted_volatility, signing_move
from bithedge.oracle.history import daily_history
from bithedge.risk.backtest import BacktestRow, Days, Sold, backtest, days_of, premiums_of, sell_all
from bithedge.risk.session import shipped_pricing

# Cells; loss ratio in calibration, test and all; premium and result a year in % of capital (the result in
# calibration, test, all); deepest fall; worst year with its ratio and result; ES 99 % of 30 days.
PUTS = {
    "conservative": (45, (0.64, 0.63, 0.63), 14.5, (5.7, 4.6, 5.4), -12.9, (2018, 1.35, -8.4), -10.2),
    "balanced": (72, (0.61, 0.82, 0.67), 28.6, (11.5, 4.6, 9.6), -17.2, (2022, 1.46, -13.3), -8.2),
    "aggressive": (105, (0.60, 0.82, 0.65), 41.6, (16.6, 6.8, 14.4), -23.9, (2022, 1.47, -20.4), -6.8),
}
CALLS = {
    "conservative": (45, (0.60, 0.38, 0.56), 23.3, (10.1, 12.3, 10.2), -20.1, (2017, 1.58, -16.8), -9.2),
    "balanced": (54, (0.69, 0.52, 0.66), 50.8, (16.6, 21.8, 17.5), -30.6, (2017, 1.44, -26.4), -12.9),
    "aggressive": (63, (0.73, 0.62, 0.71), 115.8, (31.9, 40.7, 33.8), -34.8, (2017, 1.21, -27.7), -15.7),
}
REFERENCE = {
    (tier, kind): row for kind, rows in (("put", PUTS), ("call", CALLS)) for tier, row in rows.items()
}


@lru_cache(maxsize=1)
def table() -> dict[tuple[str, str], BacktestRow]:
    rows = backtest(daily_history(), shipped_pricing())
    return {(row.tier.value, row.kind.value): row for row in rows}


@lru_cache(maxsize=1)
def sales() -> tuple[Days, tuple[Sold, ...]]:
    days = days_of(daily_history(), shipped_pricing())
    return days, sell_all(days, shipped_pricing())


def test_the_table_has_every_tier_and_kind() -> None:
    assert set(table()) == set(REFERENCE)


@pytest.mark.parametrize("key", list(REFERENCE))
def test_the_loss_ratios_are_those_of_the_reference(key: tuple[str, str]) -> None:
    row, (cells, ratios, *_) = table()[key], REFERENCE[key]

    found = row.loss_ratio
    assert row.cells == cells
    assert (found.calibration, found.test, found.all) == pytest.approx(ratios, abs=0.0051)


@pytest.mark.parametrize("key", list(REFERENCE))
def test_yields_and_falls_are_those_of_the_reference(key: tuple[str, str]) -> None:
    row, (_, _, premium, results, fall, worst, shortfall) = table()[key], REFERENCE[key]

    found = row.result_a_year
    assert row.premium_a_year * 100 == pytest.approx(premium, abs=0.15)
    assert [part * 100 for part in (found.calibration, found.test, found.all)] == pytest.approx(
        results, abs=0.15
    )
    assert row.deepest_fall * 100 == pytest.approx(fall, abs=0.15)
    assert (row.worst_year, row.worst_year_ratio, row.worst_year_result * 100) == pytest.approx(
        worst, abs=0.15
    )
    assert row.shortfall_99_30d * 100 == pytest.approx(shortfall, abs=0.15)


def test_without_level_and_skew_the_puts_would_hardly_have_paid() -> None:
    pricing = shipped_pricing()
    # These figures were found with the margin's rate alone.
    bare = msgspec.structs.replace(
        pricing,
        volatility=msgspec.structs.replace(pricing.volatility, level_put=1.0, skew=0.0),
        premium=msgspec.structs.replace(pricing.premium, buffer_deviations=0.0),
    )

    rows = [row for row in backtest(daily_history(), bare) if row.kind is Kind.PUT]

    assert [row.loss_ratio.all for row in rows] == pytest.approx([1.04, 0.84, 0.75], abs=0.006)
    assert [row.loss_ratio.test for row in rows] == pytest.approx([1.06, 1.04, 0.94], abs=0.006)


def samples() -> list[tuple[Sold, int]]:
    chance = np.random.default_rng(9)
    _, sold = sales()
    return [(cell, int(chance.integers(len(cell.days)))) for cell in sold for _ in range(3)]


def test_each_sample_is_priced_as_the_daemon_prices_it() -> None:
    pricing, (days, _) = shipped_pricing(), sales()
    tier = pricing.tiers[Tier.BALANCED]
    for sold, place in samples():
        at, cell = int(sold.days[place]), sold.cell
        spot = int(days.closes[at])
        strike = spot * cell.strike_bps // 10_000
        variances = Variances(fast=float(days.fast[at]), slow=float(days.slow[at]))
        years = years_of(144 * cell.days)
        lines = premium_lines(
            cell.kind,
            spot,
            strike,
            100_000_000,
            sold.collateral,
            volatility=quoted_volatility(pricing.volatility, variances, cell.kind, spot, strike, years),
            years=years,
            move=signing_move(pricing.volatility, variances, cell.kind, seconds=1_800, deviations=2.0),
            tier=tier,
            use=TierUse(used_sats=0, capital_sats=10**12),
            rule=pricing.premium,
        )

        assert sold.fair[place] == pytest.approx(lines.fair_value, abs=1)
        # Here the least is what is earned; of the daemon's, a fee is still to be taken.
        bare = lines.fair_value + (0 if lines.margin_basis == "minimum" else lines.margin)
        assert premiums_of(sold, tier)[place] == pytest.approx(max(bare, sold.collateral // 10_000), abs=2)


def test_each_sample_pays_what_its_days_make_it_owe() -> None:
    days, _ = sales()
    for sold, place in samples():
        at, cell = int(sold.days[place]), sold.cell
        strike = int(days.closes[at]) * cell.strike_bps // 10_000
        terms = (cell.kind, strike, 100_000_000, sold.collateral)
        later = range(at + 1, at + cell.days + 1)
        extremes = days.lows if cell.kind is Kind.PUT else days.highs
        touched = any(is_touched(*terms, int(extremes[day])) for day in later)

        owed = sold.collateral if touched else payout(*terms, int(days.closes[at + cell.days]))
        assert sold.payouts[place] == owed


def test_variances_are_those_of_the_closes_up_to_the_sale() -> None:
    days, _ = sales()
    history = daily_history()
    for at in (200, 1_500, len(days.closes) - 1):
        known = [(candle.day + 1, candle.close) for candle in history[: at + 2]]
        estimate = estimate_from(shipped_pricing().volatility, known)

        assert (days.fast[at], days.slow[at]) == (estimate.v_fast, estimate.v_slow)


def test_a_history_with_a_gap_is_refused() -> None:
    history = daily_history()

    with pytest.raises(ValueError, match="gap"):
        days_of([*history[:100], *history[101:200]], shipped_pricing())

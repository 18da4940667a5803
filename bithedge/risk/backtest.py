"""Every cell of the menu sold every day of the history: what each tier's prices would have been worth.

A policy is sold at a day's close, on the volatility of the closes up to it, for fair value and margin: no
loading, no fee, at least a ten-thousandth of its max payout, and not at all where 1.05 times the premium
reaches that. It pays its max payout if a later low (a call: high) touches its cap by expiry, else what it
owes at the close of its last day. The result is booked on that day, and the collateral is held until then.
Capital is the most collateral that was ever held, over two thirds of the tier's utilisation cap.
"""

import math
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bithedge.domain.money import ONE_BTC, WHOLE
from bithedge.domain.payout import Kind
from bithedge.domain.pricing import DAYS_A_YEAR
from bithedge.domain.quotes import Pricing
from bithedge.domain.revaluation.covers import Covers, Floats, Ints, payouts
from bithedge.domain.revaluation.values import fair_values, fair_values_sats
from bithedge.domain.revaluation.volatilities import quoted_volatilities
from bithedge.domain.tiers import KINK_SHARE, Tier, TierParameters
from bithedge.domain.volatility import Variances, observe_day, signing_move, start_estimate
from bithedge.oracle.history import DailyCandle, day_named
from bithedge.risk.drawdown import deepest_fall
from bithedge.risk.menu import Cell, is_backed, menu
from bithedge.risk.paths import FIRST_SALE, named_day

SPLIT: Final = day_named("2021-01-01")
"""Calibration expires before it, the test half is sold from it on."""
_AMOUNT: Final = ONE_BTC
_UNECONOMIC: Final = 1.05
_MONTH: Final = 30


class Halves(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over the calibration half, the test half and all; None where nothing was sold."""

    calibration: float | None
    test: float | None
    all: float | None


class BacktestRow(msgspec.Struct, frozen=True, kw_only=True):
    """One tier and kind; yields and falls in parts of capital, a year where it says so."""

    tier: Tier
    kind: Kind
    cells: int
    policies: int
    loss_ratio: Halves
    premium_a_year: float
    result_a_year: Halves
    deepest_fall: float
    fall_from: str
    fall_to: str
    worst_year: int
    worst_year_ratio: float
    worst_year_result: float
    shortfall_99_30d: float


class Days(NamedTuple):
    """The history in columns: one day after the other, prices USD x 1e8, variances a year up to the close."""

    first: int
    closes: Ints
    lows: Ints
    highs: Ints
    fast: Floats
    slow: Floats


class Sold(NamedTuple):
    """One cell, sold daily: a row a sale; sats per `_AMOUNT`."""

    cell: Cell
    days: Ints
    """Places in the history."""
    fair: Ints
    buffer: Ints
    payouts: Ints
    collateral: int


def days_of(history: Sequence[DailyCandle], pricing: Pricing) -> Days:
    """Return the columns of a gapless history; the first day has no variance and is left out.

    Raises:
        ValueError: a day is missing.
    """
    if any(candle.day != history[0].day + place for place, candle in enumerate(history)):
        raise ValueError("the history has a gap")
    estimate = start_estimate(history[0].day, history[0].close)
    variances: list[tuple[float, float]] = []
    for candle in history[1:]:
        estimate = observe_day(pricing.volatility, estimate, candle.day, candle.close)
        variances.append((estimate.v_fast, estimate.v_slow))
    closes, lows, highs = (
        np.array([getattr(candle, name) for candle in history[1:]], dtype=np.int64)
        for name in ("close", "low", "high")
    )
    fast, slow = np.array(variances).T
    return Days(history[1].day, closes, lows, highs, fast, slow)


def sell_all(days: Days, pricing: Pricing, *, first_sale: int = FIRST_SALE) -> tuple[Sold, ...]:
    """Return every cell's sales, from `first_sale` to the last whose expiry the history holds."""
    moves = {kind: _moves(days, kind, pricing) for kind in Kind}
    return tuple(_sell(days, cell, pricing, moves[kind], first_sale) for kind in Kind for cell in menu(kind))


def backtest(
    history: Sequence[DailyCandle], pricing: Pricing, *, first_sale: int = FIRST_SALE
) -> tuple[BacktestRow, ...]:
    """Return the table of all tiers and kinds."""
    days = days_of(history, pricing)
    sold = sell_all(days, pricing, first_sale=first_sale)
    return tuple(
        _row(
            days,
            [one for one in sold if one.cell.kind is kind and is_backed(one.cell, tier.limits(kind))],
            tier,
            kind,
            first_sale=first_sale,
        )
        for kind in Kind
        for tier in pricing.tiers.values()
    )


def premiums_of(sold: Sold, tier: TierParameters) -> Ints:
    """Return what each sale earns: fair value and margin, at least a ten-thousandth of the max payout."""
    by_rate = -(-sold.fair * tier.margin_bps // WHOLE)
    return np.maximum(sold.fair + np.maximum(by_rate, sold.buffer), -(-sold.collateral // WHOLE))


def _sell(days: Days, cell: Cell, pricing: Pricing, moves: Floats, first_sale: int) -> Sold:
    put = cell.kind is Kind.PUT
    places = np.arange(max(0, first_sale - days.first), len(days.closes) - cell.days)
    spots = days.closes[places]
    strikes = spots * cell.strike_bps // WHOLE
    collateral = _AMOUNT * cell.share_bps // WHOLE
    size = np.ones(len(places), dtype=np.int64)
    covers = Covers(np.full(len(places), 1.0 if put else -1.0), strikes, size * _AMOUNT, size * collateral)
    years, carry = cell.days / DAYS_A_YEAR, pricing.premium.carry
    volatility = quoted_volatilities(
        pricing.volatility,
        cell.kind,
        fast=days.fast[places],
        slow=days.slow[places],
        moneyness=strikes / spots,
        years=years,
    )
    fair = fair_values_sats(covers, spots, volatility, years, carry=carry)
    moved = np.asarray(spots * np.exp(-moves[places] if put else moves[places]), dtype=np.float64)
    at_moved = np.ceil(fair_values(covers, moved, volatility, years, carry=carry)).astype(np.int64)
    owed = np.where(
        payouts(covers, _extremes(days, cell)[places]) == collateral,
        collateral,
        payouts(covers, days.closes[places + cell.days]),
    )
    return Sold(cell, places, fair, np.clip(at_moved, fair, collateral) - fair, owed, collateral)


# The lowest low (a call: highest high) of the days after each, its last one included.
def _extremes(days: Days, cell: Cell) -> Ints:
    if cell.kind is Kind.PUT:
        return sliding_window_view(days.lows[1:], cell.days).min(axis=1)
    return sliding_window_view(days.highs[1:], cell.days).max(axis=1)


def _moves(days: Days, kind: Kind, pricing: Pricing) -> Floats:
    rule, premium = pricing.volatility, pricing.premium
    return np.array(
        [
            signing_move(
                rule,
                Variances(fast=fast, slow=slow),
                kind,
                seconds=premium.buffer_s,
                deviations=premium.buffer_deviations,
            )
            for fast, slow in zip(days.fast.tolist(), days.slow.tolist(), strict=True)
        ]
    )


class _Ledger:
    """Sums of one tier and kind by day: what expired on it, and what was held over it."""

    def __init__(self, days: Days) -> None:
        size = len(days.closes)
        self.premiums, self.payouts = np.zeros(size), np.zeros(size)
        self.halves = {"calibration": np.zeros(2), "test": np.zeros(2), "all": np.zeros(2)}
        self.policies = 0
        self._change = np.zeros(size + 1)
        self._split = SPLIT - days.first

    def add(self, sold: Sold, tier: TierParameters) -> None:
        """Book a cell's sales."""
        premiums = premiums_of(sold, tier)
        kept = _UNECONOMIC * premiums < sold.collateral
        starts, ends = sold.days[kept], sold.days[kept] + sold.cell.days
        pairs = np.stack([sold.payouts[kept], premiums[kept]]).astype(np.float64)
        self.policies += int(kept.sum())
        self.halves["all"] += pairs.sum(axis=1)
        self.halves["calibration"] += pairs[:, ends < self._split].sum(axis=1)
        self.halves["test"] += pairs[:, starts >= self._split].sum(axis=1)
        np.add.at(self.payouts, ends, pairs[0])
        np.add.at(self.premiums, ends, pairs[1])
        np.add.at(self._change, starts, sold.collateral)
        np.add.at(self._change, ends, -sold.collateral)

    @property
    def most_held(self) -> float:
        """The greatest collateral that lay behind live policies at once."""
        return float(np.cumsum(self._change).max())


def _row(
    days: Days, sold: Sequence[Sold], tier: TierParameters, kind: Kind, *, first_sale: int
) -> BacktestRow:
    ledger = _Ledger(days)
    for cell in sold:
        ledger.add(cell, tier)
    numerator, denominator = KINK_SHARE
    capital = ledger.most_held / (numerator / denominator * tier.utilisation_cap_bps / WHOLE)
    result = (ledger.premiums - ledger.payouts) / capital
    start, split, end = first_sale - days.first, SPLIT - days.first, len(result)
    spans = {"calibration": split - start, "test": end - split, "all": end - start}
    yearly = {
        name: float(pair[1] - pair[0]) / capital * DAYS_A_YEAR / spans[name] if spans[name] > 0 else None
        for name, pair in ledger.halves.items()
    }
    fall = deepest_fall(result)
    worst = _worst_year(days, ledger, capital)
    months = np.sort(np.convolve(result[start:], np.ones(_MONTH), mode="valid"))
    return BacktestRow(
        tier=tier.name,
        kind=kind,
        cells=len(sold),
        policies=ledger.policies,
        loss_ratio=Halves(
            **{name: float(pair[0] / pair[1]) if pair[1] else None for name, pair in ledger.halves.items()}
        ),
        premium_a_year=float(ledger.halves["all"][1]) / capital * DAYS_A_YEAR / spans["all"],
        result_a_year=Halves(**yearly),
        deepest_fall=fall.depth,
        fall_from=named_day(days.first + fall.start),
        fall_to=named_day(days.first + fall.bottom),
        worst_year=worst[0],
        worst_year_ratio=worst[1],
        worst_year_result=worst[2],
        shortfall_99_30d=float(months[: math.ceil(len(months) / 100)].mean()),
    )


def _worst_year(days: Days, ledger: _Ledger, capital: float) -> tuple[int, float, float]:
    years = np.array([date.fromisoformat(named_day(days.first + n)).year for n in range(len(days.closes))])
    sums = {
        int(year): (float(ledger.payouts[years == year].sum()), float(ledger.premiums[years == year].sum()))
        for year in np.unique(years)
    }
    year = min(sums, key=lambda year: sums[year][1] - sums[year][0])
    paid, earned = sums[year]
    return year, paid / earned if earned else math.inf, (earned - paid) / capital

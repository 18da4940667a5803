"""The sections of the page on results: what was earned, lost, and how capital was used."""

from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby

from bithedge.risk import charts
from bithedge.risk.backtest import BacktestRow, Halves
from bithedge.risk.distribution import Estimate, Horizon
from bithedge.risk.layout import each, figure, folded, named, over
from bithedge.risk.ratios import RatioRow
from bithedge.risk.report import Report
from bithedge.risk.stories import WorstPath
from bithedge.risk.tables import Cell, grouped, money_cell, table, three
from bithedge.risk.words import (
    SCOPE_NAMES,
    bps,
    day,
    days,
    dollars,
    percent,
    ratio,
    sbtc,
)

_MONTH = 30


def totals(report: Report) -> str:
    """Return what each scope earned and paid on the first path."""
    head = ("", "Capital at start", "Policies", "Premium earned", "Payouts", "Result")
    rows = (
        (
            name,
            sbtc(scope.totals.capital_sats),
            f"{scope.totals.policies:,}",
            money_cell(scope.totals.premium),
            money_cell(scope.totals.payouts),
            money_cell(scope.totals.result),
        )
        for name, scope in named(report)
    )
    return table(head, rows, caption="Totals of the first path")


def distributions(report: Report) -> str:
    """Return histograms of 30 days and the table of all horizons."""
    drawn = each(report, lambda scope: _month_histogram(scope.distribution))
    head = ("", "Windows", "Mean", "Deviation", "Skew", "VaR 95 %", "ES 95 %", "VaR 99 %", "ES 99 %")
    parts: list[str] = []
    for name, scope in named(report):
        rows = (
            (
                days(horizon.days),
                f"{horizon.count:,}",
                three(horizon.mean_sats, horizon.mean, horizon.mean_usd),
                percent(horizon.deviation, 2),
                ratio(horizon.skew),
                *_tails(horizon),
            )
            for horizon in scope.distribution
        )
        parts.append(folded(name, table(head, rows), opened=scope.scope == "pool"))
    return drawn + "".join(parts)


def worst_paths(report: Report) -> str:
    """Return the worst paths of each scope, and the policies that cost most on them."""
    return "".join(
        folded(name, "".join(_worst(path) for path in scope.worst_paths), opened=scope.scope == "pool")
        for name, scope in named(report)
    )


def drawdowns(report: Report) -> str:
    """Return the deepest fall of each scope."""
    head = ("", "Deepest fall", "Peak", "Bottom", "Fell for", "Made good after", "Seed")
    rows = (
        (
            name,
            three(scope.drawdown.depth.sats, scope.drawdown.depth.share, scope.drawdown.depth.usd),
            day(scope.drawdown.peak),
            day(scope.drawdown.bottom),
            days(scope.drawdown.days_down),
            "not yet" if scope.drawdown.days_to_recover is None else days(scope.drawdown.days_to_recover),
            str(scope.drawdown.seed),
        )
        for name, scope in named(report)
    )
    return table(head, rows, caption="Deepest falls")


def loss_ratios(report: Report) -> str:
    """Return ratios of all scopes side by side, with the pool's premium and payouts."""
    names = (SCOPE_NAMES[scope.scope] for scope in report.scopes)
    head = ("", *names, "Policies", "Premium", "in dollars", "Payouts", "in dollars")
    known = {
        scope.scope: {(row.group, row.name): row.ratio for row in scope.loss_ratios}
        for scope in report.scopes
    }

    def shown(row: RatioRow) -> tuple[str | Cell, ...]:
        ratios = (known[scope.scope].get((row.group, row.name)) for scope in report.scopes)
        return (
            Cell(row.name, row.note),
            *(Cell(ratio(found), name=over(found)) for found in ratios),
            f"{row.policies:,}",
            sbtc(row.premium_sats),
            dollars(row.premium_usd),
            sbtc(row.payout_sats),
            dollars(row.payout_usd),
        )

    groups = groupby(report.scopes[-1].loss_ratios, key=lambda row: row.group)
    told = ((f"By {name}" if name else "", map(shown, rows)) for name, rows in groups)
    return grouped(head, told, caption="Loss ratios")


def yields(report: Report) -> str:
    """Return the curve of each tier."""
    drawn = (
        figure(name, charts.yields(scope.yields)) for name, scope in named(report) if scope.yields is not None
    )
    return f'<div class="grid three">{"".join(drawn)}</div>'


def efficiencies(report: Report) -> str:
    """Return what capital did."""
    head = ("", "Premium a collateral-day", "Result a year", "Result / ES 99 %, 30 d", "Used", "Idle")
    rows = (
        (
            name,
            "\u2013"
            if scope.efficiency.premium_bps_a_collateral_day is None
            else f"{scope.efficiency.premium_bps_a_collateral_day:.2f} bps",
            percent(scope.efficiency.result_a_year),
            ratio(scope.efficiency.result_per_shortfall),
            percent(scope.efficiency.mean_utilisation),
            percent(scope.efficiency.idle_share),
        )
        for name, scope in named(report)
    )
    return table(head, rows, caption="Capital efficiency")


def backtests(rows: Sequence[BacktestRow]) -> str:
    """Return the table of every cell sold every day."""
    head = (
        "",
        "Loss ratio",
        "Premium a year",
        "Result a year",
        "Deepest fall",
        "Worst year",
        "ES 99 %, 30 d",
    )
    return table(
        head,
        (
            (
                Cell(f"{SCOPE_NAMES[row.tier.value]} {row.kind}", f"{row.cells} cells"),
                Cell(ratio(row.loss_ratio.all), _halves(row.loss_ratio, ratio)),
                percent(row.premium_a_year),
                Cell(
                    "\u2013" if row.result_a_year.all is None else percent(row.result_a_year.all),
                    _halves(row.result_a_year, lambda part: "\u2013" if part is None else percent(part)),
                ),
                Cell(percent(row.deepest_fall), f"{day(row.fall_from)} \u2013 {day(row.fall_to)}"),
                Cell(
                    percent(row.worst_year_result), f"{row.worst_year}, ratio {ratio(row.worst_year_ratio)}"
                ),
                percent(row.shortfall_99_30d),
            )
            for row in rows
        ),
        caption="Backtest",
    )


def _month_histogram(horizons: Sequence[Horizon]) -> str:
    month = next((horizon for horizon in horizons if horizon.days == _MONTH), None)
    return '<p class="note">Too few windows of 30 days.</p>' if month is None else charts.histogram(month)


def _tails(horizon: Horizon) -> list[Cell]:
    cells: list[Cell] = []
    for tail in horizon.tails:
        for estimate, sats, usd in (
            (tail.var, tail.var_sats, tail.var_usd),
            (tail.shortfall, tail.shortfall_sats, tail.shortfall_usd),
        ):
            cells.append(
                Cell(
                    percent(estimate.value, 2),
                    f"{_between(estimate)}\n{sbtc(sats)} \u00b7 {dollars(usd)}",
                )
            )
    return cells


def _between(estimate: Estimate) -> str:
    return f"{percent(estimate.low, 2)} to {percent(estimate.high, 2)}"


def _worst(path: WorstPath) -> str:
    told = " and ".join(path.reasons)
    final = path.final_capital
    head = (
        "Policy",
        "Tier",
        "Sold",
        "Ended",
        "Strike of spot",
        "Max payout of amount",
        "Premium",
        "Payout",
        "Cost",
    )
    rows = (
        (
            Cell(f"No. {one.number}", f"{one.kind}, {one.tenor_days} d{', touched' if one.touched else ''}"),
            one.tier,
            day(one.sold),
            day(one.ended),
            bps(one.strike_of_spot_bps),
            bps(one.share_bps),
            money_cell(one.premium),
            money_cell(one.payout),
            money_cell(one.cost),
        )
        for one in path.costliest
    )
    return (
        f'<p class="lead">Seed {path.seed}: {escape(told)}. The first day\u2019s capital became '
        f"{sbtc(final.sats)} sBTC, {percent(final.share)} of it, worth {dollars(final.usd)}.</p>"
        f'<div class="stack">{charts.worst_path(path)}</div>'
        f"<h3>The ten policies that cost most</h3>{table(head, rows)}"
    )


def _halves(found: Halves, told: Callable[[float | None], str]) -> str:
    return f"before 2021 {told(found.calibration)}\nsince 2021 {told(found.test)}"

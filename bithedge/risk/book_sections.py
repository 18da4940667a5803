"""The sections of the page on the live book, its prices, its liquidity and its providers."""

from collections.abc import Sequence
from html import escape

from bithedge.risk import charts
from bithedge.risk.book import Concentration, Part
from bithedge.risk.layout import each, named, over
from bithedge.risk.report import Cause, Report
from bithedge.risk.tables import Cell, exact, money_cell, table
from bithedge.risk.words import bps, cause, days, dollars, percent, ratio, sbtc


def ladders(report: Report) -> str:
    """Return what the last book pays after each move."""
    drawn = each(report, lambda scope: charts.stress(scope.ladder))
    head = ("Spot moves", "Price", *(name for name, _ in named(report)))
    first = report.scopes[0].ladder.rungs
    rows = [
        (
            bps(rung.change_bps),
            dollars(rung.price_usd),
            *(money_cell(scope.ladder.rungs[place].paid) for scope in report.scopes),
        )
        for place, rung in enumerate(first)
    ]
    limits = (
        "Crash limit; worst seen",
        "",
        *(
            "\u2013"
            if scope.ladder.crash_limit_bps is None or scope.ladder.worst_crash_bps is None
            else f"{bps(scope.ladder.crash_limit_bps)}; {bps(scope.ladder.worst_crash_bps, 1)}"
            for scope in report.scopes
        ),
    )
    return drawn + table(head, [*rows, limits], caption="Stress ladder")


def concentrations(report: Report) -> str:
    """Return on what the last book leans."""
    return each(report, lambda scope: _leans(scope.concentration))


def pricing_checks(report: Report) -> str:
    """Return quoted volatility beside realised and break-even, and what premium is made of."""
    drawn = each(report, lambda scope: charts.volatilities(scope.pricing.volatilities))
    head = ("", "Policies", "Quoted", "Realised", "Break-even")
    volatility = table(
        head,
        (
            (
                Cell(name, "all tenors" if row.tenor_days is None else days(row.tenor_days)),
                f"{row.policies:,}",
                ratio(row.quoted),
                ratio(row.realised),
                Cell(ratio(row.break_even), name=over(row.break_even, row.quoted)),
            )
            for name, scope in named(report)
            for row in scope.pricing.volatilities
            if row.tenor_days is None or scope.scope == "pool"
        ),
        caption="Volatilities",
    )
    head = ("Of all premium", "Fair value", "Margin: rate", "Buffer", "Minimum", "Loading", "Fee")
    lines = table(
        head,
        (
            (
                name,
                *(
                    percent(part)
                    for part in (
                        scope.pricing.lines.fair_value,
                        scope.pricing.lines.margin_rate,
                        scope.pricing.lines.margin_buffer,
                        scope.pricing.lines.margin_minimum,
                        scope.pricing.lines.utilisation,
                        scope.pricing.lines.fee,
                    )
                ),
            )
            for name, scope in named(report)
            if scope.pricing.lines is not None
        ),
        caption="Premium by line",
    )
    return f"{drawn}{volatility}{lines}"


def liquidity(report: Report) -> str:
    """Return when capital would be free, and who was refused what."""
    parts = [freed.part_bps for freed in report.scopes[0].liquidity.freed]
    waits = table(
        ("Free after", *(bps(part) for part in parts)),
        (
            (name, *(days(-(-freed.days // 1)) for freed in scope.liquidity.freed))
            for name, scope in named(report)
        ),
        caption="Days until capital is free",
    )
    refusals = table(
        ("", "Sales asked", "Refused", "Withdrawals asked", "Refused"),
        (
            (
                name,
                f"{scope.liquidity.sales_asked:,}",
                _refused(scope.liquidity.sales_refused),
                f"{scope.liquidity.withdrawals_asked:,}",
                _refused(scope.liquidity.withdrawals_refused),
            )
            for name, scope in named(report)
        ),
        caption="Refusals",
    )
    return waits + refusals


def providers(report: Report) -> str:
    """Return one deposit held over the path."""
    drawn = each(report, lambda scope: charts.deposit(scope.provider, report.origin.first_day))
    head = ("", "Deposit", "At the end", "In sats", "At its lowest", "Beside holding sBTC")
    rows = (
        (
            name,
            Cell(sbtc(scope.provider.deposit_sats), dollars(scope.provider.deposit_usd)),
            Cell(sbtc(scope.provider.end_sats), dollars(scope.provider.end_usd)),
            percent(scope.provider.gain),
            sbtc(scope.provider.lowest_sats),
            Cell(dollars(scope.provider.end_usd - scope.provider.held_usd), dollars(scope.provider.held_usd)),
        )
        for name, scope in named(report)
    )
    return drawn + table(head, rows, caption="A provider's deposit")


def _leans(found: Concentration) -> str:
    groups = (
        ("Expiry week", found.by_week),
        ("Strike of spot", found.by_strike),
        ("Provider", found.by_provider),
        ("Owner", found.by_owner),
    )
    largest = f"{exact(found.largest.sats)}, {percent(found.largest.share)}, {dollars(found.largest.usd)}"
    return f'<p class="note">{found.policies} live policies; largest max payout {largest}</p>' + "".join(
        f"<h3>{name}</h3>{_bars(parts)}" for name, parts in groups
    )


def _bars(parts: Sequence[Part]) -> str:
    most = max((part.locked.share for part in parts), default=0.0) or 1.0
    return "".join(
        f'<div class="part"><span>{escape(part.name)}</span>'
        f'<i class="meter"><b style="width:{part.locked.share / most * 100:.1f}%"></b></i>'
        f'<span class="right">{percent(part.locked.share)}</span>'
        f'<span class="note">{sbtc(part.locked.sats)} \u00b7 {dollars(part.locked.usd)}</span></div>'
        for part in parts
    )


def _refused(causes: Sequence[Cause]) -> Cell:
    total = sum(one.count for one in causes)
    return Cell(f"{total:,}", "\n".join(f"{cause(one.cause)} {one.count:,}" for one in causes))

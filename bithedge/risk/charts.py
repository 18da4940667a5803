"""The report's charts, one function a chart."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, Literal

from bithedge.risk.book import Ladder
from bithedge.risk.distribution import Horizon
from bithedge.risk.efficiency import YieldCurve
from bithedge.risk.pricing_check import VolatilityRow
from bithedge.risk.stories import ProviderView, WorstPath
from bithedge.risk.svg import Plot, Point, Range, Told, rounded_ticks, spanning
from bithedge.risk.words import bps, day, percent, sbtc, short_dollars

_MOST_POINTS: Final = 420
_SHADES: Final = 6
_FOLDED: Final = 8
Series = Literal["price", "share", "result"]
_TOLD: Final[dict[Series, Told]] = {
    "price": short_dollars,
    "share": lambda share: percent(share, 0),
    "result": lambda sats: sbtc(sats, 1),
}


def histogram(horizon: Horizon) -> str:
    """Draw results of one horizon as bars, those beyond VaR 95 % in clay."""
    shape = horizon.histogram
    width = (shape.high - shape.low) / len(shape.counts)
    worst = -horizon.tails[0].var.value
    plot = Plot(
        spanning((shape.low, shape.high), room=0.02),
        spanning(shape.counts),
        title=f"Results of {horizon.days} days, parts of capital",
    )
    plot.grid(lambda value: f"{value:,.0f}", ticks=3)
    for place, count in enumerate(shape.counts):
        low = shape.low + place * width
        name = "bar loss" if low + width / 2 <= worst else "bar"
        said = f"{percent(low, 2)} to {percent(low + width, 2)}: {count}"
        plot.bar(Range(low + width * 0.06, low + width * 0.94), Range(0, count), name, said)
    plot.upright(worst, "line-clay", f"VaR 95 % {percent(-worst, 2)}", end=False)
    shortfall = horizon.tails[1].shortfall.value
    plot.upright(-shortfall, "line-clay dashed", f"ES 99 % {percent(shortfall, 1)}", row=1, end=False)
    plot.x_ticks((value, percent(value, 0)) for value in rounded_ticks(Range(shape.low, shape.high), 4))
    return plot.svg()


def over_time(first_day: str, values: Sequence[float], *, title: str, kind: Series, height: int = 170) -> str:
    """Draw one daily series: `price`, `share` (utilisation) or `result` (sats)."""
    told = _TOLD[kind]
    # A price that grew a hundredfold shows its falls on a scale of ratios alone.
    folded = kind == "price" and max(values) > _FOLDED * min(values)
    points = _thinned([math.log10(value) for value in values] if folded else values)
    plot = Plot(
        Range(0, max(1, len(values) - 1)),
        spanning((y for _, y in points), zero=kind != "price"),
        title=title,
        width=940,
        height=height,
    )
    plot.head(title)
    plot.grid((lambda power: short_dollars(10**power)) if folded else told, ticks=3)
    if kind != "price":
        plot.area(points, f"area-{kind}")
    plot.line(points, f"line-{kind}")
    plot.x_ticks(_dates(first_day, len(values)))
    return plot.svg()


def worst_path(told: WorstPath) -> str:
    """Draw price, result and utilisation of a path under each other."""
    return (
        over_time(told.first_day, told.price_usd, title="Price, USD", kind="price")
        + over_time(told.first_day, told.result_sats, title="Result so far, sBTC", kind="result")
        + over_time(told.first_day, told.utilisation, title="Utilisation", kind="share", height=130)
    )


def yields(curve: YieldCurve) -> str:
    """Draw the yearly result over utilisation, with kink, cap and where the run was."""
    plot = Plot(
        Range(0, 10_000),
        spanning([point.with_loading for point in curve.points]),
        title="Yearly result by utilisation",
    )
    plot.grid(lambda value: percent(value, 0))
    origin: Point = (0.0, 0.0)
    plot.line(
        [origin, *((point.utilisation_bps, point.without_loading) for point in curve.points)], "line-bare"
    )
    plot.line(
        [origin, *((point.utilisation_bps, point.with_loading) for point in curve.points)], "line-hedge"
    )
    for point in curve.points:
        said = f"{bps(point.utilisation_bps)} used: {percent(point.with_loading)} a year"
        plot.dot((point.utilisation_bps, point.with_loading), "dot", said)
    plot.upright(curve.kink_bps, "line-spot dashed", "kink", end=True)
    plot.upright(curve.cap_bps, "line-ink", "cap", end=True)
    plot.upright(curve.mean_utilisation * 10_000, "line-faint", "mean", row=1, end=True)
    plot.x_ticks((value, bps(value)) for value in (0, 2_500, 5_000, 7_500, 10_000))
    return plot.svg()


def stress(ladder: Ladder) -> str:
    """Draw what the book pays after each move, in parts of capital, a shade an expiry week."""
    limit = None if ladder.crash_limit_bps is None else ladder.crash_limit_bps / 10_000
    tops = [rung.paid.share for rung in ladder.rungs]
    plot = Plot(
        Range(-5_600, 5_600),
        spanning([*tops, limit or 0.0]),
        title="Payouts after a sudden move, of capital",
    )
    plot.grid(lambda value: percent(value, 0))
    for rung in ladder.rungs:
        total = sum(rung.by_week_sats)
        below = 0.0
        for week, sats in enumerate(rung.by_week_sats):
            if sats and total:
                part = rung.paid.share * sats / total
                said = f"{bps(rung.change_bps)}, week {week + 1}: {percent(part, 2)}"
                shade = f"heat-{_SHADES - min(week, _SHADES - 1)}"
                span = Range(rung.change_bps - 380, rung.change_bps + 380)
                plot.bar(span, Range(below, below + part), shade, said)
                below += part
    if limit is not None:
        plot.level(limit, "line-clay dashed", f"crash limit at {ladder.crash_move_bps // 100} %")
    plot.x_ticks((move, bps(move)) for move in (-5_000, -3_000, 0, 3_000, 5_000))
    return plot.svg()


def volatilities(rows: Sequence[VolatilityRow]) -> str:
    """Draw quoted, realised and break-even volatility by tenor, side by side."""
    shown = [row for row in rows if row.tenor_days is not None]
    figures = [figure for row in shown for figure in (row.quoted, row.realised, row.break_even or 0.0)]
    plot = Plot(
        Range(-0.5, max(0.5, len(shown) - 0.5)),
        spanning(figures),
        title="Volatility quoted, realised and needed to break even",
    )
    plot.grid(lambda value: f"{value:.1f}", ticks=3)
    for place, row in enumerate(shown):
        trio = (("bar", row.quoted, "quoted"), ("bar spot", row.realised, "realised"))
        for shift, (name, figure, word) in zip((-0.34, -0.11), trio, strict=True):
            span = Range(place + shift, place + shift + 0.2)
            plot.bar(span, Range(0, figure), name, f"{row.tenor_days} d {word} {figure:.2f}")
        if row.break_even is not None:
            span = Range(place + 0.12, place + 0.32)
            plot.bar(
                span,
                Range(0, row.break_even),
                "bar loss",
                f"{row.tenor_days} d break-even {row.break_even:.2f}",
            )
    plot.x_ticks((place, f"{row.tenor_days} d") for place, row in enumerate(shown))
    return plot.svg()


def deposit(view: ProviderView, first_day: str) -> str:
    """Draw what became of a deposit, as a multiple of it, in sats."""
    values = [sats / view.deposit_sats for sats in view.equity_sats]
    plot = Plot(
        Range(0, max(1, len(values) - 1)),
        spanning([*values, 1.0], zero=False),
        title="One deposit over the path, in sats, as a multiple of it",
    )
    plot.grid(lambda value: f"{value:.2f}", ticks=3)
    plot.level(1.0, "line-spot dashed", "sBTC held")
    plot.line(_thinned(values), "line-hedge")
    plot.x_ticks(_dates(first_day, len(values), least=2))
    return plot.svg()


# At most so many points a line; of those in between the last is kept, so the end is exact.
def _thinned(values: Sequence[float]) -> list[Point]:
    step = max(1, -(-len(values) // _MOST_POINTS))
    places = [*range(0, len(values), step)]
    if values and places[-1] != len(values) - 1:
        places.append(len(values) - 1)
    return [(float(place), values[place]) for place in places]


def _dates(first_day: str, count: int, *, least: int = 5) -> list[tuple[float, str]]:
    first = date.fromisoformat(first_day)
    places = [round(n * (count - 1) / (least + 1)) for n in range(1, least + 1)]
    named = [(place, first + timedelta(days=place)) for place in places]
    if count > 365 * 2:
        return [(place, f"{found:%b %Y}") for place, found in named]
    return [(place, day(found.isoformat())[: -len(" 2024")]) for place, found in named]

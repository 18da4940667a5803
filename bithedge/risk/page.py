"""The report as one HTML page that needs nothing else: styles and charts are in it, and it runs no script."""

from base64 import b64encode
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

import bithedge
from bithedge.risk import book_sections, sections
from bithedge.risk.parameters import Process
from bithedge.risk.report import Origin, Report
from bithedge.risk.words import bps, day, percent, sbtc

STYLE: Final = Path(__file__).parent / "page.css"


class _Section(NamedTuple):
    anchor: str
    title: str
    said: str
    made: Callable[[Report], str]


_SECTIONS: Final = (
    _Section(
        "totals",
        "What was earned and paid",
        "The first path, in sBTC, of mean capital, in dollars of each day.",
        sections.totals,
    ),
    _Section(
        "distribution",
        "Loss distribution",
        "Premium earned less payouts over so many days in a row, of the capital they began with. The "
        "charts show 30 days. Losses are positive in VaR and ES; the range is that of 95 % of bootstrap "
        "samples, drawn in stretches.",
        sections.distributions,
    ),
    _Section(
        "worst",
        "Worst path",
        "The path with the lowest final capital and the one with the deepest fall.",
        sections.worst_paths,
    ),
    _Section(
        "drawdown",
        "Drawdown",
        "The greatest fall of the result so far from its peak, of the capital at that peak.",
        sections.drawdowns,
    ),
    _Section(
        "ratios",
        "Loss ratio",
        "Payouts over premium earned (the fee not in it), of policies that have ended. Above 1 the holders "
        "won. Policies, premium and payouts are the pool\u2019s.",
        sections.loss_ratios,
    ),
    _Section(
        "yields",
        "Yield and utilisation",
        "The yearly result if the policies sold had filled the tier so far all the time: with the loading "
        "(line and dots) and without it (dashed). Beyond the cap nothing is sold.",
        sections.yields,
    ),
    _Section(
        "efficiency",
        "Capital efficiency",
        "Premium for each day a sat of collateral lay behind a policy; the result beside its tail; capital "
        "that stood behind nothing.",
        sections.efficiencies,
    ),
    _Section(
        "stress",
        "Stress ladder",
        "What the live book of the last day would pay if spot moved at once; a shade an expiry week, the "
        "first one strongest.",
        book_sections.ladders,
    ),
    _Section(
        "concentration",
        "Concentration",
        "Parts of capital behind the live book of the last day.",
        book_sections.concentrations,
    ),
    _Section(
        "pricing",
        "Pricing check",
        "Quoted volatility (green), what was realised over each tenor (amber), and what fair values alone "
        "would have needed to pay the holders (red).",
        book_sections.pricing_checks,
    ),
    _Section(
        "liquidity",
        "Liquidity",
        "If nothing more is sold, how long capital stays bound; and what was refused, with the limit that "
        "refused it.",
        book_sections.liquidity,
    ),
    _Section(
        "provider",
        "One provider\u2019s view",
        "A deposit at the start, left alone: what is its own in sats, and what it is worth beside the same "
        "sBTC held.",
        book_sections.providers,
    ),
)
_FACES: Final = (("Public Sans", "public-sans", "400 600"), ("Newsreader", "newsreader", "400 500"))
_FONTS: Final = Path(bithedge.__file__).parent / "dashboard" / "src" / "fonts"


def page(report: Report) -> str:
    """Return the page."""
    shown = [
        _card(section.anchor, section.title, section.said, section.made(report)) for section in _SECTIONS
    ]
    if report.backtest is not None:
        said = (
            "Every cell of the menu sold every day of the shipped history, without loading and fee, held to "
            "expiry; parts of the capital that would keep a tier at two thirds of its cap."
        )
        shown.append(_card("backtest", "Every cell, every day", said, sections.backtests(report.backtest)))
    shown.append(_card("origin", "What made this report", _SAME_AGAIN, _origin(report.origin)))
    links = "".join(f'<a href="#{one.anchor}">{escape(one.title)}</a>' for one in _SECTIONS)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>BitHedge risk report: {escape(report.origin.path)}, seed {report.origin.seed}</title>"
        f"<style>{_faces()}{STYLE.read_text(encoding='utf-8')}</style></head><body>"
        "<header><b>BitHedge</b><span>Risk laboratory</span>"
        f'<span class="end">{escape(_which(report.origin))}</span></header>'
        f'<main><p class="sentence">{_sentence(report)}</p><nav>{links}</nav>'
        f"{''.join(shown)}</main></body></html>\n"
    )


_SAME_AGAIN: Final = "The same path, seed and parameters give the same report, byte for byte."


def _card(anchor: str, title: str, said: str, inside: str) -> str:
    return (
        f'<section class="card" id="{anchor}"><h2>{escape(title)}</h2>'
        f'<p class="note said">{escape(said)}</p>{inside}</section>'
    )


def _which(origin: Origin) -> str:
    seeds = f"{origin.paths} paths from seed" if origin.paths > 1 else "seed"
    span = f"{day(origin.first_day)} to {day(origin.last_day)}"
    return f"{origin.path} \u00b7 {seeds} {origin.seed} \u00b7 {span}"


def _sentence(report: Report) -> str:
    pool = report.scopes[-1]
    earned, paid = pool.totals.premium.sats, pool.totals.payouts.sats
    to_holders = percent(paid / earned if earned else 0.0, 0)
    return (
        f"Over {report.origin.years:.1f} years the pool earned "
        f'<b class="hedge">{sbtc(earned, 2)} sBTC</b> and paid <b class="clay">{sbtc(paid, 2)} sBTC</b>: '
        f"{to_holders} of premium went to holders, and capital gained "
        f"{percent(pool.efficiency.result_a_year)} a year. "
        f"At its worst it fell by {percent(-pool.drawdown.depth.share)}."
    )


def _origin(origin: Origin) -> str:
    demand, volatility = origin.demand, origin.volatility
    last = origin.seed + origin.paths - 1
    half_lives = f"{volatility.fast_half_life_days:g} and {volatility.slow_half_life_days:g} days"
    leaving = f"asks for {bps(origin.leave_share_bps)} every {origin.leave_every_days} days"
    facts = [
        ("Path", origin.path),
        ("Seed", str(origin.seed) if origin.paths == 1 else f"{origin.seed} to {last}"),
        ("Capital of each tier", f"{sbtc(origin.capital_sats)} sBTC from {origin.providers} providers"),
        ("Requests", f"{demand.requests_a_day} a day and tier, {percent(demand.put_share, 0)} for a fall"),
        ("In all for", f"{percent(demand.appetite, 0)} of a tier\u2019s cap"),
        ("Comings and goings", f"one provider a tier {leaving}"),
        ("Half-lives; reversion", f"{half_lives}; {volatility.reversion_days:g} days"),
        ("Level of puts and calls", f"{volatility.level_put:g} and {volatility.level_call:g}"),
        ("Skew", f"{volatility.skew:g}"),
        ("Carry", percent(origin.premium.carry)),
        ("Invariants", f"checked {origin.checks:,} times, all held"),
        *_drawn_from(origin.process),
    ]
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(told)}</dd></div>" for name, told in facts)
    return f'<dl class="rows">{rows}</dl>'


def _drawn_from(process: Process | None) -> list[tuple[str, str]]:
    if process is None:
        return []
    spread = f"mean {process.jump_mean:g}, deviation {process.jump_deviation:g}"
    return [
        ("Volatility of the path", f"{process.volatility:g}"),
        ("Its drift", "that of 1 / spot is 0" if process.drift is None else f"{process.drift:g} a year"),
        ("Its jumps", f"{process.jumps_a_year:g} a year, {spread}" if process.jumps_a_year else "none"),
    ]


# The dashboard's faces, put into the page where they are installed with it.
def _faces() -> str:
    found = ((name, _FONTS / f"{file}.woff2", weights) for name, file, weights in _FACES)
    return "".join(
        f'@font-face{{font-family:"{name}";font-weight:{weights};'
        f'src:url(data:font/woff2;base64,{b64encode(file.read_bytes()).decode()}) format("woff2")}}'
        for name, file, weights in found
        if file.exists()
    )

"""Loss ratios: payouts over the premium earned for them, by everything a policy is chosen by."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import groupby
from typing import Final

import msgspec
import numpy as np

from bithedge.risk.paths import named_day
from bithedge.risk.record import Life, Run, Scope

_QUOTED: Final = "quoted volatility"


class RatioRow(msgspec.Struct, frozen=True, kw_only=True):
    """Ended policies of one group; premium without the fee, dollars of the day of sale and of payout."""

    group: str
    """By what; empty for all together."""
    name: str
    note: str = ""
    policies: int
    premium_sats: int
    premium_usd: float
    payout_sats: int
    payout_usd: float
    ratio: float | None


def loss_ratios(runs: Sequence[Run], scope: Scope) -> tuple[RatioRow, ...]:
    """Return the table: all, by year of expiry, tenor, moneyness, L/A, kind and quartile of quoted vol."""
    ended = [(life, run) for run in runs for life in run.lives_of(scope) if life.end_day is not None]
    quoted = np.array([life.volatility for life, _ in ended])
    quartiles = np.quantile(quoted, [0.25, 0.5, 0.75]) if len(quoted) else np.empty(0)
    groups: dict[str, Callable[[Life], tuple[float, str]]] = {
        "": lambda _: (0, "all policies"),
        "year of expiry": _year,
        "tenor": lambda life: (life.cell.days, f"{life.cell.days} d"),
        "strike of spot": lambda life: (life.cell.strike_bps, f"{life.cell.strike_bps / 100:g} %"),
        "max payout of amount": lambda life: (life.cell.share_bps, f"{life.cell.share_bps / 100:g} %"),
        "kind": lambda life: (life.cell.kind == "call", life.cell.kind.value),
        _QUOTED: lambda life: _quartile(life.volatility, quartiles.tolist()),
    }
    rows: list[RatioRow] = []
    for group, key in groups.items():
        ordered = sorted(((key(life), life, run) for life, run in ended), key=lambda found: found[0])
        for (place, name), members in groupby(ordered, key=lambda found: found[0]):
            note = _bounds(int(place), quartiles.tolist()) if group == _QUOTED else ""
            rows.append(_row(group, name, note, [(life, run) for _, life, run in members]))
    return tuple(rows)


def _row(group: str, name: str, note: str, members: Sequence[tuple[Life, Run]]) -> RatioRow:
    premium = sum(life.net_premium for life, _ in members)
    paid = sum(life.payout for life, _ in members)
    return RatioRow(
        group=group,
        name=name,
        note=note,
        policies=len(members),
        premium_sats=premium,
        premium_usd=sum(life.net_premium / 1e8 * (life.spot / 1e8) for life, _ in members),
        payout_sats=paid,
        payout_usd=sum(life.payout / 1e8 * _price(life, run) for life, run in members),
        ratio=paid / premium if premium else None,
    )


def _price(life: Life, run: Run) -> float:
    return float(run.usd[(life.end_day or 0) - int(run.days[0])])


def _year(life: Life) -> tuple[float, str]:
    year = date.fromisoformat(named_day(life.end_day or 0)).year
    return year, str(year)


def _quartile(volatility: float, bounds: Sequence[float]) -> tuple[float, str]:
    place = sum(volatility > bound for bound in bounds)
    return place, f"quartile {place + 1}"


def _bounds(place: int, bounds: Sequence[float]) -> str:
    low = [f"above {bounds[place - 1]:.2f}"] if place else []
    high = [f"up to {bounds[place]:.2f}"] if place < len(bounds) else []
    return " ".join([*low, *high])

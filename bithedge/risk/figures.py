"""Figures that stand side by side: in sats, as a part of capital, in dollars."""

from collections.abc import Sequence

import msgspec
import numpy as np

from bithedge.domain.revaluation.covers import Floats, Ints
from bithedge.risk.record import Run, Scope


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """One amount; `share` is of the scope's capital, dollars are those of the days it fell on."""

    sats: int
    share: float
    usd: float


def money(sats: float, capital: float, price: float) -> Money:
    """Return an amount at one capital (sats) and one price (USD per BTC)."""
    return Money(sats=round(sats), share=sats / capital if capital > 0 else 0.0, usd=sats / 1e8 * price)


def flow(run: Run, scope: Scope, amounts: Ints) -> Money:
    """Return the sum of daily `amounts`, each in dollars of its day, per the mean capital."""
    columns = run.scopes[scope]
    mean = float(columns.capital.mean())
    total = int(amounts.sum())
    return Money(
        sats=total,
        share=total / mean if mean > 0 else 0.0,
        usd=float(amounts @ run.usd) / 1e8,
    )


def windows(values: Floats | Ints, days: int) -> Floats:
    """Return the sums of `days` values in a row, one for each day they can start on."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return total[days:] - total[:-days] if days < len(total) else np.empty(0)


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; None of nothing."""
    return sum(values) / len(values) if values else None

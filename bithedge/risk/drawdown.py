"""The greatest fall of a cumulated result from its peak: how deep, how long, and when it was made good."""

from typing import NamedTuple

import numpy as np

from bithedge.domain.revaluation.covers import Floats


class Fall(NamedTuple):
    """A fall in days of its series; `depth` is in the series' unit and never above 0."""

    depth: float
    start: int
    """The day of the peak."""
    bottom: int
    recovered: int | None
    """The first day the peak was reached again; None if it never was."""


def deepest_fall(results: Floats) -> Fall:
    """Return the deepest fall of the sum of daily `results`, which starts at a peak of 0.

    A peak before the first day is day 0.
    """
    total = np.concatenate([[0.0], np.cumsum(results)])
    peaks = np.maximum.accumulate(total)
    falls = total - peaks
    bottom = int(np.argmin(falls))
    start = int(np.flatnonzero(total[: bottom + 1] == peaks[bottom])[-1])
    again = np.flatnonzero(total[bottom:] >= peaks[bottom])
    # Places in `total` are one day after those in `results`.
    return Fall(
        depth=float(falls[bottom]),
        start=max(0, start - 1),
        bottom=max(0, bottom - 1),
        recovered=int(again[0]) + bottom - 1 if len(again) else None,
    )

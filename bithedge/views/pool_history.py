"""What went in and out of the pool, by day of 144 burn blocks or by week of seven of these."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, Literal

import msgspec

from bithedge.domain.money import WHOLE, Bps, Sats
from bithedge.storage.queries.chain import PoolDay
from bithedge.views.base import View
from bithedge.views.times import rfc3339

Span = Literal["1d", "1w"]

_DAYS: Final[dict[Span, int]] = {"1d": 1, "1w": 7}


class PoolSpanView(View, frozen=True, kw_only=True):
    """A day or week, at the time of its last fact; utilisation as it stood then."""

    at: str
    premiums_sats: Sats
    payouts_sats: Sats
    deposited_sats: Sats
    withdrawn_sats: Sats
    utilisation_bps: Bps


class PoolSpan(msgspec.Struct, frozen=True, kw_only=True):
    """What moved in some days, and the chain's totals at their end. Sats."""

    at_ms: int
    premiums: Sats
    payouts: Sats
    deposited: Sats
    withdrawn: Sats
    available: Sats
    locked: Sats


def pool_spans(days: Sequence[PoolDay], span: Span) -> tuple[PoolSpan, ...]:
    """Return days summed up to spans, oldest first; one in which nothing happened is left out.

    Args:
        days: oldest first.
        span: the length; a week begins where an expiry week does.
    """
    length = _DAYS[span]
    return tuple(_sum(tuple(found)) for _, found in groupby(days, key=lambda day: day.day // length))


def pool_span_view(span: PoolSpan) -> PoolSpanView:
    """Return a span as the interface shows it.

    Reservations never reach the chain: utilisation is what was locked per sat of the vault but the buffer,
    rounded down.
    """
    capital = span.available + span.locked
    return PoolSpanView(
        at=rfc3339(span.at_ms),
        premiums_sats=span.premiums,
        payouts_sats=span.payouts,
        deposited_sats=span.deposited,
        withdrawn_sats=span.withdrawn,
        utilisation_bps=Bps(span.locked * WHOLE // capital if capital > 0 else 0),
    )


def _sum(days: tuple[PoolDay, ...]) -> PoolSpan:
    last = days[-1]
    return PoolSpan(
        at_ms=last.at_ms,
        premiums=Sats(sum(day.premiums for day in days)),
        payouts=Sats(sum(day.payouts for day in days)),
        deposited=Sats(sum(day.deposited for day in days)),
        withdrawn=Sats(sum(day.withdrawn for day in days)),
        available=last.available,
        locked=last.locked,
    )

"""The book as the last day leaves it: what it would pay, on whom it leans, and when it would be free."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

import msgspec
import numpy as np

from bithedge.domain.money import WHOLE, UsdE8, bps_of
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.tier_book import TierBook
from bithedge.domain.revaluation.covers import covers_of, payouts
from bithedge.domain.tiers import Tier, TierParameters
from bithedge.risk.figures import Money, money
from bithedge.risk.menu import DAY_BLOCKS
from bithedge.risk.record import Run, Scope

MOVES_BPS: Final = tuple(range(-5_000, 5_001, 1_000))
FREE_PARTS_BPS: Final = (5_000, 7_500, 9_000, 10_000)
_BAND_BPS: Final = 1_000
_SHOWN: Final = 8


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """What the live book pays after a sudden move, in all and by expiry week from now (the first is 0)."""

    change_bps: int
    price_usd: float
    paid: Money
    by_week_sats: tuple[int, ...]


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """All rungs beside the crash limit; None for the whole pool, which has none of its own."""

    crash_move_bps: int
    crash_limit_bps: int | None
    worst_crash_bps: int | None
    """The most that the daily check saw over all runs."""
    weeks: int
    rungs: tuple[Rung, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Collateral that belongs together."""

    name: str
    locked: Money


class Concentration(msgspec.Struct, frozen=True, kw_only=True):
    """The largest parts of capital by each key, largest first; weeks and strikes in their order."""

    policies: int
    by_week: tuple[Part, ...]
    by_strike: tuple[Part, ...]
    by_provider: tuple[Part, ...]
    by_owner: tuple[Part, ...]
    largest: Money


class Freed(msgspec.Struct, frozen=True, kw_only=True):
    """After how many days at most so much of capital is free if nothing more is sold."""

    part_bps: int
    days: float


def ladder(runs: Sequence[Run], scope: Scope, tiers: dict[Tier, TierParameters]) -> Ladder:
    """Return the stress ladder of the first run's last book."""
    run = runs[0]
    policies = _policies(run, scope)
    spot, weeks = int(run.prices[-1]), [_week(run, policy) for policy in policies]
    covers, last = covers_of(policies), max(weeks, default=-1) + 1
    rungs: list[Rung] = []
    for change in MOVES_BPS:
        price = max(1, spot * (WHOLE + change) // WHOLE)
        paid = payouts(covers, price)
        by_week = np.bincount(weeks, weights=paid, minlength=last) if policies else np.zeros(0)
        rungs.append(
            Rung(
                change_bps=change,
                price_usd=price / 1e8,
                paid=money(int(paid.sum()), _capital(run, scope), price / 1e8),
                by_week_sats=tuple(round(part) for part in by_week.tolist()),
            )
        )
    tier = None if scope == "pool" else Tier(scope)
    return Ladder(
        crash_move_bps=run.books.rules.crash_move_bps,
        crash_limit_bps=None if tier is None else tiers[tier].crash_limit_bps,
        worst_crash_bps=None if tier is None else max(one.worst_crash_bps[tier] for one in runs),
        weeks=last,
        rungs=tuple(rungs),
    )


def concentration(run: Run, scope: Scope) -> Concentration:
    """Return who and what the live collateral leans on."""
    policies = _policies(run, scope)
    spot = int(run.prices[-1])

    def parts(pairs: Iterable[tuple[str, int]], *, ranked: bool) -> tuple[Part, ...]:
        sums: dict[str, int] = {}
        for name, sats in pairs:
            sums[name] = sums.get(name, 0) + sats
        found = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])) if ranked else list(sums.items())
        return tuple(
            Part(name=name, locked=_money(run, scope, sats))
            for name, sats in found[: _SHOWN if ranked else None]
        )

    by_week = sorted((_week(run, policy), policy.max_payout) for policy in policies)
    by_strike = sorted((policy.strike * WHOLE // spot // _BAND_BPS, policy.max_payout) for policy in policies)
    locked = [
        (account.address, int(account.locked))
        for book in _books(run, scope)
        for account in book.accounts.values()
        if account.locked
    ]
    return Concentration(
        policies=len(policies),
        by_week=parts(((_week_name(week), sats) for week, sats in by_week), ranked=False),
        by_strike=parts(((_band(band), sats) for band, sats in by_strike), ranked=False),
        by_provider=parts(locked, ranked=True),
        by_owner=parts(((policy.owner, policy.max_payout) for policy in policies), ranked=True),
        largest=_money(run, scope, max((policy.max_payout for policy in policies), default=0)),
    )


def freed(run: Run, scope: Scope) -> tuple[Freed, ...]:
    """Return how long capital stays bound: policies end at their expiry, and none is sold in their place."""
    policies = sorted(_policies(run, scope), key=lambda policy: policy.expiry)
    capital = _capital(run, scope)
    free = capital - sum(policy.max_payout for policy in policies)
    steps = list(accumulate((policy.max_payout for policy in policies), initial=free))
    waits = [0.0, *((policy.expiry - run.books.height) / DAY_BLOCKS for policy in policies)]
    return tuple(
        Freed(
            part_bps=part,
            days=next(wait for wait, sats in zip(waits, steps, strict=True) if sats >= bps_of(capital, part)),
        )
        for part in FREE_PARTS_BPS
    )


def _books(run: Run, scope: Scope) -> list[TierBook]:
    return [run.books.tier(tier) for tier in Tier if scope in ("pool", tier)]


def _policies(run: Run, scope: Scope) -> list[Backing]:
    return [policy for book in _books(run, scope) for policy in book.policies.values()]


def _capital(run: Run, scope: Scope) -> int:
    return sum(book.capital for book in _books(run, scope))


def _week(run: Run, policy: Backing) -> int:
    return (policy.expiry - run.books.height) // run.books.rules.week_blocks


def _week_name(week: int) -> str:
    return f"week {week + 1}" if week < _SHOWN else "later"


def _band(band: int) -> str:
    return f"{band * 10} to {band * 10 + 10} %"


def _money(run: Run, scope: Scope, sats: int) -> Money:
    return money(sats, _capital(run, scope), UsdE8(int(run.prices[-1])) / 1e8)

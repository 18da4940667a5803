"""What the live book owes: by strike and expiry week, and at prices far from spot."""

from typing import Final

import msgspec

from bithedge.domain.money import WHOLE, Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.books import Books

LADDER_BPS: Final = (-7_000, -5_000, -4_000, -3_000, -2_000, -1_000, 0, 1_000, 2_000, 3_000, 5_000, 10_000)


class WeekView(msgspec.Struct, frozen=True):
    """One expiry week, both heights in it."""

    from_height: Height
    to_height: Height


class CellView(msgspec.Struct, frozen=True):
    """The policies of one strike and week; `strike` and `week` are places in the two lists."""

    strike: int
    week: int
    policies: int
    max_payout_sats: Sats
    owed_now_sats: Sats


class LiabilitiesView(msgspec.Struct, frozen=True, kw_only=True):
    """All live policies of a kind, summed by strike and expiry week."""

    strikes_usd_e8: tuple[UsdE8, ...]
    weeks: tuple[WeekView, ...]
    cells: tuple[CellView, ...]


class StressPoint(msgspec.Struct, frozen=True):
    """What the book owes after a sudden move of spot."""

    change_bps: int
    price_usd_e8: UsdE8
    owed_sats: Sats


class StressView(msgspec.Struct, frozen=True, kw_only=True):
    """The ladder from far below to far above spot."""

    spot_usd_e8: UsdE8
    locked_sats: Sats
    points: tuple[StressPoint, ...]


def liabilities(books: Books, *, spot: UsdE8, kind: Kind | None = None) -> LiabilitiesView:
    """Return the live policies by strike and expiry week, of one kind or of both."""
    week_of, blocks = books.rules.week_of, books.rules.week_blocks
    cells: dict[tuple[UsdE8, int], list[Backing]] = {}
    for policy in _live(books):
        if kind is None or policy.kind is kind:
            cells.setdefault((policy.strike, week_of(policy.expiry)), []).append(policy)
    strikes = sorted({strike for strike, _ in cells})
    weeks = sorted({week for _, week in cells})
    strike_at = {strike: place for place, strike in enumerate(strikes)}
    week_at = {week: place for place, week in enumerate(weeks)}
    return LiabilitiesView(
        strikes_usd_e8=tuple(strikes),
        weeks=tuple(WeekView(Height(week * blocks), Height((week + 1) * blocks - 1)) for week in weeks),
        cells=tuple(
            CellView(
                strike_at[strike],
                week_at[week],
                len(policies),
                Sats(sum(policy.max_payout for policy in policies)),
                Sats(sum(policy.payout_at(spot) for policy in policies)),
            )
            for (strike, week), policies in sorted(cells.items())
        ),
    )


def stress_view(books: Books, *, spot: UsdE8) -> StressView:
    """Return what all live policies owe if spot moved at once, for each step of the ladder."""
    policies = _live(books)
    prices = [UsdE8(max(1, spot * (WHOLE + change) // WHOLE)) for change in LADDER_BPS]
    return StressView(
        spot_usd_e8=spot,
        locked_sats=Sats(sum(book.locked for book in books.tiers.values())),
        points=tuple(
            StressPoint(change, price, Sats(sum(policy.payout_at(price) for policy in policies)))
            for change, price in zip(LADDER_BPS, prices, strict=True)
        ),
    )


def _live(books: Books) -> list[Backing]:
    return [policy for book in books.tiers.values() for policy in book.policies.values()]

"""The policies that stand for all: every tenor, strike and cap of a round menu that a tier backs."""

from typing import Final, NamedTuple

from bithedge.domain.money import WHOLE
from bithedge.domain.payout import Kind
from bithedge.domain.tiers import KindLimits

DAY_BLOCKS: Final = 144
TENORS_DAYS: Final = (1, 7, 30, 90, 180)
SHARES_BPS: Final = (10_000, 5_000, 2_500)
"""Max payout of the amount, bps."""
PUT_STRIKES_BPS: Final = (5_000, 6_000, 7_000, 8_000, 9_000, 10_000, 11_000)
CALL_STRIKES_BPS: Final = (9_100, 10_000, 11_100, 12_500, 14_300, 16_700, 20_000)
"""Strike of spot, bps: the puts' turned round."""


class Cell(NamedTuple):
    """One policy of the menu, per unit of amount."""

    kind: Kind
    days: int
    strike_bps: int
    share_bps: int

    @property
    def moneyness(self) -> float:
        """Strike / spot."""
        return self.strike_bps / WHOLE


def menu(kind: Kind, limits: KindLimits | None = None) -> tuple[Cell, ...]:
    """Return the cells of a kind, of all tiers or within one's limits."""
    strikes = PUT_STRIKES_BPS if kind is Kind.PUT else CALL_STRIKES_BPS
    cells = (
        Cell(kind, days, strike, share) for days in TENORS_DAYS for strike in strikes for share in SHARES_BPS
    )
    return tuple(cell for cell in cells if limits is None or is_backed(cell, limits))


def is_backed(cell: Cell, limits: KindLimits) -> bool:
    """Return whether a tier with these limits sells the cell."""
    tenor = cell.days * DAY_BLOCKS
    return (
        limits.min_moneyness_bps <= cell.strike_bps <= limits.max_moneyness_bps
        and limits.min_tenor_blocks <= tenor <= limits.max_tenor_blocks
    )

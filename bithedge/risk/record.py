"""What a run leaves behind: each policy's life, each day's books, and what was refused."""

from collections import Counter
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np

from bithedge.domain.money import Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.pool.books import Books
from bithedge.domain.premium import PremiumLines
from bithedge.domain.revaluation.covers import Floats, Ints
from bithedge.domain.tiers import Tier
from bithedge.risk.menu import Cell
from bithedge.risk.paths import PricePath

Scope = Literal["conservative", "balanced", "aggressive", "pool"]
SCOPES: Final[tuple[Scope, ...]] = ("conservative", "balanced", "aggressive", "pool")


class Life(msgspec.Struct, kw_only=True):
    """One policy from its sale to its end; sats, prices USD x 1e8."""

    number: int
    tier: Tier
    cell: Cell
    owner: str
    sold_day: int
    spot: UsdE8
    strike: UsdE8
    amount: Sats
    max_payout: Sats
    volatility: float
    lines: PremiumLines
    capital: Sats
    """Of its tier, at the sale."""
    end_day: int | None = None
    payout: Sats = Sats(0)
    touched: bool = False

    @property
    def kind(self) -> Kind:
        """Put or call."""
        return self.cell.kind

    @property
    def net_premium(self) -> Sats:
        """What its backers earn over its whole life."""
        return Sats(self.lines.total - self.lines.fee)

    @property
    def cost(self) -> int:
        """What it cost its backers: payout less premium."""
        return self.payout - self.net_premium

    @property
    def days_held(self) -> int:
        """For how many days its collateral lay behind it; 0 while it lives."""
        return 0 if self.end_day is None else self.end_day - self.sold_day


class Columns(NamedTuple):
    """One scope's days in columns: sats as of the day's close, results since the day before."""

    capital: Ints
    used: Ints
    result: Ints
    """Premium earned less payouts."""
    premium: Ints
    """Premium earned."""


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One provider's deposit that is left alone, sats a day."""

    deposit: Sats
    equity: list[int]
    """Free + locked + earned: what is its own so far."""


class Run(NamedTuple):
    """A whole run over one path."""

    path: PricePath
    seed: int
    days: Ints
    prices: Ints
    """Closes."""
    scopes: dict[Scope, Columns]
    lives: list[Life]
    holdings: dict[Tier, Holding]
    refused_sales: dict[Tier, Counter[str]]
    asked_sales: dict[Tier, int]
    refused_withdrawals: dict[Tier, Counter[str]]
    asked_withdrawals: dict[Tier, int]
    worst_crash_bps: dict[Tier, int]
    books: Books
    """As the last day leaves them."""
    checks: int
    """How often the books were compared with the vault; a difference ends the run."""

    @property
    def usd(self) -> Floats:
        """Closes in dollars."""
        return self.prices / 1e8

    def lives_of(self, scope: Scope) -> list[Life]:
        """Return the policies of a tier, or of all."""
        return [life for life in self.lives if scope in ("pool", life.tier)]


def pooled(tiers: list[Columns]) -> Columns:
    """Return the sums of all tiers' columns."""
    return Columns(*(np.sum(column, axis=0) for column in zip(*tiers, strict=True)))

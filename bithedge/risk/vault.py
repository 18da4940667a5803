"""The pool contract's arithmetic beside the books: its totals, and what its windows still let out.

The laboratory has no chain, so each of its facts carries the totals that the contract would have printed. The
books are checked against them as the daemon checks its own.
"""

from typing import Final

import msgspec

from bithedge.domain.events.pool import VaultTotals
from bithedge.domain.ids import Address
from bithedge.domain.money import WHOLE, Bps, Height, Sats, bps_of
from bithedge.domain.pool.commands import WithdrawalLimits
from bithedge.domain.pool.notes import NO_TOTALS


class VaultRules(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's parameters that bound what passes in a window of burn blocks, as it is deployed."""

    window_blocks: int = 144
    window_floor: Sats = Sats(1_000_000)
    sale_share: Bps = Bps(2_500)
    outflow_share: Bps = Bps(2_500)
    profit_share: Bps = Bps(200)
    yield_cap: Bps = WHOLE


class _Provider(msgspec.Struct):
    deposited: int = 0
    withdrawn: int = 0


class Vault:
    """What the contract holds; each method is one of its calls and returns the totals after it."""

    def __init__(self, rules: VaultRules) -> None:
        self._rules = rules
        self._providers: dict[Address, _Provider] = {}
        self._index: int = -1
        self._outflow: int = 0
        self._profit: int = 0
        self.totals: VaultTotals = NO_TOTALS

    @property
    def held(self) -> Sats:
        """The sBTC in it."""
        return Sats(self.totals.available + self.totals.locked + self.totals.buffer)

    def deposit(self, who: Address, amount: Sats) -> VaultTotals:
        """Take a provider's money in."""
        self._of(who).deposited += amount
        return self._change(available=amount, deposited=amount)

    def sell(self, *, premium: Sats, fee: Sats, collateral: Sats, treasury: Address) -> VaultTotals:
        """Take a premium in and lock a policy's collateral; the fee counts as the treasury's deposit."""
        self._of(treasury).deposited += fee
        return self._change(
            available=premium - collateral, locked=collateral, deposited=fee, premiums=premium - fee
        )

    def settle(self, *, payout: Sats, collateral: Sats) -> VaultTotals:
        """Pay a holder and let the rest of its collateral go."""
        return self._change(locked=-collateral, available=collateral - payout, payouts=payout)

    def withdraw(self, who: Address, amount: Sats, height: Height) -> VaultTotals:
        """Pay a provider."""
        self._turn(height)
        own = self._of(who)
        self._profit += max(0, amount - max(0, own.deposited - own.withdrawn))
        self._outflow += amount
        own.withdrawn += amount
        return self._change(available=-amount, withdrawn=amount)

    def limits(self, who: Address, height: Height) -> WithdrawalLimits:
        """Return what `get-withdrawal-limits` would say."""
        self._turn(height)
        own = self._of(who)
        vault = self.held + self._outflow
        return WithdrawalLimits(
            available=self.totals.available,
            principal=Sats(max(0, own.deposited - own.withdrawn)),
            lifetime=Sats(
                max(0, own.deposited + bps_of(own.deposited, self._rules.yield_cap) - own.withdrawn)
            ),
            outflow=self._left(vault, self._rules.outflow_share, self._outflow),
            profit=self._left(vault, self._rules.profit_share, self._profit),
        )

    def _left(self, vault: int, share: Bps, passed: int) -> Sats:
        return Sats(max(0, max(bps_of(vault, share), self._rules.window_floor) - passed))

    def _turn(self, height: Height) -> None:
        index = height // self._rules.window_blocks
        if index != self._index:
            self._index, self._outflow, self._profit = index, 0, 0

    def _of(self, who: Address) -> _Provider:
        return self._providers.setdefault(who, _Provider())

    def _change(self, **moves: int) -> VaultTotals:
        before = msgspec.structs.asdict(self.totals)
        after = before | {name: before[name] + move for name, move in moves.items()}
        self.totals = VaultTotals(**after)
        return self.totals


DEPLOYED: Final = VaultRules()

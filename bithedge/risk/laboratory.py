"""The pool over a price path: the daemon's own rules, a day at a time.

A day goes as it would on chain: its extremes settle what they touch, its close settles or releases what
expires, volatility takes its close, providers come and go, and buyers ask for quotes at the close. Books,
quotes, allocation, premium and payouts are the domain's; the laboratory only makes the facts.
"""

import itertools
import random
from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from bithedge.domain.errors import DomainError
from bithedge.domain.ids import Address, PolicyNumber, quote_id, withdrawal_id
from bithedge.domain.money import WHOLE, Height, Sats, UsdE8, bps_of, ceil_div
from bithedge.domain.payout import Kind, is_touched
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.capacity import crash_bps
from bithedge.domain.pool.commands import RequestWithdrawal
from bithedge.domain.pool.decisions import decide_withdrawal
from bithedge.domain.pool.health import Health, withdrawable
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.quotes import Conditions, Pricing, Quote, QuoteRequest, price_quote
from bithedge.domain.tiers import Tier
from bithedge.domain.volatility import VolatilityEstimate, estimate_from, observe_day
from bithedge.oracle.history import DailyCandle, at_ms
from bithedge.risk.chain import NO_COMMAND, Chain
from bithedge.risk.demand import Buyers, Demand, Request
from bithedge.risk.menu import DAY_BLOCKS
from bithedge.risk.parameters import PathError
from bithedge.risk.paths import PricePath
from bithedge.risk.record import Columns, Holding, Life, Run, Scope, pooled
from bithedge.risk.vault import DEPLOYED, VaultRules

_START: Final = Height(DAY_BLOCKS * 1_000)


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run depends on beside its path and its seed."""

    pricing: Pricing
    rules: PoolRules = PoolRules()
    vault: VaultRules = DEPLOYED
    demand: Demand = Demand()
    capital: Sats = Sats(1_000_000_000)
    """Of each tier at the start."""
    providers: int = 8
    """Of each tier; the first leaves its deposit alone, the second comes and goes, the others stay."""
    leave_every_days: int = 30
    leave_share_bps: int = 5_000
    """What the second provider asks for of its free balance and earned premium."""
    check_every_days: int = 30


def run_path(
    path: PricePath, setup: Setup, *, seed: int, progress: Callable[[int], None] = lambda _: None
) -> Run:
    """Return what a pool does over a path.

    Args:
        path: the prices.
        setup: rules, capital and demand.
        seed: of demand; the path is drawn already.
        progress: told after each day how many are done.

    Raises:
        PathError: the days before the first sale give no volatility.
        BrokenBooksError: an invariant failed on the way.
    """
    laboratory = Laboratory(path, setup, seed)
    for done, candle in enumerate(path.sold, start=1):
        laboratory.day(candle)
        progress(done)
    return laboratory.result()


class Laboratory:
    """One run; `day` after `day`, then `result`."""

    def __init__(self, path: PricePath, setup: Setup, seed: int) -> None:
        self._path = path
        self._setup = setup
        self._seed = seed
        self._chain = Chain(setup.pricing, setup.rules, setup.vault, height=_START)
        self._estimate = _estimate_before(path, setup.pricing)
        chance = random.Random(seed)  # noqa: S311  # a draw that must be the same again
        self._buyers = Buyers(setup.demand, setup.pricing.tiers, chance)
        self._ids = itertools.count(1)
        self._lives: dict[PolicyNumber, Life] = {}
        self._away: dict[Tier, Sats] = {}
        self._equity: dict[Tier, list[int]] = {tier: [] for tier in Tier}
        self._rows: dict[Tier, list[tuple[int, int, int, int]]] = {tier: [] for tier in Tier}
        self._worst_crash = dict.fromkeys(Tier, 0)
        self._sales = {tier: Counter[str]() for tier in Tier}
        self._asked = Counter[Tier]()
        self._withdrawals = {tier: Counter[str]() for tier in Tier}
        self._asked_withdrawals = Counter[Tier]()
        self._days = 0
        self._checks = 0
        for tier in Tier:
            for number in range(setup.providers):
                self._chain.deposit(_provider(tier, number), tier, Sats(setup.capital // setup.providers))

    def day(self, candle: DailyCandle) -> None:
        """Play one day.

        Raises:
            BrokenBooksError: an invariant failed.
        """
        self._days += 1
        self._chain.height = Height(self._chain.height + DAY_BLOCKS)
        self._chain.now_ms = at_ms(candle.day + 1)
        self._end_policies(candle)
        rule = self._setup.pricing.volatility
        self._estimate = observe_day(rule, self._estimate, candle.day + 1, candle.close)
        if self._days % self._setup.leave_every_days == 0:
            for tier in Tier:
                self._come_and_go(tier, candle.close)
        capital = {tier: book.capital for tier, book in self._chain.books.tiers.items()}
        for request in self._buyers.requests(capital):
            self._asked[request.tier] += 1
            try:
                self._sell(request, candle)
            except DomainError as refusal:
                self._sales[request.tier][_cause(refusal)] += 1
        self._note(candle)
        if self._days % self._setup.check_every_days == 0 or self._days == len(self._path.sold):
            self._chain.check()
            self._checks += 1

    def result(self) -> Run:
        """Return the record of all days so far."""
        sold = self._path.sold[: self._days]
        scopes: dict[Scope, Columns] = {tier.value: _columns(self._rows[tier]) for tier in Tier}
        scopes["pool"] = pooled(list(scopes.values()))
        deposit = Sats(self._setup.capital // self._setup.providers)
        return Run(
            path=self._path,
            seed=self._seed,
            days=np.array([candle.day for candle in sold], dtype=np.int64),
            prices=np.array([candle.close for candle in sold], dtype=np.int64),
            scopes=scopes,
            lives=list(self._lives.values()),
            holdings={tier: Holding(deposit=deposit, equity=self._equity[tier]) for tier in Tier},
            refused_sales=self._sales,
            asked_sales=dict(self._asked),
            refused_withdrawals=self._withdrawals,
            asked_withdrawals=dict(self._asked_withdrawals),
            worst_crash_bps=self._worst_crash,
            books=self._chain.books,
            checks=self._checks,
        )

    def _end_policies(self, candle: DailyCandle) -> None:
        live = [policy for book in self._chain.books.tiers.values() for policy in book.policies.values()]
        done: list[Backing] = []
        for policy in live:
            extreme = candle.low if policy.kind is Kind.PUT else candle.high
            if is_touched(policy.kind, policy.strike, policy.amount, policy.max_payout, extreme):
                self._settle(policy, extreme, candle.day, touched=True)
            elif policy.expiry <= self._chain.height:
                if policy.payout_at(candle.close) > 0:
                    self._settle(policy, candle.close, candle.day, touched=False)
                else:
                    self._lives[policy.policy_id].end_day = candle.day
                    done.append(policy)
        if done:
            self._chain.release(done)

    def _settle(self, policy: Backing, price: UsdE8, day: int, *, touched: bool) -> None:
        life = self._lives[policy.policy_id]
        life.payout, life.end_day, life.touched = self._chain.settle(policy, price), day, touched

    def _come_and_go(self, tier: Tier, spot: UsdE8) -> None:
        who = _provider(tier, 1)
        back = self._away.pop(tier, None)
        if back is not None:
            self._chain.deposit(who, tier, back)
            return
        chain = self._chain
        most = withdrawable(chain.books, who, tier, chain.height)
        amount = Sats(bps_of(most, self._setup.leave_share_bps))
        if amount < self._setup.rules.min_deposit_sats:
            return
        self._asked_withdrawals[tier] += 1
        command = RequestWithdrawal(
            withdrawal_id=withdrawal_id(next(self._ids).to_bytes(16, "big")),
            address=who,
            tier=tier,
            amount=amount,
            command_id=NO_COMMAND,
            height=chain.height,
            spot=spot,
            limits=chain.vault.limits(who, chain.height),
        )
        try:
            chain.decided(decide_withdrawal(chain.books, command))
        except DomainError as refusal:
            self._withdrawals[tier][_cause(refusal)] += 1
            return
        chain.withdraw(command.withdrawal_id, who, tier, amount)
        self._away[tier] = amount

    def _sell(self, request: Request, candle: DailyCandle) -> None:
        quote = self._quote(request, candle.close)
        capital = Sats(self._chain.books.tier(request.tier).capital)
        number = self._chain.buy(quote, request.owner)
        self._lives[number] = Life(
            number=number,
            tier=quote.tier,
            cell=request.cell,
            owner=request.owner,
            sold_day=candle.day,
            spot=quote.spot,
            strike=quote.strike,
            amount=quote.amount,
            max_payout=quote.max_payout,
            volatility=quote.volatility,
            lines=quote.lines,
            capital=capital,
        )

    def _quote(self, request: Request, spot: UsdE8) -> Quote:
        cell, chain = request.cell, self._chain
        limits = self._setup.pricing.tiers[request.tier].limits(cell.kind)
        # Rounded inwards, so that the ends of what a tier backs are not missed by a hair.
        at_most = cell.strike_bps == limits.max_moneyness_bps
        strike = spot * cell.strike_bps // WHOLE if at_most else ceil_div(spot * cell.strike_bps, WHOLE)
        wanted = QuoteRequest(
            kind=cell.kind,
            amount=request.amount,
            strike=UsdE8(strike),
            max_payout=Sats(bps_of(request.amount, cell.share_bps)),
            floor=None,
            tenor=cell.days * DAY_BLOCKS,
            expiry=None,
            tier=request.tier,
            owner=request.owner,
        )
        conditions = Conditions(
            spot=spot,
            variances=self._estimate.variances,
            height=chain.height,
            now_ms=chain.now_ms,
            limits=chain.sale_limits,
        )
        name = quote_id(next(self._ids).to_bytes(16, "big"))
        return price_quote(chain.books, wanted, name, pricing=self._setup.pricing, conditions=conditions)

    def _note(self, candle: DailyCandle) -> None:
        height = self._chain.height
        for tier, book in self._chain.books.tiers.items():
            earned = book.premiums_earned + book.earned_by_all(height)
            self._rows[tier].append((book.capital, book.used, earned, book.losses))
            who = _provider(tier, 0)
            account = book.account(who)
            self._equity[tier].append(account.equity - account.unearned + book.earned_of(who, height))
            crash = crash_bps(self._chain.books, tier, candle.close)
            self._worst_crash[tier] = max(self._worst_crash[tier], crash)


def _estimate_before(path: PricePath, pricing: Pricing) -> VolatilityEstimate:
    before = ((candle.day + 1, candle.close) for candle in path.candles[: path.warm_up])
    try:
        return estimate_from(pricing.volatility, before)
    except ValueError as error:
        raise PathError(f"{path.name}: {error}") from None


def _provider(tier: Tier, number: int) -> Address:
    return Address(f"{tier}-{number:02}")


def _columns(rows: list[tuple[int, int, int, int]]) -> Columns:
    capital, used, earned, lost = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    premium = np.diff(earned, prepend=0)
    return Columns(capital, used, premium - np.diff(lost, prepend=0), premium)


# The refusal's code, or what of it says more: the limit that was met, the check that failed.
def _cause(refusal: DomainError) -> str:
    health, reason = refusal.context.get("health"), refusal.context.get("reason")
    if isinstance(health, Health):
        return next(check.name for check in health.checks if not check.ok)
    return str(reason) if reason is not None else refusal.code

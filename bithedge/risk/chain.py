"""Facts without a chain: what is decided is mined at once, and the books hear of it as in the daemon."""

from collections.abc import Iterable, Sequence
from typing import Final

from bithedge.domain.events.base import ChainRef, Event, Recorded
from bithedge.domain.events.pool import WithdrawalVoucherIssued
from bithedge.domain.facts import DepositFact, PurchaseFact, ReleaseFact, SettlementFact, WithdrawalFact
from bithedge.domain.ids import Address, Hex, PolicyNumber, WithdrawalId, to_bytes
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.chain_facts import on_deposit, on_purchase, on_release, on_settlement, on_withdrawal
from bithedge.domain.pool.commands import ReservePolicy, SaleLimits
from bithedge.domain.pool.decisions import decide_reservation
from bithedge.domain.pool.invariants import breaks, drift, reconcile
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.quotes import Pricing, Quote
from bithedge.domain.sale_window import SaleWindow
from bithedge.domain.tiers import Tier
from bithedge.risk.vault import Vault, VaultRules

TREASURY: Final = Address("treasury")
NO_COMMAND: Final = Hex("0x00")


class BrokenBooksError(Exception):
    """An invariant failed: the run is worth nothing, and there is a fault to be found."""


class Chain:
    """Books and vault, changed by one transaction after the other.

    Args:
        pricing: gives the tiers' parameters.
        rules: the pool's own figures.
        vault: the contract's.
        height: of the first block.
    """

    def __init__(self, pricing: Pricing, rules: PoolRules, vault: VaultRules, *, height: Height) -> None:
        self.books = Books(rules, pricing.tiers, treasuries=(TREASURY,))
        self.vault = Vault(vault)
        self.height = height
        self.now_ms = 0
        self._window = SaleWindow(
            blocks=vault.window_blocks, share=vault.sale_share, floor=vault.window_floor
        )
        self._seq = 0
        self._policies = 0

    @property
    def sale_limits(self) -> SaleLimits:
        """What the contract still lets be sold."""
        totals = self.vault.totals
        return SaleLimits(available=totals.available, window=self._window.room(totals, self.height))

    def decided(self, events: Iterable[Event]) -> None:
        """Take up what was decided off the chain."""
        self._record(events, on_chain=False)

    def deposit(self, who: Address, tier: Tier, amount: Sats) -> None:
        """A provider's money arrives."""
        totals = self.vault.deposit(who, amount)
        self._record(on_deposit(DepositFact(address=who, tier=tier, amount=amount, totals=totals)))

    def buy(self, quote: Quote, owner: Address) -> PolicyNumber:
        """Reserve a quote and buy it.

        Raises:
            DomainError: it cannot be reserved.
        """
        terms = quote.terms(owner)
        command = ReservePolicy(
            quote_id=terms.quote_id,
            owner=owner,
            tier=terms.tier,
            kind=terms.kind,
            strike=terms.strike,
            amount=terms.amount,
            max_payout=terms.max_payout,
            expiry=terms.expiry,
            valid_until=terms.valid_until,
            premium=terms.premium,
            command_id=NO_COMMAND,
            height=self.height,
            spot=quote.spot,
            now_ms=self.now_ms,
            limits=self.sale_limits,
        )
        self.decided(decide_reservation(self.books, command))
        totals = self.vault.sell(
            premium=terms.premium, fee=terms.fee, collateral=terms.max_payout, treasury=TREASURY
        )
        self._policies += 1
        fact = PurchaseFact(
            policy_id=PolicyNumber(self._policies),
            terms=terms,
            price=quote.spot,
            price_height=self.height,
            start=self.height,
            treasury=TREASURY,
            totals=totals,
        )
        self._record(on_purchase(self.books, fact))
        return fact.policy_id

    def settle(self, policy: Backing, price: UsdE8) -> Sats:
        """Pay a policy what it owes at `price`, and return it."""
        owed = policy.payout_at(price)
        fact = SettlementFact(
            policy_id=policy.policy_id,
            quote_id=policy.quote_id,
            rule="daemon",
            price=price,
            price_height=self.height,
            payout=owed,
            totals=self.vault.settle(payout=owed, collateral=policy.max_payout),
        )
        self._record(on_settlement(self.books, fact))
        return owed

    def release(self, policies: Sequence[Backing]) -> None:
        """Let policies go that owe nothing."""
        amount = Sats(sum(policy.max_payout for policy in policies))
        totals = self.vault.settle(payout=Sats(0), collateral=amount)
        numbers = tuple(policy.policy_id for policy in policies)
        self._record(on_release(self.books, ReleaseFact(policy_ids=numbers, amount=amount, totals=totals)))

    def withdraw(self, name: WithdrawalId, who: Address, tier: Tier, amount: Sats) -> None:
        """Sign the voucher of a withdrawal that was decided, and use it."""
        issued = WithdrawalVoucherIssued(
            withdrawal_id=name,
            address=who,
            tier=tier,
            amount=amount,
            valid_until=Height(self.height + self.books.rules.voucher_blocks),
            voucher_signatures=(),
        )
        self.decided((issued,))
        totals = self.vault.withdraw(who, amount, self.height)
        fact = WithdrawalFact(address=who, tier=tier, amount=amount, serial=to_bytes(name), totals=totals)
        self._record(on_withdrawal(self.books, fact))

    def check(self) -> None:
        """Compare the books with the vault and with themselves.

        Raises:
            BrokenBooksError: they differ.
        """
        found = [
            *(equation.name for equation in breaks(self.books, vault=self.vault.held)),
            *(equation.name for equation in reconcile(self.books, self.vault.totals)),
            *drift(self.books),
        ]
        if found:
            raise BrokenBooksError(f"at height {self.height}: {', '.join(found)}")

    def _record(self, events: Iterable[Event], *, on_chain: bool = True) -> None:
        for event in events:
            self._seq += 1
            ref = ChainRef(block_height=self._seq, block_hash=f"{self._seq:x}", burn_height=self.height)
            recorded = Recorded(
                seq=self._seq,
                stream="pool",
                version=self._seq,
                event=event,
                at_ms=self.now_ms,
                chain=ref if on_chain else None,
            )
            self.books.apply(recorded)
            self._window.observe(recorded)

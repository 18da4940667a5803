"""A pool with the contract's arithmetic beside it: what tests say of it becomes facts, events and books."""

import itertools
from collections.abc import Iterable, Mapping

import msgspec

from bithedge.domain.events.base import ChainRef, Event, Recorded
from bithedge.domain.events.pool import VaultTotals, WithdrawalVoucherIssued
from bithedge.domain.facts import (
    BufferFact,
    ClosingFact,
    DepositFact,
    PauseFact,
    PurchaseFact,
    ReleaseFact,
    SettlementFact,
    WithdrawalFact,
)
from bithedge.domain.ids import Hex, quote_id, to_bytes, withdrawal_id
from bithedge.domain.payout import Kind
from bithedge.domain.pool.account import Account
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.chain_facts import (
    compensations,
    lapses,
    on_deposit,
    on_pool_fact,
    on_purchase,
    on_release,
    on_settlement,
    on_withdrawal,
)
from bithedge.domain.pool.commands import (
    RequestWithdrawal,
    ReservePolicy,
    SaleLimits,
    SetExit,
    WithdrawalLimits,
)
from bithedge.domain.pool.decisions import decide_exit, decide_reservation, decide_withdrawal
from bithedge.domain.pool.notes import NO_TOTALS
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import DEFAULT_TIERS, Tier, TierParameters

SPOT = 65_000 * 10**8
BTC = 100_000_000
TREASURY = "ST_TREASURY"
HOLDER = "ST_HOLDER"
PLENTY = 10**15


def usd(dollars: int) -> int:
    return dollars * 10**8


class Scene:
    """Facts go in by name; `books` follows, and `records` is the journal."""

    def __init__(
        self, rules: PoolRules | None = None, tiers: Mapping[Tier, TierParameters] = DEFAULT_TIERS
    ) -> None:
        self.rules = rules or PoolRules()
        self.parameters = tiers
        self.books = Books(self.rules, tiers)
        self.records: list[Recorded] = []
        self.totals = NO_TOTALS
        self.height = 1_000
        self.now_ms = 1_000_000
        self.block = 0
        self.numbers = itertools.count(1)
        self.ids = itertools.count(1)
        self.terms: dict[str, Terms] = {}
        self.policy_ids: dict[str, int] = {}

    # the journal

    def record(self, events: Iterable[Event], *, on_chain: bool = False) -> tuple[Event, ...]:
        events = tuple(events)
        for event in events:
            ref = ChainRef(block_height=self.block, block_hash=f"{self.block:x}", burn_height=self.height)
            record = Recorded(
                seq=len(self.records) + 1,
                stream="pool",
                version=len(self.records) + 1,
                event=event,
                at_ms=self.now_ms,
                chain=ref if on_chain else None,
            )
            self.records.append(record)
            self.books.apply(record)
        return events

    def undo_from(self, block: int) -> None:
        """A reorg: facts of this block and later ones never happened."""
        self.records = [
            msgspec.structs.replace(record, undone=True)
            if record.chain is not None and record.chain.block_height >= block
            else record
            for record in self.records
        ]
        self.books = self.replayed()
        self.totals = self.books.totals
        self.record(compensations(self.books))

    def replayed(self) -> Books:
        return Books.replay(self.records, self.rules, self.parameters)

    # the chain

    def mine(self, blocks: int = 1) -> None:
        self.height += blocks
        self.now_ms += blocks * 600_000
        self.books.wake(self.height)

    def _chain(self, **changes: int) -> VaultTotals:
        self.block += 1
        moved = {name: getattr(self.totals, name) + change for name, change in changes.items()}
        self.totals = msgspec.structs.replace(self.totals, **moved)
        return self.totals

    def deposit(self, address: str, amount: int, tier: Tier = Tier.BALANCED) -> tuple[Event, ...]:
        totals = self._chain(available=amount, deposited=amount)
        fact = DepositFact(address=address, tier=tier, amount=amount, totals=totals)
        return self.record(on_deposit(fact), on_chain=True)

    def a_put(self, **changes: object) -> Terms:
        raw = next(self.ids).to_bytes(16, "big")
        terms = Terms(
            quote_id=quote_id(raw),
            owner=HOLDER,
            kind=Kind.PUT,
            strike=usd(60_000),
            amount=BTC // 10,
            max_payout=BTC // 10,
            premium=21_000,
            fee=1_000,
            tier=Tier.BALANCED,
            expiry=self.height + 4_320,
            valid_until=self.height + 2,
            valid_until_s=2_000_000_000,
        )
        terms = msgspec.structs.replace(terms, **changes)
        self.terms[terms.quote_id] = terms
        return terms

    def buy(self, terms: Terms) -> tuple[Event, ...]:
        income = terms.premium - terms.max_payout
        totals = self._chain(
            available=income,
            locked=terms.max_payout,
            deposited=terms.fee,
            premiums=terms.premium - terms.fee,
        )
        number = next(self.numbers)
        self.policy_ids[terms.quote_id] = number
        fact = PurchaseFact(
            policy_id=number,
            terms=terms,
            price=SPOT,
            price_height=self.height,
            start=self.height,
            treasury=TREASURY,
            totals=totals,
        )
        return self.record(on_purchase(self.books, fact), on_chain=True)

    def sell(self, **changes: object) -> Terms:
        """A sale nobody had reserved."""
        terms = self.a_put(**changes)
        self.buy(terms)
        return terms

    def settle(self, terms: Terms, price: int) -> tuple[Event, ...]:
        payout = terms.payout_at(price)
        totals = self._chain(locked=-terms.max_payout, available=terms.max_payout - payout, payouts=payout)
        fact = SettlementFact(
            policy_id=self.policy_ids[terms.quote_id],
            quote_id=terms.quote_id,
            rule="daemon",
            price=price,
            price_height=self.height,
            payout=payout,
            totals=totals,
        )
        return self.record(on_settlement(self.books, fact), on_chain=True)

    def release(self, *policies: Terms) -> tuple[Event, ...]:
        amount = sum(terms.max_payout for terms in policies)
        totals = self._chain(locked=-amount, available=amount)
        numbers = tuple(self.policy_ids[terms.quote_id] for terms in policies)
        fact = ReleaseFact(policy_ids=numbers, amount=amount, totals=totals)
        return self.record(on_release(self.books, fact), on_chain=True)

    def take(self, name: str, address: str, amount: int, tier: Tier = Tier.BALANCED) -> tuple[Event, ...]:
        """A provider uses a voucher."""
        totals = self._chain(available=-amount, withdrawn=amount)
        fact = WithdrawalFact(address=address, tier=tier, amount=amount, serial=to_bytes(name), totals=totals)
        return self.record(on_withdrawal(self.books, fact), on_chain=True)

    def escape(self, address: str, amount: int) -> tuple[Event, ...]:
        totals = self._chain(available=-amount, escaped=amount)
        fact = WithdrawalFact(address=address, tier=None, amount=amount, serial=None, totals=totals)
        return self.record(on_withdrawal(self.books, fact), on_chain=True)

    def set_buffer(self, amount: int) -> tuple[Event, ...]:
        totals = self._chain(available=self.totals.buffer - amount, buffer=amount - self.totals.buffer)
        return self.record(on_pool_fact(BufferFact(totals=totals)), on_chain=True)

    def pause(self, what: str, until: int | None) -> tuple[Event, ...]:
        self.block += 1
        return self.record(on_pool_fact(PauseFact(what=what, until=until)), on_chain=True)

    def close(self) -> tuple[Event, ...]:
        totals = self._chain(available=self.totals.buffer, buffer=-self.totals.buffer)
        return self.record(on_pool_fact(ClosingFact(totals=totals)), on_chain=True)

    # commands

    def reserve_command(self, terms: Terms, **changes: object) -> ReservePolicy:
        command = ReservePolicy(
            quote_id=terms.quote_id,
            owner=terms.owner,
            tier=terms.tier,
            kind=terms.kind,
            strike=terms.strike,
            amount=terms.amount,
            max_payout=terms.max_payout,
            expiry=terms.expiry,
            valid_until=terms.valid_until,
            premium=terms.premium,
            command_id=Hex("0x01"),
            height=self.height,
            spot=SPOT,
            now_ms=self.now_ms,
            limits=SaleLimits(available=self.totals.available, window=PLENTY),
        )
        return msgspec.structs.replace(command, **changes)

    def reserve(self, terms: Terms, **changes: object) -> tuple[Event, ...]:
        return self.record(decide_reservation(self.books, self.reserve_command(terms, **changes)))

    def limits(self, address: str, **changes: int) -> WithdrawalLimits:
        limits = WithdrawalLimits(
            available=self.totals.available,
            principal=self.books.principal_of(address),
            lifetime=PLENTY,
            outflow=PLENTY,
            profit=PLENTY,
        )
        return msgspec.structs.replace(limits, **changes)

    def withdrawal_command(
        self, address: str, amount: int, tier: Tier = Tier.BALANCED, **limits: int
    ) -> RequestWithdrawal:
        return RequestWithdrawal(
            withdrawal_id=withdrawal_id(next(self.ids).to_bytes(16, "big")),
            address=address,
            tier=tier,
            amount=amount,
            command_id=Hex("0x02"),
            height=self.height,
            spot=SPOT,
            limits=self.limits(address, **limits),
        )

    def request(self, address: str, amount: int, tier: Tier = Tier.BALANCED, **limits: int) -> str:
        """Ask for a withdrawal and have its voucher signed; its id."""
        command = self.withdrawal_command(address, amount, tier, **limits)
        self.record(decide_withdrawal(self.books, command))
        self.record(
            [
                WithdrawalVoucherIssued(
                    withdrawal_id=command.withdrawal_id,
                    address=address,
                    tier=tier,
                    amount=amount,
                    valid_until=self.height + self.rules.voucher_blocks,
                    voucher_signatures=(Hex("0xaa"),),
                )
            ]
        )
        return command.withdrawal_id

    def set_exit(
        self, address: str, tier: Tier = Tier.BALANCED, *, enabled: bool = True
    ) -> tuple[Event, ...]:
        command = SetExit(
            address=address, tier=tier, enabled=enabled, height=self.height, command_id=Hex("0x03")
        )
        return self.record(decide_exit(self.books, command))

    def lapse(self) -> tuple[Event, ...]:
        """Everything up to now is final."""
        return self.record(lapses(self.books, self.height))

    # looking

    def account(self, address: str, tier: Tier = Tier.BALANCED) -> Account:
        return self.books.tier(tier).account(address)

    def backers(self, terms: Terms) -> dict[str, int]:
        backing = self.books.backing(terms.quote_id)
        return {backer.address: backer.share for backer in backing.backers}

"""Builders of events as the chain and the daemon make them, and a journal on a real file."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

from bithedge.domain.events.base import ChainRef, Event
from bithedge.domain.events.chain import BlockFollowed, ChainReorganised, PriceObserved
from bithedge.domain.events.policy import (
    PolicyCreated,
    PolicyPending,
    PolicyReverted,
    PolicySettled,
    QuoteIssued,
)
from bithedge.domain.events.pool import (
    Backer,
    CapacityReleased,
    CapacityReserved,
    CollateralAllocated,
    CollateralReleased,
    Earning,
    FundsDeposited,
    FundsWithdrawn,
    PremiumEarned,
    ProviderReverted,
    Release,
    VaultTotals,
    WithdrawalPending,
    WithdrawalRequested,
    WithdrawalReverted,
    WithdrawalVoucherIssued,
)
from bithedge.domain.events.transactions import (
    Call,
    Intent,
    TransactionConfirmed,
    TransactionPrepared,
    TransactionReverted,
    TransactionSent,
)
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.storage.connections import LocalConnection, connect_writer, open_reader, open_writer
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Attempt, Change, Revert
from bithedge.storage.reader import Reader
from bithedge.storage.revert import undone_subjects

HOLDER = "ST2HOLDER"
ALICE, BOB, TREASURY = "ST1ALICE", "ST1BOB", "ST1TREASURY"
LANE = "ST1LANE"
WITHDRAWAL = "w_" + "0" * 31 + "1"
OPERATION = "o_" + "0" * 31 + "1"
SETTLE_TX, BUY_TX, LEAVE_TX = "0x" + "a1" * 32, "0x" + "b1" * 32, "0x" + "c1" * 32
BURN = 1_000


def quote(number: int) -> str:
    return f"q_{number:032x}"


def policy_stream(number: int) -> str:
    return f"policy:{quote(number)}"


def terms(number: int, *, owner: str = HOLDER, tier: Tier = Tier.BALANCED, expiry: int = 5_000) -> Terms:
    return Terms(
        quote_id=quote(number),
        owner=owner,
        kind="put",
        strike=6_000_000_000_000,
        amount=10_000_000,
        max_payout=10_000_000,
        premium=200_000,
        fee=10_000,
        tier=tier,
        expiry=expiry,
        valid_until=1_010,
        valid_until_s=2_000_000_000,
    )


def totals(**moved: int) -> VaultTotals:
    names = ("available", "locked", "buffer", "deposited", "withdrawn", "premiums", "payouts", "escaped")
    return VaultTotals(**(dict.fromkeys(names, 0) | moved))


def block(height: int, branch: str = "a") -> str:
    return f"0x{branch}{height}"


def ref(height: int, branch: str = "a", txid: str | None = None) -> ChainRef:
    return ChainRef(
        block_height=height, block_hash=block(height, branch), burn_height=BURN + height, txid=txid
    )


def followed(height: int, branch: str = "a") -> Change:
    event = BlockFollowed(
        block_height=height,
        burn_height=BURN + height,
        hash=block(height, branch),
        parent_hash=block(height - 1, branch),
        block_at_ms=1_000 * height,
        transactions=1,
    )
    return Change(stream="chain", events=(event,), chain=ref(height, branch))


def a_price(height: int = 1) -> Change:
    return Change(stream="oracle", events=(PriceObserved(price=6_500_000_000_000, height=height),))


def reserved(number: int, **changed: Any) -> tuple[Change, Change]:
    given = terms(number, **changed)
    issued = QuoteIssued(
        terms=given,
        spot=6_500_000_000_000,
        volatility=0.55,
        price=6_500_000_000_000,
        price_height=BURN,
        quote_signatures=("0xaa",),
        reading_signatures=("0xbb",),
    )
    held = CapacityReserved(
        quote_id=given.quote_id,
        owner=given.owner,
        tier=given.tier,
        kind=given.kind,
        strike=given.strike,
        amount=given.amount,
        max_payout=given.max_payout,
        expiry=given.expiry,
        valid_until=given.valid_until,
        premium=given.premium,
        command_id="0x01",
    )
    return (
        Change(stream=policy_stream(number), events=(issued,), expected=0),
        Change(stream="pool", events=(held,)),
    )


def pending(number: int) -> Change:
    return Change(stream=policy_stream(number), events=(PolicyPending(txid=BUY_TX),))


def bought(
    number: int, height: int, *, branch: str = "a", policy_id: int | None = None
) -> tuple[Change, ...]:
    given = terms(number)
    at = ref(height, branch, BUY_TX)
    policy_id = number if policy_id is None else policy_id
    created = PolicyCreated(
        policy_id=policy_id, terms=given, price=6_500_000_000_000, price_height=BURN, start=BURN + height
    )
    released = CapacityReleased(
        quote_id=given.quote_id, owner=given.owner, tier=given.tier, max_payout=given.max_payout, lapsed=False
    )
    allocated = CollateralAllocated(
        quote_id=given.quote_id,
        policy_id=policy_id,
        owner=given.owner,
        tier=given.tier,
        kind=given.kind,
        strike=given.strike,
        amount=given.amount,
        max_payout=given.max_payout,
        premium=given.premium,
        fee=given.fee,
        treasury=TREASURY,
        start=BURN + height,
        expiry=given.expiry,
        backers=(
            Backer(address=ALICE, share=6_000_000, premium=114_000),
            Backer(address=BOB, share=4_000_000, premium=76_000),
        ),
        totals=totals(available=90_000_000, locked=10_000_000, premiums=200_000),
    )
    return (
        Change(stream=policy_stream(number), events=(created,), chain=at),
        Change(stream="pool", events=(released, allocated), chain=at),
    )


def settled(number: int, height: int, *, branch: str = "a") -> tuple[Change, ...]:
    at = ref(height, branch, SETTLE_TX)
    paid = PolicySettled(
        policy_id=number, rule="daemon", price=5_500_000_000_000, price_height=BURN + 1, payout=909_090
    )
    released = CollateralReleased(
        quote_id=quote(number),
        policy_id=number,
        tier=Tier.BALANCED,
        payout=909_090,
        backers=(
            Release(address=ALICE, share=6_000_000, loss=545_454),
            Release(address=BOB, share=4_000_000, loss=363_636),
        ),
        totals=totals(available=99_000_000, payouts=909_090, premiums=200_000),
    )
    earned = PremiumEarned(
        quote_id=quote(number),
        policy_id=number,
        tier=Tier.BALANCED,
        earnings=(Earning(address=ALICE, premium=114_000), Earning(address=BOB, premium=76_000)),
    )
    confirmed = TransactionConfirmed(txid=SETTLE_TX, operation_id=OPERATION, quote_ids=(quote(number),))
    return (
        Change(stream=policy_stream(number), events=(paid,), chain=at),
        Change(stream="pool", events=(released, earned), chain=at),
        Change(stream=f"tx:{OPERATION}", events=(confirmed,), chain=at),
    )


def deposited(
    address: str, amount: int, height: int, *, tier: Tier = Tier.BALANCED, branch: str = "a"
) -> Change:
    event = FundsDeposited(address=address, tier=tier, amount=amount, totals=totals(available=amount))
    return Change(stream="pool", events=(event,), chain=ref(height, branch, "0x" + "d1" * 32))


def leaving(address: str, amount: int) -> Change:
    same = {"withdrawal_id": WITHDRAWAL, "address": address, "tier": Tier.BALANCED, "amount": amount}
    return Change(
        stream="pool",
        events=(
            WithdrawalRequested(**same, command_id="0x02"),
            WithdrawalVoucherIssued(**same, valid_until=BURN + 100, voucher_signatures=("0xcc",)),
            WithdrawalPending(withdrawal_id=WITHDRAWAL, address=address, txid=LEAVE_TX),
        ),
    )


def left(address: str, amount: int, height: int, *, branch: str = "a") -> Change:
    event = FundsWithdrawn(
        withdrawal_id=WITHDRAWAL,
        address=address,
        tier=Tier.BALANCED,
        amount=amount,
        totals=totals(withdrawn=amount),
    )
    return Change(stream="pool", events=(event,), chain=ref(height, branch, LEAVE_TX))


def an_intent(number: int, *, operation: str = OPERATION, key: str | None = None) -> Intent:
    return Intent(
        operation_id=operation,
        key=key or f"settle:{quote(number)}",
        kind="settle",
        call=Call(contract="policy-registry", function="settle-policy", arguments=("0x01",)),
        quote_ids=(quote(number),),
        policy_ids=(number,),
    )


def an_attempt(txid: str = SETTLE_TX, *, nonce: int = 0, operation: str | None = OPERATION) -> Attempt:
    return Attempt(
        txid=txid,
        raw=b"signed " + txid.encode(),
        address=LANE,
        nonce=nonce,
        fee=3_000,
        operation_id=operation,
    )


def signed(
    number: int, txid: str = SETTLE_TX, *, nonce: int = 0, operation: str = OPERATION, fee: int = 3_000
) -> TransactionPrepared:
    return TransactionPrepared(
        txid=txid,
        address=LANE,
        nonce=nonce,
        fee=fee,
        contract_id="ST1.policy-registry",
        function="settle-policy",
        operation_id=operation,
        kind="settle",
        quote_ids=(quote(number),),
        policy_ids=(number,),
    )


def sent(number: int, txid: str = SETTLE_TX, *, operation: str = OPERATION) -> TransactionSent:
    return TransactionSent(txid=txid, operation_id=operation, quote_ids=(quote(number),))


def of_operation(*events: Event, operation: str = OPERATION) -> Change:
    return Change(stream=f"tx:{operation}", events=events)


def reorganised(fork_height: int, *, depth: int = 1) -> Change:
    event = ChainReorganised(fork_height=fork_height, depth=depth, orphaned=(block(fork_height + 1),))
    return Change(stream="chain", events=(event,))


def compensations(undone: Any, fork_height: int) -> list[Change]:
    """What the follower appends with a reorg: one event for each thing it touched."""
    changes = [
        Change(stream=f"policy:{name}", events=(PolicyReverted(fork_height=fork_height),))
        for name in undone.quote_ids
    ]
    changes += [
        Change(stream="pool", events=(ProviderReverted(address=address, fork_height=fork_height),))
        for address in undone.addresses
    ]
    changes += [
        Change(
            stream="pool",
            events=(
                WithdrawalReverted(
                    withdrawal_id=each.withdrawal_id, address=each.address, fork_height=fork_height
                ),
            ),
        )
        for each in undone.withdrawals
    ]
    changes += [
        Change(
            stream=each.stream,
            events=(
                TransactionReverted(
                    txid=each.txid,
                    fork_height=fork_height,
                    operation_id=each.operation_id,
                    quote_ids=each.quote_ids,
                ),
            ),
        )
        for each in undone.transactions
    ]
    return changes


class World:
    """A journal with its reader, and a wall clock that only the test moves."""

    def __init__(self, path: Path, *, local: bool = False) -> None:
        self.path = path
        self.local = local
        self.now_ms = 1_700_000_000_000
        self.tasks: list[asyncio.Task[Any]] = []
        self.journal: SqliteJournal
        self.reader: Reader

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self.tasks.append(task)
        return task

    async def open(self, **given: Any) -> None:
        self.journal = await SqliteJournal.open(
            LocalConnection(open_writer(self.path)) if self.local else await connect_writer(self.path),
            epoch="e1",
            now_ms=lambda: self.now_ms,
            spawn=self.spawn,
            **given,
        )
        self.reader = (
            Reader(LocalConnection(open_reader(self.path))) if self.local else await Reader.open(self.path)
        )

    async def close(self) -> None:
        await self.reader.close()
        await self.journal.close()

    async def append(self, *changes: Change, **given: Any) -> tuple[Any, ...]:
        return await self.journal.append(changes, **given)

    async def reorganise(self, fork_height: int, *then: Change) -> tuple[Any, ...]:
        undone = await self.reader.read(undone_subjects, fork_height)
        return await self.append(
            reorganised(fork_height),
            *compensations(undone, fork_height),
            *then,
            revert=Revert(fork_height=fork_height),
        )


@contextlib.asynccontextmanager
async def a_world(tmp_path: Path, *, local: bool = False, **given: Any) -> AsyncIterator[World]:
    world = World(tmp_path / "journal.sqlite", local=local)
    await world.open(**given)
    try:
        yield world
    finally:
        await world.close()

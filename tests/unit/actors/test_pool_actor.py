import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from core_world import CoreWorld, a_core_world, an_exercise, usd
from pool_world import ALICE, BOB, BTC, FINAL_BLOCKS, SPOT, PoolWorld

from actors.messages.pool import ApplyBlock, GetPortfolio
from actors.runtime import watch
from bithedge.domain.errors import (
    NotReadyError,
    SellingPausedError,
    UnknownProviderError,
)
from bithedge.domain.events.pool import PremiumEarned
from bithedge.domain.policy.state import Status
from bithedge.domain.pool.invariants import breaks, drift
from bithedge.domain.tiers import Tier
from bithedge.storage.errors import ReadOnlyError
from bithedge.storage.queries.chain import open_alerts


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    async with a_core_world(tmp_path) as world:
        yield world


@pytest.fixture
async def pool(world: CoreWorld) -> PoolWorld:
    """A pool in which Alice has 10 BTC."""
    pool = PoolWorld(world)
    await pool.start()
    await pool.mine(pool.a_deposit(ALICE, 10 * BTC))
    world.say(SPOT)
    return pool


async def sold(pool: PoolWorld) -> Any:
    """Let Bob buy a policy; return its terms."""
    quote = await pool.quote()
    reserved = await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))
    await pool.mine(pool.a_purchase(reserved.policy.terms))
    return reserved.policy.terms


async def portfolio(pool: PoolWorld, address: str = ALICE) -> Any:
    return await pool.world.ask(pool.ref, GetPortfolio(address=address))


# ------------------------------------------------------------ blocks


async def test_a_block_that_is_handed_over_twice_is_applied_once(pool: PoolWorld) -> None:
    block = await pool.mine(pool.a_deposit(BOB, BTC))

    await pool.apply(block)

    assert (await pool.names()).count("FundsDeposited") == 2
    assert (await pool.names("chain")).count("BlockFollowed") == 2


async def test_a_successor_knows_the_block_that_its_asker_never_heard_of(pool: PoolWorld) -> None:
    block = await pool.mine(pool.a_deposit(BOB, BTC))
    await pool.start()

    await pool.apply(block)

    assert (await pool.names()).count("FundsDeposited") == 2


async def test_a_block_that_does_not_follow_is_refused_and_changes_nothing(pool: PoolWorld) -> None:
    pool.next_block()
    later = pool.next_block(pool.a_deposit(BOB, BTC))

    with pytest.raises(NotReadyError):
        await pool.world.ask(pool.ref, ApplyBlock(block=later))

    assert (await pool.names()).count("FundsDeposited") == 1


async def test_a_commit_that_fails_takes_the_books_with_it(pool: PoolWorld) -> None:
    block = pool.next_block(pool.a_deposit(BOB, BTC))
    ended = asyncio.Event()
    watch(pool.ref, lambda _ref, _failure: ended.set())
    pool.world.journal._stop("the disk is full", [])

    with pytest.raises(ReadOnlyError):
        await pool.world.ask(pool.ref, ApplyBlock(block=block))

    await ended.wait()
    assert (await pool.books()).providers == 1


async def test_a_reservation_lapses_when_its_last_height_is_final(pool: PoolWorld) -> None:
    quote = await pool.quote()
    await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))
    await pool.mine(burn=quote.valid_until + FINAL_BLOCKS - 1 - pool.height)
    before = (await pool.world.state()).status

    await pool.mine()

    assert before is Status.PENDING_SIGNATURE
    assert (await pool.world.state()).status is Status.LAPSED
    assert len((await pool.books()).reservations) == 0


async def test_the_books_keep_the_times_that_a_restart_finds_in_the_journal(
    pool: PoolWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = pool.world.clock

    def running() -> int:
        clock.ms += 3
        return clock.ms

    monkeypatch.setattr(clock, "now_ms", running)
    monkeypatch.setattr(pool.world.journal, "_now_ms", running)
    await pool.mine(pool.a_deposit(BOB, BTC))
    before = await portfolio(pool, BOB)

    await pool.start()

    assert await portfolio(pool, BOB) == before


# ------------------------------------------------------------ reorgs


async def test_a_reorg_takes_a_deposit_back_and_the_new_branch_may_bring_it_again(pool: PoolWorld) -> None:
    totals = pool.totals
    await pool.mine(pool.a_deposit(BOB, BTC))
    pool.totals = totals

    await pool.world.ask(pool.ref, pool.revert(1))
    with pytest.raises(UnknownProviderError):
        await portfolio(pool, BOB)
    await pool.mine(pool.a_deposit(BOB, 2 * BTC))

    assert (await portfolio(pool, BOB)).total_sats == 2 * BTC


async def test_a_reorg_told_twice_happened_once(pool: PoolWorld) -> None:
    await pool.mine(pool.a_deposit(BOB, BTC))
    revert = pool.revert(1)

    await pool.world.ask(pool.ref, revert)
    await pool.world.ask(pool.ref, revert)

    assert (await pool.names("chain")).count("ChainReorganised") == 1


async def test_a_reorg_of_everything_leaves_a_pool_that_can_begin_anew(pool: PoolWorld) -> None:
    await pool.world.ask(pool.ref, pool.revert(1))
    pool.totals = pool.totals.__class__(**dict.fromkeys(pool.totals.__struct_fields__, 0))

    await pool.mine(pool.a_deposit(BOB, BTC))

    assert (await pool.books()).capital == BTC


async def test_premium_handed_out_for_a_sale_that_is_gone_is_taken_back_in_the_same_commit(
    pool: PoolWorld,
) -> None:
    totals = pool.totals
    terms = await sold(pool)
    await pool.mine(burn=1_000)
    await pool.world.ask(pool.ref, pool.withdraw(BTC))  # hands out what Alice has earned
    pool.totals = totals
    before = len(await pool.world.events("pool"))

    await pool.world.ask(pool.ref, pool.revert(2))

    after = (await pool.world.events("pool"))[before:]
    assert [type(event) for event in after].count(PremiumEarned) == 1
    books = await pool.books()  # as a successor would find them
    assert books.orphans == {}
    assert breaks(books) == []
    assert drift(books) == {}
    assert terms.quote_id in books.reservations._live


async def test_an_exercise_under_way_fails_when_the_chain_takes_its_purchase_back(pool: PoolWorld) -> None:
    directory = pool.world.directory()
    totals = pool.totals
    terms = await sold(pool)
    await directory.ask(terms.quote_id, an_exercise(owner=BOB), deadline=5)
    pool.totals = totals

    await pool.world.ask(pool.ref, pool.revert(1))
    reverted = await pool.world.state()
    await pool.mine(pool.a_purchase(terms))

    assert reverted.status is Status.PENDING_SIGNATURE
    assert "PolicyActivationFailed" in await pool.world.names()
    again = await pool.world.state()
    assert (again.status, again.exercise, again.policy_id) == (Status.ACTIVE, None, 2)


async def test_an_exercise_survives_a_reorg_that_takes_only_its_settlement_back(pool: PoolWorld) -> None:
    directory = pool.world.directory()
    terms = await sold(pool)
    await directory.ask(terms.quote_id, an_exercise(owner=BOB), deadline=5)
    totals = pool.totals
    await pool.mine(pool.a_settlement(terms, usd(50_000)))
    pool.totals = totals

    await pool.world.ask(pool.ref, pool.revert(1))

    assert (await pool.world.state()).status is Status.SETTLING
    assert "PolicyActivationFailed" not in await pool.world.names()


async def test_the_alert_of_unsound_books_goes_when_a_reorg_makes_them_sound(pool: PoolWorld) -> None:
    totals = pool.totals
    deposit = pool.a_deposit(BOB, BTC)
    wrong = deposit.totals.__class__(
        **{name: getattr(deposit.totals, name) for name in deposit.totals.__struct_fields__}
        | {"available": deposit.totals.available - 1}
    )
    await pool.mine(deposit.__class__(address=BOB, tier=Tier.BALANCED, amount=BTC, totals=wrong))
    raised = await pool.world.reader.read(open_alerts)
    with pytest.raises(SellingPausedError):
        await pool.quote()

    pool.totals = totals
    await pool.world.ask(pool.ref, pool.revert(1))

    assert [alert.code for alert in raised] == ["reconciliation_break"]
    assert await pool.world.reader.read(open_alerts) == ()
    await pool.quote()


async def test_the_board_shows_what_a_block_brought_at_its_own_height(pool: PoolWorld) -> None:
    await pool.mine(pool.a_pause("sales", pool.height + 6))
    paused = pool.world.board.pauses

    await pool.mine(burn=5)

    assert [what for what, _, _ in paused] == ["sales"]
    assert pool.world.board.pauses == ()

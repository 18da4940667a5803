import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from core_world import START_MS, CoreWorld, a_core_world, a_quote, usd
from pool_world import ALICE, BOB, BTC, SPOT, PoolWorld
from pykka import ActorDeadError

from actors.messages.pool import FindQuote
from bithedge.domain.errors import (
    DomainError,
    InsufficientFundsError,
    NotOwnerError,
    NotReadyError,
    OracleStaleError,
    PoolClosedError,
    PriceMovedError,
    QuoteExpiredError,
    QuoteUsedError,
    SellingPausedError,
    StrikeOutOfRangeError,
    TooManyReservationsError,
    UnknownQuoteError,
    WithdrawalsPausedError,
)
from bithedge.domain.facts import ClosingFact
from bithedge.domain.policy.state import Status
from bithedge.domain.pool.invariants import breaks
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


# ------------------------------------------------------------ sales


async def test_signed_terms_and_their_reservation_are_one_commit(pool: PoolWorld) -> None:
    quote = await pool.quote()

    reserved = await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))

    assert reserved.policy.status is Status.PENDING_SIGNATURE
    assert reserved.reading.price == SPOT
    assert len((await pool.books()).reservations) == 1


async def test_the_same_owner_gets_the_same_reservation_again_without_another_reading(
    pool: PoolWorld,
) -> None:
    quote = await pool.quote()
    first = await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))

    second = await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))

    assert (second.quote_signatures, second.reading) == (first.quote_signatures, first.reading)
    assert len(pool.signed) == 1
    assert len((await pool.books()).reservations) == 1


async def test_a_quote_that_another_holds_is_not_given_twice(pool: PoolWorld) -> None:
    quote = await pool.quote()
    await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))

    with pytest.raises(NotOwnerError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id, ALICE))


async def test_a_quote_made_for_another_is_refused(pool: PoolWorld) -> None:
    quote = await pool.quote(owner=ALICE)

    with pytest.raises(NotOwnerError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id, BOB))


async def test_a_quote_that_was_bought_is_used(pool: PoolWorld) -> None:
    terms = await sold(pool)

    with pytest.raises(QuoteUsedError):
        await pool.world.ask(pool.ref, pool.reserve(terms.quote_id))


async def test_two_who_reserve_the_last_sats_at_once_do_not_both_get_them(pool: PoolWorld) -> None:
    amount = 2 * BTC
    first = await pool.quote(amount=amount, max_payout=amount)
    second = await pool.quote(amount=amount, max_payout=amount)

    answers = await asyncio.gather(
        pool.world.ask(pool.ref, pool.reserve(first.quote_id, BOB)),
        pool.world.ask(pool.ref, pool.reserve(second.quote_id, ALICE)),
        return_exceptions=True,
    )

    assert isinstance(answers[1], TooManyReservationsError)
    assert not isinstance(answers[0], BaseException)
    assert (await pool.books()).reservations.total == amount


async def test_a_quote_holds_to_its_last_second_and_its_last_height_and_no_further(pool: PoolWorld) -> None:
    by_time, by_height = await pool.quote(), await pool.quote()
    pool.world.clock.ms = START_MS + 600_999
    pool.world.say(SPOT)
    await pool.world.ask(pool.ref, FindQuote(quote_id=by_time.quote_id))
    pool.world.clock.ms = START_MS + 601_000
    with pytest.raises(QuoteExpiredError):
        await pool.world.ask(pool.ref, FindQuote(quote_id=by_time.quote_id))

    pool.world.clock.ms = START_MS
    await pool.mine(burn=by_height.valid_until - pool.height)
    await pool.world.ask(pool.ref, FindQuote(quote_id=by_height.quote_id))
    await pool.mine()
    with pytest.raises(QuoteExpiredError):
        await pool.world.ask(pool.ref, pool.reserve(by_height.quote_id))


async def test_a_price_that_moved_against_the_pool_refuses_the_sale(pool: PoolWorld) -> None:
    quote = await pool.quote()
    pool.world.say(SPOT - SPOT * 26 // 10_000)

    with pytest.raises(PriceMovedError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))

    assert pool.signed == []


async def test_a_price_that_moves_while_the_oracle_signs_refuses_the_sale(pool: PoolWorld) -> None:
    quote = await pool.quote()
    pool.says.price = SPOT - SPOT * 26 // 10_000

    with pytest.raises(PriceMovedError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))

    assert len((await pool.books()).reservations) == 0


async def test_an_oracle_that_dies_over_a_sale_leaves_the_pool_alive(
    pool: PoolWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = await pool.quote()

    async def no_answer(*_args: object, **_given: object) -> None:
        raise ActorDeadError("the oracle has died")

    monkeypatch.setattr(pool.oracle, "ask", no_answer)
    with pytest.raises(NotReadyError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))

    assert pool.ref.is_alive()
    assert len((await pool.books()).reservations) == 0


async def test_nothing_is_quoted_or_sold_on_a_spot_that_is_too_old(pool: PoolWorld) -> None:
    quote = await pool.quote()
    pool.world.clock.ms += 30_001

    with pytest.raises(OracleStaleError):
        await pool.quote()
    with pytest.raises(OracleStaleError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))


async def test_who_cannot_pay_the_premium_reserves_nothing(pool: PoolWorld) -> None:
    quote = await pool.quote()

    with pytest.raises(InsufficientFundsError) as refused:
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id, balance=quote.lines.total - 1))

    assert refused.value.limit == quote.lines.total
    assert pool.signed == []


async def test_a_pause_of_sales_on_chain_stops_quotes_and_reservations(pool: PoolWorld) -> None:
    quote = await pool.quote()
    await pool.mine(pool.a_pause("sales", pool.height + 5))

    with pytest.raises(SellingPausedError):
        await pool.quote()
    with pytest.raises(SellingPausedError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))
    await pool.mine(burn=4)

    await pool.quote()


@pytest.mark.parametrize(
    ("named", "address", "refusal"),
    [
        pytest.param(99, BOB, UnknownQuoteError, id="existence"),
        pytest.param(1, BOB, NotOwnerError, id="ownership"),
        pytest.param(1, ALICE, OracleStaleError, id="means"),
    ],
)
async def test_what_is_missing_for_now_is_said_only_of_what_would_pass_else(
    pool: PoolWorld, named: int, address: str, refusal: type[DomainError]
) -> None:
    await pool.quote(owner=ALICE)
    pool.world.say(None, stale=True)

    with pytest.raises(refusal):
        await pool.world.ask(pool.ref, pool.reserve(a_quote(named), address))


async def test_a_closed_pool_says_so_even_while_the_feed_is_silent(pool: PoolWorld) -> None:
    quote = await pool.quote()
    await pool.mine(ClosingFact(totals=pool.totals))
    pool.world.say(None, stale=True)

    with pytest.raises(PoolClosedError):
        await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))


async def test_a_strike_out_of_range_is_refused_as_such_by_a_pool_with_broken_books(pool: PoolWorld) -> None:
    pool._moved(available=-1)
    await pool.mine(pool.a_deposit(BOB, BTC))

    with pytest.raises(StrikeOutOfRangeError):
        await pool.quote(strike=usd(5_000))
    with pytest.raises(SellingPausedError):
        await pool.quote()


# ------------------------------------------------------------ withdrawals


async def test_a_voucher_is_committed_with_the_money_it_sets_aside(pool: PoolWorld) -> None:
    withdrawal = await pool.world.ask(pool.ref, pool.withdraw(BTC))

    books = await pool.books()
    assert withdrawal.health.ok
    assert books.vouchers.total == BTC
    assert (await pool.names())[-2:] == ["WithdrawalRequested", "WithdrawalVoucherIssued"]


async def test_a_withdrawal_goes_on_while_the_price_is_silent(pool: PoolWorld) -> None:
    pool.world.say(None, stale=True)

    withdrawal = await pool.world.ask(pool.ref, pool.withdraw(BTC))

    assert withdrawal.amount == BTC


async def test_a_pause_of_withdrawals_on_chain_stops_vouchers(pool: PoolWorld) -> None:
    await pool.mine(pool.a_pause("withdrawals", pool.height + 5))

    with pytest.raises(WithdrawalsPausedError):
        await pool.world.ask(pool.ref, pool.withdraw(BTC))


async def test_a_voucher_for_money_that_a_reorg_took_back_leaves_books_that_say_so(pool: PoolWorld) -> None:
    await pool.world.ask(pool.ref, pool.withdraw(9 * BTC))

    await pool.world.ask(pool.ref, pool.revert(1))

    books = await pool.books()
    assert [equation.name for equation in breaks(books)] == ["no_bucket_is_negative"]
    assert [alert.code for alert in await pool.world.reader.read(open_alerts)] == ["reconciliation_break"]

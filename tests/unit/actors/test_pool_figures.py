"""What the pool's actor says of its whole book, and exit mode."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from core_world import CoreWorld, a_core_world
from pool_world import ALICE, BOB, BTC, SPOT, TREASURY, PoolWorld

from actors.messages.pool import GetEquations, GetLiabilities, GetPortfolio, GetStress
from bithedge.domain.errors import MessageUsedError, NotReadyError, OracleStaleError, UnknownProviderError
from bithedge.domain.events.pool import ProviderExitChanged
from bithedge.domain.payout import Kind
from bithedge.storage.queries.kept import is_message_used


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    async with a_core_world(tmp_path) as world:
        yield world


@pytest.fixture
async def pool(world: CoreWorld) -> PoolWorld:
    """A pool in which Alice has 10 BTC and nobody knows the price."""
    pool = PoolWorld(world)
    await pool.start()
    await pool.mine(pool.a_deposit(ALICE, 10 * BTC))
    return pool


async def sold(pool: PoolWorld, **changed: Any) -> Any:
    pool.world.say(SPOT)
    quote = await pool.quote(**changed)
    reserved = await pool.world.ask(pool.ref, pool.reserve(quote.quote_id))
    await pool.mine(pool.a_purchase(reserved.policy.terms))
    return reserved.policy.terms


async def test_the_live_policies_are_told_by_kind(pool: PoolWorld) -> None:
    put = await sold(pool)

    puts, calls, both = [
        await pool.world.ask(pool.ref, GetLiabilities(kind=kind)) for kind in (Kind.PUT, Kind.CALL, None)
    ]

    assert puts == both
    assert calls.cells == ()
    (cell,) = puts.cells
    assert (puts.strikes_usd_e8, cell.policies, cell.max_payout_sats) == ((put.strike,), 1, put.max_payout)


async def test_the_stress_ladder_stands_on_the_price_of_now(pool: PoolWorld) -> None:
    put = await sold(pool)

    stress = await pool.world.ask(pool.ref, GetStress())

    assert (stress.spot_usd_e8, stress.locked_sats) == (SPOT, put.max_payout)
    assert stress.points[0].owed_sats == put.payout_at(SPOT * 3 // 10)


@pytest.mark.parametrize("question", [GetLiabilities(kind=None), GetStress()])
async def test_before_there_is_a_price_nothing_is_said_of_what_is_owed(
    pool: PoolWorld, question: Any
) -> None:
    pool.world.say(None)

    with pytest.raises(OracleStaleError):
        await pool.world.ask(pool.ref, question)


async def test_the_equations_are_of_the_block_that_was_asked_about(pool: PoolWorld) -> None:
    await sold(pool)
    held = pool.totals.available + pool.totals.locked
    question = GetEquations(block_hash=pool.hashes[-1], totals=pool.totals, vault=held)

    found = await pool.world.ask(pool.ref, question)
    await pool.mine()

    assert [one.name for one in found if one.left == one.right and one.holds] == [
        "vault_covers_totals",
        "locked_is_live_collateral",
        "accounts_are_the_vault",
        "premium_is_accounted_for",
    ]
    with pytest.raises(NotReadyError):
        await pool.world.ask(pool.ref, question)


# ------------------------------------------------------------ exit mode


async def test_exit_mode_is_journalled_and_survives_a_restart(pool: PoolWorld) -> None:
    kept: list[bool] = []
    command = pool.set_exit(ALICE, kept=kept)

    is_on = await pool.world.ask(pool.ref, command)

    assert (is_on, kept) == (True, [True])
    changed = [one for one in await pool.world.events("pool") if isinstance(one, ProviderExitChanged)]
    assert [(one.address, one.enabled, one.height, one.command_id) for one in changed] == [
        (ALICE, True, pool.height, command.command_id)
    ]
    assert not (await pool.books()).tier(command.tier).backs(ALICE)
    portfolio = await pool.world.ask(pool.ref, GetPortfolio(address=ALICE))
    assert [account.exit for account in portfolio.tiers] == [True]


async def test_a_provider_in_exit_mode_backs_no_new_policy(pool: PoolWorld) -> None:
    await pool.mine(pool.a_deposit(BOB, 10 * BTC))
    await pool.world.ask(pool.ref, pool.set_exit(ALICE))

    terms = await sold(pool)

    assert [part.address for part in (await pool.books()).backing(terms.quote_id).backers] == [BOB]


async def test_what_is_so_already_is_no_event_but_uses_the_message_up(pool: PoolWorld) -> None:
    kept: list[bool] = []
    command = pool.set_exit(ALICE, enabled=False, kept=kept)

    is_on = await pool.world.ask(pool.ref, command)

    assert (is_on, kept) == (False, [False])
    assert "ProviderExitChanged" not in await pool.names()
    assert await pool.world.reader.read(is_message_used, command.command_id)
    with pytest.raises(MessageUsedError):
        await pool.world.ask(pool.ref, command)


async def test_the_treasury_is_never_out_of_exit_mode(pool: PoolWorld) -> None:
    await pool.mine(pool.a_deposit(TREASURY, BTC))

    assert await pool.world.ask(pool.ref, pool.set_exit(TREASURY, enabled=False)) is True
    assert "ProviderExitChanged" not in await pool.names()


async def test_a_stranger_has_no_exit_mode(pool: PoolWorld) -> None:
    with pytest.raises(UnknownProviderError):
        await pool.world.ask(pool.ref, pool.set_exit(BOB))

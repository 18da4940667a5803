from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from core_world import DEPLOYER, EXPIRY, START, CoreWorld, a_core_world, a_put, a_quote, usd
from msgspec.structs import replace
from pykka import ActorRef

from actors.clock import RETRY_BLOCKS, ClockActor
from actors.messages.clock import Advance
from bithedge.domain.events.policy import PolicyAutoExerciseChanged, PolicyExpired, PolicyExpiring
from bithedge.domain.events.pool import PoolPaused, PoolResumed
from bithedge.domain.events.transactions import Intent
from bithedge.domain.policy.state import Status
from bithedge.protocol.parameters import ContractParameters

GRACE, REQUEST_LIFE = 1_008, 12
ABOVE, BELOW = usd(65_000), usd(50_000)
PARAMETERS = ContractParameters(
    quote_threshold=1,
    voucher_threshold=1,
    attestor_threshold=1,
    sale_age=2,
    max_age=2,
    grace=GRACE,
    request_life=REQUEST_LIFE,
    max_tenor=25_920,
    min_amount=100_000,
    max_amount=10**9,
    min_collateral=10_000,
    max_fee=1_000,
    min_deposit=10_000,
    window=144,
    sale_share=2_500,
    window_floor=10**6,
    treasury=DEPLOYER,
)
FREE_FROM = EXPIRY + REQUEST_LIFE + 1
FREE_AT_LAST = EXPIRY + GRACE + 1


class Bench:
    """A clock on a world, with what each height made it ask for."""

    def __init__(self, world: CoreWorld) -> None:
        self.world = world
        self.directory = world.directory()
        self.ref: ActorRef[ClockActor]
        self.seen: set[str] = set()

    async def start(self) -> None:
        self.ref = ClockActor.start(
            directory=self.directory,
            board=self.world.board,
            reader=self.world.reader,
            journal=self.world.journal,
            ids=self.world.ids,
            parameters=PARAMETERS,
            intents_committed=self.world.wake,
        )
        self.world.refs.append(self.ref)

    async def reach(self, height: int) -> list[Intent]:
        """Return what is asked for anew once this height was heard of twice."""
        for _ in range(2):  # the first time policies hear that they have expired
            await self.world.tell(self.ref, Advance(height=height))
        fresh = [intent for intent in await self.world.queued() if intent.operation_id not in self.seen]
        self.seen.update(intent.operation_id for intent in fresh)
        return fresh


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    async with a_core_world(tmp_path) as world:
        yield world


@pytest.fixture
async def bench(world: CoreWorld) -> Bench:
    bench = Bench(world)
    await bench.start()
    await bench.reach(START)
    return bench


async def opt_out(world: CoreWorld, number: int) -> None:
    event = PolicyAutoExerciseChanged(enabled=False, command_id="0x08")
    await world.append(f"policy:{a_quote(number)}", event)


def kinds(intents: list[Intent]) -> list[str]:
    return [intent.kind for intent in intents]


async def test_who_owes_nothing_is_released_by_the_price_of_expiry_when_every_request_had_its_time(
    bench: Bench,
) -> None:
    await bench.world.buy(a_put(1), a_put(2))
    await bench.world.sign(ABOVE, EXPIRY)

    early = await bench.reach(FREE_FROM - 1)
    released = await bench.reach(FREE_FROM)

    assert early == []
    assert kinds(released) == ["release"]
    assert released[0].policy_ids == (1, 2)
    assert released[0].call.arguments[1] != "0x09"  # with a proof


async def test_releases_are_cut_into_operations_of_fifty(bench: Bench) -> None:
    await bench.world.buy(*(a_put(number) for number in range(1, 122)))
    await bench.world.sign(ABOVE, EXPIRY)

    released = await bench.reach(FREE_FROM)

    assert [len(intent.policy_ids) for intent in released] == [50, 50, 21]
    assert len({number for intent in released for number in intent.policy_ids}) == 121


async def test_a_release_that_waits_or_is_sent_is_not_asked_for_again(bench: Bench) -> None:
    await bench.world.buy(a_put(1), a_put(2))
    await bench.world.sign(ABOVE, EXPIRY)
    (release,) = await bench.reach(FREE_FROM)

    while_queued = await bench.reach(FREE_FROM + 3 * RETRY_BLOCKS)
    await bench.world.send(release)
    while_sent = await bench.reach(FREE_FROM + 6 * RETRY_BLOCKS)

    assert (while_queued, while_sent) == ([], [])


async def test_a_refused_release_is_asked_for_again_some_burn_blocks_later(bench: Bench) -> None:
    await bench.world.buy(a_put(1), a_put(2))
    await bench.world.sign(ABOVE, EXPIRY)
    first = FREE_FROM + RETRY_BLOCKS - FREE_FROM % RETRY_BLOCKS
    (release,) = await bench.reach(first)
    await bench.world.abort(release, "(err u217)", height=first)

    soon = [await bench.reach(first + blocks) for blocks in range(1, RETRY_BLOCKS)]
    again = await bench.reach(first + RETRY_BLOCKS)

    assert soon == [[]] * (RETRY_BLOCKS - 1)
    assert kinds(again) == ["release"]


async def test_who_is_in_the_money_is_exercised_and_never_released(bench: Bench) -> None:
    await bench.world.buy(a_put(1))
    await bench.world.sign(BELOW, EXPIRY)

    asked = await bench.reach(EXPIRY + 1)
    later = await bench.reach(FREE_AT_LAST)

    assert kinds(asked) == ["settle"]
    assert later == []


async def test_a_daemon_that_comes_back_after_grace_exercises_and_does_not_release(bench: Bench) -> None:
    await bench.world.buy(a_put(1))
    await bench.world.sign(BELOW, EXPIRY)

    assert kinds(await bench.reach(FREE_AT_LAST + 100)) == ["settle"]


async def test_who_opted_out_in_the_money_keeps_the_claim_until_grace_is_over(bench: Bench) -> None:
    await bench.world.buy(a_put(1), a_put(2))
    await opt_out(bench.world, 1)
    await bench.world.sign(BELOW, EXPIRY)

    asked = await bench.reach(FREE_AT_LAST - 1)
    released = await bench.reach(FREE_AT_LAST)

    assert [(intent.kind, intent.policy_ids) for intent in asked] == [("settle", (2,))]
    assert [(intent.kind, intent.policy_ids) for intent in released] == [("release", (1,))]
    assert released[0].call.arguments[1] == "0x09"  # without a proof


async def test_a_price_of_expiry_that_is_only_late_is_waited_for(bench: Bench) -> None:
    await bench.world.buy(a_put(1))
    bench.world.say(ABOVE)

    waited = await bench.reach(FREE_AT_LAST)
    await bench.world.sign(BELOW, EXPIRY)
    asked = await bench.reach(FREE_AT_LAST + 1)

    assert waited == []
    assert kinds(asked) == ["settle"]


async def test_without_attestors_everything_is_released_after_grace(bench: Bench) -> None:
    await bench.world.buy(a_put(1))
    bench.world.say(None, stale=True)

    early = await bench.reach(FREE_AT_LAST - 1)
    released = await bench.reach(FREE_AT_LAST)

    assert early == []
    assert kinds(released) == ["release"]


async def test_a_pause_of_settlements_moves_releases_and_holds_exercises(bench: Bench) -> None:
    world = bench.world
    await world.buy(a_put(1), replace(a_put(2), strike=usd(49_000)))
    await world.follow(EXPIRY, ("pool", PoolPaused(what="settlements", until=EXPIRY + 100)))
    await world.sign(BELOW, EXPIRY)

    paused = await bench.reach(EXPIRY + 99)
    over = await bench.reach(EXPIRY + 100)
    early = await bench.reach(EXPIRY + 100 + REQUEST_LIFE)
    released = await bench.reach(EXPIRY + 100 + REQUEST_LIFE + 1)

    assert paused == []
    assert [(intent.kind, intent.policy_ids) for intent in over] == [("settle", (1,))]
    assert early == []
    assert [(intent.kind, intent.policy_ids) for intent in released] == [("release", (2,))]


async def test_a_pause_that_was_resumed_early_counts_until_then(bench: Bench) -> None:
    world = bench.world
    await world.buy(a_put(1))
    await world.follow(EXPIRY, ("pool", PoolPaused(what="settlements", until=EXPIRY + 100)))
    await world.follow(EXPIRY + 5, ("pool", PoolResumed(what="settlements")))
    await world.follow(EXPIRY + 5, ("pool", PoolPaused(what="sales", until=EXPIRY + 500)))
    await world.sign(ABOVE, EXPIRY)

    early = await bench.reach(EXPIRY + 5 + REQUEST_LIFE)
    released = await bench.reach(EXPIRY + 5 + REQUEST_LIFE + 1)

    assert early == []
    assert kinds(released) == ["release"]


async def test_a_touch_that_was_missed_is_settled_before_anything_is_released(world: CoreWorld) -> None:
    await world.buy(a_put(1))
    await world.append(f"policy:{a_quote(1)}", PolicyExpiring())
    await world.sign(usd(40_000), START + 1)
    await world.sign(ABOVE, EXPIRY)
    bench = Bench(world)
    bench.directory.load([await world.state()], EXPIRY + 1)
    await bench.start()

    await world.tell(bench.ref, Advance(height=FREE_FROM))
    await world.tell(bench.ref, Advance(height=FREE_FROM))

    assert [intent.kind for intent in await world.queued()] == ["settle"]


async def test_a_touch_that_a_pause_held_back_is_settled_when_the_pause_is_over(bench: Bench) -> None:
    world = bench.world
    await world.buy(a_put(1))
    await world.pause(until=START + 50)
    await world.sign(usd(40_000), START + 1)
    held = await bench.reach(START + 49)

    world.paused = False
    settled = await bench.reach(START + 50)

    assert held == []
    assert kinds(settled) == ["settle"]


async def test_an_expiry_that_empties_while_the_clock_reads_harms_nobody(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = bench.world
    await world.buy(a_put(1), replace(a_put(2), expiry=EXPIRY + 1))
    await bench.reach(EXPIRY + 2)
    read = bench.ref._actor_weakref()._price  # type: ignore[union-attr]

    async def meanwhile(expiry: int) -> Any:
        if (await world.state(2)).status is Status.EXPIRING:
            await world.append(f"policy:{a_quote(2)}", PolicyExpired(policy_id=2), chain=world.ref())
        return await read(expiry)

    monkeypatch.setattr(bench.ref._actor_weakref(), "_price", meanwhile)
    await world.tell(bench.ref, Advance(height=EXPIRY + 2))

    assert bench.ref.is_alive()
    assert bench.directory.index.expiries() == [EXPIRY]


async def test_prices_are_remembered_only_while_somebody_is_past_their_height(bench: Bench) -> None:
    world = bench.world
    await world.buy(a_put(1))
    await world.sign(ABOVE, EXPIRY)
    await bench.reach(EXPIRY + 1)
    clock = bench.ref._actor_weakref()
    known = dict(clock._prices)  # type: ignore[union-attr]

    await world.append(f"policy:{a_quote(1)}", PolicyExpired(policy_id=1), chain=world.ref())
    await bench.reach(EXPIRY + 2)

    assert list(known) == [EXPIRY]
    assert clock._prices == {}  # type: ignore[union-attr]

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lane_world import (
    DEPLOYMENT,
    FEES,
    LANE,
    LANE_KEY,
    LaneWorld,
    a_call,
    a_lane_world,
    a_quote,
    an_intent,
    an_operation,
    cut_off,
    issued,
    some_terms,
)
from msgspec.structs import replace
from structlog.testing import capture_logs

from actors.broadcaster import NO_TXID
from actors.messages.transactions import BlockApplied, GetLane, IntentsCommitted
from actors.runtime import ask
from bithedge.domain.events.policy import PolicyLapsed
from bithedge.domain.events.transactions import (
    TransactionAborted,
)
from bithedge.protocol.lane_signing import LaneSigner
from bithedge.stacks.node_types import FeeEstimate
from bithedge.storage.ports import Change


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LaneWorld]:
    async with a_lane_world(tmp_path) as world:
        yield world


# ---------------------------------------------------------------- sending


async def test_operations_go_out_in_the_order_of_their_commits_with_rising_nonces(world: LaneWorld) -> None:
    lane = await world.lane()

    state = await world.want(lane, an_intent(1), an_intent(2), an_intent(3))

    attempts = await world.attempts()
    assert [one.operation_id for one in attempts] == [an_operation(1), an_operation(2), an_operation(3)]
    assert [one.nonce for one in attempts] == [0, 1, 2]
    assert world.node.handed_in == [one.txid for one in attempts] == world.node.waits()
    assert [await world.status(number) for number in (1, 2, 3)] == ["sent"] * 3
    assert (state.mined_nonce, state.next_nonce, state.in_flight) == (0, 3, 3)
    assert (state.name, state.address, state.limit) == ("lane-0", LANE, FEES.in_flight)
    assert (state.status, state.waiting_for) == ("running", None)


async def test_the_nonce_and_the_bytes_are_stored_before_anything_is_sent(world: LaneWorld) -> None:
    await world.journal.append([], intents=[an_intent(1)])

    await cut_off(world, after="TransactionPrepared")

    assert world.node.handed_in == []
    (stored,) = await world.attempts()
    assert (stored.nonce, stored.status, stored.sent) == (0, "pending", False)


async def test_what_was_stored_and_not_sent_is_sent_as_it_is_after_a_restart(world: LaneWorld) -> None:
    await world.journal.append([], intents=[an_intent(1)])
    await cut_off(world, after="TransactionPrepared")

    await world.lane()

    (stored,) = await world.attempts()
    assert world.node.handed_in == [stored.txid]
    assert await world.names() == ["TransactionPrepared", "TransactionSent"]


async def test_what_was_sent_and_not_noted_is_noted_after_a_restart(world: LaneWorld) -> None:
    await world.journal.append([], intents=[an_intent(1)])
    await cut_off(world, after="TransactionPrepared")
    (stored,) = await world.attempts()
    raw = LaneSigner(DEPLOYMENT, LANE_KEY).sign(a_call(1), nonce=0, fee=stored.fee).raw
    assert await world.node.broadcast(raw) == stored.txid

    await world.lane()

    assert await world.names() == ["TransactionPrepared", "TransactionSent"]
    assert world.node.waits() == [stored.txid]


async def test_the_same_intent_key_twice_is_one_transaction(world: LaneWorld) -> None:
    lane = await world.lane()

    await world.want(lane, an_intent(1))
    await world.want(lane, an_intent(2, key=an_intent(1).key))

    assert len(await world.attempts()) == 1


async def test_no_more_are_in_flight_than_the_lane_may_have(world: LaneWorld) -> None:
    lane = await world.lane()

    state = await world.want(lane, *(an_intent(number) for number in range(1, 8)))

    assert state.in_flight == FEES.in_flight == 5
    world.node.mine()
    await world.apply(lane)
    assert [one.nonce for one in await world.attempts() if one.is_open] == [5, 6]


async def test_a_lane_takes_only_the_operations_of_its_own(world: LaneWorld) -> None:
    intents = [an_intent(number) for number in range(1, 9)]
    other = LANE_KEY.__class__(bytes(31) + b"\x03")

    first = await world.lane(lane=0, lanes=2)
    second = await world.lane(key=other, lane=1, lanes=2)
    await world.want(first, *intents[:4])
    await world.want(second)
    await world.want(first)

    one = {attempt.operation_id for attempt in await world.attempts()}
    two = {attempt.operation_id for attempt in await world.attempts(other.address(DEPLOYMENT.network))}
    assert one.isdisjoint(two)
    assert one | two == {intent.operation_id for intent in intents[:4]}
    assert one
    assert two


async def test_nothing_is_sent_before_the_applied_chain_is_the_nodes(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.mine()

    state = await world.want(lane, an_intent(1))

    assert world.node.handed_in == []
    assert state.status == "waiting"
    await world.apply(lane)
    assert len(world.node.handed_in) == 1


async def test_many_wake_ups_at_once_are_one_turn(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.journal.append([], intents=[an_intent(1)])
    world.node.fail("account", times=1)

    with capture_logs() as logs:
        for _ in range(20):
            lane.tell(IntentsCommitted())
        await ask(lane, GetLane(), deadline=5)

    assert [line["event"] for line in logs].count("broadcaster.node_failed") == 1
    assert world.node.handed_in == []


# ---------------------------------------------------------------- fees


@pytest.mark.parametrize(
    ("middle", "paid"), [(None, 3_000), (1, 3_000), (4_321, 4_321), (99_999, FEES.cap_ustx)]
)
async def test_the_fee_is_the_nodes_middle_between_floor_and_cap(
    world: LaneWorld, middle: int | None, paid: int
) -> None:
    world.node.estimate = None if middle is None else FeeEstimate(0, middle, 10**9)
    lane = await world.lane()

    await world.want(lane, an_intent(1))

    assert (await world.attempts())[0].fee == paid


async def test_a_fee_is_at_least_one_ustx_a_byte(world: LaneWorld) -> None:
    lane = await world.lane(fees=replace(FEES, floor_ustx=1))

    await world.want(lane, an_intent(1))

    (one,) = await world.attempts()
    assert one.fee == len(world.node.mempool[LANE, 0].raw)


async def test_a_node_without_an_estimate_costs_no_operation(world: LaneWorld) -> None:
    world.node.fail("fee_estimate")
    lane = await world.lane()

    await world.want(lane, an_intent(1))

    assert (await world.attempts())[0].fee == FEES.floor_ustx
    assert await world.status(1) == "sent"


async def test_the_days_fees_have_a_cap(world: LaneWorld) -> None:
    lane = await world.lane(fees=replace(FEES, day_cap_ustx=2 * FEES.floor_ustx))

    with capture_logs() as logs:
        state = await world.want(lane, an_intent(1), an_intent(2), an_intent(3))

    assert len(await world.attempts()) == 2
    assert "broadcaster.day_cap_reached" in [line["event"] for line in logs]
    assert state.waiting_for == "next_block"
    world.clock.ms += 86_400_000
    await world.want(lane)
    assert len(await world.attempts()) == 3


# ---------------------------------------------------------------- resuming


async def test_a_restart_resumes_in_the_order_of_nonces_what_the_node_forgot(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1), an_intent(2), an_intent(3))
    sent = list(world.node.handed_in)
    await world.crash(lane)
    world.node.mempool.clear()

    await world.lane()

    assert world.node.handed_in == sent * 2
    assert world.node.waits() == sent
    assert (await world.names()).count("TransactionPrepared") == 3
    assert (await world.names()).count("TransactionSent") == 3


async def test_what_waits_at_the_node_is_not_sent_again(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1), an_intent(2))
    sent = list(world.node.handed_in)

    await world.apply(lane)

    assert world.node.handed_in == sent


async def test_what_a_reorg_unmined_and_the_node_lost_is_sent_again(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1))
    sent = list(world.node.handed_in)
    world.node.mine()
    await world.apply(lane)
    assert await world.status(1) == "confirmed"

    await world.reorganise(1, requeue=False)
    await world.apply(lane)

    assert world.node.handed_in == sent * 2
    assert await world.status(1) == "sent"
    world.node.mine()
    await world.apply(lane)
    assert await world.status(1) == "confirmed"


async def test_a_lane_killed_at_any_commit_neither_loses_nor_repeats_an_operation(world: LaneWorld) -> None:
    await world.journal.append([], intents=[an_intent(number) for number in range(1, 5)])
    for after in ("TransactionPrepared", "TransactionSent") * 3:
        await cut_off(world, after=after)
    lane = await world.lane()

    world.node.mine()
    await world.apply(lane)

    assert [await world.status(number) for number in range(1, 5)] == ["confirmed"] * 4
    assert [one.nonce for one in await world.attempts()] == [0, 1, 2, 3]
    assert len({one.operation_id for one in await world.attempts()}) == 4


# ---------------------------------------------------------------- useless operations


async def test_an_operation_whose_last_height_has_passed_is_not_sent(world: LaneWorld) -> None:
    lane = await world.lane()
    height = world.node.latest.burn_block_height

    await world.want(lane, an_intent(1, useless_after=height), an_intent(2, useless_after=height - 1))

    assert [await world.status(1), await world.status(2)] == ["sent", "aborted"]
    (event,) = await world.events(f"tx:{an_operation(2)}")
    assert isinstance(event, TransactionAborted)
    assert (event.mined, event.txid) == (False, NO_TXID)
    assert str(height - 1) in event.reason


async def test_an_operation_of_a_policy_that_has_ended_is_not_sent(world: LaneWorld) -> None:
    terms = some_terms(7, LANE)
    ended = Change(stream=f"policy:{terms.quote_id}", events=(PolicyLapsed(),))
    await world.journal.append([issued(terms), ended])
    lane = await world.lane()

    await world.want(lane, an_intent(1, quote_ids=(a_quote(7),)))

    assert world.node.handed_in == []
    (event,) = await world.events(f"tx:{an_operation(1)}")
    assert isinstance(event, TransactionAborted)
    assert (event.mined, event.reason) == (False, "the policy has ended: lapsed")
    assert event.quote_ids == (a_quote(7),)


async def test_a_block_that_is_told_late_still_finds_the_newest_tip(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1))
    for _ in range(3):
        world.node.mine()
    await world.follow()

    for height in (2, 3, 4):
        lane.tell(BlockApplied(block_height=height, burn_height=1_000))

    assert (await world.state(lane)).mined_nonce == 1

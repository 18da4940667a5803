from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lane_world import (
    FEES,
    LANE,
    LaneWorld,
    a_lane_world,
    an_intent,
    an_operation,
    cut_off,
)
from structlog.testing import capture_logs

from bithedge.domain.events.transactions import (
    NonceGapFilled,
    TransactionPrepared,
    TransactionReplaced,
)
from bithedge.domain.lanes import Job
from bithedge.stacks.payloads import TokenTransfer
from bithedge.stacks.transactions import deserialise_transaction


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LaneWorld]:
    async with a_lane_world(tmp_path) as world:
        yield world


def prepared(events: list[Any]) -> list[TransactionPrepared]:
    return [event for event in events if isinstance(event, TransactionPrepared)]


# ---------------------------------------------------------------- gaps


async def test_a_gap_is_filled_by_the_bytes_we_have(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1), an_intent(2), an_intent(3))
    first, second, _ = world.node.waits()
    world.node.forget(second)

    await world.apply(lane)

    assert world.node.handed_in[3:] == [second]
    assert world.node.waits()[0] == first
    assert len(world.node.waits()) == 3


async def test_a_gap_without_bytes_goes_to_what_waits(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.refuse("NoSuchContract")

    await world.want(lane, an_intent(1), an_intent(2))

    assert [(one.nonce, one.operation_id) for one in await world.attempts() if one.is_open] == [
        (0, an_operation(2))
    ]


async def test_a_gap_that_nothing_waits_for_gets_a_filler(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.mine_foreign(LANE)
    await world.apply(lane)
    await world.want(lane, an_intent(1))
    assert [one.nonce for one in await world.attempts()] == [1]

    await world.reorganise(2, requeue=False)
    await world.apply(lane)

    filler = next(one for one in await world.attempts() if one.kind == "filler")
    payload = deserialise_transaction(world.node.mempool[LANE, 0].raw).payload
    assert isinstance(payload, TokenTransfer)
    assert payload.amount == 1
    assert filler.operation_id == Job.filler(LANE, 0).operation_id
    assert NonceGapFilled(address=LANE, nonce=0, txid=filler.txid) in await world.events()
    assert [place[1] for place in world.node.mempool] == [1, 0]
    world.node.mine()
    await world.apply(lane)
    assert await world.status(1) == "confirmed"


# ---------------------------------------------------------------- stuck


async def test_only_the_lowest_is_replaced_and_pays_strictly_more(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1), an_intent(2))
    before = await world.attempts()

    world.node.mine(burn=FEES.stuck_blocks - 1, at_most=0)
    await world.apply(lane)
    assert len(await world.attempts()) == 2
    world.node.mine(burn=1, at_most=0)
    await world.apply(lane)

    attempts = await world.attempts()
    assert [(one.nonce, one.fee) for one in attempts] == [(0, 3_000), (0, 3_750), (1, 3_000)]
    assert [one.operation_id for one in attempts] == [an_operation(1), an_operation(1), an_operation(2)]
    assert world.node.waits() == [attempts[1].txid, before[1].txid]
    assert prepared(await world.events())[-1].replaces == before[0].txid
    assert await world.names(f"tx:{an_operation(1)}") == [
        "TransactionPrepared",
        "TransactionSent",
        "TransactionPrepared",
        "TransactionReplaced",
        "TransactionSent",
    ]
    assert await world.status(1) == "sent"


async def test_a_replacement_cut_off_before_it_was_sent_is_sent_after_a_restart(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1))
    await world.crash(lane)
    world.node.mine(burn=FEES.stuck_blocks, at_most=0)
    await world.follow()
    await cut_off(world, after="TransactionReplaced")

    await world.lane()

    assert world.node.waits() == [(await world.attempts())[-1].txid]
    assert len(await world.attempts()) == 2


async def test_the_ladder_ends_at_the_cap(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1))

    with capture_logs() as logs:
        for _ in range(8):
            world.node.mine(burn=FEES.stuck_blocks, at_most=0)
            await world.apply(lane)

    fees = [one.fee for one in await world.attempts()]
    assert fees == [3_000, 3_750, 4_688, 5_860, 7_325, 9_157, FEES.cap_ustx]
    assert "broadcaster.fee_cap_reached" in [line["event"] for line in logs]


async def test_one_that_waited_behind_others_is_not_stuck_before_it_had_its_turn(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1), an_intent(2))
    world.node.mine(burn=FEES.stuck_blocks, at_most=1)

    await world.apply(lane)

    assert await world.status(1) == "confirmed"
    assert len(await world.attempts()) == 2


async def test_whichever_attempt_is_mined_is_the_one(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1))
    first = world.node.mempool[LANE, 0]
    world.node.mine(burn=FEES.stuck_blocks, at_most=0)
    await world.apply(lane)
    world.node.mempool = {first.place: first}

    world.node.mine()
    await world.apply(lane)

    older, newer = await world.attempts()
    assert (older.txid, older.status, newer.status) == (first.txid, "confirmed", "replaced")
    assert await world.status(1) == "confirmed"
    last = (await world.events(f"tx:{an_operation(1)}"))[-1]
    assert last == TransactionReplaced(txid=newer.txid, by=older.txid, operation_id=an_operation(1))

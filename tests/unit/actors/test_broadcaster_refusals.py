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
    an_intent,
    an_operation,
    cut_off,
)
from structlog.testing import capture_logs

from bithedge.domain.events.chain import AlertCleared, AlertRaised
from bithedge.domain.events.transactions import (
    TransactionAborted,
    TransactionReplaced,
)
from bithedge.protocol.lane_signing import LaneSigner


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LaneWorld]:
    async with a_lane_world(tmp_path) as world:
        yield world


# ---------------------------------------------------------------- refusals


async def test_a_conflict_with_our_own_accepted_transaction_is_success(world: LaneWorld) -> None:
    await world.journal.append([], intents=[an_intent(1)])
    await cut_off(world, after="TransactionPrepared")
    (stored,) = await world.attempts()
    raw = LaneSigner(DEPLOYMENT, LANE_KEY).sign(a_call(1), nonce=0, fee=stored.fee).raw
    await world.node.broadcast(raw)
    world.node.refuse("ConflictingNonceInMempool")

    await world.lane()

    assert await world.status(1) == "sent"
    assert len(await world.attempts()) == 1


async def test_a_conflict_with_a_strangers_waits_until_it_is_mined(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.refuse("ConflictingNonceInMempool")

    await world.want(lane, an_intent(1))

    assert await world.status(1) == "queued"
    assert (await world.attempts())[0].sent is False
    world.node.mine_foreign(LANE)
    await world.apply(lane)
    assert [(one.nonce, one.status) for one in await world.attempts()] == [(0, "replaced"), (1, "pending")]
    assert await world.status(1) == "sent"


async def test_a_strangers_use_of_the_key_gives_the_operation_a_new_nonce(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1))
    lost = world.node.waits()[0]
    world.node.mine_foreign(LANE)

    with capture_logs() as logs:
        await world.apply(lane)

    errors = [line for line in logs if line["event"] == "broadcaster.nonce_spent_elsewhere"]
    assert [(line["log_level"], line["txid"], line["nonce"]) for line in errors] == [("error", lost, 0)]
    assert TransactionReplaced(txid=lost, by=None, operation_id=an_operation(1)) in await world.events()
    assert [(one.nonce, one.status) for one in await world.attempts()] == [(0, "replaced"), (1, "pending")]
    world.node.mine()
    await world.apply(lane)
    assert await world.status(1) == "confirmed"


async def test_a_mined_failure_of_a_replaced_operation_is_not_taken_for_a_strangers(world: LaneWorld) -> None:
    lane = await world.lane()
    await world.want(lane, an_intent(1))
    first = world.node.mempool[LANE, 0]
    world.node.mine(burn=FEES.stuck_blocks, at_most=0)
    await world.apply(lane)
    world.node.mempool = {first.place: first}

    world.node.mine(failing=[first.txid])
    await world.apply(lane)

    assert await world.status(1) == "aborted"
    assert len(await world.attempts()) == 2
    assert world.node.mempool == {}


async def test_a_nonce_that_is_mined_meanwhile_is_looked_at_again(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.refuse("BadNonce", expected=1, actual=0)

    state = await world.want(lane, an_intent(1))

    assert state.waiting_for == "node"
    await world.apply(lane)
    assert await world.status(1) == "sent"
    assert len(await world.attempts()) == 1


async def test_too_much_chaining_waits_for_a_block(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.refuse("TooMuchChaining", expected=26)

    state = await world.want(lane, an_intent(1), an_intent(2))

    assert (state.status, state.waiting_for) == ("waiting", "next_block")
    assert len(world.node.handed_in) == 1
    await world.apply(lane)
    assert [await world.status(1), await world.status(2)] == ["sent", "sent"]


async def test_a_key_without_stx_raises_one_alert_and_clears_it_when_it_can_pay(world: LaneWorld) -> None:
    world.node.balances[LANE] = 0
    lane = await world.lane()

    await world.want(lane, an_intent(1))
    await world.apply(lane)

    (raised,) = await world.events("alerts")
    assert isinstance(raised, AlertRaised)
    assert (raised.code, raised.severity) == ("low_stx", "critical")
    assert LANE in raised.message
    world.node.balances[LANE] = 10**6
    await world.apply(lane)
    assert (await world.events("alerts"))[1:] == [AlertCleared(code="low_stx")]
    assert await world.status(1) == "sent"


async def test_an_alert_of_a_former_life_is_cleared_too(world: LaneWorld) -> None:
    world.node.balances[LANE] = 0
    lane = await world.lane()
    await world.want(lane, an_intent(1))
    await world.crash(lane)
    world.node.balances[LANE] = 10**6

    await world.lane()

    assert await world.names("alerts") == ["AlertRaised", "AlertCleared"]


async def test_a_fee_that_is_too_low_is_raised_to_what_the_node_expects(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.refuse("FeeTooLow", expected=4_200, actual=3_000)

    await world.want(lane, an_intent(1))

    low, enough = await world.attempts()
    assert (low.nonce, low.fee, low.status) == (0, 3_000, "replaced")
    assert (enough.nonce, enough.fee, enough.status) == (0, 4_200, "pending")
    assert world.node.waits() == [enough.txid]


async def test_a_fee_above_the_cap_is_not_paid(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.refuse("FeeTooLow", expected=FEES.cap_ustx + 1, actual=3_000)

    with capture_logs() as logs:
        await world.want(lane, an_intent(1))

    assert world.node.waits() == []
    assert "broadcaster.fee_cap_reached" in [line["event"] for line in logs]


@pytest.mark.parametrize(
    "reason",
    ["SignatureValidation", "BadFunctionArgument", "NoSuchContract", "NoSuchPublicFunction", "Undecodable"],
)
async def test_what_can_never_be_mined_ends_and_leaves_its_nonce(world: LaneWorld, reason: str) -> None:
    lane = await world.lane()
    world.node.refuse(reason, message="the node's words")

    await world.want(lane, an_intent(1))
    await world.want(lane, an_intent(2))

    assert await world.status(1) == "aborted"
    aborted = next(event for event in await world.events() if isinstance(event, TransactionAborted))
    assert (aborted.mined, aborted.reason) == (False, f"{reason}: the node's words")
    assert [(one.nonce, one.operation_id) for one in await world.attempts() if one.is_open] == [
        (0, an_operation(2))
    ]


async def test_the_same_call_again_gets_an_id_of_its_own(world: LaneWorld) -> None:
    lane = await world.lane()
    world.node.refuse("NoSuchContract")
    await world.want(lane, an_intent(1))

    await world.want(lane, an_intent(2, call=a_call(1)))

    refused, taken = await world.attempts()
    assert (refused.nonce, taken.nonce) == (0, 0)
    assert refused.txid != taken.txid
    assert await world.status(2) == "sent"


@pytest.mark.parametrize("reason", ["ServerFailureDatabase", "ServerFailureNoSuchChainTip", "EstimatorError"])
async def test_a_fault_of_the_node_is_waited_out(world: LaneWorld, reason: str) -> None:
    lane = await world.lane()
    world.node.refuse(reason)

    state = await world.want(lane, an_intent(1))

    assert (state.status, state.waiting_for) == ("waiting", "node")
    await world.apply(lane)
    assert await world.status(1) == "sent"
    assert len(await world.attempts()) == 1


@pytest.mark.parametrize(
    "method", ["account", "info", "block", "principal_nonces", "broadcast", "transaction"]
)
async def test_a_node_that_does_not_answer_never_ends_a_lane(world: LaneWorld, method: str) -> None:
    lane = await world.lane()
    world.node.fail(method, times=3)
    if method == "transaction":
        world.node.refuse("ConflictingNonceInMempool")

    await world.want(lane, an_intent(1))
    await world.want(lane, an_intent(2))
    await world.apply(lane)
    await world.apply(lane)
    await world.apply(lane)

    assert lane.is_alive()
    assert [await world.status(1), await world.status(2)] == ["sent", "sent"]


async def test_a_lane_tries_again_without_a_block(world: LaneWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.broadcaster.RETRY_S", 0.0)
    lane = await world.lane()
    world.node.fail("account")

    await world.want(lane, an_intent(1))

    while not world.node.handed_in:
        await world.state(lane)
    assert await world.status(1) == "sent"

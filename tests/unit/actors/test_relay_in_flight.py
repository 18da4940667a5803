from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lane_world import DEPLOYMENT, LaneWorld, a_lane_world, issued, settled
from relay_scene import (
    HOLDER,
    OTHER_KEY,
    POLICY,
    PURCHASE,
    TERMS,
    policy_status,
    relayed,
    signed,
    status,
)

from actors.messages.transactions import BlockApplied
from bithedge.domain.events.policy import PolicyPurchaseAborted
from bithedge.domain.events.transactions import (
    TransactionConfirmed,
    TransactionReplaced,
)
from bithedge.domain.policy.state import Status
from bithedge.domain.tiers import Tier
from bithedge.protocol.calls import deposit_funds
from bithedge.stacks.keys import PrivateKey

SPENT = "its nonce went to another transaction"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LaneWorld]:
    async with a_lane_world(tmp_path) as world:
        yield world


# ---------------------------------------------------------------- until it is mined or cannot be


async def test_what_the_node_forgot_is_sent_again_as_it_was(world: LaneWorld) -> None:
    relay, one = world.relay(), signed(PURCHASE)
    await relayed(relay, one)
    world.node.forget(one.txid)

    await world.apply(relay)

    assert world.node.handed_in == [one.txid, one.txid]
    assert world.node.waits() == [one.txid]
    assert await world.names(f"tx:{one.txid}") == ["TransactionPrepared", "TransactionSent"]


async def test_what_waits_or_is_mined_is_not_sent_again(world: LaneWorld) -> None:
    relay, one = world.relay(), signed(PURCHASE)
    await relayed(relay, one)

    await world.apply(relay)
    world.node.mine()
    await world.apply(relay)

    assert world.node.handed_in == [one.txid]
    assert await status(world, one.txid) == "confirmed"


async def test_it_is_sent_again_after_a_restart_and_after_a_reorg(world: LaneWorld) -> None:
    relay, one = world.relay(), signed(PURCHASE)
    await relayed(relay, one)
    world.node.mine()
    await world.apply(relay)
    await world.crash(relay)
    await world.reorganise(1, requeue=False)

    await world.apply(world.relay())

    assert world.node.waits() == [one.txid]
    assert await status(world, one.txid) == "pending"


async def test_a_purchase_whose_nonce_went_elsewhere_can_be_signed_again(world: LaneWorld) -> None:
    await world.journal.append([issued(TERMS)])
    relay, one = world.relay(), signed(PURCHASE)
    await relayed(relay, one)
    world.node.mine_foreign(HOLDER)

    await world.apply(relay)

    replaced = TransactionReplaced(txid=one.txid, by=None, quote_ids=(TERMS.quote_id,))
    assert (await world.events(f"tx:{one.txid}"))[-1] == replaced
    assert (await world.events(POLICY))[-1] == PolicyPurchaseAborted(txid=one.txid, reason=SPENT)
    assert await policy_status(world) == (Status.PENDING_SIGNATURE, "creation_aborted")
    await world.apply(relay)
    assert (await world.names(f"tx:{one.txid}")).count("TransactionReplaced") == 1


async def test_one_replaced_by_another_that_we_know_names_it(world: LaneWorld) -> None:
    relay = world.relay()
    deposit = deposit_funds(DEPLOYMENT, HOLDER, 5_000, Tier.BALANCED)
    cheap, dear = signed(deposit), signed(deposit, fee=4_000)
    await relayed(relay, cheap)
    await relayed(relay, dear)
    world.node.mine()

    await world.apply(relay)

    assert (await world.events(f"tx:{cheap.txid}"))[-1] == TransactionReplaced(txid=cheap.txid, by=dear.txid)
    assert await status(world, dear.txid) == "confirmed"


async def test_a_second_purchase_of_the_same_quote_keeps_the_policy_pending(world: LaneWorld) -> None:
    await world.journal.append([issued(TERMS)])
    relay = world.relay()
    first, second = signed(PURCHASE), signed(PURCHASE, nonce=1)
    await relayed(relay, first)
    await relayed(relay, second)
    world.node.mine_foreign(HOLDER)

    await world.apply(relay)

    assert await status(world, first.txid) == "replaced"
    assert await policy_status(world) == (Status.PENDING_CONFIRMATION, "in_mempool")


async def test_one_mined_before_it_was_stored_is_confirmed_by_the_next_block(world: LaneWorld) -> None:
    one = signed(PURCHASE)
    await world.node.broadcast(one.raw)
    world.node.mine()
    await world.follow()
    relay = world.relay()
    world.node.refuse("BadNonce", expected=1, actual=0)
    await relayed(relay, one)

    world.node.mine()
    await world.apply(relay)

    assert (await world.events(f"tx:{one.txid}"))[-1] == TransactionConfirmed(txid=one.txid)
    assert await status(world, one.txid) == "confirmed"


async def test_every_sender_is_looked_at_after_a_block(world: LaneWorld) -> None:
    relay = world.relay()
    keys = [PrivateKey(bytes(30) + bytes([1, number])) for number in range(5)]
    for key in keys:
        await relayed(relay, signed(PURCHASE, key=key))
    sent = list(world.node.handed_in)
    world.node.mempool.clear()

    await world.apply(relay)

    assert world.node.handed_in == sent * 2


@pytest.mark.parametrize("method", ["account", "info", "block", "transaction", "broadcast"])
async def test_a_node_that_does_not_answer_only_puts_it_off(world: LaneWorld, method: str) -> None:
    relay, one = world.relay(), signed(PURCHASE)
    await relayed(relay, one)
    world.node.forget(one.txid)
    world.node.fail(method)

    await world.apply(relay)
    assert world.node.waits() == []
    await world.apply(relay)

    assert world.node.waits() == [one.txid]
    assert relay.is_alive()


async def test_a_refusal_of_what_was_taken_before_ends_nothing(world: LaneWorld) -> None:
    relay, one = world.relay(), signed(PURCHASE)
    await relayed(relay, one)
    world.node.forget(one.txid)
    world.node.refuse("NotEnoughFunds")

    await world.apply(relay)

    assert await status(world, one.txid) == "pending"


async def test_nothing_is_decided_while_the_applied_chain_is_not_the_nodes(world: LaneWorld) -> None:
    relay, one = world.relay(), signed(PURCHASE)
    await relayed(relay, one)
    applied = world.node.latest
    world.node.mine_foreign(HOLDER)

    relay.tell(BlockApplied(block_height=applied.height, burn_height=applied.burn_block_height))
    await settled(relay)

    assert await status(world, one.txid) == "pending"


async def test_one_confirmed_while_others_were_looked_at_is_not_confirmed_twice(world: LaneWorld) -> None:
    relay, first, second = world.relay(), signed(PURCHASE, key=OTHER_KEY), signed(PURCHASE)
    await relayed(relay, first)
    await relayed(relay, second)

    async def a_block_comes() -> None:
        world.node.mine()
        await world.follow()

    world.node.meanwhile["transaction"] = a_block_comes
    await world.apply(relay)

    for one in (first, second):
        assert (await world.names(f"tx:{one.txid}")).count("TransactionConfirmed") == 1

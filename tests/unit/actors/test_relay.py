from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lane_world import DEPLOYMENT, LaneWorld, a_lane_world, issued
from msgspec.structs import replace
from relay_scene import (
    HOLDER,
    HOLDER_KEY,
    OTHER,
    OTHER_KEY,
    POLICY,
    PURCHASE,
    READING,
    TERMS,
    VOUCHER,
    a_voucher,
    kept,
    nothing,
    policy_status,
    relayed,
    signed,
    status,
    watched,
)

from actors.messages.transactions import RelayTransaction
from actors.runtime import ask
from bithedge.domain.errors import (
    ForeignTransactionError,
    MalformedTransactionError,
    NodeUnreachableError,
    NotReadyError,
    TransactionRejectedError,
)
from bithedge.domain.events.policy import PolicyLapsed, PolicyPending
from bithedge.domain.events.pool import WithdrawalPending
from bithedge.domain.events.transactions import (
    TransactionPrepared,
    TransactionSent,
)
from bithedge.domain.policy.state import Status
from bithedge.domain.tiers import Tier
from bithedge.protocol.calls import buy_policy, request_exercise, withdraw_funds
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import token_transfer
from bithedge.storage.ports import Change
from bithedge.storage.queries.kept import answer
from bithedge.storage.queries.providers import withdrawal
from bithedge.storage.queries.transactions import attempt, transaction


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[LaneWorld]:
    async with a_lane_world(tmp_path) as world:
        yield world


# ---------------------------------------------------------------- relaying


async def test_an_accepted_purchase_is_stored_with_its_bytes_and_its_policy_is_pending(
    world: LaneWorld,
) -> None:
    await world.journal.append([issued(TERMS)])
    one = signed(PURCHASE)

    txid = await relayed(world.relay(), one, kept("POST /v1/transactions k"))

    assert txid == one.txid
    assert world.node.waits() == [one.txid]
    prepared, sent = await world.events(f"tx:{txid}")
    assert prepared == TransactionPrepared(
        txid=txid,
        address=HOLDER,
        nonce=0,
        fee=3_000,
        contract_id=DEPLOYMENT.pool,
        function="buy-policy",
        quote_ids=(TERMS.quote_id,),
    )
    assert sent == TransactionSent(txid=txid, quote_ids=(TERMS.quote_id,))
    assert (await world.events(POLICY))[1:] == [PolicyPending(txid=txid)]
    assert await policy_status(world) == (Status.PENDING_CONFIRMATION, "in_mempool")
    stored = await world.reader.read(attempt, txid)
    assert stored is not None
    assert (stored.raw, stored.operation_id) == (one.raw, None)
    assert await world.reader.read(answer, "POST /v1/transactions k", 1_700_000_000_000) is not None


async def test_the_same_bytes_twice_are_the_same_answer_and_no_second_event(world: LaneWorld) -> None:
    await world.journal.append([issued(TERMS)])
    relay, one = world.relay(), signed(PURCHASE)

    first = await relayed(relay, one, kept("first"))
    seq = world.journal.seq
    second = await relayed(relay, one, kept("second"))

    assert first == second
    assert world.journal.seq == seq
    assert world.node.handed_in == [one.txid]
    assert await world.reader.read(answer, "second", 1_700_000_000_000) is not None


@pytest.mark.parametrize("reason", ["NotEnoughFunds", "BadNonce", "FeeTooLow", "ConflictingNonceInMempool"])
async def test_a_refusal_of_the_node_is_given_on_and_stores_nothing(world: LaneWorld, reason: str) -> None:
    await world.journal.append([issued(TERMS)])
    seq = world.journal.seq
    world.node.refuse(reason, expected=5, actual=3)

    with pytest.raises(TransactionRejectedError) as caught:
        await relayed(world.relay(), signed(PURCHASE), kept("refused"))

    assert caught.value.context == {"reason": reason, "reason_data": {"expected": 5, "actual": 3}}
    assert world.journal.seq == seq
    assert await world.reader.read(attempt, signed(PURCHASE).txid) is None
    assert await world.reader.read(answer, "refused", 1_700_000_000_000) is None


@pytest.mark.parametrize("reason", [None, "ServerFailureDatabase"])
async def test_a_node_in_trouble_is_unreachable_and_nothing_is_stored(
    world: LaneWorld, reason: str | None
) -> None:
    seq = world.journal.seq
    relay = world.relay()
    if reason is None:
        world.node.fail("broadcast")
    else:
        world.node.refuse(reason)

    with pytest.raises(NodeUnreachableError):
        await relayed(relay, signed(PURCHASE))

    assert world.journal.seq == seq
    assert await relayed(relay, signed(PURCHASE)) == signed(PURCHASE).txid


async def test_a_refusal_because_it_is_there_already_is_no_refusal(world: LaneWorld) -> None:
    one = signed(PURCHASE)
    await world.node.broadcast(one.raw)
    world.node.mine()
    await world.follow()
    world.node.refuse("BadNonce", expected=1, actual=0)

    assert await relayed(world.relay(), one) == one.txid


async def test_a_purchase_of_a_quote_we_never_signed_touches_no_policy(world: LaneWorld) -> None:
    txid = await relayed(world.relay(), signed(PURCHASE))

    prepared = (await world.events(f"tx:{txid}"))[0]
    assert isinstance(prepared, TransactionPrepared)
    assert prepared.quote_ids == ()
    assert await world.events(POLICY) == []


@pytest.mark.parametrize("case", ["another sender", "other terms"])
async def test_a_purchase_that_cannot_be_the_owners_leaves_the_policy_alone(
    world: LaneWorld, case: str
) -> None:
    await world.journal.append([issued(TERMS)])
    dearer = buy_policy(DEPLOYMENT, replace(TERMS, premium=1), ("0x" + "aa" * 65,), READING)
    one = signed(PURCHASE, key=OTHER_KEY) if case == "another sender" else signed(dearer)

    await relayed(world.relay(), one)

    assert await policy_status(world) == (Status.PENDING_SIGNATURE, "awaiting_signature")


async def test_a_purchase_after_the_policy_lapsed_does_not_revive_it(world: LaneWorld) -> None:
    await world.journal.append([issued(TERMS), Change(stream=POLICY, events=(PolicyLapsed(),))])

    await relayed(world.relay(), signed(PURCHASE))

    assert (await policy_status(world))[0] is Status.LAPSED


async def test_a_withdrawal_by_a_known_voucher_is_pending(world: LaneWorld) -> None:
    await world.journal.append([Change(stream="pool", events=a_voucher(HOLDER))])
    call = withdraw_funds(DEPLOYMENT, 5_000, Tier.BALANCED, VOUCHER, 1_006, ("0x" + "cc" * 65,))

    txid = await relayed(world.relay(), signed(call))

    assert (await world.events("pool"))[-1] == WithdrawalPending(
        withdrawal_id=VOUCHER, address=HOLDER, txid=txid
    )
    found = await world.reader.read(withdrawal, VOUCHER)
    assert found is not None
    assert (found.status, found.txid) == ("pending_confirmation", txid)


async def test_anothers_voucher_is_not_pending_by_a_strangers_try(world: LaneWorld) -> None:
    await world.journal.append([Change(stream="pool", events=a_voucher(HOLDER))])
    call = withdraw_funds(DEPLOYMENT, 5_000, Tier.BALANCED, VOUCHER, 1_006, ("0x" + "cc" * 65,))

    await relayed(world.relay(), signed(call, key=OTHER_KEY))

    assert await world.names("pool") == ["WithdrawalRequested", "WithdrawalVoucherIssued"]


async def test_a_holders_request_names_its_policy(world: LaneWorld) -> None:
    txid = await relayed(world.relay(), signed(request_exercise(9, 1)))

    found = await world.reader.read(transaction, txid)
    assert found is not None
    assert (found.policy_ids, found.function) == ((9,), "request-exercise")


async def test_what_is_no_call_of_ours_is_foreign(world: LaneWorld) -> None:
    unsigned = token_transfer(
        DEPLOYMENT.network, sender=HOLDER, nonce=0, fee=3_000, recipient=OTHER, amount=1
    )

    with pytest.raises(ForeignTransactionError):
        await relayed(world.relay(), sign_transaction(unsigned, HOLDER_KEY))

    assert world.node.handed_in == []


async def test_what_is_no_transaction_is_malformed(world: LaneWorld) -> None:
    with pytest.raises(MalformedTransactionError):
        await ask(world.relay(), RelayTransaction(raw=b"\x80nothing", keep=nothing), deadline=5)


# ---------------------------------------------------------------- watching


async def test_a_wallets_own_purchase_is_followed_by_its_id(world: LaneWorld) -> None:
    await world.journal.append([issued(TERMS)])
    one = signed(PURCHASE)
    await world.node.broadcast(one.raw)
    relay = world.relay()

    assert await watched(relay, one.txid) == one.txid
    seq = world.journal.seq
    assert await watched(relay, one.txid) == one.txid

    assert world.journal.seq == seq
    prepared = (await world.events(f"tx:{one.txid}"))[0]
    assert isinstance(prepared, TransactionPrepared)
    assert (prepared.address, prepared.nonce, prepared.fee) == (HOLDER, 0, 3_000)
    assert await policy_status(world) == (Status.PENDING_CONFIRMATION, "in_mempool")
    assert await world.reader.read(attempt, one.txid) is None
    world.node.mine()
    await world.apply(relay)
    assert await status(world, one.txid) == "confirmed"


async def test_the_bytes_of_a_watched_one_are_kept_when_they_come(world: LaneWorld) -> None:
    one = signed(PURCHASE)
    await world.node.broadcast(one.raw)
    relay = world.relay()
    await watched(relay, one.txid)

    await relayed(relay, one)

    stored = await world.reader.read(attempt, one.txid)
    assert stored is not None
    assert stored.raw == one.raw


async def test_one_already_mined_in_an_applied_block_is_confirmed_at_once(world: LaneWorld) -> None:
    one = signed(PURCHASE)
    await world.node.broadcast(one.raw)
    block = world.node.mine()
    await world.follow()

    await watched(world.relay(), one.txid)

    found = await world.reader.read(transaction, one.txid)
    assert found is not None
    assert (found.status, found.block_height, found.burn_height) == (
        "confirmed",
        block.height,
        block.burn_block_height,
    )


async def test_one_already_mined_and_failed_is_aborted_and_may_be_signed_again(world: LaneWorld) -> None:
    await world.journal.append([issued(TERMS)])
    one = signed(PURCHASE)
    await world.node.broadcast(one.raw)
    world.node.mine(failing=[one.txid])
    await world.follow()

    await watched(world.relay(), one.txid)

    assert await status(world, one.txid) == "aborted"
    assert await policy_status(world) == (Status.PENDING_SIGNATURE, "creation_aborted")


async def test_one_mined_in_a_block_that_is_yet_to_be_applied_waits_for_it(world: LaneWorld) -> None:
    one = signed(PURCHASE)
    await world.node.broadcast(one.raw)
    world.node.mine()
    relay = world.relay()

    await watched(relay, one.txid)

    assert await status(world, one.txid) == "pending"
    await world.apply(relay)
    assert await status(world, one.txid) == "confirmed"
    assert (await world.names(f"tx:{one.txid}")).count("TransactionConfirmed") == 1


async def test_one_mined_on_a_branch_that_is_yet_to_be_applied_waits_for_it(world: LaneWorld) -> None:
    one = signed(PURCHASE)
    world.node.mine()
    await world.follow()
    world.node.fork(1)
    await world.node.broadcast(one.raw)
    world.node.mine()

    await watched(world.relay(), one.txid)

    assert await status(world, one.txid) == "pending"


async def test_a_transaction_that_the_node_does_not_know_is_not_ready(world: LaneWorld) -> None:
    with pytest.raises(NotReadyError):
        await watched(world.relay(), "0x" + "12" * 32)


async def test_a_transfer_is_not_watched(world: LaneWorld) -> None:
    world.node.mine_foreign(HOLDER)
    foreign = world.node.chain[-1][1][0].tx_id

    with pytest.raises(ForeignTransactionError):
        await watched(world.relay(), foreign)


async def test_watching_needs_a_node_that_answers(world: LaneWorld) -> None:
    world.node.fail("transaction")

    with pytest.raises(NodeUnreachableError):
        await watched(world.relay(), "0x" + "12" * 32)

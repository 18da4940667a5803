import pytest
from journal_world import (
    LANE,
    OPERATION,
    SETTLE_TX,
    World,
    an_attempt,
    an_intent,
    bought,
    of_operation,
    quote,
    ref,
    reserved,
    sent,
    signed,
)

from bithedge.domain.events.transactions import (
    TransactionAborted,
    TransactionConfirmed,
    TransactionFinal,
    TransactionReplaced,
)
from bithedge.storage.ports import Change
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.queries.transactions import (
    attempts_of,
    highest_nonce,
    intent,
    operation,
    queued_intents,
    transaction,
    unsettled_attempts,
)

SECOND_TX, FOREIGN_TX = "0x" + "a2" * 32, "0x" + "ee" * 32
FILLER = "o_" + "f" * 32


async def a_sent_operation(world: World) -> None:
    await world.append(*reserved(1), *bought(1, 1), intents=[an_intent(1)])
    await world.append(of_operation(signed(1)), attempts=[an_attempt()])
    await world.append(of_operation(sent(1)))


async def status_of(world: World, operation_id: str = OPERATION) -> str:
    found = await world.reader.read(operation, operation_id)
    assert found is not None
    return found.status


async def statuses(world: World, *txids: str) -> list[str | None]:
    found = [await world.reader.read(transaction, txid) for txid in txids]
    return [None if each is None else each.status for each in found]


async def test_an_intent_is_queued_until_its_transaction_is_sent(world: World) -> None:
    await world.append(*reserved(1), intents=[an_intent(1)])
    assert await status_of(world) == "queued"
    assert await world.reader.read(intent, OPERATION) == an_intent(1)

    await world.append(of_operation(signed(1)), attempts=[an_attempt()])
    assert await statuses(world, SETTLE_TX) == ["pending"]
    await world.append(of_operation(sent(1)))

    assert await status_of(world) == "sent"
    assert await world.reader.read(queued_intents) == ()


@pytest.mark.parametrize(
    ("events", "status", "reason"),
    [
        ((TransactionConfirmed(txid=SETTLE_TX, operation_id=OPERATION),), "confirmed", None),
        (
            (
                TransactionConfirmed(txid=SETTLE_TX, operation_id=OPERATION),
                TransactionFinal(txid=SETTLE_TX, operation_id=OPERATION),
            ),
            "final",
            None,
        ),
        (
            (TransactionAborted(txid=SETTLE_TX, operation_id=OPERATION, reason="abort_by_response"),),
            "aborted",
            "abort_by_response",
        ),
    ],
)
async def test_a_transaction_and_its_operation_end_together(
    world: World, events: tuple[TransactionConfirmed, ...], status: str, reason: str | None
) -> None:
    await a_sent_operation(world)

    for height, event in enumerate(events, start=5):
        await world.append(Change(stream=f"tx:{OPERATION}", events=(event,), chain=ref(height)))

    ended = await world.reader.read(transaction, SETTLE_TX)
    assert ended is not None
    assert (ended.status, ended.reason, ended.block_height) == (status, reason, 5)
    assert await status_of(world) == status


async def test_a_replacement_is_another_attempt_of_the_same_operation(world: World) -> None:
    await a_sent_operation(world)

    await world.append(
        of_operation(
            signed(1, SECOND_TX, fee=9_000),
            TransactionReplaced(txid=SETTLE_TX, by=SECOND_TX, operation_id=OPERATION),
        ),
        attempts=[an_attempt(SECOND_TX)],
    )

    assert await statuses(world, SETTLE_TX, SECOND_TX) == ["replaced", "pending"]
    assert await status_of(world) == "sent"
    assert [each.fee for each in await world.reader.read(attempts_of, OPERATION)] == [3_000, 9_000]


async def test_the_lower_of_two_attempts_may_still_be_the_one_that_is_mined(world: World) -> None:
    await a_sent_operation(world)
    await world.append(
        of_operation(
            signed(1, SECOND_TX), TransactionReplaced(txid=SETTLE_TX, by=SECOND_TX, operation_id=OPERATION)
        ),
        attempts=[an_attempt(SECOND_TX)],
    )
    both = await world.reader.read(unsettled_attempts, LANE)
    assert [each.attempt.txid for each in both] == [SETTLE_TX, SECOND_TX]

    mined = TransactionConfirmed(txid=SETTLE_TX, operation_id=OPERATION)
    await world.append(Change(stream=f"tx:{OPERATION}", events=(mined,), chain=ref(5)))

    assert await statuses(world, SETTLE_TX) == ["confirmed"]
    assert await status_of(world) == "confirmed"


async def test_a_cancelling_transaction_ends_the_operation_it_replaces(world: World) -> None:
    await a_sent_operation(world)

    cancelling = signed(1, SECOND_TX, operation=FILLER)
    await world.append(of_operation(cancelling, operation=FILLER), attempts=[an_attempt(SECOND_TX)])
    await world.append(
        of_operation(TransactionReplaced(txid=SETTLE_TX, by=SECOND_TX, operation_id=OPERATION))
    )

    assert await status_of(world) == "cancelled"
    assert await status_of(world, FILLER) == "queued"


async def test_an_operation_whose_nonce_a_stranger_took_is_queued_again(world: World) -> None:
    await a_sent_operation(world)

    await world.append(of_operation(TransactionReplaced(txid=SETTLE_TX, by=None, operation_id=OPERATION)))

    assert await statuses(world, SETTLE_TX) == ["replaced"]
    assert await world.reader.read(queued_intents) == (an_intent(1),)


async def test_what_is_settled_is_not_resumed(world: World) -> None:
    await a_sent_operation(world)
    confirmed = TransactionConfirmed(txid=SETTLE_TX, operation_id=OPERATION)
    final = TransactionFinal(txid=SETTLE_TX, operation_id=OPERATION)
    await world.append(Change(stream=f"tx:{OPERATION}", events=(confirmed,), chain=ref(5)))
    assert len(await world.reader.read(unsettled_attempts, LANE)) == 1

    await world.append(Change(stream=f"tx:{OPERATION}", events=(final,), chain=ref(50)))

    assert await world.reader.read(unsettled_attempts, LANE) == ()
    assert await world.reader.read(highest_nonce, LANE) == 0
    assert await world.reader.read(highest_nonce, "ST1NOBODY") is None


async def test_a_transaction_of_somebody_else_leaves_no_row(world: World) -> None:
    foreign = TransactionConfirmed(txid=FOREIGN_TX)
    await world.append(Change(stream=f"tx:{FOREIGN_TX}", events=(foreign,), chain=ref(5)))

    assert await statuses(world, FOREIGN_TX) == [None]


async def test_a_transaction_that_names_a_policy_moves_it(world: World) -> None:
    await a_sent_operation(world)

    head = await world.reader.read(policy_of_quote, quote(1))

    assert head is not None
    assert head.policy.updated_seq == world.journal.seq

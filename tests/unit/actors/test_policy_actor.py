from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from core_world import (
    EXPIRY,
    MAX_AGE,
    OWNER,
    START,
    CoreWorld,
    a_command,
    a_core_world,
    a_put,
    a_quote,
    an_exercise,
    usd,
)

from actors.messages.policies import (
    HeightReached,
    OperationEnded,
    ReadingMade,
    Resume,
    SwitchAutoExercise,
    TouchSeen,
)
from actors.policy import RETRY_BLOCKS
from bithedge.domain.errors import NotInTheMoneyError, UnknownPolicyError
from bithedge.domain.events.policy import PolicyExerciseRequested
from bithedge.domain.policy.state import Status
from bithedge.protocol.calls import SignedPrice

STREAM = f"policy:{a_quote(1)}"
COMMAND = a_command(5)
AT_THE_FLOOR = usd(40_000)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    async with a_core_world(tmp_path) as world:
        await world.buy(a_put(1))
        yield world


def reading(price: int, height: int = START + 1) -> ReadingMade:
    signed = SignedPrice(price=price, height=height, signatures=("0x" + "ee" * 65,))
    return ReadingMade(command_id=COMMAND, reading=signed)


def switch(*, enabled: bool, command: int = 8) -> SwitchAutoExercise:
    return SwitchAutoExercise(
        command_id=a_command(command), address=OWNER, enabled=enabled, keep=lambda _committed: None
    )


def at(height: int) -> HeightReached:
    return HeightReached(height=height)


async def the_settlement(world: CoreWorld) -> Any:
    (intent,) = await world.queued()
    return intent


async def test_an_accepted_exercise_asks_for_its_reading_after_it_is_durable(world: CoreWorld) -> None:
    policy = await world.ask(world.policy(), an_exercise())

    assert policy.status is Status.SETTLING
    assert [(wanted.command_id, wanted.above) for wanted in world.wanted] == [(COMMAND, START)]
    assert (await world.names())[-1] == "PolicyActivationRequested"


async def test_a_refused_exercise_wants_no_reading_and_leaves_no_trace(world: CoreWorld) -> None:
    before = await world.names()

    with pytest.raises(NotInTheMoneyError):
        await world.ask(world.policy(), an_exercise(spot=usd(60_000)))

    assert world.wanted == []
    assert await world.names() == before


async def test_an_exercise_that_meets_a_fact_on_its_way_is_decided_on_anew(world: CoreWorld) -> None:
    ref = world.policy()
    await world.quiet(ref)
    await world.follow(START + 1, (STREAM, PolicyExerciseRequested(policy_id=1, min_payout=1)))

    policy = await world.ask(ref, an_exercise())

    assert policy.status is Status.SETTLING
    assert policy.request is not None
    assert ref.is_alive()


async def test_a_reading_that_meets_a_fact_on_its_way_is_not_lost(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise())
    await world.follow(START + 1, (STREAM, PolicyExerciseRequested(policy_id=1, min_payout=1)))

    await world.tell(ref, reading(usd(50_000)))

    assert (await world.state()).settlement is not None
    assert len(await world.queued()) == 1


async def test_a_reading_settles_by_one_operation_named_by_the_command(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise())

    await world.tell(ref, reading(usd(50_000)))
    await world.tell(ref, reading(usd(50_000)))

    intent = await the_settlement(world)
    assert intent.operation_id == "o_" + COMMAND[2:]
    assert intent.useless_after == START + 1 + MAX_AGE
    assert world.woken == 1
    assert (await world.names()).count("PolicySettling") == 1


async def test_a_reading_made_for_another_command_changes_nothing(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise(command=a_command(6)))

    await world.tell(ref, reading(usd(50_000)))

    assert (await world.state()).settlement is None


async def test_a_reading_below_the_minimum_makes_the_policy_active_again_with_the_reason(
    world: CoreWorld,
) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise(min_payout=1_000_000))

    await world.tell(ref, reading(usd(59_000)))

    policy = await world.state()
    assert policy.status is Status.ACTIVE
    assert "less than 1000000" in (policy.reason or "")
    assert await world.queued() == ()


async def test_a_policy_revived_in_the_midst_of_an_exercise_asks_for_its_reading_again(
    world: CoreWorld,
) -> None:
    await world.ask(world.policy(), an_exercise())
    world.wanted.clear()

    await world.tell(world.policy(), Resume(height=START + 1))

    assert [wanted.command_id for wanted in world.wanted] == [COMMAND]


async def test_a_policy_whose_price_is_fixed_asks_for_no_other(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise())
    await world.tell(ref, reading(usd(50_000)))
    world.wanted.clear()

    await world.tell(world.policy(), Resume(height=START + 1))

    assert world.wanted == []


async def test_an_exercise_refused_for_good_makes_the_policy_active_again(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise())
    await world.tell(ref, reading(usd(50_000)))
    intent = await the_settlement(world)

    await world.tell(ref, OperationEnded(operation_id=intent.operation_id, reason="too old"))
    await world.tell(ref, OperationEnded(operation_id=intent.operation_id, reason="too old"))

    policy = await world.state()
    assert (policy.status, policy.reason) == (Status.ACTIVE, "too old")
    assert (await world.names()).count("PolicyActivationFailed") == 1


async def test_an_exercise_refused_while_nobody_listened_fails_at_the_next_height(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise())
    await world.tell(ref, reading(usd(50_000)))
    await world.abort(await the_settlement(world), "abort_by_response: (err u110)", height=START + 4)

    await world.tell(world.policy(), at(START + 4))

    policy = await world.state()
    assert policy.status is Status.ACTIVE
    assert "u110" in (policy.reason or "")


async def test_a_touch_settles_at_the_price_of_its_life_that_reached_the_floor(world: CoreWorld) -> None:
    await world.sign(usd(39_000), START)  # of the height of its purchase: not of its life
    await world.sign(usd(40_001), START + 1)
    await world.sign(AT_THE_FLOOR, START + 2)

    await world.tell(world.policy(), TouchSeen())

    policy = await world.state()
    assert policy.settlement is not None
    assert (policy.settlement.rule, policy.settlement.price_height) == ("touch", START + 2)
    assert policy.settlement.payout == 5_000_000


async def test_a_touch_of_no_price_in_the_journal_settles_nothing(world: CoreWorld) -> None:
    await world.sign(usd(40_001), START + 1, EXPIRY)
    await world.sign(AT_THE_FLOOR, EXPIRY + 1)

    await world.tell(world.policy(), TouchSeen())

    assert (await world.state()).status is Status.ACTIVE


async def test_a_touch_told_twice_settles_once(world: CoreWorld) -> None:
    await world.sign(AT_THE_FLOOR, START + 1, START + 2)
    ref = world.policy()

    await world.tell(ref, TouchSeen())
    await world.tell(ref, TouchSeen())

    assert len(await world.queued()) == 1


async def test_a_touch_waits_while_settlements_are_paused(world: CoreWorld) -> None:
    await world.sign(AT_THE_FLOOR, START + 1)
    ref = world.policy()
    world.paused = True
    await world.tell(ref, TouchSeen())
    waited = await world.queued()

    world.paused = False
    await world.tell(ref, TouchSeen())

    assert waited == ()
    assert len(await world.queued()) == 1


async def test_a_touch_during_an_exercise_counts_once_the_exercise_comes_to_nothing(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, an_exercise(min_payout=5_000_000, spot=AT_THE_FLOOR))
    await world.sign(AT_THE_FLOOR, START + 1)
    await world.tell(ref, TouchSeen())

    await world.tell(ref, reading(usd(45_000), START + 2))

    policy = await world.state()
    assert policy.settlement is not None
    assert policy.settlement.rule == "touch"


async def test_a_holder_who_opted_out_is_exercised_neither_at_the_floor_nor_at_expiry(
    world: CoreWorld,
) -> None:
    ref = world.policy()
    await world.ask(ref, switch(enabled=False))
    await world.sign(AT_THE_FLOOR, START + 1, EXPIRY)
    price = SignedPrice(price=AT_THE_FLOOR, height=EXPIRY, signatures=())

    await world.tell(ref, TouchSeen())
    await world.tell(ref, HeightReached(height=EXPIRY + 1, expiry_price=price))

    assert (await world.state()).status is Status.EXPIRING
    assert await world.queued() == ()


async def test_a_holder_who_opts_in_again_is_paid_for_the_touch_before(world: CoreWorld) -> None:
    ref = world.policy()
    await world.ask(ref, switch(enabled=False))
    await world.sign(AT_THE_FLOOR, START + 1)
    await world.tell(ref, TouchSeen())

    policy = await world.ask(ref, switch(enabled=True, command=9))

    assert policy.auto_exercise
    assert policy.settlement is not None
    assert policy.settlement.price_height == START + 1


async def test_the_price_of_expiry_settles_once_however_often_it_is_told(world: CoreWorld) -> None:
    ref = world.policy()
    price = SignedPrice(price=usd(50_000), height=EXPIRY, signatures=("0x" + "ee" * 65,))

    await world.tell(ref, HeightReached(height=EXPIRY + 1, expiry_price=price))
    await world.tell(ref, HeightReached(height=EXPIRY + 2, expiry_price=price))

    assert (await world.names()).count("PolicyExpiring") == 1
    assert len(await world.queued()) == 1


async def test_a_policy_expires_only_after_its_last_height(world: CoreWorld) -> None:
    ref = world.policy()

    await world.tell(ref, at(EXPIRY))
    at_expiry = (await world.state()).status
    await world.tell(ref, at(EXPIRY + 1))

    assert at_expiry is Status.ACTIVE
    assert (await world.state()).status is Status.EXPIRING


async def test_a_refused_settlement_is_paid_for_again_only_some_burn_blocks_later(world: CoreWorld) -> None:
    await world.sign(AT_THE_FLOOR, START + 1)
    ref = world.policy()
    await world.tell(ref, TouchSeen())
    first = await the_settlement(world)
    await world.abort(first, "abort_by_response: (err u111)", height=START + 2)
    ref = world.policy()  # it hears nothing of what others journal here

    await world.tell(ref, OperationEnded(operation_id=first.operation_id, reason="(err u111)"))
    for height in range(START + 2, START + RETRY_BLOCKS):
        await world.tell(ref, at(height))
    at_first = await world.queued()
    await world.tell(ref, at(START + RETRY_BLOCKS))

    second = await the_settlement(world)
    assert at_first == ()
    assert second.operation_id != first.operation_id
    assert second.call == first.call
    assert (await world.state()).operation_id == second.operation_id


async def test_a_settlement_refused_for_a_pause_is_sent_again_when_the_pause_is_over(
    world: CoreWorld,
) -> None:
    await world.sign(AT_THE_FLOOR, START + 1)
    await world.tell(world.policy(), TouchSeen())
    await world.abort(await the_settlement(world), "abort_by_response: (err u105)", height=START + 2)
    ref = world.policy()
    world.paused = True

    for height in range(START + 2, START + 180):
        await world.tell(ref, at(height))
    in_the_pause = await world.queued()
    world.paused = False
    await world.tell(ref, at(START + 180))

    assert in_the_pause == ()
    assert len(await world.queued()) == 1


async def test_a_settlement_that_waits_to_be_mined_is_not_sent_again(world: CoreWorld) -> None:
    await world.sign(AT_THE_FLOOR, START + 1)
    await world.tell(world.policy(), TouchSeen())
    await world.send(await the_settlement(world))
    ref = world.policy()

    await world.tell(ref, at(START + 100))

    assert (await world.names()).count("PolicySettling") == 1


async def test_nobody_can_speak_to_a_policy_that_is_not_there(world: CoreWorld) -> None:
    with pytest.raises(UnknownPolicyError):
        await world.ask(world.policy(2), an_exercise())

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from core_world import (
    EXPIRY,
    START,
    CoreWorld,
    a_command,
    a_core_world,
    a_put,
    a_quote,
    an_exercise,
    created,
    usd,
)

from actors.messages.policies import HeightReached, ReadingMade, Resume
from actors.policy import PolicyActor
from actors.runtime import current_system
from bithedge.domain.errors import UnknownPolicyError
from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import operation_id
from bithedge.domain.policy.state import Status
from bithedge.protocol.calls import SignedPrice, release_collateral
from bithedge.storage.queries.policies import policies_of_quotes

COMMAND = a_command(5)
AT_THE_FLOOR = usd(40_000)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    async with a_core_world(tmp_path) as world:
        yield world


def reading(price: int) -> ReadingMade:
    signed = SignedPrice(price=price, height=START + 1, signatures=("0x" + "ee" * 65,))
    return ReadingMade(command_id=COMMAND, reading=signed)


async def test_a_public_price_settles_those_that_it_touches_and_no_others(world: CoreWorld) -> None:
    directory = world.directory()
    await world.buy(a_put(1), a_put(2, strike=usd(45_000)))
    await world.sign(AT_THE_FLOOR, START + 1)

    directory.public_price(SignedPrice(price=AT_THE_FLOOR, height=START + 1, signatures=()))
    await world.quiet()

    assert (await world.state(1)).status is Status.SETTLING
    assert (await world.state(2)).status is Status.ACTIVE


async def test_a_touch_that_nobody_heard_of_before_a_crash_is_found_by_looking_back(world: CoreWorld) -> None:
    await world.buy(a_put(1), a_put(2))
    await world.sign(AT_THE_FLOOR, START + 1)
    await world.sign(usd(65_000), *range(START + 2, START + 50))
    directory = world.directory()
    policies = await world.reader.read(policies_of_quotes, [a_quote(1), a_quote(2)])
    directory.load(list(policies.values()), START + 50)

    await directory.look_back()
    await world.quiet()

    assert [len(intent.quote_ids) for intent in await world.queued()] == [1, 1]


async def test_looking_back_over_an_empty_book_asks_for_nothing(world: CoreWorld) -> None:
    directory = world.directory()

    await directory.look_back()

    assert world.live() == []


async def test_a_policy_mined_anew_after_a_reorg_is_paid_for_a_touch_signed_before(world: CoreWorld) -> None:
    world.directory()
    await world.sign(AT_THE_FLOOR, START + 1)

    await world.buy(a_put(1))
    await world.quiet()

    assert (await world.state()).status is Status.SETTLING


async def test_a_policy_is_told_of_its_expiry_until_it_has_taken_it_up(world: CoreWorld) -> None:
    directory = world.directory()
    await world.buy(a_put(1))

    directory.height(EXPIRY)
    await world.quiet()
    at_expiry = (await world.state()).status
    directory.height(EXPIRY + 1)
    await world.quiet()

    assert at_expiry is Status.ACTIVE
    assert (await world.state()).status is Status.EXPIRING
    assert directory.index.due(EXPIRY + 1) == []


async def test_an_exercise_whose_reading_was_lost_asks_for_it_at_the_next_height(world: CoreWorld) -> None:
    directory = world.directory()
    await world.buy(a_put(1))
    await directory.ask(a_quote(1), an_exercise(), deadline=5)
    world.wanted.clear()

    directory.height(START + 1)
    await world.quiet()
    directory.tell(a_quote(1), reading(usd(50_000)))
    await world.quiet()
    directory.height(START + 2)
    await world.quiet()

    assert [wanted.command_id for wanted in world.wanted] == [COMMAND]


async def test_a_refused_exercise_is_heard_of_by_its_policy(world: CoreWorld) -> None:
    directory = world.directory()
    await world.buy(a_put(1))
    await directory.ask(a_quote(1), an_exercise(), deadline=5)
    directory.tell(a_quote(1), reading(usd(50_000)))
    await world.quiet()
    (intent,) = await world.queued()

    await world.abort(intent, "(err u110)", height=START + 4)
    await world.quiet()

    assert (await world.state()).status is Status.ACTIVE


async def test_a_refused_release_wakes_none_of_its_policies(world: CoreWorld) -> None:
    await world.buy(a_put(1), a_put(2))
    world.directory()
    release = Intent(
        operation_id=operation_id(bytes(16)),
        key="release",
        kind="release",
        call=release_collateral([1, 2], None),
        quote_ids=(a_quote(1), a_quote(2)),
    )
    await world.journal.append([], intents=[release])

    await world.abort(release, "(err u217)", height=START + 1)

    assert world.live() == []


async def test_a_policy_that_is_too_busy_harms_neither_its_teller_nor_the_journal(
    world: CoreWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PolicyActor, "mailbox_limit", 2)
    directory = world.directory()
    await world.buy(a_put(1))
    await world.quiet()

    for height in range(5):
        directory.tell(a_quote(1), HeightReached(height=START + height))
    await world.append(f"policy:{a_quote(1)}", created(a_put(1), 1))
    await world.quiet()

    assert current_system().dead_letters.by_reason["full"] > 0
    assert world.journal.statistics().writable
    directory.height(EXPIRY + 1)
    await world.quiet()
    assert (await world.state()).status is Status.EXPIRING


async def test_the_least_recently_used_policy_is_let_go_and_found_again(world: CoreWorld) -> None:
    await world.buy(*(a_put(number) for number in (1, 2, 3)))
    directory = world.directory(live_max=2)

    for number in (1, 2, 3):
        directory.tell(a_quote(number), Resume(height=START))
        await world.quiet()

    assert list(directory._live) == [a_quote(2), a_quote(3)]
    assert (await directory.ask(a_quote(1), an_exercise(), deadline=5)).status is Status.SETTLING


async def test_to_ask_for_a_policy_that_is_not_there_is_refused(world: CoreWorld) -> None:
    with pytest.raises(UnknownPolicyError):
        await world.directory().ask(a_quote(9), Resume(height=START), deadline=5)

"""The address of a supervised actor, between two incarnations and after the last."""

import asyncio

import pytest
from nurseries import Die, House, Note, Urgent, down

from actors.runtime import (
    DeadlineExceededError,
    MailboxFullError,
    current_system,
)
from bithedge.domain.errors import ShuttingDownError


async def test_messages_wait_in_order_for_the_next_incarnation() -> None:
    house = House()
    address, nursery = house.add("a")
    await down(house, address, nursery)

    address.tell(Note("one"))
    address.tell(Note("two"))
    waiting = asyncio.get_running_loop().create_task(address.ask(Note("three"), deadline=1))
    nursery.gate.set()

    assert await waiting == "a2"
    assert house.diary[-3:] == ["a2: one", "a2: two", "a2: three"]
    await house.supervisor.stop()


async def test_too_many_waiting_messages_are_refused_as_busy() -> None:
    house = House()
    address, nursery = house.add("a", parked_limit=1)
    await down(house, address, nursery)
    address.tell(Note("one"))

    with pytest.raises(MailboxFullError):
        await address.ask(Note("two"), deadline=1)
    address.post(Note("an event nobody may miss silently"))
    address.tell(Urgent("passes"))

    assert address.parked == 2
    assert address.refused == 2
    assert current_system().dead_letters.by_reason == {"full": 1}
    await house.supervisor.stop()


async def test_what_a_failed_incarnation_had_not_begun_goes_to_the_next() -> None:
    house = House()
    address, _ = house.add("a")
    await house.supervisor.start()
    death = Die(asyncio.Event())

    address.tell(death)
    address.tell(Note("behind"))
    waiting = asyncio.get_running_loop().create_task(address.ask(Note("asked behind"), deadline=1))
    death.gate.set()

    assert await waiting == "a2"
    assert house.diary[-2:] == ["a2: behind", "a2: asked behind"]
    assert current_system().dead_letters.total == 0
    await house.supervisor.stop()


async def test_a_deadline_that_passes_between_two_incarnations_ends_the_ask() -> None:
    house = House()
    address, nursery = house.add("a")
    await down(house, address, nursery)

    with pytest.raises(DeadlineExceededError):
        await address.ask(Note("too late"), deadline=0.001)
    nursery.gate.set()

    assert await address.ask(Note("in time"), deadline=1) == "a2"
    assert house.diary[-1] == "a2: in time"
    assert "a2: too late" not in house.diary
    await house.supervisor.stop()


async def test_stopping_refuses_what_waits_for_a_restart_and_whatever_comes_later() -> None:
    house = House()
    address, nursery = house.add("a")
    await down(house, address, nursery)
    address.tell(Note("told"))
    waiting = asyncio.get_running_loop().create_task(address.ask(Note("asked"), deadline=1))

    stopping = asyncio.get_running_loop().create_task(house.supervisor.stop())
    with pytest.raises(ShuttingDownError):
        await waiting
    await stopping

    address.post(Note("later"))
    with pytest.raises(ShuttingDownError):
        address.tell(Note("later"))
    assert current_system().dead_letters.by_reason == {"stopped": 2}
    assert len(house.tasks) == 0

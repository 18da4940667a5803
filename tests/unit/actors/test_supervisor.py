import asyncio
import random
from typing import Any

import pykka
import pytest
from nurseries import Die, House, Leave, Note, die_now, down
from structlog.testing import capture_logs

from actors.runtime import (
    AsyncioActor,
    ChildSpec,
    RestartPolicy,
    ask,
)
from bithedge.domain.errors import NotReadyError, ShuttingDownError


async def test_children_start_in_order_and_stop_in_reverse() -> None:
    house = House()
    for name in "abc":
        house.add(name)

    await house.supervisor.start()
    await house.supervisor.stop()

    assert house.diary == ["a1 started", "b1 started", "c1 started", "c1 stopped", "b1 stopped", "a1 stopped"]


async def test_a_lower_stop_order_stops_first() -> None:
    house = House()
    house.add("gateway", stop_order=-1)
    house.add("journal", stop_order=1)
    house.add("pool")

    await house.supervisor.start()
    await house.supervisor.stop()

    assert house.diary[3:] == ["gateway1 stopped", "pool1 stopped", "journal1 stopped"]


async def test_a_child_that_fails_comes_back_alone_under_the_same_address() -> None:
    house = House()
    address, nursery = house.add("a")
    neighbour, _ = house.add("b")
    await house.supervisor.start()
    first = await nursery.born.get()

    with pytest.raises(ValueError, match="a fault"):
        await address.ask(die_now(), deadline=1)

    assert await address.ask(Note("back"), deadline=1) == "a2"
    assert await neighbour.ask(Note("untouched"), deadline=1) == "b1"
    assert not first.is_alive()
    assert house.diary == ["a1 started", "b1 started", "a2 started", "a2: back", "b1: untouched"]
    await house.supervisor.stop()


async def test_a_refusal_restarts_nobody() -> None:
    class Refuser(AsyncioActor):
        def on_receive(self, message: Note) -> None:
            raise NotReadyError(message.text)

    async def start() -> pykka.ActorRef[Any]:
        return Refuser.start()

    house = House()
    address = house.supervisor.add(ChildSpec("refuser", start))
    await house.supervisor.start()
    ref = address.ref

    for _ in range(2):
        with pytest.raises(NotReadyError):
            await address.ask(Note("no"), deadline=1)

    assert address.ref is ref
    await house.supervisor.stop()


async def test_a_child_that_stops_unasked_is_restarted() -> None:
    house = House()
    address, _ = house.add("a")
    await house.supervisor.start()

    address.tell(Leave())
    await address.ask(Note("sent before it left"), deadline=1)

    assert await ask(address, Note("back"), deadline=1) == "a2"
    await house.supervisor.stop()


async def test_a_restart_that_fails_is_tried_again() -> None:
    house = House()
    address, nursery = house.add("a")
    await house.supervisor.start()
    nursery.faults = [OSError("no disk"), OSError("no disk")]

    with capture_logs() as logs:
        address.tell(die_now())
        assert await address.ask(Note("back"), deadline=1) == "a2"

    failures = [line["error"] for line in logs if line["event"] == "supervisor.child_failed"]
    assert failures == ["ValueError('a fault')", "OSError('no disk')", "OSError('no disk')"]
    await house.supervisor.stop()


async def test_a_child_that_dies_too_often_stops_the_whole_system_in_order() -> None:
    house = House(RestartPolicy(base_s=0.0, most=2))
    house.add("journal")
    address, nursery = house.add("sick")
    await house.supervisor.start()
    nursery.faults = [OSError("no disk"), OSError("still none")]

    address.tell(die_now())
    error = await house.supervisor.failed

    assert (error.name, error.deaths) == ("sick", 3)
    assert isinstance(error.cause, OSError)
    assert house.diary[-1] == "journal1 stopped"
    with pytest.raises(ShuttingDownError):
        address.tell(Note("late"))


async def test_deaths_outside_the_window_are_forgiven() -> None:
    house = House(RestartPolicy(base_s=0.0, most=1, window_s=0.0))
    address, _ = house.add("a")
    await house.supervisor.start()

    for life in range(2, 6):
        address.tell(die_now())
        assert await address.ask(Note("back"), deadline=1) == f"a{life}"

    assert not house.supervisor.failed.done()
    await house.supervisor.stop()


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.5), (0.5, 0.75)])
def test_each_restart_waits_twice_as_long_up_to_a_cap_half_of_it_by_chance(
    chance: float, share: float
) -> None:
    class Fixed(random.Random):
        def random(self) -> float:
            return chance

    policy = RestartPolicy(base_s=1.0, cap_s=5.0)

    waits = [policy.delay_s(restart, Fixed()) for restart in (1, 2, 3, 4, 50)]

    assert waits == [share * full for full in (1.0, 2.0, 4.0, 5.0, 5.0)]


async def test_a_first_start_that_fails_stops_those_before_and_raises() -> None:
    house = House()
    house.add("a")
    _, nursery = house.add("b")
    house.add("c")
    nursery.faults = [OSError("port taken")]

    with pytest.raises(OSError, match="port taken"):
        await house.supervisor.start()

    assert house.diary == ["a1 started", "a1 stopped"]


async def test_stopping_while_starting_stops_what_has_started() -> None:
    house = House()
    house.add("a")
    _, nursery = house.add("b")
    nursery.gate.clear()
    starting = asyncio.get_running_loop().create_task(house.supervisor.start())
    await nursery.tried.get()

    await house.supervisor.stop()
    nursery.gate.set()

    with pytest.raises(ShuttingDownError):
        await starting
    assert house.diary == ["a1 started", "a1 stopped", "b1 started", "b1 stopped"]


async def test_stop_lets_each_child_finish_what_waits() -> None:
    house = House()
    address, _ = house.add("a")
    await house.supervisor.start()
    for text in ("one", "two"):
        address.tell(Note(text))

    await asyncio.gather(house.supervisor.stop(), house.supervisor.stop())

    assert house.diary == ["a1 started", "a1: one", "a1: two", "a1 stopped"]
    assert len(house.tasks) == 0


async def test_a_child_that_hangs_is_killed_and_the_others_stop_all_the_same() -> None:
    house = House()
    house.add("a")
    address, _ = house.add("hangs", stop_deadline_s=0.001)
    await house.supervisor.start()
    address.tell(Die(asyncio.Event()))

    with capture_logs() as logs:
        await house.supervisor.stop()

    assert [line["child"] for line in logs if line["event"] == "supervisor.child_killed"] == ["hangs"]
    assert house.diary[-1] == "a1 stopped"
    assert address.ref is None


async def test_a_child_that_fails_while_it_is_being_stopped_stays_down() -> None:
    house = House()
    address, nursery = house.add("a")
    await house.supervisor.start()
    death = Die(asyncio.Event())
    address.tell(death)
    waiting = asyncio.get_running_loop().create_task(address.ask(Note("behind"), deadline=1))
    stopping = asyncio.get_running_loop().create_task(house.supervisor.stop())
    await asyncio.sleep(0)

    death.gate.set()
    await stopping

    with pytest.raises(pykka.ActorDeadError):
        await waiting
    assert nursery.tried.qsize() == 1
    assert len(house.tasks) == 0


async def test_a_child_that_fails_before_its_turn_to_stop_is_not_revived() -> None:
    house = House()
    address, nursery = house.add("fails")
    slow, _ = house.add("slow")
    await house.supervisor.start()
    death, slowness = Die(asyncio.Event()), Die(asyncio.Event())
    slow.tell(slowness)
    failing = asyncio.get_running_loop().create_task(address.ask(death, deadline=1))
    stopping = asyncio.get_running_loop().create_task(house.supervisor.stop())
    await asyncio.sleep(0)

    death.gate.set()
    with pytest.raises(ValueError, match="a fault"):
        await failing
    slowness.gate.set()
    await stopping

    assert nursery.tried.qsize() == 1
    assert len(house.tasks) == 0


async def test_the_report_shows_every_child_as_it_is() -> None:
    house = House()
    address, nursery = house.add("a")
    house.add("b")
    await down(house, address, nursery)
    address.tell(Note("waits"))

    a, b = house.supervisor.report()

    assert (a.name, a.alive, a.parked, a.last_error) == ("a", False, 1, "ValueError('a fault')")
    assert (a.restarts, a.statistics) == (0, None)
    assert (b.name, b.alive, b.restarts, b.last_error) == ("b", True, 0, None)
    nursery.gate.set()
    await address.ask(Note("back"), deadline=1)
    a, _ = house.supervisor.report()
    assert (a.alive, a.restarts) == (True, 1)
    assert a.statistics is not None
    assert a.statistics.handled == 2
    await house.supervisor.stop()


async def test_two_children_cannot_have_one_name() -> None:
    house = House()
    house.add("a")

    with pytest.raises(ValueError, match="already a child named a"):
        house.add("a")

import asyncio

import pytest
from structlog.testing import capture_logs

from actors.seams import Clock, Ids, Random, Spawn, SystemClock, SystemIds, TaskKeeper, system_random


def test_the_system_clock_tells_milliseconds_of_this_century_and_never_goes_back() -> None:
    clock: Clock = SystemClock()

    assert 946_684_800_000 < clock.now_ms() < 4_102_444_800_000
    assert clock.monotonic() <= clock.monotonic()


def test_ids_are_sixteen_bytes_and_differ() -> None:
    ids: Ids = SystemIds()

    made = [ids.bytes16() for _ in range(100)]

    assert {len(each) for each in made} == {16}
    assert len(set(made)) == 100


def test_chance_keeps_to_its_ranges() -> None:
    chance: Random = system_random()

    assert all(0 <= chance.random() < 1 for _ in range(100))
    assert all(2 <= chance.uniform(2, 3) <= 3 for _ in range(100))
    assert {chance.randrange(1, 3) for _ in range(100)} <= {1, 2}


async def test_a_spawned_task_is_kept_named_and_answered() -> None:
    async def answer() -> int:
        return 42

    keeper = TaskKeeper()
    spawn: Spawn = keeper

    task = spawn(answer(), "answer")

    assert (task.get_name(), len(keeper)) == ("answer", 1)
    assert await task == 42
    assert len(keeper) == 0


async def test_a_spawned_task_that_fails_is_logged_under_its_name() -> None:
    async def fail() -> None:
        raise LookupError("nothing there")

    keeper = TaskKeeper()

    with capture_logs() as logs:
        task = keeper(fail(), "search")
        with pytest.raises(LookupError):
            await task

    assert [(line["event"], line["task"]) for line in logs] == [("task.failed", "search")]


async def test_closing_cancels_what_still_runs_and_waits_for_it() -> None:
    cleaned: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("done")

    keeper = TaskKeeper()
    task = keeper(wait(), "wait")
    await asyncio.sleep(0)

    await keeper.close()

    assert task.cancelled()
    assert cleaned == ["done"]
    assert len(keeper) == 0

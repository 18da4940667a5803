import asyncio
from contextlib import suppress

import pytest

from bithedge.sim.loop import ComplaintError, CrashedError, DeadlockError, SimLoop


def test_time_passes_only_when_nothing_else_can_happen() -> None:
    loop = SimLoop(1, start=100.0)

    async def wait() -> float:
        await asyncio.sleep(3_600)
        return asyncio.get_running_loop().time()

    assert loop.run_until_complete(wait()) == 3_700.0


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    def order(seed: int) -> list[int]:
        loop, seen = SimLoop(seed), []

        async def note(number: int) -> None:
            await asyncio.sleep(0)
            seen.append(number)

        async def main() -> None:
            await asyncio.gather(*(note(number) for number in range(20)))

        loop.run_until_complete(main())
        return seen

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(2)) == list(range(20))


def test_a_cancelled_timer_never_runs() -> None:
    loop, rung = SimLoop(1), []

    async def main() -> None:
        timer = asyncio.get_running_loop().call_later(1, rung.append, "late")
        timer.cancel()
        await asyncio.sleep(2)

    loop.run_until_complete(main())

    assert rung == []


def test_a_crash_comes_at_its_very_step_and_no_handler_can_hold_it_up() -> None:
    loop = SimLoop(1, crash_at=5)

    async def stubborn() -> None:
        while True:
            with suppress(Exception):
                await asyncio.sleep(0)

    with pytest.raises(CrashedError):
        loop.run_until_complete(stubborn())
    assert loop.steps == 5
    loop.bury()


def test_what_is_buried_runs_its_last_words_without_effect() -> None:
    loop, said = SimLoop(1, crash_at=3), []

    async def main() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            asyncio.get_running_loop().call_soon(said.append, "an effect")
            said.append("last words")

    async def both() -> None:
        await asyncio.gather(main(), asyncio.sleep(0.5))

    with pytest.raises(CrashedError):
        loop.run_until_complete(both())
    loop.bury()

    assert said == ["last words"]
    assert loop.is_closed()


def test_waiting_for_nothing_is_told_as_a_deadlock() -> None:
    loop = SimLoop(1)

    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeadlockError):
        loop.run_until_complete(main())
    loop.bury()


def test_a_callback_that_fails_unheard_ends_the_run() -> None:
    loop = SimLoop(1)

    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    with pytest.raises(ComplaintError, match="ZeroDivisionError"):
        loop.run_until_complete(main())
    loop.bury()


def test_threads_are_refused() -> None:
    loop = SimLoop(1)

    with pytest.raises(RuntimeError):
        loop.call_soon_threadsafe(print)
    with pytest.raises(RuntimeError):
        loop.run_in_executor(None, print)

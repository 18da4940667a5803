"""Where time, ids, chance and tasks come in: parameters, so that a simulation can give its own.

The classes here are the real ones, made once in `bootstrap.py`; nothing else in the system asks the machine
for the time, a random number or a task.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import structlog

log = structlog.stdlib.get_logger()

T = TypeVar("T")


class Clock(Protocol):
    """Time as people and as intervals see it. Deadlines and alarms use the loop's time instead."""

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970 UTC; it may jump."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; they never go back."""
        ...


class Ids(Protocol):
    """Fresh ids."""

    def bytes16(self) -> bytes:
        """Return 16 bytes that nobody had before and nobody can guess."""
        ...


class Random(Protocol):
    """Chance, as far as backoff and sampling need it; `random.Random` is one."""

    def random(self) -> float:
        """Return a number from 0 up to, not including, 1."""
        ...

    def uniform(self, a: float, b: float) -> float:
        """Return a number between `a` and `b`."""
        ...

    def randrange(self, start: int, stop: int | None = None) -> int:
        """Return a whole number from `start` up to, not including, `stop`; from 0 to `start` without."""
        ...


class Spawn(Protocol):
    """Starts a coroutine as a task that is kept, named and heard when it fails."""

    def __call__(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start `coro` on the running loop."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()


class SystemIds:
    """Ids from the operating system's generator."""

    def bytes16(self) -> bytes:
        """Return 16 unguessable bytes."""
        return secrets.token_bytes(16)


def system_random() -> Random:
    """Return chance from the operating system's generator."""
    return random.SystemRandom()


class TaskKeeper:
    """The real `Spawn`: the loop keeps tasks only weakly, this keeps them until they end."""

    def __init__(self) -> None:
        # A dict, because its order is the order of starting, and that of a set is nobody's.
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def __call__(self, coro: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start `coro` on the running loop; should it fail, `task.failed` is logged."""
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    def __len__(self) -> int:
        return len(self._tasks)

    async def close(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task.failed", task=task.get_name(), exc_info=error)

"""The event loop of a command: uvloop's where there is one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def run_on_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on a loop of its own, and return what it returns."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> LoopFactory | None:
    try:
        import uvloop  # noqa: PLC0415 - not made for every system
    except ImportError:
        return None
    return uvloop.new_event_loop

"""An event loop on virtual time whose order of things, and whose end, a seed decides."""

import asyncio
import heapq
import random
import weakref
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from contextvars import Context, copy_context
from typing import Any, Final, NoReturn, TypeVar

T = TypeVar("T")

_CLOSE_TRIES: Final = 4
_PRUNE_FROM: Final = 1_024


class CrashedError(BaseException):
    """The step came at which this life ends; no handler of the program may catch it."""


class DeadlockError(RuntimeError):
    """Nothing is ready and no timer runs, but the work is not done."""


class ComplaintError(AssertionError):
    """A callback or a task of the program failed and nobody heard it."""


class SimLoop(asyncio.AbstractEventLoop):
    """Runs one callback a step, drawn from those that are ready; time jumps when none is.

    What is drawn may be any of them, although asyncio promises the order of their scheduling: a program
    that is right in every order is right in that one.

    Args:
        seed: decides every draw.
        crash_at: the step instead of which `CrashedError` leaves the loop.
        start: the virtual time at first, in seconds.
        after_step: called after each step; what it raises leaves the loop.
    """

    def __init__(
        self,
        seed: int | str,
        *,
        crash_at: int | None = None,
        start: float = 0.0,
        after_step: Callable[[], None] | None = None,
    ) -> None:
        self.steps = 0
        self.crash_at = crash_at
        self.after_step = after_step
        self.complaints: list[str] = []
        self._random = random.Random(seed)  # noqa: S311 - seeded chance is the point
        self._now = start
        self._ready: list[asyncio.Handle] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = 0
        self._tasks: list[tuple[weakref.ref[asyncio.Task[Any]], Context]] = []
        self._prune_at = _PRUNE_FROM
        self._running = False
        self._dead = False

    # ------------------------------------------------------------ running

    def run_until_complete(self, future: Coroutine[Any, Any, T] | asyncio.Future[T]) -> T:  # pyright: ignore[reportIncompatibleMethodOverride] - futures and coroutines are all that is ever run
        """Run steps until `future` is done, and return its result.

        Raises:
            CrashedError: the step of the crash came; `bury` what is left.
            DeadlockError: nothing is left to do.
            ComplaintError: something failed and nobody heard it.
        """
        done = self.create_task(future) if asyncio.iscoroutine(future) else future
        with self._entered():
            while not done.done():
                self.step()
        return done.result()

    def step(self) -> None:
        """Run one callback; the loop must have been entered."""
        if self.steps == self.crash_at:
            raise CrashedError
        handle = self._draw()
        self.steps += 1
        # asyncio gives a loop no other way to run a handle in its own context.
        handle._run()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue, reportUnknownMemberType]
        if self.complaints:
            raise ComplaintError(self.complaints[0])
        if self.after_step is not None:
            self.after_step()

    def _draw(self) -> asyncio.Handle:
        while True:
            ready = self._ready
            if not ready:
                self._advance()
                continue
            place = int(self._random.random() * len(ready)) if len(ready) > 1 else 0
            handle = ready[place]
            ready[place] = ready[-1]
            ready.pop()
            if not handle.cancelled():
                return handle

    def _advance(self) -> None:
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise DeadlockError("nothing is ready and no timer runs")
        self._now = max(self._now, self._timers[0][0])
        while self._timers and self._timers[0][0] <= self._now:
            self._ready.append(heapq.heappop(self._timers)[2])

    @contextmanager
    def _entered(self) -> Generator[None]:
        self._running = True
        # asyncio keeps what `get_running_loop` returns behind this name alone.
        asyncio._set_running_loop(self)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        try:
            yield
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as above
            self._running = False

    def bury(self) -> None:
        """Throw everything away that still runs; nothing it does on the way has any effect."""
        self._dead = True
        self._ready.clear()
        self._timers.clear()
        with self._entered():
            for made, context in self._tasks:
                task = made()
                if task is not None and not task.done():
                    context.run(_close, task.get_coro())
        self._tasks.clear()

    # ------------------------------------------------------------ what asyncio asks of a loop

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:
        """Let `callback` run at some step from now on, before time moves."""
        handle = asyncio.Handle(callback, args, self, context)
        if not self._dead:
            self._ready.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Let `callback` run `delay` seconds from now."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Let `callback` run at a virtual time."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        if not self._dead:
            self._count += 1
            heapq.heappush(self._timers, (when, self._count, timer))
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # pyright: ignore[reportIncompatibleMethodOverride] - coroutines are all that is ever run
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """Return a task that begins at some step from now on."""
        own = copy_context() if context is None else context
        task = asyncio.Task(coro, loop=self, name=name, context=own)
        self._tasks.append((weakref.ref(task), own))
        if len(self._tasks) > self._prune_at:
            self._tasks = [made for made in self._tasks if _runs(made[0])]
            self._prune_at = max(_PRUNE_FROM, 2 * len(self._tasks))
        return task

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep a complaint: the next look at it ends the run."""
        if self._dead:
            return  # of what was thrown away
        error = context.get("exception")
        if not isinstance(error, CrashedError):
            self.complaints.append(f"{context.get('message')}: {error!r}")

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Context | None = None) -> NoReturn:  # noqa: ARG002 - asyncio's signature
        """Refuse: there are no threads here.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("nothing below the shells uses threads")

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> NoReturn:  # noqa: ARG002 - asyncio's signature
        """Refuse: there are no threads here.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("nothing below the shells uses threads")

    def is_running(self) -> bool:
        """Tell whether a step is being run."""
        return self._running

    def is_closed(self) -> bool:
        """Tell whether it was buried."""
        return self._dead

    def get_debug(self) -> bool:
        """Return that asyncio's own debugging is off."""
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        # Cancelled timers are passed over when they come up.
        del handle


def _runs(made: weakref.ref[asyncio.Task[Any]]) -> bool:
    task = made()
    return task is not None and not task.done()


def _close(coro: Any) -> None:
    """Close a coroutine, whose `finally` may await a few times more."""
    for _ in range(_CLOSE_TRIES):
        with suppress(Exception, asyncio.CancelledError):
            coro.close()
            return

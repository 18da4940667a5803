"""A Pykka future that never blocks the event loop."""

import asyncio
import sys
import threading
from collections.abc import Callable, Generator
from queue import Full
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

import pykka

from actors.runtime.errors import WouldBlockError

T = TypeVar("T")

ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

# Shared by all futures: it is held for a few instructions, and one each would double their size.
_crossing = threading.Lock()


class AsyncioFuture(pykka.Future[T], Generic[T]):
    """A future to be awaited on the loop; other threads may block on `get()`.

    `map`, `filter`, `join`, `reduce` and `ActorRef.stop(block=False)` give awaitable futures too: `get()`
    says which value is missing, and awaiting waits for that one and tries again.
    """

    abandoned: bool = False  # its asker is gone: nobody will hear the reply
    _done: bool = False
    _value: Any = None
    _error: BaseException | None = None
    _traceback: TracebackType | None = None
    _waiters: list[asyncio.Future[None]] | None = None
    _bell: threading.Event | None = None

    def get(self, *, timeout: float | None = None) -> T:
        """Return the value, or raise the exception that was set.

        Raises:
            WouldBlockError: it is not there and this thread runs a loop.
            pykka.Timeout: it did not come within `timeout` seconds, on another thread.
        """
        while not self._done:
            if self._get_hook is not None:
                return super().get(timeout=timeout)
            if _on_a_loop():
                raise WouldBlockError(self)
            self._block(timeout)
        return self._outcome()

    def set(self, value: T | None = None) -> None:
        """Set the value.

        Raises:
            queue.Full: it has been set, or has a hook.
        """
        self._settle(value, None, None)

    def set_exception(self, exc_info: ExcInfo | None = None) -> None:
        """Set an exception, the one being handled unless given.

        Raises:
            queue.Full: it has been set, or has a hook.
        """
        kind, error, traceback = sys.exc_info() if exc_info is None else exc_info
        if error is None:
            error = RuntimeError("set_exception() outside an except block") if kind is None else kind()
        if isinstance(error, WouldBlockError):
            error.missing = None
        self._settle(None, error, traceback)

    def set_get_hook(self, func: Callable[[float | None], T]) -> None:
        """Let `func` make the value when it is asked for.

        Raises:
            queue.Full: the value has been set.
        """
        with _crossing:
            if self._done:
                raise Full
            super().set_get_hook(func)
        self._ring()

    def abandon(self, error: BaseException | None = None) -> None:
        """End the waiting with `error`; a reply that comes later is dropped in silence."""
        if self._done:
            return
        self._settle(None, asyncio.CancelledError() if error is None else error, None)
        self.abandoned = True

    def __await__(self) -> Generator[Any, None, T]:
        """Wait without blocking the loop."""
        try:
            while True:
                if self._done:
                    return self._outcome()
                if self._get_hook is None:
                    yield from self.settled()
                    continue
                try:
                    return self.get()
                except WouldBlockError as error:
                    missing = error.missing
                    if missing is None:
                        raise
                yield from missing.settled()
        finally:
            # A raised error's traceback holds this frame: without `self` there is no cycle to collect.
            del self

    __iter__ = __await__

    def _settle(self, value: Any, error: BaseException | None, traceback: TracebackType | None) -> None:
        with _crossing:
            if self.abandoned:
                return
            if self._done or self._get_hook is not None:
                raise Full
            self._value, self._error, self._traceback = value, error, traceback
            self._done = True
        self._ring()

    def _outcome(self) -> T:
        error = self._error
        if error is None:
            return cast("T", self._value)
        try:
            raise error.with_traceback(self._traceback)
        finally:
            del error, self  # as in __await__

    def settled(self) -> Generator[Any, None, None]:
        """Wait until it is set, without a look at what it is."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with _crossing:
            if self._done:
                return
            if self._waiters is None:
                self._waiters = []
            self._waiters.append(waiter)
        yield from waiter

    def _block(self, timeout: float | None) -> None:
        with _crossing:
            if self._done:
                return
            if self._bell is None:
                self._bell = threading.Event()
            bell = self._bell
        if not bell.wait(timeout):
            raise pykka.Timeout(f"{timeout} seconds")

    def _ring(self) -> None:
        with _crossing:
            waiters, self._waiters = self._waiters, None
            bell, self._bell = self._bell, None
        if bell is not None:
            bell.set()
        for waiter in waiters or ():
            loop = waiter.get_loop()
            if loop is running_loop():
                _release(waiter)
            else:
                loop.call_soon_threadsafe(_release, waiter)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread, if any."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _on_a_loop() -> bool:
    return running_loop() is not None


def _release(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)

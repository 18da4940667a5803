"""What ends a daemon: a signal, a failure, a child's death; the first of them counts."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Generator
from typing import Final

import structlog

from bithedge.cli.exits import Exit

log = structlog.stdlib.get_logger()

STOP_WITHIN_S: Final = 9.5
"""The interface promises 10; what is committed is on disk, so cutting the rest off loses nothing."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """The end of a process, from the moment it is asked for.

    Args:
        within_s: how long it may take; then what is left is cut off.
    """

    def __init__(self, *, within_s: float = STOP_WITHIN_S) -> None:
        self._within_s = within_s
        self._loop = asyncio.get_running_loop()
        self.asked: asyncio.Future[Exit] = self._loop.create_future()
        self._limit: asyncio.TimerHandle | None = None
        self._signals = 0

    def ask(self, exit_code: Exit) -> None:
        """End in order, with `exit_code` unless another end was asked for before."""
        if self.asked.done():
            return
        self.asked.set_result(exit_code)
        self.begin()

    def begin(self) -> None:
        """From now on the end may take so long and no longer."""
        if self._limit is None:
            self._limit = self._loop.call_later(self._within_s, self._cut_off, "daemon.stop_cut_off")

    @contextlib.contextmanager
    def on_signals(self) -> Generator[None]:
        """Take SIGTERM and SIGINT: the first ends in order, a second one at once."""
        for number in _SIGNALS:
            self._loop.add_signal_handler(number, self._signalled, number)
        try:
            yield
        finally:
            if self._limit is not None:
                self._limit.cancel()
            for number in _SIGNALS:
                self._loop.remove_signal_handler(number)

    def _signalled(self, number: signal.Signals) -> None:
        self._signals += 1
        if self._signals > 1:
            self._cut_off("daemon.stopped_at_once")
        log.info("daemon.stop_asked", signal=number.name)
        self.ask(Exit.DONE)

    def _cut_off(self, event: str) -> None:
        log.error(event)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(Exit.FAILED)

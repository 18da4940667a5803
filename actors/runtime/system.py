"""What the actors of one event loop share: their numbers and their dead letters."""

import asyncio
from collections import Counter
from typing import Literal
from weakref import WeakKeyDictionary

import structlog

log = structlog.stdlib.get_logger()

DeadLetterReason = Literal["full", "stopped", "unknown"]


class DeadLetters:
    """Logs and counts the messages nobody could take; asks are not among them, their asker is told."""

    def __init__(self) -> None:
        self.by_reason: Counter[DeadLetterReason] = Counter()

    @property
    def total(self) -> int:
        """Return how many there were since the loop began."""
        return self.by_reason.total()

    def add(self, recipient: str, message: object, reason: DeadLetterReason) -> None:
        """Count `message` and log its type, never its contents."""
        self.by_reason[reason] += 1
        log.warning(
            "actor.dead_letter",
            actor=recipient,
            message=type(message).__name__,
            reason=reason,
            correlation_id=getattr(message, "correlation_id", ""),
        )


class System:
    """One a loop, so that a loop started anew counts anew: a simulated life never sees the one before."""

    def __init__(self) -> None:
        self.dead_letters = DeadLetters()
        self._started = 0

    def next_urn(self, class_name: str) -> str:
        """Return a name no other actor of this loop has."""
        self._started += 1
        return f"urn:actor:{class_name}:{self._started}"


_systems: WeakKeyDictionary[asyncio.AbstractEventLoop, System] = WeakKeyDictionary()


def current_system() -> System:
    """Return the system of the running loop.

    Raises:
        RuntimeError: no loop runs in this thread.
    """
    loop = asyncio.get_running_loop()
    system = _systems.get(loop)
    if system is None:
        system = _systems[loop] = System()
    return system

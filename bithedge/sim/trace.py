"""What happened in a run, in order: a digest over all of it, and the last lines for people."""

import hashlib
import logging
from collections import deque
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog


class Violation(AssertionError):  # noqa: N818 - it is what was violated, not what went wrong while looking
    """Something that must always hold did not."""


class Trace:
    """Lines with their virtual time; the same run gives the same digest.

    Args:
        keep: how many of the last lines are kept for reading.
    """

    def __init__(self, keep: int = 400) -> None:
        self.lines: deque[str] = deque(maxlen=keep)
        self.now: float = 0.0
        self._hash = hashlib.sha256()

    def note(self, kind: str, text: str) -> None:
        """Note what is part of the run."""
        line = f"{self.now:12.3f}  {kind:<9} {text}"
        self._hash.update(line.encode())
        self._hash.update(b"\n")
        self.lines.append(line)

    def say(self, text: str) -> None:
        """Add a line that is no part of the digest."""
        self.lines.append(f"{self.now:12.3f}  {'log':<9} {text}")

    @property
    def digest(self) -> str:
        """The digest over all that was noted, 64 hex digits."""
        return self._hash.copy().hexdigest()


@contextmanager
def logs_into(trace: Trace | None) -> Generator[None]:
    """Send the daemon's own log lines into `trace` meanwhile, or nowhere."""
    before = structlog.get_config()

    def take(_logger: Any, level: str, event: MutableMapping[str, Any]) -> Any:
        name = event.pop("event")
        figures = " ".join(f"{key}={value!r}" for key, value in event.items() if key != "exc_info")
        failed = f" {event['exc_info']!r}" if "exc_info" in event else ""
        if trace is not None:
            trace.say(f"{level} {name} {figures}{failed}")
        raise structlog.DropEvent

    level = logging.CRITICAL if trace is None else logging.INFO
    structlog.configure(
        processors=[take],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.ReturnLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.configure(**before)

"""What actors say to each other: frozen structs that name their reply and carry a correlation id."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

import msgspec
from pykka import Future
from structlog.contextvars import STRUCTLOG_KEY_PREFIX

R_co = TypeVar("R_co", covariant=True)

# structlog merges variables of this prefix into its lines: bound once, both messages and logs carry it.
_correlation_id: ContextVar[str] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}correlation_id", default="")


def current_correlation_id() -> str:
    """Return the correlation id of the message being handled, or of the request; "" if none."""
    return _correlation_id.get()


def bind_correlation_id(correlation_id: str) -> None:
    """Set the correlation id for the rest of this context."""
    _correlation_id.set(correlation_id)


@contextmanager
def correlated(correlation_id: str) -> Generator[None]:
    """Send what is sent inside under `correlation_id`."""
    token = _correlation_id.set(correlation_id)
    try:
        yield
    finally:
        _correlation_id.reset(token)


class Message(msgspec.Struct, Generic[R_co], frozen=True, kw_only=True):
    """The base of every message; `Message[Quote]` is answered by a `Quote`, an event is a `Message[None]`.

    The correlation id is taken from the sender's context unless it is given.
    """

    correlation_id: str = msgspec.field(default_factory=current_correlation_id)


class ControlMessage(Message[R_co], frozen=True, kw_only=True):
    """A message that passes the mailbox's bound and goes before those that wait."""


class Letter:
    """A message on its way, with the future that waits for its reply; the shape of Pykka's envelope."""

    __slots__ = ("message", "reply_to")

    def __init__(self, message: object, reply_to: Future[Any] | None = None) -> None:
        self.message = message
        self.reply_to = reply_to

"""What the runtime itself can refuse or find wrong.

- BusyError (bithedge.domain.errors)
  - MailboxFullError       `busy`: the message was not taken, nothing has changed
- TimeoutError
  - DeadlineExceededError  `request_in_progress`: the waiting ended, the work may still be done
- RuntimeError
  - WouldBlockError        a fault of the caller: it asked a future to block the loop
  - ChildExhaustedError    a child died too often: the whole system stops
- pykka.ActorDeadError     the actor stopped before it began with the message
"""

from typing import TYPE_CHECKING, Any, ClassVar

from bithedge.domain.errors import BusyError

if TYPE_CHECKING:
    from actors.runtime.future import AsyncioFuture


class MailboxFullError(BusyError):
    """The mailbox holds as many messages as it may; the same message may pass later."""

    def __init__(self, recipient: str, *, limit: int) -> None:
        super().__init__(f"{recipient} is busy: {limit} messages are waiting", limit=limit)


class DeadlineExceededError(TimeoutError):
    """The reply did not come in time; the work goes on, and may still be committed."""

    code: ClassVar[str] = "request_in_progress"


class WouldBlockError(RuntimeError):
    """A value was wanted at once, on the loop's thread, before it was there: await it instead."""

    def __init__(self, missing: "AsyncioFuture[Any]") -> None:
        super().__init__("the value is not there yet and waiting would block the loop: await the future")
        # None once this error is itself the outcome of a future: then there is nothing to wait for.
        self.missing: AsyncioFuture[Any] | None = missing


class ChildExhaustedError(RuntimeError):
    """A supervised actor died more often than it may in its window.

    Args:
        name: the child's name.
        deaths: how often it died in the window.
        cause: what it died of last; None if it stopped unasked.
    """

    code: ClassVar[str] = "internal_error"

    def __init__(self, name: str, *, deaths: int, cause: BaseException | None) -> None:
        super().__init__(f"{name} died {deaths} times within its window: {cause!r}")
        self.name = name
        self.deaths = deaths
        self.cause = cause

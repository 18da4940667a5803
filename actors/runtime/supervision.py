"""The parts of supervision: what a child is, when it is restarted, and the address that outlives it."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

import msgspec
from pykka import ActorDeadError, ActorRef

from actors.runtime.ask import ask
from actors.runtime.errors import MailboxFullError
from actors.runtime.mailbox import Envelope, mailbox_of
from actors.runtime.message import ControlMessage, Letter, Message
from actors.runtime.system import current_system
from actors.seams import Random
from bithedge.domain.errors import ShuttingDownError

R = TypeVar("R")


class RestartPolicy(msgspec.Struct, frozen=True):
    """How soon and how often a child comes back; times in seconds."""

    base_s: float = 0.1
    cap_s: float = 10.0
    most: int = 5  # restarts within the window; one death more stops the system
    window_s: float = 60.0

    def delay_s(self, restart: int, random: Random) -> float:
        """Return the wait before the nth restart (from 1) in a window: doubling, its upper half by chance."""
        full = min(self.cap_s, self.base_s * 2.0 ** (restart - 1))
        return full * (1 + random.random()) / 2


class ChildSpec(msgspec.Struct, frozen=True):
    """One supervised actor.

    Attributes:
        name: its stable name, in logs, metrics and the operator's view.
        start: makes an incarnation, its state rebuilt from the journal.
        stop_order: lower ones stop first; equal ones in reverse of their starting.
        stop_deadline_s: how long it may take to finish what waits.
        parked_limit: how many messages wait for it while it is being restarted.
    """

    name: str
    start: Callable[[], Awaitable[ActorRef[Any]]]
    stop_order: int = 0
    stop_deadline_s: float = 5.0
    parked_limit: int = 256


class Address:
    """Where a supervised actor can be reached, whichever incarnation it is; used on the loop only.

    While there is none, messages are parked up to a bound, then refused as busy. What a failed incarnation
    had not begun is handed to the next one.
    """

    def __init__(self, name: str, *, parked_limit: int = 256) -> None:
        self.name = name
        self.refused = 0
        self._parked_limit = parked_limit
        self._parked: deque[Envelope] = deque()
        self._ref: ActorRef[Any] | None = None
        self._closed = False
        self._dead_letters = current_system().dead_letters

    @property
    def actor_inbox(self) -> Self:
        """Return itself: to `ask`, an address is as good as a ref."""
        return self

    @property
    def ref(self) -> ActorRef[Any] | None:
        """Return the present incarnation, None between two; not to be kept."""
        return self._ref if self._ref is not None and self._ref.is_alive() else None

    @property
    def parked(self) -> int:
        """Return how many messages wait for the next incarnation."""
        return len(self._parked)

    def tell(self, message: Message[Any]) -> None:
        """Send `message`.

        Raises:
            MailboxFullError: the actor is busy, or being restarted with as many waiting as may.
            ShuttingDownError: it has stopped for good.
        """
        self.put(Letter(message))

    def post(self, message: Message[Any]) -> None:
        """Send `message`, or count it as a dead letter: for events that follow from what is committed."""
        try:
            self.tell(message)
        except MailboxFullError:
            self._dead_letters.add(self.name, message, "full")
        except (ShuttingDownError, ActorDeadError):
            self._dead_letters.add(self.name, message, "stopped")

    async def ask(self, message: Message[R], *, deadline: float) -> R:
        """Send `message` and return its reply, as `actors.runtime.ask` does; the deadline spans a restart."""
        return await ask(self, message, deadline=deadline)

    def put(self, envelope: Envelope, /) -> None:
        """Hand `envelope` to the present incarnation, or park it."""
        if self._closed:
            raise ShuttingDownError(f"{self.name} has stopped")
        ref = self.ref
        if ref is not None:
            mailbox_of(ref).put(envelope)
            return
        if len(self._parked) >= self._parked_limit and not isinstance(envelope.message, ControlMessage):
            self.refused += 1
            raise MailboxFullError(self.name, limit=self._parked_limit)
        self._parked.append(envelope)

    def open(self, ref: ActorRef[Any]) -> None:
        """Let `ref` be the present incarnation and give it what was parked, in order."""
        self._ref = ref
        mailbox = mailbox_of(ref)
        mailbox.heir = self._parked.append
        while self._parked and ref.is_alive():
            envelope = self._parked.popleft()
            try:
                mailbox.put(envelope)
            except MailboxFullError as error:
                self._refuse(envelope, error)

    def close(self) -> None:
        """Take nothing more, and refuse what is parked."""
        self._closed = True
        if self._ref is not None:
            mailbox_of(self._ref).heir = None
        error = ShuttingDownError(f"{self.name} has stopped")
        while self._parked:
            self._refuse(self._parked.popleft(), error)

    def _refuse(self, envelope: Envelope, error: MailboxFullError | ShuttingDownError) -> None:
        if envelope.reply_to is not None:
            envelope.reply_to.set_exception((type(error), error, None))
        elif isinstance(error, MailboxFullError):
            self._dead_letters.add(self.name, envelope.message, "full")
        else:
            self._dead_letters.add(self.name, envelope.message, "stopped")


async def attempt(start: Callable[[], Awaitable[ActorRef[Any]]]) -> ActorRef[Any] | Exception:
    """Return what `start` makes, or why it could not."""
    try:
        return await start()
    except Exception as error:  # noqa: BLE001  # a factory may fail in any way, and is tried again
        return error

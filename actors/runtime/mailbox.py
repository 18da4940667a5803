"""The queue in front of an actor: bounded, touched by the loop's thread alone, costing little when idle."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
from pykka import ActorDeadError, ActorRef, Future, messages

from actors.runtime.errors import MailboxFullError
from actors.runtime.future import AsyncioFuture, running_loop
from actors.runtime.message import ControlMessage
from actors.runtime.system import current_system

Watcher = Callable[[ActorRef[Any], BaseException | None], None]

_DURATIONS_KEPT = 512


class Envelope(Protocol):
    """What a mailbox takes: Pykka's envelope, or our `Letter`."""

    message: Any
    reply_to: Future[Any] | None


class Owner(Protocol):
    """The actor behind a mailbox, as far as the mailbox knows it."""

    actor_urn: str

    @property
    def actor_ref(self) -> ActorRef[Any]: ...

    def awaken(self) -> None:
        """Come and drain the mailbox: it is no longer empty."""
        ...

    def kill(self) -> None:
        """Stop at once, the work in hand included."""
        ...


class MailboxStatistics(msgspec.Struct, frozen=True):
    """How an actor keeps up; ages and durations in seconds of the loop's time, 0 where there are none.

    uvloop's time stands still within a turn and counts milliseconds: there a handler that never waits took 0.
    """

    depth: int  # waiting now
    peak: int  # most that ever waited
    oldest_age_s: float  # of the message that has waited longest
    handled: int  # begun
    refused: int  # turned away because it was full
    skipped: int  # not begun, because the asker had gone
    p99_s: float  # of the last messages' handling, waits included; only of registered actors


def is_stop(message: object) -> bool:
    """Tell whether `message` is Pykka's wish that an actor stop."""
    # Pykka keeps its stop message private, and an actor type has to know it: this is the one place.
    return isinstance(message, messages._ActorStop)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class Mailbox:
    """Pykka's `ActorInbox`, drained on the loop.

    It holds its actor strongly (a Pykka ref holds it weakly) until the actor ends.
    """

    __slots__ = (
        "_begun_at",
        "_busy",
        "_control",
        "_dead_letters",
        "_durations",
        "_handled",
        "_letters",
        "_limit",
        "_owner",
        "_peak",
        "_refused",
        "_skipped",
        "_watchers",
        "failure",
        "heir",
        "loop",
    )

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.failure: BaseException | None = None  # what the actor died of
        self.heir: Callable[[Envelope], None] | None = None  # takes what a failed actor had not begun
        self._owner: Owner | None = None
        self._limit = 0
        self._dead_letters = current_system().dead_letters
        # An empty deque takes 760 bytes: made on the first message, dropped when drained.
        self._letters: deque[tuple[float, Envelope]] | None = None
        self._control: deque[tuple[float, Envelope]] | None = None
        self._watchers: list[Watcher] | None = None
        self._durations: deque[float] | None = None
        self._begun_at: float | None = None
        self._busy = False
        self._peak = self._handled = self._refused = self._skipped = 0

    @property
    def owner(self) -> Owner | None:
        """Return the actor; None once it has ended."""
        return self._owner

    def open(self, owner: Owner, *, limit: int, timed: bool) -> None:
        """Give the mailbox its actor."""
        self._owner = owner
        self._limit = limit
        if timed:
            self._durations = deque(maxlen=_DURATIONS_KEPT)

    def put(self, envelope: Envelope, /) -> None:
        """Take a message, from any thread.

        Raises:
            MailboxFullError: on the loop's thread; from another one the reply future gets it.
            ActorDeadError: the actor has ended.
        """
        if running_loop() is self.loop:
            self._accept(envelope)
            return
        try:
            self.loop.call_soon_threadsafe(self._deliver, envelope)
        except RuntimeError:
            raise ActorDeadError("the actor's loop is closed") from None

    def get(self) -> Any:
        """Return the next envelope at once, for Pykka's protocol.

        Raises:
            LookupError: there is none.
        """
        envelope = self.take()
        if envelope is None:
            raise LookupError("the mailbox is empty")
        return envelope

    def empty(self) -> bool:
        """Tell whether nothing waits."""
        return not self._letters and not self._control

    def idle(self) -> bool:
        """Tell whether nothing waits and nothing is being handled: the actor may be passivated."""
        return not self._busy

    def take(self) -> Envelope | None:
        """Return the next message that somebody still wants; None makes the mailbox idle."""
        if self._begun_at is not None and self._durations is not None:
            self._durations.append(self.loop.time() - self._begun_at)
            self._begun_at = None
        while (queue := self._control or self._letters) is not None and queue:
            _, envelope = queue.popleft()
            reply = envelope.reply_to
            if isinstance(reply, AsyncioFuture) and reply.abandoned:
                self._skipped += 1
                continue
            self._handled += 1
            if self._durations is not None:
                self._begun_at = self.loop.time()
            return envelope
        self._letters = self._control = None
        self._busy = False
        return None

    def prepend(self, envelope: Envelope) -> None:
        """Let the actor begin with `envelope`, which is not counted as a message."""
        self._handled -= 1
        self._append(self._control_queue(), envelope)

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` once with the ref and the failure (None: an orderly stop) when the actor ends."""
        if self._watchers is None:
            self._watchers = []
        self._watchers.append(watcher)

    def close(self, *, told: bool) -> None:
        """End: hand on or refuse what waits, let the actor go and, if `told`, tell who watches."""
        owner, self._owner = self._owner, None
        if owner is None:
            return
        heir = self.heir if self.failure is not None else None
        for queue in (self._control, self._letters):
            for _, envelope in queue or ():
                if heir is None or is_stop(envelope.message):
                    self.reject(envelope, owner.actor_urn)
                else:
                    heir(envelope)
        self._letters = self._control = None
        watchers, self._watchers, self.heir = self._watchers, None, None
        for watcher in (watchers or ()) if told else ():
            self.loop.call_soon(watcher, owner.actor_ref, self.failure)

    def reject(self, envelope: Envelope, recipient: str) -> None:
        """Tell the asker that the actor ended first, or count a dead letter."""
        reply = envelope.reply_to
        if reply is None:
            if not is_stop(envelope.message):
                self._dead_letters.add(recipient, envelope.message, "stopped")
        elif is_stop(envelope.message):
            reply.set(None)
        else:
            error = ActorDeadError(f"{recipient} stopped before handling the message")
            reply.set_exception((ActorDeadError, error, None))

    def statistics(self) -> MailboxStatistics:
        """Return how the actor keeps up."""
        queues = [queue for queue in (self._control, self._letters) if queue]
        now = self.loop.time()
        durations = sorted(self._durations or ())
        return MailboxStatistics(
            depth=sum(map(len, queues)),
            peak=self._peak,
            oldest_age_s=max((now - queue[0][0] for queue in queues), default=0.0),
            handled=self._handled,
            refused=self._refused,
            skipped=self._skipped,
            p99_s=durations[len(durations) * 99 // 100] if durations else 0.0,
        )

    def _accept(self, envelope: Envelope) -> None:
        if self._owner is None:
            raise ActorDeadError("the actor has stopped")
        if isinstance(envelope.message, ControlMessage):
            self._append(self._control_queue(), envelope)
            return
        if self._letters is None:
            self._letters = deque()
        elif len(self._letters) >= self._limit and not is_stop(envelope.message):
            self._refused += 1
            raise MailboxFullError(self._owner.actor_urn, limit=self._limit)
        self._append(self._letters, envelope)

    def _append(self, queue: deque[tuple[float, Envelope]], envelope: Envelope) -> None:
        queue.append((self.loop.time(), envelope))
        depth = len(queue)
        self._peak = max(self._peak, depth)
        if not self._busy and self._owner is not None:
            self._busy = True
            self._owner.awaken()

    def _control_queue(self) -> deque[tuple[float, Envelope]]:
        if self._control is None:
            self._control = deque()
        return self._control

    def _deliver(self, envelope: Envelope) -> None:
        # From another thread: the sender has gone on, so a refusal travels by the reply future.
        try:
            self._accept(envelope)
        except ActorDeadError:
            self.reject(envelope, "an actor that has ended")
        except MailboxFullError as error:
            if envelope.reply_to is None:
                self._dead_letters.add(error.message, envelope.message, "full")
            else:
                envelope.reply_to.set_exception((type(error), error, None))


def mailbox_of(ref: ActorRef[Any]) -> Mailbox:
    """Return the mailbox behind `ref`.

    Raises:
        TypeError: it is not an actor of this runtime.
    """
    if not isinstance(ref.actor_inbox, Mailbox):
        raise TypeError(f"{ref} is not an AsyncioActor")
    return ref.actor_inbox

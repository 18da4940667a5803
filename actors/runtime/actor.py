"""Pykka actors on an asyncio event loop."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from inspect import iscoroutinefunction
from types import CoroutineType, TracebackType
from typing import Any, ClassVar, Final, Self, cast

import structlog
from pykka import Actor, ActorDeadError, ActorRef, ActorRegistry
from structlog.contextvars import STRUCTLOG_KEY_PREFIX

from actors.runtime.future import AsyncioFuture
from actors.runtime.mailbox import Envelope, Mailbox, MailboxStatistics, is_stop
from actors.runtime.message import Letter, bind_correlation_id
from actors.runtime.stop_flag import StopFlag
from actors.runtime.system import current_system
from bithedge.domain.errors import DomainError

log = structlog.stdlib.get_logger()

Work = Coroutine[Any, Any, Any]

# Messages one actor may handle before the others have their turn.
TURN_BUDGET: Final = 64

_START: Final = object()
_actor: ContextVar[str] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}actor")


class AsyncioActor(Actor):
    """An actor on the running event loop: one message at a time, also while its handler awaits.

    `on_receive`, `on_start`, `on_stop` and proxied methods may each be `def` or `async def`. Start it on the
    loop's thread; `tell` and `ask` work from any thread. What may leave a handler and let the actor live is
    `unharmed`; any other exception goes to the asker, ends the actor and is told to whoever watches it.
    """

    registered: ClassVar[bool] = True  # in Pykka's registry, a list searched on stopping: not for thousands
    mailbox_limit: ClassVar[int] = 1024
    unharmed: ClassVar[tuple[type[Exception], ...]] = (DomainError,)

    _awaits: ClassVar[bool] = False
    _has_start: ClassVar[bool] = False
    _task: asyncio.Task[None] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._awaits = any(map(iscoroutinefunction, (cls.on_receive, cls.on_start, cls.on_stop)))
        cls._has_start = cls.on_start is not AsyncioActor.on_start

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        # Pykka's own makes a random UUID and a lock for each actor: these are its four attributes without.
        self.actor_urn = current_system().next_urn(type(self).__name__)
        self.actor_inbox = self._mailbox = self._create_actor_inbox()
        self.actor_stopped = StopFlag()
        self._actor_ref = ActorRef(self)
        self._mailbox.open(self, limit=self.mailbox_limit, timed=self.registered)

    # Pykka's ActorRef is invariant: in the checker's eyes no subclass can narrow `start`, though all do.
    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> ActorRef[Self]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Start an actor on the running loop; `on_start` runs before its first message."""
        actor = cls(*args, **kwargs)
        if cls.registered:
            ActorRegistry.register(actor.actor_ref)
        actor._start_actor_loop()
        return actor.actor_ref

    def on_start(self) -> Any:
        """Set up, `def` or `async def`; an exception ends the actor."""

    def on_stop(self) -> Any:
        """Clean up after the last message of an orderly stop, `def` or `async def`."""

    def on_receive(self, message: Any) -> Any:
        """Handle a message, `def` or `async def`; what is returned is the reply."""
        log.warning("actor.message_unexpected", actor=self.actor_urn, message=type(message).__name__)

    def statistics(self) -> MailboxStatistics:
        """Return how the actor keeps up."""
        return self._mailbox.statistics()

    def awaken(self) -> None:
        """Drain the mailbox soon; called by the mailbox when it stops being empty."""
        loop = self._mailbox.loop
        # A context of its own: else the waking sender's correlation id would cling to others' messages.
        if self._awaits:
            self._task = loop.create_task(self._drain(), name=self.actor_urn, context=Context())
        else:
            loop.call_soon(self._turn, context=Context())

    def kill(self) -> None:
        """Stop at once: cancel the handler, refuse what waits, skip `on_stop`."""
        self._retire()
        if self._task is None:
            self._mailbox.close(told=True)
        else:
            self._task.cancel()

    @staticmethod
    def _create_actor_inbox() -> Mailbox:
        return Mailbox()

    @staticmethod
    def _create_future() -> AsyncioFuture[Any]:
        return AsyncioFuture()

    def _start_actor_loop(self) -> None:
        if self._has_start:
            self._mailbox.prepend(Letter(_START))

    def _turn(self) -> None:
        _actor.set(self.actor_urn)
        for _ in range(TURN_BUDGET):
            if self.actor_stopped.is_set():
                self._mailbox.close(told=True)
                return
            envelope = self._mailbox.take()
            if envelope is None:
                return
            work = self._begin(envelope)
            if work is not None:  # a proxied coroutine method, or a handler that handed one on
                drain = self._drain(unfinished=(envelope, work))
                self._task = self._mailbox.loop.create_task(drain, name=self.actor_urn)
                return
        self._mailbox.loop.call_soon(self._turn, context=Context())

    async def _drain(self, *, unfinished: tuple[Envelope, Work] | None = None) -> None:
        _actor.set(self.actor_urn)
        mailbox, stopped, budget = self._mailbox, self.actor_stopped, TURN_BUDGET
        try:
            if unfinished is not None:
                await self._finish(*unfinished)
            while not stopped.is_set():
                if budget == 0:
                    budget = TURN_BUDGET
                    await asyncio.sleep(0)
                    continue
                budget -= 1
                envelope = mailbox.take()
                if envelope is None:
                    return
                work = self._begin(envelope)
                if work is not None:
                    await self._finish(envelope, work)
            mailbox.close(told=True)
        except asyncio.CancelledError:
            # Cancelled from outside: by `kill`, which is told, or by a loop that ends, which is not.
            killed = stopped.is_set()
            self._retire()
            mailbox.close(told=killed)
            raise
        finally:
            self._task = None

    def _begin(self, envelope: Envelope) -> Work | None:
        message = envelope.message
        bind_correlation_id(getattr(message, "correlation_id", ""))
        try:
            answer = self._handle_receive(message)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  # the asker or `_fail` takes it
            self._fail(envelope, error)
            return None
        if isinstance(answer, CoroutineType):
            return cast("Work", answer)
        if envelope.reply_to is not None:
            envelope.reply_to.set(answer)
        return None

    async def _finish(self, envelope: Envelope, work: Work) -> None:
        try:
            answer = await work
        except asyncio.CancelledError as error:
            if (task := self._task) is not None and task.cancelling():
                self._mailbox.reject(envelope, self.actor_urn)
                raise
            self._fail(envelope, error)  # what it awaited was cancelled, not the actor
        except Exception as error:  # noqa: BLE001  # the asker or `_fail` takes it
            self._fail(envelope, error)
        else:
            if envelope.reply_to is not None:
                envelope.reply_to.set(answer)

    def _handle_receive(self, message: Any) -> Any:
        if message is _START:
            return self.on_start()
        return super()._handle_receive(message)

    def _stop(self) -> Any:
        self._retire()
        return self.on_stop()

    def _retire(self) -> None:
        if self.registered and not self.actor_stopped.is_set():
            ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()

    def _fail(self, envelope: Envelope, error: BaseException) -> None:
        # Without our own frame, which holds the envelope: the reply would keep itself alive through it.
        traceback = None if error.__traceback__ is None else error.__traceback__.tb_next
        error.__traceback__ = traceback
        unharmed = isinstance(error, self.unharmed) and envelope.message is not _START
        self._answer_failure(envelope, error, unharmed=unharmed)
        if unharmed and not is_stop(envelope.message):
            return
        log.error("actor.failed", actor=self.actor_urn, exc_info=error)
        self._retire()
        if is_stop(envelope.message):  # on_stop failed: the actor has ended in order all the same
            return
        self._mailbox.failure = error
        self._hear_failure(error, traceback)

    def _answer_failure(self, envelope: Envelope, error: BaseException, *, unharmed: bool) -> None:
        reply = envelope.reply_to
        if reply is None:
            if unharmed:
                log.warning("actor.refused", actor=self.actor_urn, error=repr(error))
        elif is_stop(envelope.message):
            reply.set(None)
        else:
            log.info("actor.exception_returned", actor=self.actor_urn, error=repr(error))
            if isinstance(error, asyncio.CancelledError):  # it would look like the asker's own cancellation
                error = ActorDeadError(f"{self.actor_urn} was cancelled while handling the message")
            reply.set_exception((type(error), error, error.__traceback__))

    def _hear_failure(self, error: BaseException, traceback: TracebackType | None) -> None:
        try:
            self.on_failure(type(error), error, traceback)
        except Exception:  # a failing hook must not keep the actor from ending
            log.exception("actor.failed", actor=self.actor_urn)

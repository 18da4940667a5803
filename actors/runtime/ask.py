"""Ask, watch and stop actors from coroutines."""

import asyncio
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from pykka import ActorRef

from actors.runtime.errors import DeadlineExceededError
from actors.runtime.future import AsyncioFuture
from actors.runtime.mailbox import MailboxStatistics, Watcher, mailbox_of
from actors.runtime.message import Letter, Message

R = TypeVar("R")

_KILL_GRACE_S = 1.0


class Inbox(Protocol):
    """What takes a message."""

    def put(self, envelope: Any, /) -> None: ...


class Recipient(Protocol):
    """Whoever can be asked: an `ActorRef`, or the `Address` of a supervised actor."""

    @property
    def actor_inbox(self) -> Inbox: ...


async def ask(recipient: Recipient, message: Message[R], *, deadline: float) -> R:
    """Send `message` and return its reply; `deadline` is in seconds of the loop's time.

    A deadline ends the waiting, never the work, unless the actor has not begun with it: then it is skipped.

    Raises:
        DeadlineExceededError: no reply came in time.
        MailboxFullError: the recipient is busy; the message was not taken.
        pykka.ActorDeadError: it has stopped, or stopped before it began.
        Exception: whatever the handler raised.
    """
    reply: AsyncioFuture[R] = AsyncioFuture()
    recipient.actor_inbox.put(Letter(message, reply))
    timer = asyncio.get_running_loop().call_later(deadline, _expire, reply, type(message).__name__, deadline)
    try:
        return await reply
    except asyncio.CancelledError:
        reply.abandon()
        raise
    finally:
        timer.cancel()
        del reply  # an error's traceback holds this frame: without the reply there is no cycle to collect


def _expire(reply: AsyncioFuture[Any], name: str, deadline: float) -> None:
    reply.abandon(DeadlineExceededError(f"no reply to {name} within {deadline} s"))


def watch(ref: ActorRef[Any], watcher: Watcher) -> None:
    """Call `watcher(ref, failure)` once, on the loop, when the actor ends; None is an orderly stop."""
    mailbox = mailbox_of(ref)
    if mailbox.owner is None:
        mailbox.loop.call_soon(watcher, ref, mailbox.failure)
    else:
        mailbox.watch(watcher)


def statistics(ref: ActorRef[Any]) -> MailboxStatistics:
    """Return how the actor behind `ref` keeps up."""
    return mailbox_of(ref).statistics()


def idle(ref: ActorRef[Any]) -> bool:
    """Tell whether the actor handles nothing and nothing waits: it may be passivated."""
    return mailbox_of(ref).idle()


def kill(ref: ActorRef[Any]) -> None:
    """Stop the actor at once: cancel its handler, refuse what waits, skip `on_stop`."""
    owner = mailbox_of(ref).owner
    if owner is not None:
        owner.kill()


async def stop(ref: ActorRef[Any], *, deadline: float) -> bool:
    """Let the actor finish what waits and stop; kill it after `deadline` seconds.

    Returns:
        Whether it stopped by itself in time, or had before.
    """
    try:
        async with asyncio.timeout(deadline):
            await ref.stop(block=False)
    except TimeoutError:
        ended = asyncio.Event()
        watch(ref, lambda _ref, _failure: ended.set())
        kill(ref)
        with suppress(TimeoutError):
            async with asyncio.timeout(_KILL_GRACE_S):
                await ended.wait()
        return False
    return True

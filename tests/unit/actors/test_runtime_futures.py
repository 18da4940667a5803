"""Pykka's futures, refs and proxies on the loop and from other threads."""

import asyncio
from queue import Full
from typing import Any

import pykka
import pytest
from scribes import BOTH, AsyncScribe, Note, Scribe, a_hold, in_a_thread

from actors.runtime import (
    AsyncioActor,
    AsyncioFuture,
    MailboxFullError,
    WouldBlockError,
    ask,
    current_system,
    stop,
)

# Pykka's futures, refs and proxies


@BOTH
async def test_proxies_call_methods_read_fields_and_await_coroutines(kind: type[Scribe]) -> None:
    proxy = kind.start().proxy()

    assert await proxy.shout("hear") == "HEAR"
    assert await proxy.whisper("HEAR") == "hear"
    assert await proxy.mailbox_limit == 4
    with pytest.raises(AttributeError):
        _ = proxy.nothing


async def test_an_actor_awaiting_in_a_proxied_coroutine_handles_nothing_else_and_can_be_killed() -> None:
    book: list[str] = []
    scribe = Scribe.start(book)
    whispering = scribe.proxy().whisper("never")
    scribe.tell(Note("behind"))

    assert await stop(scribe, deadline=0.001) is False

    with pytest.raises(pykka.ActorDeadError):
        await whispering
    assert book == []


async def test_map_filter_join_and_reduce_can_be_awaited() -> None:
    scribe = Scribe.start()

    one, two = scribe.ask(Note("a"), block=False), scribe.ask(Note("b"), block=False)

    assert await one.map(lambda count: count * 10) == 10
    assert await one.join(two) == [1, 2]
    assert await one.join(two).filter(lambda count: count > 1) == [2]
    assert await one.join(two).reduce(lambda a, b: a + b, 0) == 3


async def test_wanting_a_value_at_once_on_the_loop_is_an_error_that_names_what_is_missing() -> None:
    scribe = Scribe.start()
    reply = scribe.ask(Note("a"), block=False)

    with pytest.raises(WouldBlockError) as error:
        reply.map(str).get()

    assert error.value.missing is reply
    assert await reply == 1
    assert reply.get() == 1


async def test_a_handler_that_blocks_on_another_actor_fails_instead_of_hanging_its_asker() -> None:
    other = Scribe.start()

    class Blocker(AsyncioActor):
        def on_receive(self, message: Note) -> Any:
            return other.ask(message)

    with pytest.raises(WouldBlockError):
        await ask(Blocker.start(), Note("a"), deadline=1)
    with pytest.raises(WouldBlockError):
        await Blocker.start().ask(Note("a"), block=False).map(str)


async def test_a_future_is_set_only_once() -> None:
    future: AsyncioFuture[int] = AsyncioFuture()
    future.set(1)

    for again in (lambda: future.set(2), future.set_exception, lambda: future.set_get_hook(lambda _: 3)):
        with pytest.raises(Full):
            again()
    assert await future == 1


async def test_other_threads_may_tell_ask_and_block() -> None:
    scribe = Scribe.start()

    def from_outside() -> tuple[int, bool]:
        scribe.tell(Note("a"))
        count = scribe.ask(Note("b"), timeout=5)
        scribe.proxy().book = ["changed"]
        return count, scribe.stop(timeout=5)

    assert await in_a_thread(from_outside) == (2, True)
    assert await in_a_thread(lambda: scribe.actor_stopped.wait(5))


async def test_another_thread_may_wait_for_an_actors_end() -> None:
    scribe = Scribe.start()
    waiting = asyncio.get_running_loop().run_in_executor(None, scribe.actor_stopped.wait, 5)

    await stop(scribe, deadline=1)

    assert await waiting is True


async def test_another_threads_get_times_out() -> None:
    future: AsyncioFuture[int] = AsyncioFuture()

    with pytest.raises(pykka.Timeout):
        await in_a_thread(lambda: future.get(timeout=0.001))


async def test_a_refusal_to_another_thread_travels_by_the_reply_or_is_a_dead_letter() -> None:
    scribe, hold = AsyncScribe.start(), a_hold()
    scribe.tell(hold)
    await hold.begun.wait()
    for text in "abcd":
        scribe.tell(Note(text))

    def from_outside() -> None:
        scribe.tell(Note("refused"))
        scribe.ask(Note("refused too"), timeout=5)

    with pytest.raises(MailboxFullError):
        await in_a_thread(from_outside)

    assert current_system().dead_letters.by_reason == {"full": 1}
    hold.gate.set()
    await stop(scribe, deadline=1)

"""Bounds, deadlines, dead letters and correlation."""

import asyncio
import gc
import weakref
from contextvars import ContextVar

import pytest
from scribes import AsyncScribe, Ends, Note, Scribe, a_hold
from structlog.testing import capture_logs

from actors.runtime import (
    AsyncioActor,
    DeadlineExceededError,
    MailboxFullError,
    Message,
    ask,
    correlated,
    current_correlation_id,
    current_system,
    idle,
    statistics,
    stop,
)
from bithedge.domain.errors import DomainError, NotReadyError

# Bounds, deadlines, dead letters


async def test_a_full_mailbox_refuses_as_busy_and_counts_it() -> None:
    scribe = Scribe.start()
    for text in "abcd":
        scribe.tell(Note(text))

    with pytest.raises(MailboxFullError, match="4 messages are waiting") as refusal:
        await ask(scribe, Note("e"), deadline=1)

    assert isinstance(refusal.value, DomainError)
    assert (refusal.value.code, refusal.value.limit) == ("busy", 4)
    assert await stop(scribe, deadline=1) is True
    figures = statistics(scribe)
    assert (figures.depth, figures.peak, figures.refused) == (0, 5, 1)


async def test_statistics_tell_how_long_the_oldest_has_waited_and_the_slowest_took() -> None:
    scribe, hold = AsyncScribe.start(), a_hold()
    scribe.tell(hold)
    await hold.begun.wait()
    scribe.tell(Note("waits"))
    sent_at = asyncio.get_running_loop().time()
    # A loop's clock may be as coarse as milliseconds, and no event says that it moved.
    while asyncio.get_running_loop().time() == sent_at:  # noqa: ASYNC110
        await asyncio.sleep(0)

    waiting = statistics(scribe)
    assert waiting.depth == 1
    assert waiting.oldest_age_s > 0
    assert not idle(scribe)

    hold.gate.set()
    await ask(scribe, Note("done"), deadline=1)
    figures = statistics(scribe)
    assert (figures.depth, figures.oldest_age_s, figures.handled) == (0, 0.0, 3)
    assert figures.p99_s > 0
    assert idle(scribe)


async def test_a_deadline_ends_the_waiting_and_never_the_work() -> None:
    book: list[str] = []
    scribe, hold = AsyncScribe.start(book), a_hold()

    with pytest.raises(DeadlineExceededError, match="no reply to Hold"):
        await ask(scribe, hold, deadline=0.001)
    hold.gate.set()

    assert await ask(scribe, Note("after"), deadline=1) == 3
    assert book == ["hold begins", "hold ends", "after"]


async def test_an_ask_whose_deadline_passed_before_it_was_begun_is_skipped_and_counted() -> None:
    book: list[str] = []
    scribe, hold = AsyncScribe.start(book), a_hold()
    scribe.tell(hold)

    with pytest.raises(DeadlineExceededError):
        await ask(scribe, Note("too late"), deadline=0.001)
    hold.gate.set()

    await ask(scribe, Note("after"), deadline=1)
    assert book == ["hold begins", "hold ends", "after"]
    assert statistics(scribe).skipped == 1


async def test_an_ask_whose_asker_was_cancelled_is_skipped() -> None:
    book: list[str] = []
    scribe, hold = AsyncScribe.start(book), a_hold()
    scribe.tell(hold)
    asker = asyncio.get_running_loop().create_task(ask(scribe, Note("gone"), deadline=1))
    await hold.begun.wait()

    asker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asker
    hold.gate.set()

    await stop(scribe, deadline=1)
    assert book == ["hold begins", "hold ends", "stopped"]


async def test_a_told_message_left_behind_is_a_dead_letter() -> None:
    scribe = Scribe.start()
    scribe.stop(block=False)
    with correlated("c-1"):
        scribe.tell(Note("left behind"))

    with capture_logs() as logs:
        await Ends(scribe).heard

    letters = [line for line in logs if line["event"] == "actor.dead_letter"]
    assert [(letter["message"], letter["reason"], letter["correlation_id"]) for letter in letters] == [
        ("Note", "stopped", "c-1")
    ]
    assert current_system().dead_letters.by_reason == {"stopped": 1}


async def test_a_refused_ask_leaves_no_cycle_for_the_collector() -> None:
    class Refuser(AsyncioActor):
        async def on_receive(self, message: Note) -> None:
            raise NotReadyError(message.text)

    async def refused() -> weakref.ref[BaseException] | None:
        try:
            await ask(refuser, Note("no"), deadline=1)
        except NotReadyError as error:
            return weakref.ref(error)
        return None

    refuser = Refuser.start()
    gc.disable()
    try:
        refusal = await refused()

        assert refusal is not None
        assert refusal() is None
    finally:
        gc.enable()


# Correlation


class Who(Message[str], frozen=True):
    """Asks under which correlation id it is being handled."""


class Listener(AsyncioActor):
    """Answers with the correlation id, and sees whether a variable of the sender's clings to it."""

    async def on_receive(self, message: Who) -> str:  # noqa: ARG002
        return f"{current_correlation_id()} {_clinging.get()}"


_clinging: ContextVar[str] = ContextVar("clinging", default="clean")


async def test_a_message_carries_its_senders_correlation_id_and_nothing_else_of_its_context() -> None:
    listener = Listener.start()
    _clinging.set("dirty")

    with correlated("first"):
        first = listener.ask(Who(), block=False)
    with correlated("second"):
        second = listener.ask(Who(), block=False)
    third = listener.ask(Who(correlation_id="given"), block=False)

    assert [await first, await second, await third] == ["first clean", "second clean", "given clean"]
    assert current_correlation_id() == ""

"""Order, life and failure: what an actor author may rely on."""

import asyncio
import gc
import weakref
from typing import Any

import pykka
import pytest
from scribes import BOTH, AsyncScribe, Ends, Fail, Note, Scribe, Urgent, a_hold
from structlog.testing import capture_logs

from actors.runtime import (
    AsyncioActor,
    ask,
    current_system,
    kill,
    statistics,
    stop,
    tune_collector,
)
from bithedge.domain.errors import NotReadyError

# Order, and one at a time


@BOTH
async def test_messages_are_handled_in_the_order_they_were_sent(kind: type[Scribe]) -> None:
    scribe = kind.start()

    for text in "abc":
        scribe.tell(Note(text))

    assert await ask(scribe, Note("d"), deadline=1) == 4
    assert await scribe.proxy().book == ["a", "b", "c", "d"]


async def test_an_actor_begins_nothing_else_while_its_handler_awaits() -> None:
    book: list[str] = []
    scribe, hold = AsyncScribe.start(book), a_hold()
    other = AsyncScribe.start()

    scribe.tell(hold)
    scribe.tell(Note("after"))
    await hold.begun.wait()
    assert await ask(other, Note("meanwhile"), deadline=1) == 1
    assert book == ["hold begins"]
    hold.gate.set()

    await ask(scribe, Note("last"), deadline=1)
    assert book == ["hold begins", "hold ends", "after", "last"]


@BOTH
async def test_a_busy_actor_lets_the_others_have_their_turn(kind: type[Scribe]) -> None:
    class Busy(kind):
        mailbox_limit = 1000

    book: list[str] = []
    busy, other = Busy.start(book), kind.start(book)
    for _ in range(200):
        busy.tell(Note("busy"))

    other.tell(Note("other"))

    await ask(busy, Note("busy"), deadline=1)
    assert book.index("other") == 64


async def test_a_control_message_passes_the_bound_and_goes_before_those_that_wait() -> None:
    book: list[str] = []
    scribe = Scribe.start(book)
    for text in "abcd":
        scribe.tell(Note(text))

    scribe.tell(Urgent("urgent"))

    await stop(scribe, deadline=1)
    assert book == ["urgent", "a", "b", "c", "d", "stopped"]


# Life


@BOTH
async def test_on_start_runs_before_the_first_message(kind: type[Scribe]) -> None:
    class Starting(kind):
        def on_start(self) -> None:
            self.book.append("started")

    book: list[str] = []

    scribe = Starting.start(book)

    assert await ask(scribe, Note("a"), deadline=1) == 2
    assert book == ["started", "a"]
    assert statistics(scribe).handled == 1


async def test_an_asynchronous_on_start_holds_the_messages_back() -> None:
    gate = asyncio.Event()

    class Slow(Scribe):
        async def on_start(self) -> None:
            await gate.wait()
            self.book.append("started")

    book: list[str] = []
    scribe = Slow.start(book)
    reply = scribe.ask(Note("a"), block=False)

    gate.set()

    assert await reply == 2
    assert book == ["started", "a"]


async def test_a_failing_on_start_ends_the_actor_even_by_a_refusal() -> None:
    class Unready(Scribe):
        def on_start(self) -> None:
            raise NotReadyError("no journal")

    scribe = Unready.start()
    ends = Ends(scribe)

    with pytest.raises(pykka.ActorDeadError):
        await ask(scribe, Note("a"), deadline=1)

    assert isinstance(await ends.heard, NotReadyError)


@BOTH
async def test_what_was_sent_before_stop_is_handled_and_what_comes_after_is_refused(
    kind: type[Scribe],
) -> None:
    book: list[str] = []
    scribe = kind.start(book)
    scribe.tell(Note("before"))

    stopped = scribe.stop(block=False)
    late = scribe.ask(Note("after"), block=False)
    again = scribe.stop(block=False)

    assert await stopped is True
    assert await again is True
    with pytest.raises(pykka.ActorDeadError):
        await late
    assert book == ["before", "stopped"]
    assert await scribe.stop(block=False) is False


async def test_an_actor_that_stops_itself_twice_leaves_no_dead_letter() -> None:
    class Leaver(Scribe):
        def on_receive(self, message: Note) -> int:  # noqa: ARG002
            self.stop()
            self.stop()
            return 0

    leaver = Leaver.start()
    ends = Ends(leaver)

    assert await ask(leaver, Note("leave"), deadline=1) == 0

    assert await ends.heard is None
    assert current_system().dead_letters.total == 0


async def test_an_asynchronous_on_stop_is_over_when_stop_is_answered() -> None:
    class Careful(Scribe):
        async def on_stop(self) -> None:
            await asyncio.sleep(0)
            self.book.append("closed")

    book: list[str] = []

    await stop(Careful.start(book), deadline=1)

    assert book == ["closed"]


async def test_a_dead_actor_refuses_tell_and_ask() -> None:
    scribe = Scribe.start()
    await stop(scribe, deadline=1)

    with pytest.raises(pykka.ActorDeadError):
        scribe.tell(Note("late"))
    with pytest.raises(pykka.ActorDeadError):
        await ask(scribe, Note("late"), deadline=1)
    with pytest.raises(pykka.ActorDeadError):
        await scribe.ask(Note("late"), block=False)


async def test_a_stuck_actor_is_killed_after_its_deadline_and_its_asker_is_told() -> None:
    scribe, hold = AsyncScribe.start(), a_hold()
    ends = Ends(scribe)
    held = scribe.ask(hold, block=False)
    await hold.begun.wait()

    assert await stop(scribe, deadline=0.001) is False

    assert ends.heard.done()

    with pytest.raises(pykka.ActorDeadError):
        await held
    assert not scribe.is_alive()


async def test_a_killed_plain_actor_drops_what_waits() -> None:
    book: list[str] = []
    scribe = Scribe.start(book)
    waiting = scribe.ask(Note("a"), block=False)

    kill(scribe)

    with pytest.raises(pykka.ActorDeadError):
        await waiting
    assert book == []


async def test_an_actor_is_freed_when_it_has_ended_without_the_collector() -> None:
    gc.disable()
    try:
        scribe = Scribe.start()
        actor = weakref.ref(scribe._actor_weakref())

        await stop(scribe, deadline=1)
        await asyncio.sleep(0)

        assert actor() is None
    finally:
        gc.enable()


async def test_only_registered_kinds_are_in_pykkas_registry() -> None:
    class Many(Scribe):
        registered = False

    scribe, many = Scribe.start(), Many.start()

    assert scribe in pykka.ActorRegistry.get_all()
    assert many not in pykka.ActorRegistry.get_all()

    await stop(scribe, deadline=1)
    await stop(many, deadline=1)
    assert scribe not in pykka.ActorRegistry.get_all()


# Failure


@BOTH
async def test_a_refusal_goes_to_the_asker_and_leaves_the_actor_unharmed(kind: type[Scribe]) -> None:
    scribe = kind.start()

    with pytest.raises(NotReadyError, match="not yet"):
        await ask(scribe, Fail(NotReadyError("not yet")), deadline=1)

    assert await ask(scribe, Note("alive"), deadline=1) == 1


@BOTH
async def test_a_refusal_nobody_asked_for_is_logged_and_leaves_the_actor_unharmed(kind: type[Scribe]) -> None:
    scribe = kind.start()

    with capture_logs() as logs:
        scribe.tell(Fail(NotReadyError("not yet")))
        assert await ask(scribe, Note("alive"), deadline=1) == 1

    assert [line["event"] for line in logs] == ["actor.refused"]


@BOTH
async def test_any_other_exception_goes_to_the_asker_ends_the_actor_and_is_told(kind: type[Scribe]) -> None:
    book: list[str] = []
    scribe = kind.start(book)
    ends = Ends(scribe)
    waiting = scribe.ask(Fail(ValueError("a fault")), block=False)
    behind = scribe.ask(Note("behind"), block=False)

    with capture_logs() as logs, pytest.raises(ValueError, match="a fault"):
        await waiting

    assert str(await ends.heard) == "a fault"
    with pytest.raises(pykka.ActorDeadError):
        await behind
    assert not scribe.is_alive()
    assert book == ["failed: a fault"]
    assert [line["event"] for line in logs] == ["actor.exception_returned", "actor.failed"]


@BOTH
async def test_an_exception_under_tell_ends_the_actor_and_is_told(kind: type[Scribe]) -> None:
    scribe = kind.start()
    ends = Ends(scribe)

    scribe.tell(Fail(ValueError("a fault")))

    assert str(await ends.heard) == "a fault"


async def test_who_watches_late_still_hears_why_an_actor_ended() -> None:
    scribe = Scribe.start()
    scribe.tell(Fail(ValueError("a fault")))
    await Ends(scribe).heard

    assert str(await Ends(scribe).heard) == "a fault"


async def test_a_cancelled_thing_inside_a_handler_does_not_cancel_the_asker() -> None:
    scribe = AsyncScribe.start()
    ends = Ends(scribe)

    with pytest.raises(pykka.ActorDeadError):
        await ask(scribe, Fail(asyncio.CancelledError()), deadline=1)

    assert isinstance(await ends.heard, asyncio.CancelledError)


async def test_a_failing_failure_hook_does_not_keep_the_actor_alive() -> None:
    class Clumsy(Scribe):
        def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:  # noqa: ARG002
            raise LookupError("again")

    scribe = Clumsy.start()
    ends = Ends(scribe)

    scribe.tell(Fail(ValueError("a fault")))

    assert str(await ends.heard) == "a fault"


async def test_an_actor_that_knows_nothing_logs_what_it_got() -> None:
    quiet = AsyncioActor.start()

    with capture_logs() as logs:
        assert await ask(quiet, Note("hello?"), deadline=1) is None

    assert [(line["event"], line["message"]) for line in logs] == [("actor.message_unexpected", "Note")]


def test_the_collector_is_off_while_starting_and_spares_what_has_started() -> None:
    before = gc.get_threshold()
    try:
        with tune_collector():
            assert not gc.isenabled()

        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[0] > before[0]
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)

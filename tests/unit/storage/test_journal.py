import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from journal_world import (
    ALICE,
    World,
    a_price,
    a_world,
    an_attempt,
    an_intent,
    deposited,
    of_operation,
    quote,
    reserved,
    signed,
)
from msgspec.structs import replace

from bithedge.domain.errors import MessageUsedError
from bithedge.domain.events.chain import PriceStale
from bithedge.storage.connections import open_writer
from bithedge.storage.errors import (
    AlreadyAnsweredError,
    ReadOnlyError,
    UnsoundAppendError,
    VersionConflictError,
)
from bithedge.storage.keeping import Candle
from bithedge.storage.ports import Answer, Attested, Change, Committed, Keep, Revert
from bithedge.storage.queries.events import epoch, events_after, last_seq, stream_events
from bithedge.storage.queries.kept import answer, candles, is_message_used, public_price, signed_quote
from bithedge.storage.queries.transactions import attempt, intent_of_key, queued_intents


@pytest.fixture(params=["thread", "local"])
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Every sentence here holds for both forms of the connection."""
    async with a_world(tmp_path, local=request.param == "local") as world:
        yield world


def stale(reason: str, *, expected: int | None = None) -> Change:
    return Change(stream="oracle", events=(PriceStale(reason=reason, last_at_ms=None),), expected=expected)


def an_answer(scope: str = "POST /v1/policies k1", *, at_ms: int = 1_700_000_000_000) -> Answer:
    return Answer(
        scope=scope,
        body_hash=b"\x01",
        status=201,
        headers=(("Location", "/v1/policies/1"),),
        body=b"{}",
        at_ms=at_ms,
    )


def always(given: Answer | None) -> Keep:
    return lambda _: given


async def test_an_append_is_read_back_as_it_was_given(world: World) -> None:
    change = deposited(ALICE, 5_000, 7)

    (committed,) = await world.append(change)

    (stored,) = await world.reader.read(events_after, 0, limit=10)
    assert stored == committed.recorded
    assert stored.event == change.events[0]
    assert (stored.seq, stored.version, stored.stream) == (1, 1, "pool")
    assert stored.chain == change.chain
    assert stored.at_ms == world.now_ms
    assert not stored.undone


async def test_the_correlation_id_is_that_of_the_asker(tmp_path: Path) -> None:
    async with a_world(tmp_path, correlation=lambda: "asked-by-me") as world:
        (committed,) = await world.append(a_price())

        assert committed.recorded.correlation_id == "asked-by-me"


async def test_a_decision_on_an_old_version_is_refused_and_leaves_no_trace(world: World) -> None:
    await world.append(stale("first", expected=0))

    with pytest.raises(VersionConflictError) as refused:
        await world.append(deposited(ALICE, 1, 1), stale("late", expected=0))

    assert (refused.value.stream, refused.value.expected, refused.value.actual) == ("oracle", 0, 1)
    assert await world.reader.read(last_seq) == 1


async def test_versions_are_checked_change_by_change_within_an_append(world: World) -> None:
    committed = await world.append(stale("one", expected=0), stale("two", expected=1))

    assert [each.recorded.version for each in committed] == [1, 2]


async def test_a_conflict_never_harms_the_others_of_its_batch(world: World) -> None:
    results = await asyncio.gather(
        *(world.append(stale(str(expected), expected=expected)) for expected in (0, 1, 1, 2)),
        return_exceptions=True,
    )

    assert [isinstance(result, VersionConflictError) for result in results] == [False, False, True, False]
    assert world.journal.statistics().commits == 1
    stored = await world.reader.read(stream_events, "oracle")
    assert [recorded.event.reason for recorded in stored] == ["0", "1", "2"]


async def test_what_cannot_be_stored_fails_alone(world: World) -> None:
    unsound = Change(stream="oracle", events=(PriceStale(reason="x", last_at_ms=2**70),))
    too_large = deposited(ALICE, 2**70, 1)

    results = await asyncio.gather(
        world.append(stale("before")),
        world.append(a_price(), too_large),
        world.append(stale("after")),
        world.append(Change(stream="pool", events=(), chain=None), unsound),
        return_exceptions=True,
    )

    assert [isinstance(result, UnsoundAppendError) for result in results] == [False, True, False, False]
    stored = await world.reader.read(events_after, 0, limit=10)
    assert [recorded.seq for recorded in stored] == [1, 2, 3]
    assert world.journal.statistics().writable


async def test_what_comes_during_a_commit_is_the_next_batch(world: World) -> None:
    first = world.spawn(world.append(stale("alone")), "first")
    await asyncio.sleep(0)  # it asks
    await asyncio.sleep(0)  # its commit begins

    rest = [world.append(stale(str(number))) for number in range(50)]
    await asyncio.gather(first, *rest)

    statistics = world.journal.statistics()
    assert (statistics.appends, statistics.commits) == (51, 2)
    assert (statistics.waiting, statistics.lag_ms) == (0, 0)


async def test_listeners_hear_every_commit_in_order_and_after_it_is_durable(world: World) -> None:
    heard: list[int] = []
    durable: list[bool] = []

    def listener(committed: tuple[Any, ...]) -> None:
        with sqlite3.connect(world.path) as db:
            last = db.execute("SELECT max(seq) FROM events").fetchone()[0]
        db.close()
        heard.extend(each.recorded.seq for each in committed)
        durable.append(last >= committed[-1].recorded.seq)

    world.journal.subscribe(listener)
    await asyncio.gather(*(world.append(a_price(), stale(str(number))) for number in range(5)))

    assert heard == list(range(1, 11))
    assert all(durable)


async def test_an_asker_who_stops_waiting_does_not_stop_the_commit(world: World) -> None:
    asking = world.spawn(world.append(stale("kept")), "asking")
    await asyncio.sleep(0)
    asking.cancel()
    await world.append(stale("next"))

    stored = await world.reader.read(stream_events, "oracle")
    assert [recorded.event.reason for recorded in stored] == ["kept", "next"]


async def test_an_answer_is_kept_with_its_events_and_given_again_for_24_hours(world: World) -> None:
    kept = an_answer(at_ms=world.now_ms)
    await world.append(*reserved(1), keep=always(kept))

    assert await world.reader.read(answer, kept.scope, world.now_ms) == kept
    assert await world.reader.read(answer, kept.scope, world.now_ms + 24 * 3_600_000) is None
    assert await world.reader.read(answer, "another", world.now_ms) is None


async def test_an_answer_is_made_of_what_was_committed(world: World) -> None:
    def place(committed: tuple[Committed, ...]) -> Answer:
        body = b",".join(str(each.recorded.seq).encode() for each in committed)
        return replace(an_answer(), body=body)

    await world.append(*reserved(1), keep=place)
    await world.append(a_price(), keep=always(None))

    given = await world.reader.read(answer, an_answer().scope, world.now_ms)
    assert given is not None
    assert given.body == b"1,2"


async def test_an_append_whose_answer_cannot_be_made_is_not_committed(world: World) -> None:
    def fails(_: tuple[Committed, ...]) -> Answer:
        raise KeyError("planted")

    results = await asyncio.gather(
        world.append(a_price(), keep=fails), world.append(stale("other")), return_exceptions=True
    )

    assert [isinstance(result, UnsoundAppendError) for result in results] == [True, False]
    stored = await world.reader.read(events_after, 0, limit=5)
    assert [recorded.name for recorded in stored] == ["PriceStale"]


async def test_of_two_commands_in_one_batch_with_one_key_the_first_is_answered(world: World) -> None:
    results = await asyncio.gather(
        world.append(stale("first"), keep=always(an_answer(at_ms=world.now_ms))),
        world.append(stale("second"), keep=always(an_answer(at_ms=world.now_ms)), used_message="0x11"),
        world.append(stale("other")),
        return_exceptions=True,
    )

    assert [isinstance(result, AlreadyAnsweredError) for result in results] == [False, True, False]
    stored = await world.reader.read(stream_events, "oracle")
    assert [recorded.event.reason for recorded in stored] == ["first", "other"]
    assert not await world.reader.read(is_message_used, "0x11")


async def test_a_second_answer_of_a_scope_is_refused_until_the_first_is_old(world: World) -> None:
    await world.append(stale("first"), keep=always(an_answer(at_ms=world.now_ms)))

    world.now_ms += 24 * 3_600_000 - 1
    with pytest.raises(AlreadyAnsweredError):
        await world.append(stale("second"), keep=always(an_answer(at_ms=world.now_ms)))
    world.now_ms += 1
    await world.append(stale("third"), keep=always(an_answer(at_ms=world.now_ms)))

    assert len(await world.reader.read(stream_events, "oracle")) == 2


async def test_a_signed_message_does_its_work_once(world: World) -> None:
    await world.append(stale("first"), used_message="0x11")

    with pytest.raises(MessageUsedError):
        await world.append(stale("again"), used_message="0x11")

    assert await world.reader.read(is_message_used, "0x11")
    assert not await world.reader.read(is_message_used, "0x12")
    assert await world.reader.read(last_seq) == 1


async def test_intents_and_attempts_are_of_the_same_commit(world: World) -> None:
    await world.append(*reserved(1), intents=[an_intent(1)])
    assert await world.reader.read(queued_intents) == (an_intent(1),)

    await world.append(of_operation(signed(1)), attempts=[an_attempt()])

    assert await world.reader.read(attempt, an_attempt().txid) == an_attempt()


async def test_the_same_key_twice_is_the_same_operation(world: World) -> None:
    await world.append(intents=[an_intent(1)])

    await world.append(intents=[an_intent(1, operation="o_" + "f" * 32)])

    assert await world.reader.read(queued_intents) == (an_intent(1),)
    assert await world.reader.read(intent_of_key, an_intent(1).key) == an_intent(1)


async def test_a_refused_append_keeps_nothing_of_what_came_with_it(world: World) -> None:
    with pytest.raises(VersionConflictError):
        await world.append(
            stale("x", expected=5),
            intents=[an_intent(1)],
            attempts=[an_attempt()],
            keep=always(an_answer()),
            used_message="0x11",
        )

    assert await world.reader.read(queued_intents) == ()
    assert await world.reader.read(attempt, an_attempt().txid) is None
    assert await world.reader.read(answer, an_answer().scope, an_answer().at_ms) is None
    assert not await world.reader.read(is_message_used, "0x11")


async def test_after_a_failed_commit_nothing_is_taken_until_a_restart(world: World) -> None:
    await world.append(stale("kept"))
    blocker = open_writer(world.path)
    await world.journal._connection.run(lambda db: db.execute("PRAGMA busy_timeout = 1"))
    blocker.execute("BEGIN IMMEDIATE")

    results = await asyncio.gather(
        world.append(stale("lost")), world.append(stale("lost too")), return_exceptions=True
    )
    blocker.execute("ROLLBACK")
    blocker.close()

    assert [type(result) for result in results] == [ReadOnlyError, ReadOnlyError]
    assert not world.journal.statistics().writable
    with pytest.raises(ReadOnlyError):
        await world.append(stale("refused"))
    with pytest.raises(ReadOnlyError):
        await world.journal.attest([])
    await world.close()
    await world.open()
    (committed,) = await world.append(stale("again", expected=1))
    assert committed.recorded.seq == 2


async def test_a_journal_opened_again_goes_on_where_it_stood(world: World) -> None:
    await world.append(*reserved(1))
    before = await world.reader.read(events_after, 0, limit=10)
    await world.close()

    await world.open()

    assert world.journal.seq == 2
    assert await world.reader.read(events_after, 0, limit=10) == before
    with pytest.raises(VersionConflictError):
        await world.append(*reserved(1))
    (committed,) = await world.append(stale("next", expected=0))
    assert committed.recorded.seq == 3


async def test_what_a_torn_process_had_not_committed_is_gone_and_all_else_is_there(world: World) -> None:
    await world.append(*reserved(1))
    await world.close()
    torn = open_writer(world.path)
    torn.execute("BEGIN IMMEDIATE")
    torn.execute("UPDATE events SET payload = '{}'")
    torn.execute("DELETE FROM policies")
    torn.close()

    await world.open()

    stored = await world.reader.read(signed_quote, quote(1))
    assert stored is not None
    assert stored.issued.terms.quote_id == quote(1)
    assert (await world.reader.read(events_after, 0, limit=1))[0].event == stored.issued


async def test_the_epoch_is_given_once(world: World) -> None:
    assert world.journal.epoch == "e1"
    await world.close()

    await world.open()

    assert world.journal.epoch == "e1"
    assert await world.reader.read(epoch) == "e1"


async def test_one_question_of_attestation_has_one_answer_for_ever(world: World) -> None:
    first = Attested(question="height:100", price=5, height=100, public_key="0x02", signature="0xaa")
    other = Attested(question="height:100", price=6, height=100, public_key="0x02", signature="0xbb")
    reading = Attested(question="reading:q:1", price=9, height=101, public_key="0x02", signature="0xcc")

    assert await world.journal.attest([first]) == (first,)
    assert await world.journal.attest([other, reading]) == (first, reading)

    assert await world.reader.read(public_price, 100) == first
    assert await world.reader.read(public_price) == first
    assert await world.reader.read(public_price, 99) is None


async def test_a_candle_stored_again_replaces_itself(world: World) -> None:
    early = Candle(bar="1m", at_ms=0, opening=1, high=2, low=1, closing=2)
    late = Candle(bar="1m", at_ms=60_000, opening=2, high=2, low=2, closing=2)
    moved = Candle(bar="1m", at_ms=60_000, opening=2, high=9, low=1, closing=8)
    await world.journal.store_candles([early, late])

    await world.journal.store_candles([moved])

    assert await world.reader.read(candles, "1m", from_ms=0, to_ms=60_000, limit=10) == (early, moved)
    assert await world.reader.read(candles, "1m", from_ms=0, to_ms=60_000, limit=1) == (moved,)
    assert await world.reader.read(candles, "5m", from_ms=0, to_ms=60_000, limit=1) == ()


async def test_a_revert_without_its_reorg_is_refused(world: World) -> None:
    with pytest.raises(UnsoundAppendError):
        await world.append(a_price(), revert=Revert(fork_height=1))


async def test_closing_commits_what_waits_and_refuses_what_comes_later(world: World) -> None:
    asked = world.spawn(world.append(stale("waiting")), "asked")
    await asyncio.sleep(0)

    await world.journal.close()

    assert len(await asked) == 1
    with pytest.raises(ReadOnlyError):
        await world.append(stale("late"))
    await world.reader.close()
    await world.open()
    assert world.journal.seq == 1


async def test_a_listener_that_fails_stops_the_journal_but_not_the_answer(world: World) -> None:
    def fails(_: tuple[Any, ...]) -> None:
        raise RuntimeError("planted")

    world.journal.subscribe(fails)

    assert len(await world.append(stale("durable"))) == 1

    with pytest.raises(RuntimeError, match="planted"):
        await world.tasks[0]
    assert not world.journal.statistics().writable

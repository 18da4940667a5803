import sqlite3

import pytest
from journal_world import (
    ALICE,
    BOB,
    World,
    an_attempt,
    an_intent,
    bought,
    deposited,
    followed,
    leaving,
    left,
    of_operation,
    pending,
    reserved,
    sent,
    settled,
    signed,
)

from bithedge.domain.events.chain import AlertRaised
from bithedge.domain.events.pool import ProviderExitChanged
from bithedge.storage.connections import open_writer
from bithedge.storage.errors import CorruptJournalError
from bithedge.storage.ports import Change
from bithedge.storage.replay import READ_MODELS, rebuild, verify


async def a_long_life(world: World) -> None:
    """Two policies, a withdrawal, an alert, two reorgs, one of them over what stands from before."""
    exits = ProviderExitChanged(address=BOB, tier="balanced", enabled=True, height=1_001, command_id="0x03")
    await world.append(followed(1), deposited(ALICE, 50_000_000, 1), deposited(BOB, 50_000_000, 1))
    await world.append(*reserved(1), pending(1))
    await world.append(*reserved(2, owner="ST2OTHER"))
    world.now_ms += 1_000
    await world.append(followed(2), *bought(1, 2))
    await world.append(of_operation(signed(1)), intents=[an_intent(1)], attempts=[an_attempt()])
    await world.append(of_operation(sent(1)), Change(stream="pool", events=(exits,)))
    await world.append(leaving(ALICE, 300))
    await world.append(followed(3), *settled(1, 3))
    await world.append(followed(4), left(ALICE, 300, 4))
    await world.reorganise(2, followed(3, "b"))
    await world.append(followed(4, "b"), *settled(1, 4, branch="b"))
    await world.append(
        Change(stream="alerts", events=(AlertRaised(code="a", severity="info", message="m"),)),
        intents=[an_intent(2, operation="o_" + "2" * 32)],
    )
    await world.reorganise(0, followed(1, "c"), deposited(ALICE, 1, 1, branch="c"))
    await world.append(intents=[an_intent(3, operation="o_" + "3" * 32)])


async def test_replay_gives_every_read_model_back_byte_for_byte(world: World) -> None:
    await a_long_life(world)
    with sqlite3.connect(world.path) as db:
        filled = [table for table in READ_MODELS if db.execute(f"SELECT 1 FROM {table}").fetchone()]  # noqa: S608
    db.close()

    report = verify(world.path)

    assert report.differences == ()
    assert report.events == world.journal.seq
    assert set(READ_MODELS) - set(filled) <= {"policy_backing"}


@pytest.mark.parametrize(
    ("table", "damage"),
    [
        ("policies", "UPDATE policies SET state = cast(state || x'00' AS BLOB)"),
        ("provider_accounts", "UPDATE provider_accounts SET balance = balance + 1"),
        ("provider_ledger", "DELETE FROM provider_ledger WHERE line = 0"),
        ("event_channels", "INSERT INTO event_channels VALUES ('owner:nobody', 1, 0)"),
        ("operations", "UPDATE operations SET status = 'final' WHERE status = 'queued'"),
        ("events", "UPDATE events SET undone_by = NULL"),
    ],
)
async def test_a_read_model_that_differs_is_found_and_mended(world: World, table: str, damage: str) -> None:
    await a_long_life(world)
    await world.close()
    db = open_writer(world.path)
    db.execute(damage)
    db.close()

    assert {found.table for found in verify(world.path).differences} == {table}

    rebuild(world.path)

    assert verify(world.path).differences == ()
    await world.open()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET payload = replace(payload, '5', '6') WHERE seq = 3",
        "UPDATE events SET at_ms = at_ms + 1 WHERE seq = 3",
        "DELETE FROM events WHERE seq = 3",
        "UPDATE events SET stream = stream || 'x' WHERE seq = 3",
    ],
)
async def test_a_changed_or_missing_event_breaks_the_chain(world: World, damage: str) -> None:
    await a_long_life(world)
    await world.close()
    db = open_writer(world.path)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute(damage)
    db.close()

    with pytest.raises(CorruptJournalError):
        verify(world.path)
    with pytest.raises(CorruptJournalError):
        rebuild(world.path)
    assert [left.name for left in world.path.parent.iterdir() if "rebuilt" in left.name] == []
    await world.open()


async def test_a_journal_is_verified_while_it_is_written(world: World) -> None:
    await a_long_life(world)
    report = verify(world.path)
    await world.append(followed(9))

    assert verify(world.path).events == report.events + 1


async def test_an_empty_journal_is_sound(world: World) -> None:
    assert verify(world.path).events == 0

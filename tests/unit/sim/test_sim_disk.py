import asyncio
import random
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from bithedge.domain.events.chain import AlertRaised
from bithedge.sim.disk import Disk, SimConnection, SimReading, torn_copy
from bithedge.sim.ending import check_replay
from bithedge.sim.loop import CrashedError, SimLoop
from bithedge.storage.connections import open_writer
from bithedge.storage.errors import ReadOnlyError
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Change
from bithedge.storage.queries.events import last_seq
from bithedge.storage.reader import Reader

ALERT = AlertRaised(code="c", severity="info", message="m" * 3_000)


def put(db: sqlite3.Connection, value: int) -> int:
    db.execute("INSERT INTO notes VALUES (?)", (value,))
    return value


def notes(db: sqlite3.Connection) -> list[int]:
    return [value for (value,) in db.execute("SELECT value FROM notes ORDER BY rowid")]


@pytest.fixture
def disk() -> Disk:
    made = Disk()
    made.db.execute("CREATE TABLE notes (value INTEGER) STRICT")
    return made


def journal_on(disk: Disk, **faults: object) -> "asyncio.Future[SqliteJournal] | object":
    def spawn(coro: object, name: str) -> object:
        return asyncio.get_running_loop().create_task(coro, name=name)  # type: ignore[arg-type]

    connection = SimConnection(disk, random.Random(1), **faults)  # type: ignore[arg-type]
    return SqliteJournal.open(connection, epoch="e", now_ms=lambda: 1_000, spawn=spawn)  # type: ignore[arg-type]


def test_work_is_done_in_the_order_it_was_asked_for(disk: Disk) -> None:
    connection, asked = SimConnection(disk, random.Random(1)), []

    async def ask(number: int) -> int:
        asked.append(number)
        return await connection.run(partial(put, value=number))

    async def main() -> list[int]:
        return list(await asyncio.gather(*(ask(number) for number in range(9))))

    assert SimLoop(3).run_until_complete(main()) == list(range(9))
    assert notes(disk.db) == asked


def test_a_crash_before_the_commit_loses_it_and_one_behind_it_keeps_it_unacknowledged(disk: Disk) -> None:
    left: list[tuple[bool, bool]] = []
    for step in range(1, 7):
        disk.db.execute("DELETE FROM notes")
        connection, told = SimConnection(disk, random.Random(1)), []

        async def main(connection: SimConnection = connection, told: list[int] = told) -> None:
            told.append(await connection.run(partial(put, value=7)))
            for _ in range(9):
                await asyncio.sleep(1)

        loop = SimLoop(1, crash_at=step)
        with pytest.raises(CrashedError):
            loop.run_until_complete(main())
        loop.bury()
        left.append((notes(disk.db) == [7], told == [7]))

    assert (False, False) in left
    assert (True, False) in left
    assert (True, True) in left
    assert (False, True) not in left


def test_whoever_stops_waiting_does_not_stop_the_work(disk: Disk) -> None:
    connection = SimConnection(disk, random.Random(1))

    async def main() -> None:
        task = asyncio.get_running_loop().create_task(connection.run(partial(put, value=1)))
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await connection.close()

    SimLoop(1).run_until_complete(main())

    assert notes(disk.db) == [1]


def test_a_read_shows_a_moment_between_asking_and_answering(disk: Disk) -> None:
    reader = Reader(SimReading(disk, random.Random(2)))

    async def main() -> list[int]:
        put(disk.db, 1)
        reading = asyncio.get_running_loop().create_task(reader._connection.run(notes))
        await asyncio.sleep(0)
        put(disk.db, 2)
        return await reading

    assert SimLoop(1).run_until_complete(main()) in ([1], [1, 2])


@pytest.mark.parametrize("failure", ["full", "before", "after"])
def test_a_failing_disk_makes_the_journal_read_only_and_loses_nothing_acknowledged(failure: str) -> None:
    disk = Disk()
    failures = iter([None, None, failure])

    async def main() -> int:
        journal = await journal_on(disk, failing=lambda: next(failures, None))  # type: ignore[misc]
        await journal.append([Change(stream="alerts", events=(ALERT,))])
        with pytest.raises(ReadOnlyError):
            await journal.append([Change(stream="alerts", events=(ALERT,) * 9)])
        with pytest.raises(ReadOnlyError):
            await journal.append([Change(stream="alerts", events=(ALERT,))])
        return journal.seq

    acknowledged = SimLoop(1).run_until_complete(main())

    disk.make_room()
    assert last_seq(disk.db) in (acknowledged, acknowledged + 9)
    check_replay(disk.db)


@pytest.mark.parametrize("seed", range(25))
def test_a_power_cut_in_a_commit_leaves_all_of_it_or_nothing(tmp_path: Path, seed: int) -> None:
    path, cut = tmp_path / "journal.sqlite3", tmp_path / "cut.sqlite3"
    disk = Disk(path)
    wal = path.with_name(path.name + "-wal")
    synced: list[tuple[int, int]] = []

    async def main() -> None:
        journal = await journal_on(disk)  # type: ignore[misc]
        for _ in range(3):
            await journal.append([Change(stream="alerts", events=(ALERT,) * 5)])
            synced.append((wal.stat().st_size, journal.seq))
        await journal.append([Change(stream="alerts", events=(ALERT,) * 5)])

    SimLoop(seed).run_until_complete(main())
    size, acknowledged = synced[-1]
    torn_copy(path, cut, random.Random(seed), synced=size)
    disk.close()

    reopened = open_writer(cut)
    try:
        assert last_seq(reopened) in (acknowledged, acknowledged + 5)
        check_replay(reopened)
    finally:
        reopened.close()

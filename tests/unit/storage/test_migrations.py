import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from bithedge.storage.connections import open_writer
from bithedge.storage.errors import NewerDatabaseError
from bithedge.storage.migrations import migrate, migrations


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(open_writer(":memory:")) as db:
        yield db


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [number for number, _, _ in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_new_database_gets_every_migration_once(db: sqlite3.Connection) -> None:
    newest = migrate(db)
    schema = db.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall()

    assert migrate(db) == newest == len(migrations())

    assert db.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall() == schema
    assert db.execute("SELECT count(*) FROM schema_version").fetchone() == (newest,)


def test_every_table_is_strict(db: sqlite3.Connection) -> None:
    migrate(db)

    loose = db.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 "
        "AND name NOT LIKE 'sqlite_%'"
    ).fetchall()

    assert loose == []


def test_a_database_of_a_later_program_is_refused_with_both_numbers(db: sqlite3.Connection) -> None:
    newest = migrate(db)
    db.execute("INSERT INTO schema_version VALUES (?, 'later.sql')", (newest + 1,))

    with pytest.raises(NewerDatabaseError, match=rf"schema {newest + 1}.* up to {newest}"):
        migrate(db)


def test_a_migration_that_fails_leaves_nothing_behind(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE intents (x INTEGER) STRICT")  # stands in the way of the first one

    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(db)

    assert not db.in_transaction
    assert db.execute("SELECT name FROM sqlite_schema WHERE name = 'events'").fetchall() == []

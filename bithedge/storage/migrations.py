"""Brings a database to the newest schema: numbered SQL files, each in a transaction of its own."""

import sqlite3
from importlib.resources import files
from typing import Final

from bithedge.storage.errors import NewerDatabaseError

CREATE: Final = """
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL
) STRICT
"""
NEWEST: Final = "SELECT coalesce(max(version), 0) FROM schema_version"
STAMP: Final = "INSERT INTO schema_version (version, name) VALUES (:version, :name)"


def migrations() -> tuple[tuple[int, str, str], ...]:
    """Return number, name and text of every migration, oldest first."""
    folder = files("bithedge.storage") / "sql"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name[:4]), name, (folder / name).read_text(encoding="utf-8")) for name in names)


def migrate(db: sqlite3.Connection) -> int:
    """Apply what is missing and return the schema's version; `db` is in autocommit mode.

    Raises:
        NewerDatabaseError: the database is ahead of this program.
    """
    db.execute(CREATE)
    row: tuple[int] = db.execute(NEWEST).fetchone()
    present = row[0]
    known = migrations()
    newest = known[-1][0]
    if present > newest:
        raise NewerDatabaseError(
            f"the database has schema {present}, this program knows up to {newest}: run the newer program"
        )
    for version, name, text in known:
        if version > present:
            _apply(db, version, name, text)
    return newest


def _apply(db: sqlite3.Connection, version: int, name: str, text: str) -> None:
    try:
        db.executescript("BEGIN IMMEDIATE;" + text)
        db.execute(STAMP, {"version": version, "name": name})
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")

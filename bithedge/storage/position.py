"""Where the writer stands: the last seq, its checksum, and the versions of the streams it wrote lately."""

import sqlite3
from typing import Final

LAST: Final = "SELECT seq, checksum FROM events ORDER BY seq DESC LIMIT 1"
VERSION: Final = "SELECT version FROM events WHERE stream = ? ORDER BY version DESC LIMIT 1"
_VERSIONS_KEPT: Final = 65_536


class Position:
    """What a transaction starts from; it moves only when one has been committed."""

    def __init__(self, seq: int, checksum: int) -> None:
        self.seq = seq
        self.checksum = checksum
        self._versions: dict[str, int] = {}

    @classmethod
    def load(cls, db: sqlite3.Connection) -> "Position":
        """Return the position at the end of a journal."""
        row: tuple[int, int] | None = db.execute(LAST).fetchone()
        return cls(0, 0) if row is None else cls(*row)

    def version(self, db: sqlite3.Connection, stream: str) -> int:
        """Return the committed version of a stream, 0 for one without events."""
        known = self._versions.get(stream)
        if known is not None:
            return known
        row: tuple[int] | None = db.execute(VERSION, (stream,)).fetchone()
        return 0 if row is None else row[0]

    def move(self, seq: int, checksum: int, versions: dict[str, int]) -> None:
        """Stand where a committed transaction ended."""
        self.seq, self.checksum = seq, checksum
        if len(self._versions) > _VERSIONS_KEPT:
            self._versions.clear()
        self._versions.update(versions)

"""What the store refuses.

All are leaves under `StorageError`; after any of them nothing was changed:

- `VersionConflictError`: the stream went on since the decision; fold and decide again.
- `AlreadyAnsweredError`: a command of this scope has been answered.
- `UnsoundAppendError`: what was handed in cannot be stored; the rest of its batch was.
- `ReadOnlyError`: a commit failed, nothing more is written until a restart.
- `NewerDatabaseError`: the file was written by a later version of the program.
- `CorruptJournalError`: the journal does not add up.
"""

from typing import ClassVar


class StorageError(Exception):
    """The store could not do it."""

    code: ClassVar[str] = "storage"


class VersionConflictError(StorageError):
    """The stream is at another version than the one that was decided on."""

    code = "version_conflict"

    def __init__(self, stream: str, *, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, decided on {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class AlreadyAnsweredError(StorageError):
    """This scope's answer is kept already: look it up and give it again."""

    code = "already_answered"


class UnsoundAppendError(StorageError):
    """An append holds what cannot be stored or folded; its cause says what."""

    code = "unsound_append"


class ReadOnlyError(StorageError):
    """A commit failed: the journal takes nothing more until the daemon starts again."""

    code = "read_only"


class NewerDatabaseError(StorageError):
    """The database knows migrations that this program does not."""

    code = "newer_database"


class CorruptJournalError(StorageError):
    """A row of the journal is missing, changed, or of an unknown shape."""

    code = "corrupt_journal"

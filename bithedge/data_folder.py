"""The data folder: held by one daemon at a time, its keys and token for the owner's eyes only."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import Final, Self

from bithedge.stacks.keys import PrivateKey, read_key_file, write_key_file

KEY_NAMES: Final = ("backend", "quote", "voucher", "attestor", "lane-1", "lane-2")


class DataFolderHeldError(Exception):
    """Another daemon holds the folder; nothing was touched."""


class DataFolder:
    """A folder that this process alone uses, from `open` to `close`."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> Self:
        """Create the folder where it is missing, and hold it.

        Raises:
            DataFolderHeldError: another process holds it.
            OSError: it cannot be made or written.
        """
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise DataFolderHeldError(f"{path} is held by another daemon") from None
        return cls(path, lock)

    @property
    def journal(self) -> Path:
        """The database."""
        return self.path / "journal.sqlite3"

    @property
    def devnet(self) -> Path:
        """The embedded chain's own folder."""
        return self.path / "devnet"

    def key(self, name: str) -> PrivateKey:
        """Return a key of this folder, made at first use; mode 0600."""
        folder = self.path / "keys"
        folder.mkdir(exist_ok=True, mode=0o700)
        path = folder / name
        if not path.exists():
            write_key_file(path, PrivateKey.generate(secrets.token_bytes))
        return read_key_file(path)

    def operator_token(self) -> str:
        """Return the operator's token, made at first start; mode 0600."""
        path = self.path / "operator-token"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
        return path.read_text(encoding="ascii").strip()

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._lock)

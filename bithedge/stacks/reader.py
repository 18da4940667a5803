"""A cursor over bytes that never reads past their end."""

from collections.abc import Callable

from bithedge.stacks.errors import StacksError


class Reader:
    """Reads big-endian fields off the front of `data`.

    Args:
        data: what to read.
        error: makes the error that a lack of bytes or left-over bytes raise.
    """

    __slots__ = ("_data", "_error", "_position")

    def __init__(self, data: bytes, error: Callable[[str], StacksError]) -> None:
        self._data = data
        self._error = error
        self._position = 0

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._position

    def fail(self, message: str) -> StacksError:
        """Return the error to raise, naming the place."""
        return self._error(f"{message} (before byte {self._position} of {len(self._data)})")

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        end = self._position + size
        if end > len(self._data):
            raise self.fail(f"{size} bytes expected, {self.remaining} left")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def byte(self) -> int:
        """Return the next byte."""
        return self.take(1)[0]

    def unsigned(self, size: int) -> int:
        """Return the next `size` bytes as an unsigned integer."""
        return int.from_bytes(self.take(size), "big")

    def count(self, *, least: int) -> int:
        """Return the next 4 bytes as a count of items, each of at least `least` bytes.

        So a count can never make us set aside more than was sent.
        """
        items = self.unsigned(4)
        if items * least > self.remaining:
            raise self.fail(f"{items} items expected, {self.remaining} bytes left")
        return items

    def text(self, size: int) -> str:
        """Return the next `size` bytes as ASCII."""
        taken = self.take(size)
        if not taken.isascii():
            raise self.fail("characters outside ASCII")
        return taken.decode("ascii")

    def finish(self) -> None:
        """Raise unless everything was read."""
        if self.remaining:
            raise self.fail(f"{self.remaining} bytes too many")

"""How far the fan-out is, for those who may only go on when it has come so far."""

import asyncio


class GatewayEndedError(Exception):
    """This incarnation of the gateway has ended: its clients come back to the next one."""


class Progress:
    """The last event that went out to everybody who gets it."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self._ended = False
        self._moved = asyncio.Event()

    def advance(self, seq: int) -> None:
        """Note that all up to `seq` went out."""
        self.seq = max(self.seq, seq)
        self._wake()

    def end(self) -> None:
        """Tell those who wait that nothing more goes out."""
        self._ended = True
        self._wake()

    async def reach(self, seq: int) -> None:
        """Wait until all up to `seq` went out.

        Raises:
            GatewayEndedError: that will not be.
        """
        while self.seq < seq:
            if self._ended:
                raise GatewayEndedError
            await self._moved.wait()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

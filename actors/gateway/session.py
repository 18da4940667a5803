"""One client: its channels under the names it used, and what it may still be sent."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import structlog

from actors.gateway.connection import Connection, Prepared
from actors.gateway.protocol import CloseCode

log = structlog.stdlib.get_logger()

CLOSE_GRACE_S: Final = 2.0
PACE_BYTES: Final = 65_536
"""Of a beginning, no more than this, nor a quarter of the budget, waits for the client to take it."""
PACE_FRAMES: Final = 64
"""Frames of a beginning written before the others on the loop have their turn."""
PACE_PATIENCE_S: Final = 10.0
ERRORS_A_MINUTE: Final = 10
MINUTE_S: Final = 60.0


class Subscription:
    """A channel of one client.

    Attributes:
        session: whose it is.
        named: the channel as the client wrote it.
        channel: as the journal knows it.
        after: events up to here stand in its beginning.
        unnumbered: it was named by a number that no policy had; the first event it gets has none before it.
    """

    __slots__ = ("after", "channel", "named", "session", "unnumbered")

    def __init__(self, session: "Session", *, named: str, channel: str) -> None:
        self.session = session
        self.named = named
        self.channel = channel
        self.after = 0
        self.unnumbered = False


class Due(NamedTuple):
    """An event's frame on its way to one subscription."""

    seq: int
    subscription: Subscription
    frame: Prepared


class Session:
    """A client's subscriptions, and the byte budget that keeps one slow reader from holding memory.

    While a subscription is being begun, events are held back, so that what the client gets is in order: what
    it missed or its snapshot, then what came meanwhile, then what comes.
    """

    def __init__(self, connection: Connection, *, budget: int) -> None:
        self.connection = connection
        self.subscriptions: dict[str, Subscription] = {}
        self.authenticated = False
        self.behind: dict[str, None] = {}
        """State channels whose latest it has not been sent: it reads too slowly, or is being begun."""
        self.code: CloseCode | None = None
        """With what the gateway closed it."""
        self.closed = False
        """Whether nothing can be sent any more."""
        self._budget = budget
        self._pace = min(PACE_BYTES, budget // 4)
        self._held: deque[Due] | None = None
        self._held_bytes = 0
        self._staged: list[Prepared] = []
        self._quiet_beats = 0
        self._errors: deque[float] = deque(maxlen=ERRORS_A_MINUTE)

    @property
    def takes_states(self) -> bool:
        """Whether it gets the latest of a state channel now, and not later."""
        return self._held is None and self.connection.backlog() <= self._budget // 4

    @property
    def queued_bytes(self) -> int:
        """Return what it has not taken, and what is held back for it."""
        return self.connection.backlog() + self._held_bytes

    def write(self, *frames: Prepared) -> None:
        """Send frames, or close a client that has stopped reading."""
        if not self.closed and self._affords(sum([len(frame.wire) for frame in frames])):
            self._put(frames)

    def stage(self, seq: int, subscription: Subscription, frame: Prepared) -> bool:
        """Take an event that `flush` is to send, or hold it back while a beginning is under way.

        Returns:
            Whether it is the first one for the next `flush`.
        """
        if self.closed:
            return False
        if self._held is not None:
            if self._affords(len(frame.wire)):
                self._held.append(Due(seq, subscription, frame))
                self._held_bytes += len(frame.wire)
            return False
        if seq <= subscription.after:
            return False
        self._staged.append(frame)
        return len(self._staged) == 1

    def flush(self) -> None:
        """Send the events that were staged, in one write."""
        self.write(*self._staged)
        self._staged.clear()

    def hold(self) -> None:
        """Hold events back from now on."""
        if self._held is None:
            self._held = deque()

    def take_held(self, upto: int | None = None) -> list[Due]:
        """Return what is held back up to a seq, by default all, without what a beginning shows."""
        taken: list[Due] = []
        while self._held and (upto is None or self._held[0].seq <= upto):
            due = self._held.popleft()
            self._held_bytes -= len(due.frame.wire)
            if due.seq > due.subscription.after:
                taken.append(due)
        return taken

    async def release(self) -> None:
        """Send what was held back, and hold no more."""
        while self._held and not self.closed:
            await self.pace([due.frame for due in self.take_held()])
        self._held = None

    async def pace(self, frames: Iterable[Prepared]) -> None:
        """Send a beginning no faster than the client takes it, or close one that takes nothing."""
        for number, frame in enumerate(frames, 1):
            if self.closed:
                return
            self._put((frame,))
            if self.connection.backlog() > self._pace:
                await self._patience()
            elif number % PACE_FRAMES == 0:
                await asyncio.sleep(0)

    def is_silent(self, beats: int) -> bool:
        """Count a beat; tell whether that makes `beats` since the last frame, with none being prepared."""
        self._quiet_beats += 1
        return self._quiet_beats > beats and self._held is None

    def count_error(self, now: float) -> bool:
        """Note an op that was refused; tell whether it is one too many within a minute."""
        self._errors.append(now)
        return len(self._errors) == ERRORS_A_MINUTE and now - self._errors[0] < MINUTE_S

    def close(self, code: CloseCode, reason: str) -> None:
        """End the connection; nothing more is sent."""
        if self.closed:
            return
        self.code = code
        self._end()
        self.connection.close(code, reason, grace_s=CLOSE_GRACE_S)
        log.info("gateway.client_closed", code=int(code), reason=reason)

    def leave(self) -> None:
        """Note that the connection has ended."""
        self._end()

    def _affords(self, size: int) -> bool:
        if self.connection.backlog() + self._held_bytes + size <= self._budget:
            return True
        self.close(CloseCode.SLOW_CONSUMER, "reads too slowly: come back and resume")
        return False

    async def _patience(self) -> None:
        try:
            async with asyncio.timeout(PACE_PATIENCE_S):
                await self.connection.drained()
        except TimeoutError:
            self.close(CloseCode.SLOW_CONSUMER, "reads nothing: come back and resume")

    def _put(self, frames: Sequence[Prepared]) -> None:
        self._quiet_beats = 0
        self.connection.write(frames)

    def _end(self) -> None:
        self.closed = True
        self.behind.clear()
        self._held_bytes = 0
        if self._held is not None:
            self._held.clear()

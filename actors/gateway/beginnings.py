"""How event channels begin: what a client missed, or a snapshot. Read beside the fan-out, not in it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from actors.board import Board
from actors.gateway.connection import Prepared
from actors.gateway.frames import Frames, data_of
from actors.gateway.objects import Objects, Snapshot
from actors.gateway.progress import Progress
from actors.gateway.protocol import Place, number_of
from actors.gateway.session import Subscription
from actors.gateway.status import StatusSource
from bithedge.domain.events.policy import PolicyCreated
from bithedge.storage.channels import OPERATOR
from bithedge.storage.queries.events import ChannelEvent, missed
from bithedge.storage.reader import Reader
from bithedge.views.providers import ProviderView
from bithedge.views.status import GatewayStatusView

READS_AT_ONCE: Final = 4
"""Beginnings read at a time: more would keep the fan-out and HTTP waiting for the same reader."""
KEPT: Final = 64
"""Snapshots kept for the next one who asks at the same moment, as all do after a restart."""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot, encoded."""

    seq: int
    upto: int
    data: msgspec.Raw


class Beginnings:
    """Reads what subscriptions begin with, some at a time."""

    def __init__(
        self, *, reader: Reader, objects: Objects, board: Board, progress: Progress, frames: Frames
    ) -> None:
        self._reader = reader
        self._objects = objects
        self._board = board
        self._progress = progress
        self._frames = frames
        self._turns = asyncio.Semaphore(READS_AT_ONCE)
        self._kept: dict[str, Beginning] = {}
        self._moment: tuple[int, object, object] = (-1, None, None)

    async def missed(
        self, since: Place, subscriptions: Sequence[Subscription]
    ) -> tuple[ChannelEvent, ...] | None:
        """Return what came after a place; None if not all of it can be told, or nobody was ever there."""
        channels = [subscription.channel for subscription in subscriptions]
        async with self._turns:
            last, found = await self._reader.read_at(missed, channels, since.seq)
        if found is None or since.seq > last or _renumbered(found, subscriptions):
            return None
        return found

    async def events(
        self, some: Sequence[ChannelEvent], names: Mapping[str, Sequence[str]]
    ) -> list[Prepared]:
        """Return events as frames, each under the names that the client has for its channel.

        Raises:
            UnavailableError: the pool does not answer.
        """
        portfolios: dict[str, ProviderView | None] = {}
        frames: list[Prepared] = []
        async with self._turns:
            policies = await self._objects.policies_then(some)
            for one, policy in zip(some, policies, strict=True):
                data = data_of(await self._objects.beside(one.channel, one.recorded, policy, portfolios))
                frames += [
                    self._frames.event(name, one.recorded, previous=one.previous, data=data)
                    for name in names[one.channel]
                ]
        return frames

    async def snapshot(self, channel: str) -> Beginning:
        """Return what a channel begins with.

        Raises:
            UnavailableError: the pool does not answer.
        """
        self._forget_past()
        moment = self._moment
        kept = self._kept.get(channel)
        if kept is not None:
            return kept
        async with self._turns:
            made = _encoded(await self._objects.snapshot(channel))
        if self._moment is moment and len(self._kept) < KEPT:
            self._kept[channel] = made
        return made

    async def of_operator(self, status: StatusSource | None, gateway: GatewayStatusView) -> Beginning:
        """Return what the operator's channel begins with; never kept, for its figures have no seq."""
        if status is None:
            return _encoded(await self._objects.snapshot(OPERATOR))
        seq, view = await status.view(gateway)
        return Beginning(seq=seq, upto=seq, data=data_of(view))

    def _forget_past(self) -> None:
        now = (self._progress.seq, self._board.market, self._board.tip)
        if now[0] != self._moment[0] or now[1] is not self._moment[1] or now[2] is not self._moment[2]:
            self._moment = now
            self._kept.clear()


def _encoded(snapshot: Snapshot) -> Beginning:
    return Beginning(seq=snapshot.seq, upto=snapshot.upto, data=data_of(snapshot.data))


def _renumbered(found: Sequence[ChannelEvent], subscriptions: Sequence[Subscription]) -> bool:
    # Who follows a policy by its number may have had another one's events before this one got it.
    numbers = {
        number for subscription in subscriptions if (number := number_of(subscription.named)) is not None
    }
    return bool(numbers) and any(
        isinstance(one.recorded.event, PolicyCreated) and one.recorded.event.policy_id in numbers
        for one in found
    )

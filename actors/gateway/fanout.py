"""What happens, to all who want it: encoded once for each name it goes out under, written in slices."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

import msgspec
import structlog

from actors.gateway.connection import Prepared
from actors.gateway.frames import Frames, data_of, notice
from actors.gateway.notices import Notice, Notices
from actors.gateway.objects import UnavailableError
from actors.gateway.progress import Progress
from actors.gateway.protocol import CloseCode
from actors.gateway.roster import Roster
from actors.gateway.session import Session
from actors.gateway.states import EVENT_NAMES, Shown, changed_channels
from actors.gateway.tools import GatewayTools
from bithedge.domain.events.policy import PolicyCreated
from bithedge.storage.channels import OPERATOR, policy_channel
from bithedge.storage.ports import Committed
from bithedge.views.policies import policy_view
from bithedge.views.providers import ProviderView

log = structlog.stdlib.get_logger()

SLICE: Final = 250
"""Sockets written to before the others on the loop have their turn."""
STAGED: Final = 2_000
"""The same for the far quicker step before, in which each is given its frame."""
AT_ONCE: Final = 64
"""Events that go to a client in one write, at most."""


class Fanout:
    """Writes commits, states and notices to the sessions that subscribe to them.

    Used by the gateway's actor alone, a call at a time: while one runs nobody joins or leaves.
    """

    def __init__(self, tools: GatewayTools, roster: Roster, progress: Progress) -> None:
        self.shown = Shown(tools.states)
        self.notices = Notices(tools.states.board)
        self._tools = tools
        self._roster = roster
        self._progress = progress
        self._frames = Frames(tools.epoch)

    async def publish(self, batch: Iterable[Committed]) -> None:
        """Send events, in the journal's order, to each client all that one event brings it together."""
        events = iter(batch)
        portfolios: dict[str, ProviderView | None] = {}
        while some := tuple(islice(events, AT_ONCE)):
            touched: list[Session] = []
            for one in some:
                await self._stage(one, touched, portfolios)
            await _flush(touched)
            self._progress.advance(some[-1].recorded.seq)

    async def show(self, changed: str) -> None:
        """Send the states that a change on the board concerns."""
        for channel in changed_channels(changed, self._tools.states.board):
            if channel not in self._roster:
                continue
            data = self.shown.changed(channel)
            if data is None:
                continue
            frame = self._state(channel, data)
            for count, subscription in enumerate(self._roster.of(channel), 1):
                _show(subscription.session, channel, frame)
                if count % SLICE == 0:
                    await asyncio.sleep(0)
        if changed == "oracle":
            self._tell(self.notices.of_price())
        elif changed == "blocks":
            self._tell(self.notices.of_height())

    def catch_up(self, sessions: Iterable[Session]) -> None:
        """Send the latest states to those who could not take them before."""
        frames: dict[str, Prepared] = {}
        for session in sessions:
            for channel in tuple(session.behind):
                if channel not in frames:
                    frames[channel] = self._state(channel, self.shown.latest(channel))
                _show(session, channel, frames[channel])

    async def _stage(
        self, one: Committed, touched: list[Session], portfolios: dict[str, ProviderView | None]
    ) -> None:
        self._number(one)
        for channel, previous in (*one.channels, (OPERATOR, one.recorded.seq - 1)):
            if channel not in self._roster:
                continue
            self.notices.hear(channel, one.policy)
            try:
                data = data_of(
                    await self._tools.objects.beside(channel, one.recorded, one.policy, portfolios)
                )
            except UnavailableError as error:
                # An event channel never skips: its readers come back and resume.
                log.warning("gateway.channel_cut", channel=channel, error=str(error))
                for subscription in self._roster.of(channel):
                    subscription.session.close(CloseCode.INTERNAL, "this cannot be told now: come back")
                continue
            await self._stage_channel(one, channel, previous, data, touched)

    async def _stage_channel(
        self, one: Committed, channel: str, previous: int, data: msgspec.Raw, touched: list[Session]
    ) -> None:
        seq, frames = one.recorded.seq, dict[tuple[str, int], Prepared]()
        name, frame = "", None
        for count, subscription in enumerate(self._roster.of(channel), 1):
            if frame is None or subscription.named != name or subscription.unnumbered:
                name, before = subscription.named, 0 if subscription.unnumbered else previous
                frame = frames.get((name, before))
                if frame is None:
                    frame = self._frames.event(name, one.recorded, previous=before, data=data)
                    frames[(name, before)] = frame
                subscription.unnumbered = False
            if subscription.session.stage(seq, subscription, frame):
                touched.append(subscription.session)
            if count % STAGED == 0:
                await asyncio.sleep(0)

    def _number(self, one: Committed) -> None:
        """Let those who asked for a number before any policy had it follow the policy that now has it."""
        event = one.recorded.event
        if isinstance(event, PolicyCreated) and (asked := f"policy:{event.policy_id}") in self._roster:
            known = policy_channel(event.terms.quote_id)
            self._roster.rename(asked, known)
            self.notices.rename(asked, known)

    def _tell(self, notices: Sequence[Notice]) -> None:
        at_ms = self._tools.clock.now_ms()
        for told in notices:
            view = policy_view(told.policy, self._tools.objects.context())
            data = data_of({"policy": view, **told.facts})
            for subscription in self._roster.of(told.channel):
                subscription.session.write(notice(subscription.named, told.name, at_ms=at_ms, data=data))

    def _state(self, channel: str, data: msgspec.Raw) -> Prepared:
        return self._frames.state(
            channel,
            name=EVENT_NAMES.get(channel, "TierChanged"),
            seq=self._progress.seq,
            at_ms=self._tools.clock.now_ms(),
            data=data,
        )


def _show(session: Session, channel: str, frame: Prepared) -> None:
    if session.takes_states:
        session.behind.pop(channel, None)
        session.write(frame)
    elif not session.closed:
        session.behind[channel] = None


async def _flush(touched: Iterable[Session]) -> None:
    for count, session in enumerate(touched, 1):
        session.flush()
        if count % SLICE == 0:
            await asyncio.sleep(0)

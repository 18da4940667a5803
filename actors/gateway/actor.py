"""The gateway's actor: who subscribes to what, and the fan-out of what happens."""

from collections import Counter
from types import TracebackType
from typing import Any, assert_never

import msgspec

from actors.gateway.desk import Desk
from actors.gateway.fanout import Fanout
from actors.gateway.frames import SHUTDOWN, Frames, framed, heartbeat
from actors.gateway.progress import Progress
from actors.gateway.protocol import STATE_CHANNELS, CloseCode, beats_of
from actors.gateway.roster import Roster
from actors.gateway.session import Session, Subscription
from actors.gateway.tools import GatewayTools
from actors.messages.gateway import (
    Beat,
    Ear,
    Entered,
    GatewayMessage,
    GatewayStatus,
    Gone,
    Opened,
    Publish,
    StateChanged,
    Subscribe,
    Unsubscribe,
)
from actors.runtime import AsyncioActor
from bithedge.domain.errors import BusyError

__all__ = ["GatewayActor", "GatewayTools", "StaleSessionError"]


class StaleSessionError(BusyError):
    """The client was of an incarnation that has ended, or has gone."""


class GatewayActor(AsyncioActor):
    """Owns the sessions and which channel has whom; hears commits, states and who comes and goes.

    One message at a time, so nobody joins within a commit. What a subscription begins with is read beside it,
    by the desk. An event channel never skips: a client that cannot keep up is closed and resumes. If the
    gateway fails, it closes all its clients; they come back to its successor and resume from the journal.
    """

    mailbox_limit = 65_536

    def __init__(self, tools: GatewayTools) -> None:
        super().__init__()
        self._tools = tools
        self._sessions: dict[Session, None] = {}
        self._closed: Counter[str] = Counter()
        self._frames = Frames(tools.epoch)
        self._roster = Roster()
        self._progress = Progress(tools.last_seq())
        self._fanout = Fanout(tools, self._roster, self._progress)
        self._desk = Desk(tools, self.actor_ref, self._progress, self._frames)
        self._beats = beats_of(tools.config.heartbeat_ms)

    def on_stop(self) -> None:
        shutdown = framed(SHUTDOWN)
        for session in list(self._sessions):
            session.write(shutdown)
        self._end(CloseCode.SHUTDOWN, "going away")

    def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002 - the runtime has logged all three
        exception_value: BaseException | None,  # noqa: ARG002 - likewise
        traceback: TracebackType | None,  # noqa: ARG002 - likewise
    ) -> None:
        self._end(CloseCode.INTERNAL, "the gateway failed: come back")

    async def on_receive(self, message: GatewayMessage) -> Ear | Entered | dict[str, Any] | None:
        match message:
            case Publish():
                await self._fanout.publish(message.batch)
            case StateChanged():
                await self._fanout.show(message.channel)
            case Opened():
                return self._open(message.session)
            case Subscribe():
                return await self._subscribe(message)
            case Unsubscribe():
                self._unsubscribe(message)
            case Gone():
                self._leave(message.session)
            case Beat():
                self._beat()
            case GatewayStatus():
                return self._status()
            case _:
                assert_never(message)
        return None

    def _open(self, session: Session) -> Ear:
        self._sessions[session] = None
        config = self._tools.config
        session.write(
            self._frames.hello(
                seq=self._progress.seq, heartbeat_ms=config.heartbeat_ms, max_channels=config.max_channels
            )
        )
        return self._desk

    async def _subscribe(self, message: Subscribe) -> Entered:
        session = message.session
        if session.closed or session not in self._sessions:
            raise StaleSessionError("this client is not ours")
        found = await self._tools.objects.resolve(message.names, watched=self._fanout.notices.__contains__)
        session.hold()
        states: dict[str, msgspec.Raw] = {}
        for name, channel in found.channels.items():
            if channel in STATE_CHANNELS:
                states[name] = self._fanout.shown.latest(channel)
            self._roster.join(session, named=name, channel=channel)
        for channel, policies in found.policies.items():
            self._fanout.notices.watch(channel, policies)
        return Entered(seq=self._progress.seq, states=states)

    def _unsubscribe(self, message: Unsubscribe) -> None:
        for name in message.names:
            subscription = message.session.subscriptions.get(name)
            if subscription is not None:
                self._drop(subscription)

    def _leave(self, session: Session) -> None:
        session.leave()
        self._sessions.pop(session, None)
        if session.code is not None:
            self._closed[str(int(session.code))] += 1
        for subscription in list(session.subscriptions.values()):
            self._drop(subscription)

    def _drop(self, subscription: Subscription) -> None:
        self._roster.leave(subscription)
        subscription.session.behind.pop(subscription.channel, None)
        if subscription.channel not in self._roster:
            self._fanout.notices.forget(subscription.channel)
            self._fanout.shown.forget(subscription.channel)

    def _beat(self) -> None:
        self._fanout.catch_up(session for session in self._sessions if session.behind)
        silent = [session for session in self._sessions if session.is_silent(self._beats)]
        if silent:
            frame = heartbeat(seq=self._progress.seq, at_ms=self._tools.clock.now_ms())
            for session in silent:
                session.write(frame)

    def _end(self, code: CloseCode, reason: str) -> None:
        self._progress.end()
        for session in list(self._sessions):
            session.close(code, reason)

    def _status(self) -> dict[str, Any]:
        return {
            "clients": len(self._sessions),
            "queued_bytes": sum(session.queued_bytes for session in self._sessions),
            "closed": dict(self._closed),
        }

"""The gateway's actor: who subscribes to what, and the fan-out of what happens."""

import asyncio
import hmac
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, assert_never

import msgspec
import structlog

from actors.gateway.objects import Objects
from actors.gateway.protocol import (
    PROTOCOL,
    STATE_CHANNELS,
    CloseCode,
    Frame,
    Op,
    TooManyChannelsError,
    UnauthorisedChannelError,
    check_channel,
    encode,
    id_of,
    read_op,
)
from actors.gateway.session import Session, Subscription
from actors.gateway.states import EVENT_NAMES, States, changed_channels
from actors.messages.gateway import (
    Beat,
    GatewayMessage,
    GatewayStatus,
    Gone,
    Opened,
    Publish,
    Said,
    StateChanged,
)
from actors.runtime import AsyncioActor
from actors.seams import Clock
from bithedge.config import Stream
from bithedge.domain.errors import DomainError
from bithedge.domain.events.base import Recorded
from bithedge.domain.policy.state import Policy
from bithedge.storage.channels import OPERATOR
from bithedge.storage.ports import Committed
from bithedge.storage.queries.events import missed
from bithedge.storage.reader import Reader
from bithedge.views.times import rfc3339

log = structlog.stdlib.get_logger()

SLICE: Final = 250
"""Sockets written to before the others on the loop have their turn."""
ERRORS_A_MINUTE: Final = 10
MINUTE_S: Final = 60.0


class GatewayTools(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway works with."""

    config: Stream
    epoch: str
    reader: Reader
    objects: Objects
    states: States
    clock: Clock
    operator_token: str
    last_seq: Callable[[], int]


class GatewayActor(AsyncioActor):
    """Owns the sessions and which channel has whom; hears commits, states and clients' frames.

    One message at a time, so a snapshot and the events after it meet without a seam: an event that a
    snapshot shows already is left out by its seq. An event channel never skips; a client that cannot keep
    up is closed and resumes. If the gateway fails, all clients reconnect and resume from the journal.
    """

    mailbox_limit = 65_536

    def __init__(self, tools: GatewayTools) -> None:
        super().__init__()
        self._tools = tools
        self._seq = tools.last_seq()
        self._sessions: dict[Session, list[float]] = {}
        self._subscribers: dict[str, dict[Session, Subscription]] = {}
        self._closed: Counter[str] = Counter()
        self._last_frame = 0.0

    def on_stop(self) -> None:
        for session in list(self._sessions):
            session.send({"type": "shutdown", "reconnect_after_ms": 1_000})
            session.close(CloseCode.SHUTDOWN, "going away")

    async def on_receive(self, message: GatewayMessage) -> dict[str, Any] | None:
        match message:
            case Publish():
                await self._publish(message.batch)
            case StateChanged():
                await self._change(message.channel)
            case Said():
                await self._hear(message.session, message.text)
            case Opened():
                self._open(message.session)
            case Gone():
                self._leave(message.session)
            case Beat():
                self._beat()
            case GatewayStatus():
                return self._status()
            case _:
                assert_never(message)
        return None

    # ------------------------------------------------------------ clients

    def _open(self, session: Session) -> None:
        self._sessions[session] = []
        session.send(
            {
                "type": "hello",
                "protocol": PROTOCOL,
                "epoch": self._tools.epoch,
                "seq": self._seq,
                "heartbeat_ms": self._tools.config.heartbeat_ms,
                "max_channels": self._tools.config.max_channels,
            }
        )

    def _leave(self, session: Session) -> None:
        session.closed = True
        self._sessions.pop(session, None)
        for subscription in list(session.subscriptions.values()):
            self._drop(session, subscription)

    def _drop(self, session: Session, subscription: Subscription) -> None:
        session.subscriptions.pop(subscription.named, None)
        subscribers = self._subscribers.get(subscription.channel)
        if subscribers is not None and subscribers.get(session) is subscription:
            del subscribers[session]
            if not subscribers:
                del self._subscribers[subscription.channel]

    async def _hear(self, session: Session, text: str) -> None:
        if session.closed:
            return
        try:
            await self._do(session, read_op(text))
        except DomainError as error:
            session.send({"type": "error", "id": id_of(text), "code": error.code, "message": error.message})
            self._count_error(session)

    def _count_error(self, session: Session) -> None:
        now = self._tools.clock.monotonic()
        errors = [at for at in self._sessions.get(session, []) if now - at < MINUTE_S] + [now]
        self._sessions[session] = errors
        if len(errors) >= ERRORS_A_MINUTE:
            self._close(session, CloseCode.PROTOCOL_ERRORS, "too many errors")

    def _close(self, session: Session, code: CloseCode, reason: str) -> None:
        self._closed[str(int(code))] += 1
        session.close(code, reason)
        log.info("gateway.client_closed", code=int(code), reason=reason)

    async def _do(self, session: Session, op: Op) -> None:
        match op.op:
            case "ping":
                session.send({"type": "pong", "id": op.id})
            case "auth":
                self._authenticate(session, op)
            case "unsubscribe":
                self._unsubscribe(session, op)
            case _:
                await self._subscribe(session, op)

    def _authenticate(self, session: Session, op: Op) -> None:
        if not hmac.compare_digest((op.token or "").encode(), self._tools.operator_token.encode()):
            self._close(session, CloseCode.WRONG_TOKEN, "wrong token")
            return
        session.authenticated = True
        session.send({"type": "authenticated", "id": op.id})

    def _unsubscribe(self, session: Session, op: Op) -> None:
        channels = [check_channel(channel) for channel in op.channels or ()]
        for channel in channels:
            subscription = session.subscriptions.get(channel)
            if subscription is not None:
                self._drop(session, subscription)
        session.send({"type": "unsubscribed", "id": op.id, "channels": channels})

    # ------------------------------------------------------------ subscribing

    async def _subscribe(self, session: Session, op: Op) -> None:
        named = list(dict.fromkeys(check_channel(channel) for channel in op.channels or ()))
        if OPERATOR in named and not session.authenticated:
            raise UnauthorisedChannelError("the operator channel wants auth first")
        if len({*session.subscriptions, *named}) > self._tools.config.max_channels:
            raise TooManyChannelsError(f"at most {self._tools.config.max_channels} channels on a connection")
        canonical = {name: await self._tools.objects.canonical(name) for name in named}
        events = {name: channel for name, channel in canonical.items() if channel not in STATE_CHANNELS}
        resumed = await self._resume(op, tuple(events.values()))
        session.send({"type": "subscribed", "id": op.id, "channels": named, "resumed": resumed is not None})
        for name, channel in canonical.items():
            if channel in STATE_CHANNELS:
                self._join(session, name, channel, after=0)
                self._send_state(session, name, channel)
            elif resumed is None:
                await self._send_snapshot(session, name, channel)
        if resumed is not None:
            upto, frames = resumed
            for name, channel in events.items():
                self._join(session, name, channel, after=upto)
            for channel, recorded, previous, data in frames:
                for name in (name for name, found in events.items() if found == channel):
                    session.send(self._event(name, recorded, previous, data))

    async def _resume(
        self, op: Op, channels: Sequence[str]
    ) -> tuple[int, list[tuple[str, Recorded, int, object]]] | None:
        """Return what was missed and up to which seq that is; None if snapshots must do."""
        since = op.since
        if since is None or since.epoch != self._tools.epoch or not 0 <= since.seq <= self._seq:
            return None
        upto, found = await self._tools.reader.read_at(missed, channels, since.seq)
        if found is None:
            return None
        frames: list[tuple[str, Recorded, int, object]] = []
        for one in found:
            policy = await self._tools.objects.policy_then(one.channel, one.recorded)
            data = await self._tools.objects.beside(one.channel, one.recorded, policy)
            frames.append((one.channel, one.recorded, one.previous, data))
        return upto, frames

    async def _send_snapshot(self, session: Session, name: str, channel: str) -> None:
        snapshot = await self._tools.objects.snapshot(channel)
        self._join(session, name, channel, after=snapshot.upto)
        session.send(
            {
                "type": "snapshot",
                "channel": name,
                "epoch": self._tools.epoch,
                "seq": snapshot.seq,
                "data": snapshot.data,
            }
        )

    def _send_state(self, session: Session, name: str, channel: str) -> None:
        session.send(
            {
                "type": "snapshot",
                "channel": name,
                "epoch": self._tools.epoch,
                "seq": self._seq,
                "data": self._tools.states.of(channel),
            }
        )

    def _join(self, session: Session, name: str, channel: str, *, after: int) -> None:
        before = session.subscriptions.get(name)
        if before is not None:
            self._drop(session, before)
        if session.closed:
            return
        subscription = Subscription(named=name, channel=channel, after=after)
        session.subscriptions[name] = subscription
        self._subscribers.setdefault(channel, {})[session] = subscription

    # ------------------------------------------------------------ fan-out

    async def _publish(self, batch: Iterable[Committed]) -> None:
        for one in batch:
            for channel, previous in one.channels:
                if channel in self._subscribers:
                    await self._fan_out(channel, one.recorded, previous, one.policy)
            if OPERATOR in self._subscribers:
                await self._fan_out(OPERATOR, one.recorded, one.recorded.seq - 1, one.policy)
            self._seq = max(self._seq, one.recorded.seq)

    async def _fan_out(self, channel: str, recorded: Recorded, previous: int, policy: Policy | None) -> None:
        data = await self._tools.objects.beside(channel, recorded, policy)
        encoded: dict[str, bytes] = {}
        for count, (session, subscription) in enumerate(list(self._subscribers.get(channel, {}).items()), 1):
            if recorded.seq > subscription.after:
                name = subscription.named
                if name not in encoded:
                    encoded[name] = encode(self._event(name, recorded, previous, data))
                session.write(encoded[name])
            if count % SLICE == 0:
                await asyncio.sleep(0)

    async def _change(self, changed: str) -> None:
        for channel in changed_channels(changed, self._tools.states.board):
            subscribers = self._subscribers.get(channel)
            if not subscribers:
                continue
            payload = encode(self._state(channel))
            for count, session in enumerate(list(subscribers), 1):
                self._write_state(session, channel, payload)
                if count % SLICE == 0:
                    await asyncio.sleep(0)

    def _write_state(self, session: Session, channel: str, payload: bytes) -> None:
        if session.is_slow:
            session.behind.add(channel)
        else:
            session.behind.discard(channel)
            session.write(payload)

    def _beat(self) -> None:
        at = rfc3339(self._tools.clock.now_ms())
        heartbeat = encode({"type": "heartbeat", "seq": self._seq, "at": at})
        for session in list(self._sessions):
            if session.closed:
                continue
            for channel in sorted(session.behind):
                self._write_state(session, channel, encode(self._state(channel)))
            session.write(heartbeat)

    def _event(self, name: str, recorded: Recorded, previous: int, data: object) -> Frame:
        return {
            "type": "event",
            "channel": name,
            "epoch": self._tools.epoch,
            "seq": recorded.seq,
            "prev": previous,
            "name": recorded.name,
            "at": rfc3339(recorded.at_ms),
            "data": data,
        }

    def _state(self, channel: str) -> Frame:
        return {
            "type": "event",
            "channel": channel,
            "epoch": self._tools.epoch,
            "seq": self._seq,
            "prev": self._seq,
            "name": EVENT_NAMES.get(channel, "TierChanged"),
            "at": rfc3339(self._tools.clock.now_ms()),
            "data": self._tools.states.of(channel),
        }

    def _status(self) -> dict[str, Any]:
        return {
            "clients": len(self._sessions),
            "queued_bytes": sum(session.connection.backlog() for session in self._sessions),
            "closed": dict(self._closed),
        }

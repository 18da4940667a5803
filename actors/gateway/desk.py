"""What clients ask for, done one after the other for each, many clients at a time."""

import hmac
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog
from pykka import ActorDeadError, ActorRef

from actors.gateway.beginnings import Beginning, Beginnings
from actors.gateway.connection import Prepared
from actors.gateway.frames import Frames, framed, subscribed
from actors.gateway.objects import UnavailableError
from actors.gateway.progress import GatewayEndedError, Progress
from actors.gateway.protocol import (
    STATE_CHANNELS,
    CloseCode,
    Op,
    OpError,
    Place,
    TooManyChannelsError,
    UnauthorisedOpError,
    check_channel,
    id_of,
    read_op,
)
from actors.gateway.session import Session, Subscription
from actors.gateway.tools import GatewayTools
from actors.messages.gateway import Entered, GatewayStatus, Subscribe, Unsubscribe
from actors.runtime import ask
from bithedge.domain.errors import DomainError
from bithedge.storage.channels import OPERATOR
from bithedge.storage.errors import StorageError
from bithedge.storage.queries.events import ChannelEvent
from bithedge.views.status import GatewayStatusView

log = structlog.stdlib.get_logger()

ASK_S: Final = 10.0
CHUNK: Final = 100
"""Missed events made into frames at a time."""
FAILURES: Final = (
    ActorDeadError,
    DomainError,
    GatewayEndedError,
    StorageError,
    TimeoutError,
    UnavailableError,
    sqlite3.Error,
)
"""What may come between an op and its answer; the client comes back with backoff."""


class Desk:
    """Serves the clients of one incarnation of the gateway, each from the task that reads its socket.

    Reading what a subscription begins with takes its time, so it is done here, while the gateway's actor
    goes on with the fan-out and each session holds back what its new channels must not overtake.
    """

    def __init__(
        self, tools: GatewayTools, gateway: ActorRef[Any], progress: Progress, frames: Frames
    ) -> None:
        self._tools = tools
        self._gateway = gateway
        self._progress = progress
        self._frames = frames
        self._beginnings = Beginnings(
            reader=tools.reader,
            objects=tools.objects,
            board=tools.states.board,
            progress=progress,
            frames=frames,
        )

    async def hear(self, session: Session, text: str) -> None:
        """Do what a client's text frame asks for; its next one may be handed over afterwards."""
        if session.closed:
            return
        try:
            await self._do(session, read_op(text))
        except OpError as error:
            session.write(
                framed({"type": "error", "id": id_of(text), "code": error.code, "message": error.message})
            )
            if session.count_error(self._tools.clock.monotonic()):
                session.close(CloseCode.PROTOCOL_ERRORS, "too many errors")
        except FAILURES as error:
            if not session.closed:
                log.warning("gateway.op_failed", error=repr(error))
                session.close(CloseCode.INTERNAL, "that failed: come back")
        except ValueError:
            if not session.closed:  # else the daemon stops, and the reader was closed under a beginning
                raise

    async def _do(self, session: Session, op: Op) -> None:
        match op.op:
            case "ping":
                session.write(framed({"type": "pong", "id": op.id}))
            case "auth":
                self._authenticate(session, op)
            case "unsubscribe":
                await self._unsubscribe(session, op)
            case _:
                await self._subscribe(session, op)

    def _authenticate(self, session: Session, op: Op) -> None:
        if not hmac.compare_digest((op.token or "").encode(), self._tools.operator_token.encode()):
            session.close(CloseCode.WRONG_TOKEN, "wrong token")
            return
        session.authenticated = True
        session.write(framed({"type": "authenticated", "id": op.id}))

    async def _unsubscribe(self, session: Session, op: Op) -> None:
        names = self._names(op)
        await ask(self._gateway, Unsubscribe(session=session, names=names), deadline=ASK_S)
        session.write(framed({"type": "unsubscribed", "id": op.id, "channels": names}))

    async def _subscribe(self, session: Session, op: Op) -> None:
        names = self._names(op)
        if OPERATOR in names and not session.authenticated:
            raise UnauthorisedOpError("the operator channel wants auth first")
        if len({*session.subscriptions, *names}) > self._tools.config.max_channels:
            raise TooManyChannelsError(f"at most {self._tools.config.max_channels} channels on a connection")
        entered = await ask(self._gateway, Subscribe(session=session, names=names), deadline=ASK_S)
        joined = [found for name in names if (found := session.subscriptions.get(name)) is not None]
        events = [subscription for subscription in joined if subscription.channel not in STATE_CHANNELS]
        since = op.since if op.since is not None and op.since.epoch == self._tools.epoch else None
        missed = None if since is None else await self._beginnings.missed(since, events)
        answer = subscribed(op.id, names, resumed=missed is not None)
        if since is None or missed is None:
            await self._begin(session, events, answer, names, entered)
        else:
            # Until what was missed has followed, no frame may say that more was sent than the client had.
            states = self._states(entered, seq=min(since.seq, entered.seq))
            await session.pace([answer, *states.values()])
            await self._resume(session, events, missed, since=since, entered=entered)
        await session.release()

    def _names(self, op: Op) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(check_channel(channel, self._tools.network) for channel in op.channels or ())
        )

    def _states(self, entered: Entered, *, seq: int) -> dict[str, Prepared]:
        return {
            name: self._frames.snapshot(name, seq=seq, data=data) for name, data in entered.states.items()
        }

    async def _resume(
        self,
        session: Session,
        events: Sequence[Subscription],
        missed: Sequence[ChannelEvent],
        *,
        since: Place,
        entered: Entered,
    ) -> None:
        """Send what a client missed up to where its events are held back from."""
        names: dict[str, list[str]] = {}
        for subscription in events:
            subscription.after = max(since.seq, entered.seq)
            names.setdefault(subscription.channel, []).append(subscription.named)
        before = [one for one in missed if one.recorded.seq <= entered.seq]
        for start in range(0, len(before), CHUNK):
            if session.closed:
                return
            await session.pace(await self._beginnings.events(before[start : start + CHUNK], names))

    async def _begin(
        self,
        session: Session,
        events: Sequence[Subscription],
        answer: Prepared,
        names: Sequence[str],
        entered: Entered,
    ) -> None:
        """Send snapshots, after those events of the client's other channels that are older."""
        made: dict[str, Beginning] = {}
        for subscription in events:
            made[subscription.named] = await self._beginning(subscription)
            subscription.after = made[subscription.named].upto
        upto = max((beginning.upto for beginning in made.values()), default=entered.seq)
        await self._progress.reach(upto)
        held = session.take_held(upto)
        # Where one of these channels went on while the next was read, its snapshot has to come before that.
        moved = any(due.subscription.named in made for due in held)
        frames = self._states(entered, seq=entered.seq)
        placed = [(due.seq, 0, due.frame) for due in held]
        for name in names:
            if name in made:
                frames[name] = self._frames.snapshot(name, seq=made[name].seq, data=made[name].data)
            if name in frames:
                placed.append((made[name].upto if moved and name in made else upto, 1, frames[name]))
        placed.sort(key=lambda one: one[:2])
        await session.pace([answer, *(frame for _, _, frame in placed)])

    async def _beginning(self, subscription: Subscription) -> Beginning:
        if subscription.channel != OPERATOR:
            return await self._beginnings.snapshot(subscription.channel)
        told = await ask(self._gateway, GatewayStatus(), deadline=ASK_S)
        return await self._beginnings.of_operator(
            self._tools.status, msgspec.convert(told, GatewayStatusView)
        )

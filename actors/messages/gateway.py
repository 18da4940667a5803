"""To the gateway."""

from typing import Any

from actors.gateway.session import Session
from actors.runtime.message import ControlMessage, Message
from bithedge.storage.ports import Committed


class Publish(ControlMessage[None], frozen=True, kw_only=True):
    """What was just committed, in order; it passes the mailbox's bound, for no event may be skipped."""

    batch: tuple[Committed, ...]


class StateChanged(Message[None], frozen=True, kw_only=True):
    """A state on the board was replaced."""

    channel: str


class Opened(Message[None], frozen=True, kw_only=True):
    """A client has connected."""

    session: Session


class Said(Message[None], frozen=True, kw_only=True):
    """A client sent a text frame."""

    session: Session
    text: str


class Gone(ControlMessage[None], frozen=True, kw_only=True):
    """A client has left."""

    session: Session


class Beat(Message[None], frozen=True, kw_only=True):
    """Time for heartbeats."""


class GatewayStatus(Message[dict[str, Any]], frozen=True, kw_only=True):
    """How many clients, how much is queued, who was closed and why."""


GatewayMessage = Publish | StateChanged | Opened | Said | Gone | Beat | GatewayStatus

"""To the gateway."""

from typing import Any, Protocol

import msgspec

from actors.gateway.session import Session
from actors.runtime.message import ControlMessage, Message
from bithedge.storage.ports import Committed


class Ear(Protocol):
    """Hears what clients say, for as long as the incarnation of the gateway lives that gave it."""

    async def hear(self, session: Session, text: str) -> None:
        """Do what a client's text frame asks for; its next one may be handed over afterwards."""
        ...


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """Channels were joined: events after `seq` are held back for them."""

    seq: int
    states: dict[str, msgspec.Raw]
    """What the state channels among them begin with."""


class Publish(ControlMessage[None], frozen=True, kw_only=True):
    """What was just committed, in order; it passes the mailbox's bound, for no event may be skipped."""

    batch: tuple[Committed, ...]


class StateChanged(Message[None], frozen=True, kw_only=True):
    """A state on the board was replaced."""

    channel: str


class Opened(Message[Ear], frozen=True, kw_only=True):
    """A client has connected; answered by who hears it."""

    session: Session


class Subscribe(Message[Entered], frozen=True, kw_only=True):
    """A client joins channels, whose beginnings are being read."""

    session: Session
    names: tuple[str, ...]


class Unsubscribe(Message[None], frozen=True, kw_only=True):
    """A client leaves channels."""

    session: Session
    names: tuple[str, ...]


class Gone(ControlMessage[None], frozen=True, kw_only=True):
    """A client has left."""

    session: Session


class Beat(Message[None], frozen=True, kw_only=True):
    """Time to look who has had no frame for a while, and who has fallen behind."""


class GatewayStatus(Message[dict[str, Any]], frozen=True, kw_only=True):
    """How many clients, how much is queued, who was closed and why."""


GatewayMessage = Publish | StateChanged | Opened | Subscribe | Unsubscribe | Gone | Beat | GatewayStatus

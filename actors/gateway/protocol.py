"""The gateway's wire: the ops that clients send, the frames that they get, the codes that close."""

import re
from enum import IntEnum
from typing import Final, Literal

import msgspec

from bithedge.domain.errors import DomainError, ValidationFailedError
from bithedge.domain.tiers import Tier
from bithedge.stacks.c32 import decode_address
from bithedge.stacks.errors import AddressError

PROTOCOL: Final = 1
STATE_CHANNELS: Final = frozenset({"oracle", "pool", "tiers", *(f"tier:{tier.value}" for tier in Tier)})
PLAIN_CHANNELS: Final = frozenset({"blocks", "policies", "transactions", "alerts", "operator"})
_POLICY_ID: Final = re.compile(r"q_[0-9a-f]{32}|[1-9][0-9]{0,15}")


class CloseCode(IntEnum):
    """Why a connection ends, and with it what the client does next."""

    SHUTDOWN = 1001
    INTERNAL = 1011
    SLOW_CONSUMER = 4000
    PROTOCOL_ERRORS = 4001
    TOO_MANY_MESSAGES = 4002
    WRONG_TOKEN = 4003
    TOO_MANY_CHANNELS = 4004


class UnknownOpError(DomainError):
    """No such op."""

    code = "unknown_op"


class UnknownChannelError(DomainError):
    """No such channel."""

    code = "unknown_channel"


class TooManyChannelsError(DomainError):
    """More channels than one connection may have."""

    code = "too_many_channels"


class UnauthorisedChannelError(DomainError):
    """The channel wants a token."""

    code = "unauthorised"


class MalformedOpError(DomainError):
    """Not JSON."""

    code = "malformed_json"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a client stood last."""

    epoch: str
    seq: int


class Op(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any op; which fields belong to which is checked apart."""

    op: str
    id: int
    channels: tuple[str, ...] | None = None
    since: Place | None = None
    token: str | None = None


_FIELDS: Final = {
    "subscribe": {"channels"},
    "unsubscribe": {"channels"},
    "ping": set[str](),
    "auth": {"token"},
}


def read_op(text: str) -> Op:
    """Return a client's op.

    Raises:
        MalformedOpError: it is no JSON.
        UnknownOpError: JSON, but no op of ours.
        ValidationFailedError: an op with fields missing, too many or of a wrong type.
    """
    try:
        raw: object = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise MalformedOpError(f"not JSON: {error}") from error
    name = _name_of(text)
    if name not in _FIELDS:
        raise UnknownOpError(f"unknown op {str(name)[:40]!r}: subscribe, unsubscribe, ping or auth")
    try:
        op = msgspec.convert(raw, Op, strict=True)
    except msgspec.ValidationError as error:
        raise ValidationFailedError(str(error), field="op") from error
    given = {key for key in ("channels", "token") if getattr(op, key) is not None}
    if given != _FIELDS[name] or (op.since is not None and name != "subscribe"):
        wanted = ", ".join(sorted(_FIELDS[name])) or "nothing else"
        raise ValidationFailedError(f"{name} takes id and {wanted}", field="op")
    return op


class _Named(msgspec.Struct, frozen=True):
    # What can be made out of an op that is otherwise wrong.
    op: str | None = None
    id: int | None = None


def id_of(text: str) -> int | None:
    """Return the id of an op that could not be read as a whole, if it can be made out."""
    try:
        return msgspec.json.decode(text, type=_Named).id
    except msgspec.DecodeError:
        return None


def _name_of(text: str) -> str | None:
    try:
        return msgspec.json.decode(text, type=_Named).op
    except msgspec.ValidationError:
        return None


def check_channel(channel: str) -> str:
    """Return a channel that may be subscribed to; a policy's may name its number.

    Raises:
        UnknownChannelError: there is none of that name.
    """
    if channel in STATE_CHANNELS or channel in PLAIN_CHANNELS:
        return channel
    kind, _, name = channel.partition(":")
    if kind == "policy" and _POLICY_ID.fullmatch(name) is not None:
        return channel
    if kind in ("owner", "provider") and _is_address(name):
        return channel
    raise UnknownChannelError(f"unknown channel {channel[:80]!r}", field="channels")


def _is_address(text: str) -> bool:
    try:
        decode_address(text)
    except AddressError:
        return False
    return True


Frame = dict[str, object]
FrameType = Literal["hello", "subscribed", "snapshot", "event"]


def encode(frame: Frame) -> bytes:
    """Return a frame's JSON."""
    return msgspec.json.encode(frame)

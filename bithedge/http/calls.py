"""What a handler gets and gives: a request whose shape is sound, an answer that is ready to be sent."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Generic, TypeVar

import msgspec

from actors.system import System
from bithedge.storage.ports import Answer, Committed
from bithedge.storage.queries.paging import Page
from bithedge.views.base import ListView, View
from bithedge.views.context import ViewContext

Q = TypeVar("Q", bound=msgspec.Struct)
B = TypeVar("B", bound=msgspec.Struct)
T = TypeVar("T")

JSON: Final = "application/json"
SEQ_HEADER: Final = "BitHedge-Seq"

_encoder = msgspec.json.Encoder()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer below 400, byte for byte."""

    status: int = 200
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What an `Idempotency-Key` stands for: one request, known by method, path and key, and what it said."""

    name: str
    body_hash: bytes


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No parameters, or an empty body."""


class Call(msgspec.Struct, Generic[Q, B], frozen=True, kw_only=True):
    """One request, its shape checked."""

    system: System
    path: Mapping[str, str]
    query: Q
    body: B
    context: ViewContext
    """The price and the tip at its beginning: all that is shown in its answer is of that moment."""
    serving_since: float
    """When the server was made, in monotonic seconds."""
    scope: Scope | None = None
    """None without a key."""

    @property
    def now_ms(self) -> int:
        """When it came."""
        return self.context.now_ms

    def keep(self, reply: Reply) -> Answer | None:
        """Return the reply as it is to be kept; None without a key."""
        if self.scope is None:
            return None
        return Answer(
            scope=self.scope.name,
            body_hash=self.scope.body_hash,
            status=reply.status,
            headers=(("Content-Type", reply.content_type), *reply.headers),
            body=reply.body,
            at_ms=self.now_ms,
        )

    async def kept(self, reply: Reply) -> Reply:
        """Keep the reply of a command that no actor commits anything for, and return it."""
        if self.scope is not None:
            answer = self.keep(reply)

            def keep(_committed: tuple[Committed, ...]) -> Answer | None:
                return answer

            await self.system.journal.append([], keep=keep)
        return reply


Handler = Callable[[Call[Q, B]], Awaitable[Reply]]


def json_reply(
    content: View | msgspec.Struct, *, status: int = 200, seq: int | None = None, location: str | None = None
) -> Reply:
    """Return a view as JSON; `seq` says up to which journal event it is true."""
    headers: list[tuple[str, str]] = []
    if location is not None:
        headers.append(("Location", location))
    if seq is not None:
        headers.append((SEQ_HEADER, str(seq)))
    return Reply(status=status, body=_encoder.encode(content), headers=tuple(headers))


def list_reply(page: Page[T], show: Callable[[T], View], *, seq: int | None = None) -> Reply:
    """Return a page of a list as JSON, each item as `show` makes it."""
    items = tuple(show(item) for item in page.items)
    return json_reply(ListView(items=items, next_cursor=page.next_cursor), seq=seq)


def body_hash(tree: object) -> bytes:
    """Return the hash by which bodies are compared: of the JSON value, however it was written."""
    return hashlib.sha256(msgspec.json.encode(tree, order="deterministic")).digest()

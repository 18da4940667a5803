"""What the actors ask of the journal: one append is one commit, and effects come after it."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from bithedge.domain.events.base import ChainRef, Event, Recorded
from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import Address, Hex, OperationId, QuoteId, Txid
from bithedge.domain.money import Height, UsdE8, Ustx
from bithedge.domain.policy.state import Policy


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Events for one stream; `expected` is the version they were decided on, None for a fact."""

    stream: str
    events: tuple[Event, ...]
    expected: int | None = None
    chain: ChainRef | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The kept 2xx answer of a command: given again byte for byte for 24 h."""

    scope: str
    """Method, path and key."""
    body_hash: bytes
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at_ms: int


Keep = Callable[[tuple["Committed", ...]], "Answer | None"]
"""Makes the kept answer from what was committed; called inside the transaction, so it must be pure."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One signed transaction: nonce, fee and bytes are stored before anything is sent."""

    txid: Txid
    raw: bytes
    address: Address
    nonce: int
    fee: Ustx
    operation_id: OperationId | None = None
    """None for a relayed one."""


class Revert(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that blocks above `fork_height` brought is undone in this commit, before its changes."""

    fork_height: int


class Attested(msgspec.Struct, frozen=True, kw_only=True):
    """What an attestor said to one question, for ever."""

    question: str
    """`height:<n>` for a public price, `reading:<quote id>:<id>` for a reading."""
    price: UsdE8
    height: Height
    public_key: Hex
    signature: Hex


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """A journalled event with what it left behind, for those who are told of it."""

    recorded: Recorded
    policy: Policy | None = None
    """The policy after it, where the event concerns one."""
    channels: tuple[tuple[str, int], ...] = ()
    """Each event channel it belongs to, with the channel's event before it (0: none)."""


class Journal(Protocol):
    """The one writer. Raises `StorageError` or `VersionConflictError`; then nothing was changed."""

    async def append(
        self,
        changes: Sequence[Change],
        *,
        intents: Sequence[Intent] = (),
        attempts: Sequence[Attempt] = (),
        keep: Keep | None = None,
        used_message: Hex | None = None,
        revert: Revert | None = None,
        at_ms: int | None = None,
    ) -> tuple[Committed, ...]:
        """Commit all of it or nothing; return the events with their places, in order.

        `at_ms` is the time that its events were folded with already; without it they get that of the commit.
        """
        ...

    def subscribe(self, listener: Callable[[tuple[Committed, ...]], None]) -> None:
        """Tell `listener` of every commit, in order, on the loop's thread, after it is durable."""
        ...

    async def attest(self, answers: Sequence[Attested]) -> tuple[Attested, ...]:
        """Store each answer unless its question was answered before; return what stands."""
        ...


def policy_stream(quote_id: QuoteId) -> str:
    """Return the stream of a policy."""
    return f"policy:{quote_id}"

"""What channels carry: the objects as HTTP shows them, whole for snapshots, one beside its event."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from actors.board import Board
from actors.messages.pool import GetPortfolio
from actors.runtime import Address as ActorAddress
from bithedge.domain.errors import UnknownProviderError
from bithedge.domain.events.base import Recorded
from bithedge.domain.events.chain import BlockFollowed
from bithedge.domain.events.transactions import TransactionEvent
from bithedge.domain.ids import Address, PolicyNumber, QuoteId
from bithedge.domain.policy.state import LIVE, Policy, Status
from bithedge.storage.channels import policy_channel
from bithedge.storage.projections.policies import Head
from bithedge.storage.queries import chain as chain_queries
from bithedge.storage.queries.events import last_of_channels
from bithedge.storage.queries.policies import (
    PolicyFilters,
    last_changed,
    policies_page,
    policy_as_of,
    policy_of_number,
    policy_of_quote,
)
from bithedge.storage.queries.transactions import TransactionFilters, transaction, transactions_page
from bithedge.storage.reader import Reader
from bithedge.views.alerts import alert_view
from bithedge.views.chain import BlockView, block_view
from bithedge.views.context import ViewContext
from bithedge.views.events import event_data
from bithedge.views.policies import policy_view
from bithedge.views.providers import ProviderView, provider_view
from bithedge.views.transactions import TransactionView, transaction_view

T = TypeVar("T")

ASK_DEADLINE_S = 5.0
MOST_CHANGED = 100
MOST_OPEN = 200
OPEN_STATUSES = (Status.PENDING_CONFIRMATION, *sorted(LIVE))


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as it stands: true up to `upto`, its last event being `seq`."""

    seq: int
    upto: int
    data: object


class _Read(NamedTuple, Generic[T]):
    # Up to which seq it is true, the channel's last event in it, and what was found.
    upto: int
    seq: int
    found: T


class Objects(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway finds what it shows."""

    reader: Reader
    board: Board
    pool: ActorAddress
    context: Callable[[], ViewContext]

    async def canonical(self, channel: str) -> str:
        """Return the journal's name of a channel: a policy's number stands for its quote id.

        A policy that does not exist yet keeps the name it was asked for by.
        """
        kind, _, name = channel.partition(":")
        if kind == "policy" and name.isdigit():
            head = await self.reader.read(policy_of_number, PolicyNumber(int(name)))
            return channel if head is None else policy_channel(head.policy.quote_id)
        return channel

    async def snapshot(self, channel: str) -> Snapshot:
        """Return what an event channel begins with."""
        kind, _, name = channel.partition(":")
        match kind:
            case "policy":
                return await self._policy(channel, QuoteId(name))
            case "policies":
                return await self._policies(channel, lambda db: last_changed(db, MOST_CHANGED))
            case "owner":
                filters = PolicyFilters(owner=Address(name), statuses=OPEN_STATUSES)
                return await self._policies(channel, lambda db: _open_of(db, filters))
            case "provider":
                at = await self._at(channel, lambda _db: None)
                return Snapshot(seq=at.seq, upto=at.upto, data=await self._portfolio(Address(name)))
            case "transactions":
                return await self._transactions(channel)
            case "blocks":
                return await self._tip(channel)
            case "alerts":
                return await self._alerts(channel)
            case _:
                at = await self._at(channel, lambda _db: None)
                return Snapshot(seq=at.seq, upto=at.upto, data=None)

    async def _at(self, channel: str, query: Callable[[sqlite3.Connection], T]) -> "_Read[T]":
        def read(db: sqlite3.Connection) -> tuple[int, T]:
            return last_of_channels(db, (channel,))[channel], query(db)

        upto, (seq, found) = await self.reader.read_at(read)
        return _Read(upto, seq, found)

    async def _policy(self, channel: str, quote_id: QuoteId) -> Snapshot:
        at = await self._at(channel, lambda db: policy_of_quote(db, quote_id))
        data = None if at.found is None else policy_view(at.found.policy, self.context())
        return Snapshot(seq=at.seq, upto=at.upto, data=data)

    async def _policies(
        self, channel: str, query: Callable[[sqlite3.Connection], Sequence[Head]]
    ) -> Snapshot:
        at = await self._at(channel, query)
        context = self.context()
        items = [policy_view(head.policy, context) for head in at.found]
        return Snapshot(seq=at.seq, upto=at.upto, data={"items": items})

    async def _transactions(self, channel: str) -> Snapshot:
        waiting = TransactionFilters(statuses=("pending",))
        at = await self._at(channel, lambda db: transactions_page(db, waiting, limit=MOST_OPEN).items)
        context = self.context()
        items = [transaction_view(one, context) for one in at.found]
        return Snapshot(seq=at.seq, upto=at.upto, data={"items": items})

    async def _tip(self, channel: str) -> Snapshot:
        at = await self._at(channel, chain_queries.tip)
        data = None if at.found is None else block_view(at.found, self.context())
        return Snapshot(seq=at.seq, upto=at.upto, data=data)

    async def _alerts(self, channel: str) -> Snapshot:
        at = await self._at(channel, chain_queries.open_alerts)
        items = [alert_view(one) for one in at.found if one.public]
        return Snapshot(seq=at.seq, upto=at.upto, data={"items": items})

    async def beside(self, channel: str, recorded: Recorded, policy: Policy | None) -> dict[str, object]:
        """Return an event's `data` on a channel: the object after it, and its own fields."""
        own = event_data(recorded.event)
        kind, _, name = channel.partition(":")
        match kind:
            case "policy" | "policies" | "owner":
                return {"policy": None if policy is None else policy_view(policy, self.context()), **own}
            case "provider":
                return {"provider": await self._portfolio(Address(name)), **own}
            case "transactions":
                return {"transaction": await self._transaction(recorded), **own}
            case "blocks":
                return {"block": await self._block(recorded), **own}
            case _:
                return own

    async def policy_then(self, channel: str, recorded: Recorded) -> Policy | None:
        """Return a resumed event's policy as it was after it; None on channels that show none."""
        kind, _, name = channel.partition(":")
        if kind not in ("policy", "policies", "owner"):
            return None
        quote_id = name if kind == "policy" else recorded.stream.removeprefix("policy:")
        return await self.reader.read(policy_as_of, QuoteId(quote_id), recorded.seq)

    async def _portfolio(self, address: Address) -> ProviderView | None:
        try:
            found = await self.pool.ask(GetPortfolio(address=address), deadline=ASK_DEADLINE_S)
        except UnknownProviderError:
            return None
        return provider_view(found)

    async def _transaction(self, recorded: Recorded) -> TransactionView | None:
        event = recorded.event
        if not isinstance(event, TransactionEvent):
            return None
        found = await self.reader.read(transaction, event.txid)
        return None if found is None else transaction_view(found, self.context())

    async def _block(self, recorded: Recorded) -> BlockView | None:
        event = recorded.event
        if isinstance(event, BlockFollowed):
            found = await self.reader.read(chain_queries.block, event.hash)
        else:
            found = await self.reader.read(chain_queries.tip)
        return None if found is None else block_view(found, self.context())


def _open_of(db: sqlite3.Connection, filters: PolicyFilters) -> Sequence[Head]:
    return policies_page(db, filters, limit=MOST_OPEN).items

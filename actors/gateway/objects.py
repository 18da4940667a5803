"""What event channels carry: the objects as HTTP shows them, whole for snapshots, one beside its event."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace
from pykka import ActorDeadError

from actors.board import Board
from actors.gateway.protocol import number_of
from actors.messages.pool import GetPortfolio
from actors.runtime import Address as ActorAddress
from bithedge.domain.errors import DomainError, UnknownProviderError
from bithedge.domain.events.base import Recorded
from bithedge.domain.events.chain import BlockFollowed, ChainReorganised
from bithedge.domain.events.transactions import TransactionEvent
from bithedge.domain.ids import Address, PolicyNumber, QuoteId
from bithedge.domain.policy.state import LIVE, Policy, Status
from bithedge.storage.channels import policy_channel
from bithedge.storage.queries import chain as chain_queries
from bithedge.storage.queries.events import ChannelEvent, last_of_channels
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

ASK_DEADLINE_S = 2.0
MOST_CHANGED = 100
MOST_OPEN = 500
"""Of one owner, or in flight: a frame stays below the mebibyte that clients take by default."""
PORTFOLIO_TRIES = 5
OPEN_STATUSES = (Status.PENDING_CONFIRMATION, *sorted(LIVE))


class UnavailableError(Exception):
    """What a channel carries cannot be told now; whoever wants it has to come again."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as it stands: true up to `upto`, its last event being `seq`."""

    seq: int
    upto: int
    data: object


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """The journal's channels by the names that were asked for, and the active policies of some."""

    channels: dict[str, str]
    policies: dict[str, tuple[Policy, ...]]


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

    async def resolve(self, names: Sequence[str], *, watched: Callable[[str], bool]) -> Resolved:
        """Return the channels behind names: a policy's number stands for its quote id.

        A policy that does not exist yet keeps the name it was asked for by. With `policy:` and `owner:`
        channels that are not `watched` come their active policies.
        """
        if not any(name.startswith(("policy:", "owner:")) for name in names):
            return Resolved(channels=dict(zip(names, names, strict=True)), policies={})

        def read(db: sqlite3.Connection) -> Resolved:
            channels = {name: _canonical(db, name) for name in names}
            policies = {
                channel: _active_of(db, channel)
                for channel in dict.fromkeys(channels.values())
                if channel.startswith(("policy:", "owner:")) and not watched(channel)
            }
            return Resolved(channels=channels, policies=policies)

        return await self.reader.read(read)

    async def snapshot(self, channel: str) -> Snapshot:
        """Return what an event channel begins with.

        Raises:
            UnavailableError: the pool does not answer.
        """
        kind, _, name = channel.partition(":")
        match kind:
            case "policy":
                return await self._policy(channel)
            case "policies":
                return await self._policies(
                    channel, lambda db: [head.policy for head in last_changed(db, MOST_CHANGED)]
                )
            case "owner":
                return await self._policies(channel, lambda db: _of_owner(db, name, OPEN_STATUSES))
            case "provider":
                return await self._provider(channel, Address(name))
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

    async def _policy(self, channel: str) -> Snapshot:
        def read(db: sqlite3.Connection) -> tuple[int, Policy | None]:
            known = _canonical(db, channel)
            return last_of_channels(db, (known,))[known], _policy_of(db, known)

        upto, (seq, policy) = await self.reader.read_at(read)
        data = None if policy is None else policy_view(policy, self.context())
        return Snapshot(seq=seq, upto=upto, data=data)

    async def _policies(
        self, channel: str, query: Callable[[sqlite3.Connection], Sequence[Policy]]
    ) -> Snapshot:
        at = await self._at(channel, query)
        context = self.context()
        items = [policy_view(policy, context) for policy in at.found]
        return Snapshot(seq=at.seq, upto=at.upto, data={"items": items})

    async def _provider(self, channel: str, address: Address) -> Snapshot:
        # The books live in the pool, the channel's last event in the journal: they go together if no event
        # came while the pool was asked. If one always does, it is sent after a portfolio that shows it.
        at = await self._at(channel, lambda _db: None)
        portfolio = await self.portfolio(address)
        for _ in range(PORTFOLIO_TRIES):
            then = await self._at(channel, lambda _db: None)
            if then.seq == at.seq:
                break
            at, portfolio = then, await self.portfolio(address)
        return Snapshot(seq=at.seq, upto=at.upto, data=portfolio)

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

    async def beside(
        self,
        channel: str,
        recorded: Recorded,
        policy: Policy | None,
        portfolios: dict[str, ProviderView | None],
    ) -> dict[str, object]:
        """Return an event's `data` on a channel: the object after it, and its own fields.

        Args:
            channel: as the journal knows it.
            recorded: the event.
            policy: as the event left it, where it concerns one alone.
            portfolios: those that were asked for before, on behalf of the same commits; it is added to.

        Raises:
            UnavailableError: the pool does not answer.
        """
        own = event_data(recorded.event)
        kind, _, name = channel.partition(":")
        match kind:
            case "policy" | "policies" | "owner":
                if policy is None and kind == "policy":
                    policy = await self.reader.read(policy_as_of, QuoteId(name), recorded.seq)
                context = self._context_after(recorded)
                return {"policy": None if policy is None else policy_view(policy, context), **own}
            case "provider":
                if name not in portfolios:
                    portfolios[name] = await self.portfolio(Address(name))
                return {"provider": portfolios[name], **own}
            case "transactions":
                return {"transaction": await self._transaction(recorded), **own}
            case "blocks":
                return {"block": await self._block(recorded), **own}
            case _:
                return own

    async def policies_then(self, events: Sequence[ChannelEvent]) -> list[Policy | None]:
        """Return the policy of each event as it was after it; None where the channel shows none."""

        def read(db: sqlite3.Connection) -> list[Policy | None]:
            return [_policy_then(db, one.channel, one.recorded) for one in events]

        return await self.reader.read(read)

    async def portfolio(self, address: Address) -> ProviderView | None:
        """Return what a provider has, None if it never provided.

        Raises:
            UnavailableError: the pool does not answer.
        """
        try:
            found = await self.pool.ask(GetPortfolio(address=address), deadline=ASK_DEADLINE_S)
        except UnknownProviderError:
            return None
        except (DomainError, TimeoutError, ActorDeadError) as error:
            raise UnavailableError(f"the pool does not answer: {error!r}") from error
        return provider_view(found)

    async def _transaction(self, recorded: Recorded) -> TransactionView | None:
        event = recorded.event
        if not isinstance(event, TransactionEvent):
            return None
        found = await self.reader.read(transaction, event.txid)
        return None if found is None else transaction_view(found, self._context_after(recorded))

    def _context_after(self, recorded: Recorded) -> ViewContext:
        # A block's facts are told in the moment of their commit, its height is on the board only after it.
        context, chain = self.context(), recorded.chain
        tip = context.tip
        if tip is None or chain is None or chain.block_height <= tip.block_height:
            return context
        ahead = replace(
            tip, block_height=chain.block_height, burn_height=chain.burn_height, hash=chain.block_hash
        )
        return replace(context, tip=ahead)

    async def _block(self, recorded: Recorded) -> BlockView | None:
        match recorded.event:
            case BlockFollowed(hash=block_hash):
                found = await self.reader.read(chain_queries.block, block_hash)
            case ChainReorganised(
                fork_height=fork_height
            ):  # what is the tip until the new branch is followed
                found = await self.reader.read(chain_queries.canonical_block, fork_height)
            case _:
                found = None
        return None if found is None else block_view(found, self.context())


def _canonical(db: sqlite3.Connection, channel: str) -> str:
    number = number_of(channel)
    head = None if number is None else policy_of_number(db, PolicyNumber(number))
    return channel if head is None else policy_channel(head.policy.quote_id)


def _policy_of(db: sqlite3.Connection, channel: str) -> Policy | None:
    head = policy_of_quote(db, QuoteId(channel.removeprefix("policy:")))
    return None if head is None else head.policy


def _of_owner(db: sqlite3.Connection, owner: str, statuses: tuple[Status, ...]) -> list[Policy]:
    filters = PolicyFilters(owner=Address(owner), statuses=statuses)
    return [head.policy for head in policies_page(db, filters, limit=MOST_OPEN).items]


def _active_of(db: sqlite3.Connection, channel: str) -> tuple[Policy, ...]:
    kind, _, name = channel.partition(":")
    if kind == "owner":
        return tuple(_of_owner(db, name, (Status.ACTIVE,)))
    policy = _policy_of(db, channel)
    return () if policy is None else (policy,)


def _policy_then(db: sqlite3.Connection, channel: str, recorded: Recorded) -> Policy | None:
    kind, _, name = channel.partition(":")
    if kind not in ("policy", "policies", "owner"):
        return None
    quote_id = name if kind == "policy" else recorded.stream.removeprefix("policy:")
    return policy_as_of(db, QuoteId(quote_id), recorded.seq)

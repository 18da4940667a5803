"""A journal on a real file with the core actors on it; what lies outside them is written down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

from pykka import ActorRef

from actors.board import Board
from actors.directory import PolicyDirectory
from actors.messages.oracle import ReadingWanted
from actors.messages.policies import Activate
from actors.policy import PolicyActor, PolicyTools
from actors.runtime import ask, idle, stop
from bithedge.domain.events.base import ChainRef, Event
from bithedge.domain.events.chain import BlockFollowed
from bithedge.domain.events.policy import PolicyCreated, QuoteIssued
from bithedge.domain.events.pool import PoolPaused
from bithedge.domain.events.transactions import (
    Intent,
    TransactionAborted,
    TransactionPrepared,
    TransactionSent,
)
from bithedge.domain.ids import quote_id
from bithedge.domain.market import Market, Tip
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Policy
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.domain.volatility import Variances
from bithedge.oracle.attestor import Attestor
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.signing import PriceSigner
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.storage.connections import LocalConnection, open_reader, open_writer
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Change
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.queries.transactions import queued_intents
from bithedge.storage.reader import Reader

DEPLOYER = PrivateKey(bytes(31) + b"\x01").address(Network.DEVNET)
DEPLOYMENT = Deployment(
    network=Network.DEVNET,
    deployer=DEPLOYER,
    sbtc_token="ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",  # noqa: S106 - an asset's id
)
ATTESTOR_KEY = PrivateKey(bytes(31) + b"\x07")
OWNER = PrivateKey(bytes(31) + b"\x09").address(Network.DEVNET)
START_MS = 1_700_000_000_000
START = 1_000
EXPIRY = 1_200
MAX_AGE = 2


def usd(dollars: int) -> int:
    return dollars * 100_000_000


def a_quote(number: int) -> str:
    return quote_id(number.to_bytes(16, "big"))


def a_command(number: int) -> str:
    return "0x" + number.to_bytes(16, "big").hex()


def a_put(number: int, **changed: Any) -> Terms:
    """Strike 60,000, floor 40,000."""
    given: dict[str, Any] = {
        "quote_id": a_quote(number),
        "owner": OWNER,
        "kind": Kind.PUT,
        "strike": usd(60_000),
        "amount": 10_000_000,
        "max_payout": 5_000_000,
        "premium": 300_000,
        "fee": 15_000,
        "tier": Tier.BALANCED,
        "expiry": EXPIRY,
        "valid_until": 1_010,
        "valid_until_s": 2_000_000_000,
    }
    return Terms(**(given | changed))


def a_capped_call(number: int, **changed: Any) -> Terms:
    """Strike 60,000, ceiling 120,000."""
    return a_put(number, kind=Kind.CALL, **changed)


def issued(terms: Terms) -> QuoteIssued:
    return QuoteIssued(
        terms=terms,
        spot=usd(65_000),
        volatility=0.6,
        price=usd(65_000),
        price_height=START,
        quote_signatures=("0xaa",),
        reading_signatures=("0xbb",),
    )


def created(terms: Terms, number: int, start: int = START) -> PolicyCreated:
    return PolicyCreated(policy_id=number, terms=terms, price=usd(65_000), price_height=start, start=start)


def an_exercise(
    *, owner: str = OWNER, spot: int = usd(50_000), min_payout: int | None = None, command: str = a_command(5)
) -> Activate:
    """An owner's signed exercise, its signature already checked."""
    return Activate(
        command_id=command,
        address=owner,
        min_payout=min_payout,
        valid_until_s=START_MS // 1_000 + 300,
        signature="0x" + "00" * 65,
        height=START + 1,
        spot=spot,
        now_s=START_MS // 1_000,
        keep=lambda _committed: None,
    )


class Clock:
    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000


class Ids:
    def __init__(self) -> None:
        self.made = 0

    def bytes16(self) -> bytes:
        self.made += 1
        return (2**100 + self.made).to_bytes(16, "big")


class CoreWorld:
    """`follow` and `sign` do the follower's and the oracle's part where a test has none of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.board = Board()
        self.clock = Clock()
        self.ids = Ids()
        self.paused = False
        self.wanted: list[ReadingWanted] = []
        self.woken = 0
        self.block = 0
        self.height = START
        self.tasks: list[asyncio.Task[Any]] = []
        self.refs: list[ActorRef[Any]] = []
        self.directories: list[PolicyDirectory] = []
        self.journal: SqliteJournal
        self.reader: Reader

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self.tasks.append(task)
        return task

    async def open(self) -> None:
        self.journal = await SqliteJournal.open(
            LocalConnection(open_writer(self.path)), epoch="e1", now_ms=self.clock.now_ms, spawn=self.spawn
        )
        self.reader = Reader(LocalConnection(open_reader(self.path)))

    async def close(self) -> None:
        live = [ref for directory in self.directories for ref in directory._live.values()]
        for ref in (*self.refs, *live):
            if ref.is_alive():
                await stop(ref, deadline=2)
        await self.reader.close()
        await self.journal.close()

    # ------------------------------------------------------------ actors

    @property
    def tools(self) -> PolicyTools:
        return PolicyTools(
            journal=self.journal,
            reader=self.reader,
            deployment=DEPLOYMENT,
            ids=self.ids,
            clock=self.clock,
            want_reading=self.wanted.append,
            intents_committed=self.wake,
            settlements_paused=lambda: self.paused,
            max_age=MAX_AGE,
        )

    def wake(self) -> None:
        self.woken += 1

    def policy(self, number: int = 1) -> ActorRef[PolicyActor]:
        """Revive a policy that no directory knows: it hears of nothing that others journal."""
        ref = PolicyActor.start(a_quote(number), self.tools)
        self.refs.append(ref)
        return ref

    def directory(self, **given: Any) -> PolicyDirectory:
        """Make a directory that hears every commit."""
        directory = PolicyDirectory(self.tools, **given)
        self.directories.append(directory)
        self.journal.subscribe(directory.committed)
        return directory

    async def tell(self, ref: ActorRef[Any], message: Any) -> None:
        """Send a message and wait until it is done with."""
        ref.tell(message)
        await self.quiet(ref)

    async def quiet(self, *refs: ActorRef[Any]) -> None:
        """Wait until nobody has anything to do."""
        while not all(idle(ref) for ref in (*refs, *self.live())):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0)

    def live(self) -> list[ActorRef[Any]]:
        return [ref for directory in self.directories for ref in directory._live.values() if ref.is_alive()]

    async def ask(self, ref: ActorRef[Any], message: Any) -> Any:
        return await ask(ref, message, deadline=5)

    # ------------------------------------------------------------ what has happened

    async def append(self, stream: str, *events: Event, chain: ChainRef | None = None) -> None:
        await self.journal.append([Change(stream=stream, events=events, chain=chain)])

    def ref(self, txid: str | None = None) -> ChainRef:
        return ChainRef(
            block_height=self.block, block_hash=f"0x{self.block:064x}", burn_height=self.height, txid=txid
        )

    async def follow(self, height: int, *facts: tuple[str, Event]) -> None:
        """Journal a block at a burn height with some facts."""
        self.block += 1
        self.height = height
        chain = self.ref()
        followed = BlockFollowed(
            block_height=self.block,
            burn_height=height,
            hash=chain.block_hash,
            parent_hash=f"0x{self.block - 1:064x}",
            block_at_ms=self.clock.ms,
            transactions=len(facts),
        )
        changes = [Change(stream=stream, events=(event,), chain=chain) for stream, event in facts]
        await self.journal.append([*changes, Change(stream="chain", events=(followed,), chain=chain)])
        self.board.post_tip(
            Tip(
                block_height=self.block,
                burn_height=height,
                hash=chain.block_hash,
                at_ms=self.clock.ms,
                mean_burn_block_ms=600_000,
            )
        )

    async def buy(self, *terms: Terms, start: int = START) -> None:
        """Let policies be sold and created, numbered as their quotes are."""
        for one in terms:
            await self.append(f"policy:{one.quote_id}", issued(one))
        await self.follow(
            start,
            *((f"policy:{one.quote_id}", created(one, number_of(one.quote_id), start)) for one in terms),
        )

    async def pause(self, until: int) -> None:
        self.paused = True
        await self.follow(self.height, ("pool", PoolPaused(what="settlements", until=until)))

    async def sign(self, price: int, *heights: int) -> None:
        """Let the attestor sign public prices."""
        attestor = Attestor(PriceSigner(DEPLOYMENT, ATTESTOR_KEY), self.journal)
        await attestor.public_prices(list(heights), price)

    async def send(self, intent: Intent, txid: str = "0x" + "ab" * 32) -> None:
        """Let a lane sign and send an operation."""
        prepared = TransactionPrepared(
            txid=txid,
            address="ST_LANE",
            nonce=self.block,
            fee=3_000,
            contract_id=None,
            function=None,
            operation_id=intent.operation_id,
            kind=intent.kind,
            quote_ids=intent.quote_ids,
            policy_ids=intent.policy_ids,
        )
        sent = TransactionSent(txid=txid, operation_id=intent.operation_id, quote_ids=intent.quote_ids)
        await self.append(f"tx:{intent.operation_id}", prepared, sent)

    async def abort(self, intent: Intent, reason: str, *, height: int, txid: str = "0x" + "ab" * 32) -> None:
        """Let an operation be sent, mined and refused."""
        await self.send(intent, txid)
        aborted = TransactionAborted(
            txid=txid, reason=reason, operation_id=intent.operation_id, quote_ids=intent.quote_ids
        )
        await self.follow(height, (f"tx:{intent.operation_id}", aborted))

    def say(self, price: int | None, *, stale: bool = False) -> None:
        """Post a market."""
        self.board.post_market(
            Market(
                spot=price,
                observed_at_ms=None if price is None else self.clock.ms,
                stale=stale,
                suspended=False,
                reason=None,
                change_24h_bps=None,
                high_24h=None,
                low_24h=None,
                sources=(),
                variances=Variances(fast=0.36, slow=0.36),
            )
        )

    # ------------------------------------------------------------ what is recorded

    async def state(self, number: int = 1) -> Policy:
        head = await self.reader.read(policy_of_quote, a_quote(number))
        assert head is not None
        return head.policy

    async def queued(self) -> tuple[Intent, ...]:
        return await self.reader.read(queued_intents)

    async def events(self, stream: str) -> list[Event]:
        return [one.event async for one in self.reader.replay() if one.stream == stream]

    async def names(self, number: int = 1) -> list[str]:
        return [type(event).__name__ for event in await self.events(f"policy:{a_quote(number)}")]


def number_of(name: str) -> int:
    return int(name.removeprefix("q_"), 16)


@contextlib.asynccontextmanager
async def a_core_world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    world = CoreWorld(tmp_path / "journal.sqlite")
    await world.open()
    try:
        yield world
    finally:
        await world.close()

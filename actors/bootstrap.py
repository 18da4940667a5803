"""Makes clock, ids, chance, store, node and connections, and wires the actors: nowhere else are they made."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from pykka import ActorRef

from actors.board import Board
from actors.connecting import Connected
from actors.directory import PolicyDirectory
from actors.health import DaemonHealth
from actors.messages.chain import CatchUp, Poll
from actors.messages.clock import Advance
from actors.messages.gateway import Publish, StateChanged
from actors.messages.oracle import HeightSeen, ReadingWanted, Tick
from actors.messages.pool import Recount
from actors.messages.transactions import BlockApplied, IntentsCommitted
from actors.pricing import checked_pricing
from actors.runtime import Address, ChildSpec, current_correlation_id
from actors.starters import Parts, Seams, Starters
from actors.supervisor import Supervisor
from actors.system import System
from bithedge.config import Config
from bithedge.data_folder import DataFolder
from bithedge.domain.ids import hexed
from bithedge.domain.market import Tip
from bithedge.domain.money import Height, UsdE8
from bithedge.oracle.shown_history import shifted_history
from bithedge.protocol.parameters import read_parameters
from bithedge.storage.connections import connect_writer
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Committed
from bithedge.storage.queries import chain as chain_queries
from bithedge.storage.queries.kept import candles
from bithedge.storage.queries.policies import open_policies, policies_of_quotes
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

FIRST_CATCH_UP_S: Final = 300.0


class Daemon:
    """The whole running system, from `start` to `stop`; what one part does, it tells the others of."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.supervisor = Supervisor(spawn=parts.seams.spawn, random=parts.seams.random)
        self.health = DaemonHealth(
            board=parts.board,
            journal=parts.journal,
            clock=parts.seams.clock,
            staleness_ms=parts.config.oracle.staleness_s * 1_000,
        )
        self._starters = Starters(parts, self)
        self.policies = PolicyDirectory(self._starters.policy_tools())
        self._spot: UsdE8 | None = None
        self._changed = asyncio.Event()
        self._add_children()

    @classmethod
    async def open(cls, config: Config, folder: DataFolder, connected: Connected, seams: Seams) -> "Daemon":
        """Open the journal and read the contracts' parameters.

        Raises:
            StorageError: the journal cannot be opened.
            NodeError: the node does not answer.
            PricingError: the pricing rules are not monotone.
        """
        parameters = await read_parameters(connected.node, connected.deployment)
        pricing = checked_pricing(config, parameters)
        journal = await SqliteJournal.open(
            await connect_writer(folder.journal),
            epoch=seams.ids.bytes16().hex(),
            now_ms=seams.clock.now_ms,
            spawn=seams.spawn,
            correlation=current_correlation_id,
        )
        made: list[Daemon] = []
        daemon = cls(
            Parts(
                config=config,
                folder=folder,
                connected=connected,
                seams=seams,
                journal=journal,
                reader=await Reader.open(folder.journal),
                parameters=parameters,
                pricing=pricing,
                board=Board(),
                addresses={},
                policies=lambda: made[0].policies,
            )
        )
        made.append(daemon)
        return daemon

    async def start(self) -> None:
        """Start the actors, follow the chain to its tip, and return when everything is ready."""
        parts = self._parts
        parts.journal.subscribe(self._committed)
        parts.board.on_change(self._state_changed)
        await self._load_policies()
        await self._show_history()
        await self.supervisor.start()
        oracle, chain = parts.addresses["oracle"], parts.addresses["chain"]
        # First the chain: a reading is of the height that the contracts see now, not of an earlier life's.
        await chain.ask(CatchUp(), deadline=FIRST_CATCH_UP_S)
        self._every(parts.config.oracle.tick_ms, lambda: oracle.post(Tick()), "oracle-ticks")
        self._every(parts.config.node.poll_ms, lambda: chain.post(Poll()), "chain-polls")
        while self.health.reasons():
            self._changed.clear()
            await self._changed.wait()

    async def stop(self) -> None:
        """Drain and stop the actors, then close the journal."""
        await self.supervisor.stop()
        await self._parts.journal.close()
        await self._parts.reader.close()

    def system(self, *, version: str, stream_url: str) -> System:
        """Return what the doors may speak to."""
        parts = self._parts
        connected, addresses = parts.connected, parts.addresses
        return System(
            config=parts.config,
            version=version,
            stream_url=stream_url,
            deployment=connected.deployment,
            parameters=parts.parameters,
            pricing=parts.pricing,
            quote_public_key=hexed(connected.keys.quote.public_key),
            attestors=(hexed(connected.keys.attestor.public_key),),
            board=parts.board,
            reader=parts.reader,
            journal=parts.journal,
            policies=self.policies,
            pool=addresses["pool"],
            oracle=addresses["oracle"],
            chain=addresses["chain"],
            relay=addresses["relay"],
            gateway=addresses["gateway"],
            supervisor=self.supervisor,
            node=connected.node,
            node_url=connected.node_url,
            clock=parts.seams.clock,
            ids=parts.seams.ids,
            health=self.health,
            devnet=connected.control,
            operator_token=parts.folder.operator_token(),
        )

    # ------------------------------------------------------------ who hears what

    def market_changed(self) -> None:
        """Let the pool count again where the price moved."""
        market = self._parts.board.market
        if market is not None and market.spot != self._spot:
            self._spot = market.spot
            self._parts.addresses["pool"].post(Recount())

    def applied(self, tip: Tip) -> None:
        """Tell those who live by the height."""
        addresses = self._parts.addresses
        addresses["oracle"].post(HeightSeen(height=tip.burn_height))
        addresses["clock"].post(Advance(height=tip.burn_height))
        applied = BlockApplied(block_height=tip.block_height, burn_height=tip.burn_height)
        addresses["relay"].post(applied)
        for lane in self._lanes():
            lane.post(applied)

    def intents_committed(self) -> None:
        """Wake the lanes."""
        for lane in self._lanes():
            lane.post(IntentsCommitted())

    def want_reading(self, message: ReadingWanted) -> None:
        """Tell the oracle."""
        self._parts.addresses["oracle"].post(message)

    def _committed(self, batch: tuple[Committed, ...]) -> None:
        self.policies.committed(batch)
        self._parts.addresses["gateway"].post(Publish(batch=batch))

    def _state_changed(self, channel: str) -> None:
        self._changed.set()
        self._parts.addresses["gateway"].post(StateChanged(channel=channel))

    def _lanes(self) -> Sequence[Address]:
        return [address for name, address in self._parts.addresses.items() if name.startswith("lane-")]

    def _every(self, period_ms: int, act: Callable[[], None], name: str) -> None:
        async def tick() -> None:
            while True:
                await asyncio.sleep(period_ms / 1_000)
                act()

        act()
        self._parts.seams.spawn(tick(), name)

    async def _show_history(self) -> None:
        """Give a new devnet a past to look at."""
        parts = self._parts
        if parts.config.network != "devnet":
            return
        shown = shifted_history(parts.seams.clock.now_ms())
        last = shown[-1].at_ms
        if not await parts.reader.read(candles, "1d", from_ms=0, to_ms=last, limit=1):
            await parts.journal.store_candles(shown)

    async def _load_policies(self) -> None:
        reader = self._parts.reader
        opened = await reader.read(open_policies)
        tip = await reader.read(chain_queries.tip)
        height = Height(0) if tip is None else tip.burn_height
        found = await reader.read(policies_of_quotes, [policy.quote_id for policy in opened])
        self.policies.load(list(found.values()), height)

    def _add_children(self) -> None:
        """Add them in the order of starting: those asked before those who ask."""
        starters = self._starters
        self._add("gateway", starters.start_gateway, stop_order=1)  # clients are told when all has drained
        self._add("oracle", starters.start_oracle)
        self._add("pool", starters.start_pool)
        self._add("relay", starters.start_relay)
        for index in range(len(self._parts.connected.keys.lanes)):
            self._add(f"lane-{index + 1}", starters.lane_starter(index))
        self._add("clock", starters.start_clock)
        self._add("chain", starters.start_chain)

    def _add(self, name: str, start: Callable[[], Awaitable[ActorRef[Any]]], *, stop_order: int = 0) -> None:
        self._parts.addresses[name] = self.supervisor.add(ChildSpec(name, start, stop_order=stop_order))

"""How each actor is made, its state rebuilt from the store: at the start and after a failure alike."""

import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import msgspec
from pykka import ActorRef

from actors.board import Board
from actors.broadcaster import BroadcasterActor, BroadcasterTools
from actors.chain import ChainActor, ChainTools
from actors.clock import ClockActor
from actors.connecting import Connected, Keys
from actors.directory import PolicyDirectory
from actors.following import Follower
from actors.gateway.actor import GatewayActor, GatewayTools
from actors.gateway.objects import Objects
from actors.gateway.states import States
from actors.gateway.status import StatusSource
from actors.messages.oracle import ReadingWanted
from actors.messages.policies import ReadingMade
from actors.oracle import OracleActor, OracleTools
from actors.policy import PolicyTools
from actors.pool import PoolActor, PoolTools
from actors.quoting import QuoteDesk
from actors.recalling import recall
from actors.relay import RelayActor, RelayTools
from actors.runtime import Address
from actors.sales import Sales
from actors.seams import Clock, Ids, Random, Spawn
from actors.withdrawals import Withdrawals
from bithedge import __version__
from bithedge.config import Config
from bithedge.data_folder import DataFolder
from bithedge.domain.ids import QuoteId
from bithedge.domain.market import Tip
from bithedge.domain.money import Bps, Height, UsdE8
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.quotes import Pricing
from bithedge.domain.sale_window import SaleWindow
from bithedge.oracle.aggregate import AggregationRule
from bithedge.oracle.attestor import Attestor
from bithedge.oracle.history import daily_history, day_named
from bithedge.oracle.sources import FixedSource, PriceSource, ReplaySource
from bithedge.protocol.calls import SignedPrice
from bithedge.protocol.parameters import ContractParameters
from bithedge.protocol.signing import PoolSigner, PriceSigner
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.queries import chain as chain_queries
from bithedge.storage.queries.following import as_mined
from bithedge.storage.queries.kept import public_price
from bithedge.storage.reader import Reader
from bithedge.views.context import ViewContext, context_of

BURN_BLOCK_MS = 600_000
"""What a burn block takes by Bitcoin's rule."""
BLOCKS_RECALLED = 2_000
"""So many of the last blocks tell after a restart how fast burn blocks come."""

StartedActor = Coroutine[Any, Any, ActorRef[Any]]


class Seams(msgspec.Struct, frozen=True, kw_only=True):
    """What the system takes from the machine; a simulation gives its own."""

    clock: Clock
    ids: Ids
    random: Random
    spawn: Spawn


class Hears(Protocol):
    """Whom the actors tell what follows from their work."""

    def market_changed(self) -> None:
        """The price feed was read."""
        ...

    def applied(self, tip: Tip) -> None:
        """A block was applied."""
        ...

    def intents_committed(self) -> None:
        """There is something to send."""
        ...

    def want_reading(self, message: ReadingWanted) -> None:
        """An accepted exercise awaits its price."""
        ...


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the actors are made of."""

    config: Config
    folder: DataFolder
    connected: Connected
    seams: Seams
    journal: SqliteJournal
    reader: Reader
    parameters: ContractParameters
    pricing: Pricing
    board: Board
    addresses: dict[str, Address]
    policies: Callable[[], PolicyDirectory]
    sources: Sequence[PriceSource] = ()
    """Prices from elsewhere than the config says."""


class Starters:
    """Makes the actors."""

    def __init__(self, parts: Parts, hears: Hears) -> None:
        self._parts = parts
        self._hears = hears
        self.status = StatusSource(
            version=__version__,
            pid=os.getpid(),
            since=parts.seams.clock.monotonic(),
            config=parts.config,
            node=parts.connected.node,
            node_url=parts.connected.node_url,
            board=parts.board,
            journal=parts.journal,
            reader=parts.reader,
            clock=parts.seams.clock,
        )

    async def start_gateway(self) -> ActorRef[GatewayActor]:
        return GatewayActor.start(
            GatewayTools(
                config=self._parts.config.stream,
                epoch=self._parts.journal.epoch,
                reader=self._parts.reader,
                objects=Objects(
                    reader=self._parts.reader,
                    board=self._parts.board,
                    pool=self._parts.addresses["pool"],
                    context=self._context,
                ),
                states=States(board=self._parts.board, context=self._context),
                clock=self._parts.seams.clock,
                operator_token=self._parts.folder.operator_token(),
                last_seq=lambda: self._parts.journal.seq,
                network=self._parts.connected.deployment.network,
                status=self.status,
            )
        )

    async def start_oracle(self) -> ActorRef[OracleActor]:
        config = self._parts.config.oracle
        observes_days = self._parts.config.network != "devnet"
        recalled = await recall(
            self._parts.reader,
            self._parts.pricing.volatility,
            self._parts.seams.clock.now_ms(),
            observes_days=observes_days,
            reference=None if observes_days else daily_history()[-1].close,
        )
        signed_to = await self._signed_to()
        tip = self._parts.board.tip
        return OracleActor.start(
            OracleTools(
                sources=self._sources(),
                rule=AggregationRule(
                    min_sources=config.min_sources,
                    staleness_ms=config.staleness_s * 1_000,
                    outlier_mad=config.outlier_mad,
                    jump_bps=Bps(config.jump_bps),
                ),
                volatility=self._parts.pricing.volatility,
                attestor=Attestor(
                    PriceSigner(self._parts.connected.deployment, self._parts.connected.keys.attestor),
                    self._parts.journal,
                ),
                journal=self._parts.journal,
                deployment=self._parts.connected.deployment,
                clock=self._parts.seams.clock,
                board=self._parts.board,
                listener=_PolicyTeller(self._parts.policies()),
                market_changed=self._hears.market_changed,
                quote_age_ms=config.quote_age_s * 1_000,
                observes_days=observes_days,
            ),
            recalled,
            signed_to=signed_to,
            height=signed_to if tip is None else tip.burn_height,
        )

    async def _signed_to(self) -> Height:
        """Return the height that was signed last; a new attestor begins with the present one."""
        newest = await self._parts.reader.read(public_price)
        if newest is not None:
            return newest.height
        return Height((await self._parts.connected.node.info()).burn_block_height - 1)

    def _sources(self) -> Sequence[PriceSource]:
        config = self._parts.config.oracle
        if self._parts.sources:
            return self._parts.sources
        if config.mode == "fixed":
            return [FixedSource(self._parts.folder.path / "devnet-price.json", UsdE8(config.start_usd_e8))]
        return [
            ReplaySource(
                daily_history(),
                first_day=day_named(config.replay_from),
                days_per_block=config.replay_days_per_burn_block,
                height=lambda: (
                    Height(0) if self._parts.board.tip is None else self._parts.board.tip.burn_height
                ),
            )
        ]

    async def start_pool(self) -> ActorRef[PoolActor]:
        window = SaleWindow(
            blocks=self._parts.parameters.window,
            share=self._parts.parameters.sale_share,
            floor=self._parts.parameters.window_floor,
        )
        desk = QuoteDesk(
            pricing=self._parts.pricing,
            board=self._parts.board,
            clock=self._parts.seams.clock,
            window=window,
            quote_age_ms=self._parts.config.oracle.quote_age_s * 1_000,
        )
        keys = self._parts.connected.keys
        signer = PoolSigner(self._parts.connected.deployment, quote_key=keys.quote, voucher_key=keys.voucher)
        follower = Follower(
            journal=self._parts.journal,
            reader=self._parts.reader,
            clock=self._parts.seams.clock,
            window=window,
            empty_books=self._empty_books,
            final_blocks=self._parts.config.depth.final,
        )
        tools = PoolTools(
            board=self._parts.board,
            follower=follower,
            desk=desk,
            sales=Sales(
                journal=self._parts.journal,
                reader=self._parts.reader,
                signer=signer,
                oracle=self._parts.addresses["oracle"],
                clock=self._parts.seams.clock,
                desk=desk,
                price_tolerance=Bps(self._parts.config.sales.price_tolerance_bps),
            ),
            withdrawals=Withdrawals(
                journal=self._parts.journal,
                signer=signer,
                ids=self._parts.seams.ids,
                desk=desk,
                voucher_blocks=self._parts.config.sales.voucher_blocks,
            ),
        )
        books = await follower.load()
        await follower.review(books)
        tip = await self._parts.reader.read(chain_queries.tip)
        return PoolActor.start(tools, books, tip_hash=None if tip is None else tip.hash)

    def _empty_books(self) -> Books:
        sales = self._parts.config.sales
        rules = PoolRules(
            pool_utilisation_cap_bps=Bps(sales.pool_utilisation_cap_bps),
            max_reservations=sales.max_reservations,
            reservation_share_bps=Bps(sales.reservation_share_bps),
            min_deposit_sats=self._parts.parameters.min_deposit,
            final_blocks=self._parts.config.depth.final,
            voucher_blocks=sales.voucher_blocks,
        )
        return Books(rules, self._parts.pricing.tiers, treasuries=[self._parts.parameters.treasury])

    async def start_relay(self) -> ActorRef[RelayActor]:
        return RelayActor.start(
            RelayTools(
                node=self._parts.connected.node,
                journal=self._parts.journal,
                reader=self._parts.reader,
                deployment=self._parts.connected.deployment,
                board=self._parts.board,
            )
        )

    def lane_starter(self, index: int) -> "Callable[[], StartedActor]":
        async def start() -> ActorRef[BroadcasterActor]:
            keys: Keys = self._parts.connected.keys
            return BroadcasterActor.start(
                BroadcasterTools(
                    key=keys.lanes[index],
                    lane=index,
                    lanes=len(keys.lanes),
                    node=self._parts.connected.node,
                    journal=self._parts.journal,
                    reader=self._parts.reader,
                    deployment=self._parts.connected.deployment,
                    fees=self._parts.config.fees,
                    clock=self._parts.seams.clock,
                    board=self._parts.board,
                )
            )

        return start

    async def start_clock(self) -> ActorRef[ClockActor]:
        return ClockActor.start(
            directory=self._parts.policies(),
            board=self._parts.board,
            reader=self._parts.reader,
            journal=self._parts.journal,
            ids=self._parts.seams.ids,
            parameters=self._parts.parameters,
            intents_committed=self._hears.intents_committed,
        )

    async def start_chain(self) -> ActorRef[ChainActor]:
        tip = await self._parts.reader.read(chain_queries.tip)
        newest = await self._parts.reader.read(chain_queries.newest_blocks, limit=BLOCKS_RECALLED)
        devnet = self._parts.config.devnet
        is_devnet = self._parts.config.network == "devnet"
        return ChainActor.start(
            ChainTools(
                node=self._parts.connected.node,
                reader=self._parts.reader,
                deployment=self._parts.connected.deployment,
                clock=self._parts.seams.clock,
                board=self._parts.board,
                pool=self._parts.addresses["pool"],
                applied=self._hears.applied,
                first_height=1,
                burn_block_ms=round(devnet.burn_time_s * 1_000) if is_devnet else BURN_BLOCK_MS,
            ),
            position=None if tip is None else as_mined(tip),
            seen=[(block.burn_height, block.at_ms) for block in reversed(newest) if not block.orphaned],
        )

    def policy_tools(self) -> PolicyTools:
        return PolicyTools(
            journal=self._parts.journal,
            reader=self._parts.reader,
            deployment=self._parts.connected.deployment,
            ids=self._parts.seams.ids,
            clock=self._parts.seams.clock,
            want_reading=self._hears.want_reading,
            intents_committed=self._hears.intents_committed,
            settlements_paused=self._settlements_paused,
            max_age=self._parts.parameters.max_age,
        )

    def _settlements_paused(self) -> bool:
        tip = self._parts.board.tip
        return tip is not None and any(
            what == "settlements" and tip.burn_height < until for what, until, _ in self._parts.board.pauses
        )

    def _context(self) -> ViewContext:
        return context_of(
            self._parts.board,
            depth=self._parts.config.depth,
            pricing=self._parts.pricing,
            now_ms=self._parts.seams.clock.now_ms(),
        )


class _PolicyTeller:
    """Hands prices up to the policies: the oracle knows nobody above it."""

    def __init__(self, policies: PolicyDirectory) -> None:
        self._policies = policies

    def public_price(self, price: SignedPrice) -> None:
        """Tell the policies that it touches."""
        self._policies.public_price(price)

    def reading_made(self, quote_id: QuoteId, message: ReadingMade) -> None:
        """Tell the policy that asked for it."""
        self._policies.tell(quote_id, message)

"""The pool's actor: the one writer of the books, of sales and of what blocks bring."""

from typing import assert_never

import msgspec

from actors.board import Board, ChainPause
from actors.following import Follower
from actors.messages.pool import (
    ApplyBlock,
    CheckAvailability,
    CheckDeposit,
    CheckWithdrawal,
    FindQuote,
    FindVoucher,
    GetBacking,
    GetEquations,
    GetLiabilities,
    GetPortfolio,
    GetStress,
    PoolFigures,
    PoolMessage,
    PriceQuote,
    Recount,
    Reserve,
    RevertTo,
    SetExit,
    Withdraw,
)
from actors.quoting import QuoteDesk
from actors.runtime import AsyncioActor
from actors.sales import Sales
from actors.withdrawals import Withdrawals, last_price
from bithedge.domain.errors import (
    NotReadyError,
    OracleStaleError,
    SellingPausedError,
    UnknownProviderError,
)
from bithedge.domain.facts import MinedBlock
from bithedge.domain.money import UsdE8
from bithedge.domain.pool import commands
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.decisions import decide_deposit_check
from bithedge.domain.pool.invariants import solvency
from bithedge.domain.pool.risk_views import liabilities, stress_view
from bithedge.domain.pool.views import PortfolioView, backings, pool_view, portfolio, tier_view
from bithedge.domain.quotes import Availability, QuoteRequest
from bithedge.domain.tiers import Tier


class PoolTools(msgspec.Struct, frozen=True, kw_only=True):
    """What the pool works with."""

    board: Board
    follower: Follower
    desk: QuoteDesk
    sales: Sales
    withdrawals: Withdrawals


class PoolActor(AsyncioActor):
    """Owns the books: reservations, allocation, vouchers, and the commit of each followed block.

    Hears commands, blocks and reorgs; says its figures to the board and all else through the journal. If a
    commit fails the actor dies, and its books with it; its successor rebuilds them from the journal.
    """

    def __init__(self, tools: PoolTools, books: Books, *, tip_hash: str | None) -> None:
        super().__init__()
        self._tools = tools
        self._books = books
        self._tip_hash = tip_hash
        self._burn_height = books.height

    def on_start(self) -> None:
        self._post()

    async def on_receive(self, message: PoolMessage) -> object:
        answer = await self._change(message)
        if isinstance(message, ApplyBlock | RevertTo | Reserve | Withdraw | SetExit | Recount):
            self._post()
        return answer

    async def _change(self, message: PoolMessage) -> object:
        match message:
            case ApplyBlock():
                await self._apply(message.block)
            case RevertTo():
                if message.fork_hash == self._tip_hash:
                    return None  # it was done before its asker could hear of it
                self._books = await self._tools.follower.revert(message.fork_height, message.orphaned)
                self._tip_hash = message.fork_hash
            case Reserve():
                return await self._tools.sales.reserve(self._books, message, self._check_selling)
            case Withdraw():
                return await self._tools.withdrawals.withdraw(self._books, message)
            case SetExit():
                return await self._tools.withdrawals.set_exit(self._books, message)
            case Recount():
                pass
            case _:
                return self._answer(message)
        return None

    async def _apply(self, block: MinedBlock) -> None:
        """Apply a block once: a follower that was cut off after its commit may hand it over again."""
        if block.hash == self._tip_hash:
            return
        if self._tip_hash is not None and block.parent_hash != self._tip_hash:
            raise NotReadyError(f"block {block.hash} does not follow {self._tip_hash}")
        await self._tools.follower.apply(self._books, block)
        self._tip_hash, self._burn_height = block.hash, block.burn_height

    def _answer(
        self,
        message: PriceQuote
        | FindQuote
        | CheckAvailability
        | CheckDeposit
        | CheckWithdrawal
        | FindVoucher
        | PoolFigures,
    ) -> object:
        books, desk = self._books, self._tools.desk
        match message:
            case PriceQuote():
                quote = desk.price(books, message.request, message.quote_id)
                self._check_selling()
                return quote
            case FindQuote():
                return desk.find(message.quote_id)
            case CheckAvailability():
                return self._availability(message)
            case CheckDeposit():
                return decide_deposit_check(books, self._deposit(message))
            case CheckWithdrawal():
                return self._tools.withdrawals.check(books, message)
            case FindVoucher():
                return books.vouchers.get(message.withdrawal_id)
            case _:
                return self._figures(message)

    def _figures(self, message: PoolFigures) -> object:
        books, desk = self._books, self._tools.desk
        match message:
            case GetPortfolio():
                return self._portfolio(message)
            case GetBacking():
                height = desk.tip.burn_height
                return backings(books, message.address, height=height, spot=last_price(desk))
            case GetEquations():
                if message.block_hash != self._tip_hash:
                    raise NotReadyError("the books stand at another block", retry_after_s=1)
                return solvency(books, totals=message.totals, vault=message.vault)
            case GetLiabilities():
                return liabilities(books, spot=self._spot(), kind=message.kind)
            case GetStress():
                return stress_view(books, spot=self._spot())
            case _:
                assert_never(message)

    def _spot(self) -> UsdE8:
        spot = self._tools.desk.market.spot
        if spot is None:
            raise OracleStaleError("there has been no full reading of the price yet", retry_after_s=5)
        return spot

    def _portfolio(self, message: GetPortfolio) -> PortfolioView:
        height = self._tools.desk.tip.burn_height
        found = portfolio(self._books, message.address, height=height)
        if found is None:
            raise UnknownProviderError(
                "this address has never provided", field="address", actual=message.address
            )
        return found

    def _availability(self, message: CheckAvailability) -> Availability:
        request = QuoteRequest(
            kind=message.kind,
            amount=message.max_payout,
            strike=UsdE8(message.strike_usd_e8),
            max_payout=message.max_payout,
            floor=None,
            tenor=message.tenor,
            expiry=None,
            tier=message.tier,
            owner=None,
        )
        return self._tools.desk.availability(self._books, request, message.tier)

    def _deposit(self, message: CheckDeposit) -> commands.CheckDeposit:
        return commands.CheckDeposit(
            address=message.address,
            tier=message.tier,
            amount=message.amount,
            height=self._tools.desk.tip.burn_height,
        )

    def _check_selling(self) -> None:
        broken = self._tools.follower.broken(self._books)
        if broken is not None:
            raise SellingPausedError(f"selling is paused until the books agree: {broken}", retry_after_s=60)

    def _post(self) -> None:
        tip, market = self._tools.board.tip, self._tools.board.market
        # The follower posts its tip only after this has answered.
        height = self._burn_height if tip is None else max(self._burn_height, tip.burn_height)
        spot = None if market is None else market.spot
        tiers = tuple(tier_view(self._books, tier, height=height, spot=spot) for tier in Tier)
        broken = self._tools.follower.broken(self._books)
        pauses: tuple[ChainPause, ...] = tuple(
            (what, pause.until, pause.since_ms)
            for what, pause in self._books.pauses.items()
            if self._books.is_paused(what, height)
        )
        self._tools.board.post_pool(pool_view(self._books), tiers, broken=broken, pauses=pauses)

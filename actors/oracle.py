"""The oracle's actor: reads the sources each tick, and has prices signed where the rules ask for one."""

from collections.abc import Callable, Sequence
from typing import Protocol, assert_never

import msgspec
import structlog

from actors.board import Board
from actors.messages.oracle import (
    HeightSeen,
    OracleMessage,
    ReadingWanted,
    SetPrice,
    SignSale,
    Tick,
)
from actors.messages.policies import ReadingMade
from actors.recalling import Recalled
from actors.runtime import AsyncioActor
from actors.seams import Clock
from bithedge.domain.errors import OracleStaleError, ValidationFailedError
from bithedge.domain.events.base import Event
from bithedge.domain.events.chain import PriceObserved, PriceRecovered, PriceStale
from bithedge.domain.ids import QuoteId
from bithedge.domain.market import Market
from bithedge.domain.money import Height, UsdE8
from bithedge.domain.volatility import VolatilityRule, observe_day, running_variances
from bithedge.oracle.aggregate import Aggregate, AggregationRule, Observation, aggregate
from bithedge.oracle.attestor import Attestor
from bithedge.oracle.history import day_of
from bithedge.oracle.sources import FixedSource, PriceSource
from bithedge.protocol.calls import SignedPrice
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.signing import sale_id
from bithedge.stacks.hexes import from_hex
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.ports import Change

log = structlog.stdlib.get_logger()

STREAM = "oracle"
HEIGHTS_AT_ONCE = 250
"""Signing a height takes 50 us: a long gap of heights is signed in parts, others have their turn between."""


class PriceListener(Protocol):
    """Who is told of prices; the policies are."""

    def public_price(self, price: SignedPrice) -> None:
        """A height has its one public price."""
        ...

    def reading_made(self, quote_id: QuoteId, message: ReadingMade) -> None:
        """An accepted exercise has its price."""
        ...


class OracleTools(msgspec.Struct, frozen=True, kw_only=True):
    """What the oracle works with."""

    sources: Sequence[PriceSource]
    rule: AggregationRule
    volatility: VolatilityRule
    attestor: Attestor
    journal: SqliteJournal
    deployment: Deployment
    clock: Clock
    board: Board
    listener: PriceListener
    market_changed: Callable[[], None]
    quote_age_ms: int
    observes_days: bool


class OracleActor(AsyncioActor):
    """Owns spot, candles, volatility and the heights that await a public price.

    Hears ticks, heights and the wishes for readings; says public prices and readings to the policies and the
    market to the board. While there is no full reading it signs nothing, so nothing is sold or settled. If it
    fails it starts again from the store: what was signed stands there, what was wanted is asked again.
    """

    def __init__(self, tools: OracleTools, recalled: Recalled, *, signed_to: Height, height: Height) -> None:
        super().__init__()
        self._tools = tools
        self._estimate = recalled.estimate
        self._signed_to = signed_to
        self._height = max(signed_to, height)
        self._wanted: dict[tuple[QuoteId, str], ReadingWanted] = {}
        self._last: Observation | None = None
        self._awaited: UsdE8 | None = None
        self._stale = False
        self._candles = recalled.candles
        self._day = recalled.day

    async def on_receive(self, message: OracleMessage) -> SignedPrice | None:
        match message:
            case Tick():
                await self._tick()
            case SetPrice():
                await self._set_price(message.price)
            case SignSale():
                return await self._sign_sale(message)
            case ReadingWanted():
                self._wanted[message.quote_id, message.command_id] = message
            case HeightSeen():
                self._height = max(self._height, message.height)
            case _:
                assert_never(message)
        return None

    async def _tick(self, *, confirmed: bool = False) -> None:
        now_ms = self._tools.clock.now_ms()
        observations = [await source.read(now_ms) for source in self._tools.sources]
        reading = aggregate(
            [one for one in observations if one is not None],
            self._tools.rule,
            now_ms=now_ms,
            before=None if self._last is None or confirmed else self._last.price,
            awaited=self._awaited,
        )
        self._awaited = reading.jumped_to
        if reading.price is None:
            await self._without(reading, now_ms)
        else:
            await self._with(reading, reading.price, now_ms)

    async def _with(self, reading: Aggregate, price: UsdE8, now_ms: int) -> None:
        """Take a full reading: sign what waits for one, then show it."""
        self._last = Observation(source="median", price=price, at_ms=now_ms)
        self._age_estimate(price, now_ms)
        await self._tools.journal.store_candles(self._candles.observe(price, now_ms))
        await self._recover(price)
        await self._sign_heights(price)
        await self._make_readings(price)
        self._post(reading, now_ms)

    async def _without(self, reading: Aggregate, now_ms: int) -> None:
        """No full reading: once the last one is too old, say so."""
        age_ms = None if self._last is None else now_ms - self._last.at_ms
        silent = not reading.sources
        too_old = age_ms is None or age_ms > self._tools.rule.staleness_ms or silent
        if too_old and not self._stale:
            self._stale = True
            last_at_ms = None if self._last is None else self._last.at_ms
            await self._journal(PriceStale(reason=reading.reason or "no price", last_at_ms=last_at_ms))
        self._post(reading, now_ms)

    async def _recover(self, price: UsdE8) -> None:
        if self._stale:
            self._stale = False
            await self._journal(PriceRecovered(price=price))

    async def _sign_heights(self, price: UsdE8) -> None:
        """Give each height that waits its one public price: the median at the first full tick after it."""
        while self._signed_to < self._height:
            last = Height(min(self._height, self._signed_to + HEIGHTS_AT_ONCE))
            heights = [Height(height) for height in range(self._signed_to + 1, last + 1)]
            signed = await self._tools.attestor.public_prices(heights, price)
            await self._journal(PriceObserved(price=signed[-1].price, height=last))
            self._signed_to = last
            # All of one price concern the same policies, which look for the height themselves.
            for public in {one.price: one for one in signed}.values():
                self._tools.listener.public_price(public)

    async def _make_readings(self, price: UsdE8) -> None:
        """Make the price of each accepted exercise: of a height above its policy's start."""
        ready = [wanted for wanted in self._wanted.values() if self._height > wanted.above]
        for wanted in ready:
            reading = await self._tools.attestor.reading(
                wanted.quote_id, from_hex(wanted.command_id), price, self._height
            )
            del self._wanted[wanted.quote_id, wanted.command_id]
            self._tools.listener.reading_made(
                wanted.quote_id, ReadingMade(command_id=wanted.command_id, reading=reading)
            )

    async def _sign_sale(self, message: SignSale) -> SignedPrice:
        market = self._tools.board.market
        if market is None:
            raise OracleStaleError("the price feed has not spoken yet", retry_after_s=5)
        spot = market.spot_for_sale(self._tools.clock.now_ms(), longest_age_ms=self._tools.quote_age_ms)
        question = sale_id(self._tools.deployment, message.terms)
        return await self._tools.attestor.reading(message.terms.quote_id, question, spot, message.height)

    async def _set_price(self, price: UsdE8 | None) -> None:
        fixed = next((one for one in self._tools.sources if isinstance(one, FixedSource)), None)
        if fixed is None:
            raise ValidationFailedError(
                "the price can be set only while oracle.mode is fixed", field="usd_e8"
            )
        fixed.set(price)
        await self._tick(confirmed=True)

    def _age_estimate(self, price: UsdE8, now_ms: int) -> None:
        """Once a day the price of 00:00 UTC is a sample; a devnet keeps the dates of the shipped history."""
        today = day_of(now_ms)
        if self._tools.observes_days and today > self._estimate.last_day:
            self._estimate = observe_day(self._tools.volatility, self._estimate, today, price)

    async def _journal(self, event: Event) -> None:
        await self._tools.journal.append([Change(stream=STREAM, events=(event,))])
        log.info(type(event).__name__)

    def _post(self, reading: Aggregate, now_ms: int) -> None:
        last = self._last
        price = self._estimate.last_price if last is None else last.price
        day = None if last is None else self._day.observe(last.price, now_ms)
        self._tools.board.post_market(
            Market(
                spot=None if last is None else last.price,
                observed_at_ms=None if last is None else last.at_ms,
                stale=self._stale,
                suspended=reading.price is None and not self._stale,
                reason=reading.reason,
                change_24h_bps=None if day is None else day.change_bps,
                high_24h=None if day is None else day.high,
                low_24h=None if day is None else day.low,
                sources=reading.sources,
                variances=running_variances(self._tools.volatility, self._estimate, now_ms / 1_000, price),
            )
        )
        self._tools.market_changed()

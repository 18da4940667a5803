from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from core_world import (
    ATTESTOR_KEY,
    DEPLOYMENT,
    START,
    START_MS,
    CoreWorld,
    a_command,
    a_core_world,
    a_put,
    a_quote,
    usd,
)

from actors.messages.oracle import HeightSeen, ReadingWanted, SetPrice, SignSale, Tick
from actors.messages.policies import ReadingMade
from actors.oracle import HEIGHTS_AT_ONCE, OracleActor, OracleTools
from actors.recalling import recall, shipped_estimate
from bithedge.domain.errors import OracleStaleError, ValidationFailedError
from bithedge.domain.volatility import VolatilityRule
from bithedge.oracle.aggregate import AggregationRule, Observation
from bithedge.oracle.attestor import Attestor
from bithedge.oracle.history import at_ms, daily_history
from bithedge.oracle.sources import FixedSource
from bithedge.protocol.calls import SignedPrice
from bithedge.protocol.signing import PriceSigner
from bithedge.storage.queries.kept import candles, public_price

RULE = AggregationRule(min_sources=1, staleness_ms=60_000, outlier_mad=5, jump_bps=500)
QUOTE_AGE_MS = 30_000


class Venue:
    """A source that says what the test says; None is silence."""

    name = "venue"

    def __init__(self) -> None:
        self.price: int | None = usd(65_000)

    async def read(self, now_ms: int) -> Observation | None:
        if self.price is None:
            return None
        return Observation(source=self.name, price=self.price, at_ms=now_ms)


class Listener:
    """Writes down what the policies are told."""

    def __init__(self) -> None:
        self.public: list[SignedPrice] = []
        self.readings: list[tuple[str, ReadingMade]] = []

    def public_price(self, price: SignedPrice) -> None:
        self.public.append(price)

    def reading_made(self, quote_id: str, message: ReadingMade) -> None:
        self.readings.append((quote_id, message))


class Feed:
    """An oracle's actor on a world, its venue and its listener."""

    def __init__(self, world: CoreWorld) -> None:
        self.world = world
        self.venue: Any = Venue()
        self.listener = Listener()
        self.changes = 0
        self.ref: Any = None

    async def start(
        self, *, signed_to: int = START, height: int = START, observes_days: bool = False
    ) -> None:
        world = self.world
        self.listener = Listener()
        recalled = await recall(
            world.reader,
            VolatilityRule(),
            world.clock.now_ms(),
            observes_days=observes_days,
            reference=None,
        )
        tools = OracleTools(
            sources=[self.venue],
            rule=RULE,
            volatility=VolatilityRule(),
            attestor=Attestor(PriceSigner(DEPLOYMENT, ATTESTOR_KEY), world.journal),
            journal=world.journal,
            deployment=DEPLOYMENT,
            clock=world.clock,
            board=world.board,
            listener=self.listener,
            market_changed=self._changed,
            quote_age_ms=QUOTE_AGE_MS,
            observes_days=observes_days,
        )
        self.ref = OracleActor.start(tools, recalled, signed_to=signed_to, height=height)
        world.refs.append(self.ref)

    def _changed(self) -> None:
        self.changes += 1

    async def tick(self, price: int | None = None) -> None:
        if price is not None:
            self.venue.price = price
        await self.world.tell(self.ref, Tick())

    async def see(self, height: int) -> None:
        await self.world.tell(self.ref, HeightSeen(height=height))

    async def want(self, number: int, *, above: int = START) -> None:
        wanted = ReadingWanted(quote_id=a_quote(number), command_id=a_command(number), above=above)
        await self.world.tell(self.ref, wanted)

    async def public(self, height: int) -> int | None:
        found = await self.world.reader.read(public_price, height)
        return None if found is None else found.price


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[CoreWorld]:
    async with a_core_world(tmp_path) as world:
        yield world


@pytest.fixture
async def feed(world: CoreWorld) -> Feed:
    feed = Feed(world)
    await feed.start()
    return feed


async def test_each_height_gets_the_price_of_the_first_full_tick_after_it(feed: Feed) -> None:
    await feed.tick(usd(65_000))
    await feed.see(START + 1)
    await feed.tick(usd(64_000))
    await feed.tick(usd(63_000))

    assert await feed.public(START) is None
    assert await feed.public(START + 1) == usd(64_000)


async def test_a_gap_of_heights_is_signed_at_one_price_however_long_it_is(feed: Feed) -> None:
    last = START + 3 * HEIGHTS_AT_ONCE + 7
    await feed.see(last)

    await feed.tick(usd(65_000))
    await feed.tick(usd(64_000))

    assert {await feed.public(height) for height in range(START + 1, last + 1)} == {usd(65_000)}


async def test_policies_hear_of_a_price_once_for_all_heights_that_are_signed_together(feed: Feed) -> None:
    await feed.see(START + HEIGHTS_AT_ONCE)

    await feed.tick(usd(40_000))

    assert [price.price for price in feed.listener.public] == [usd(40_000)]


async def test_a_silent_feed_signs_nothing_and_signs_late_what_it_missed(feed: Feed) -> None:
    await feed.tick()
    feed.venue.price = None
    await feed.see(START + 2)
    await feed.tick()
    in_silence = await feed.public(START + 1)

    await feed.tick(usd(64_000))

    assert in_silence is None
    assert [await feed.public(START + 1), await feed.public(START + 2)] == [usd(64_000)] * 2
    names = [type(event).__name__ for event in await feed.world.events("oracle")]
    assert names == ["PriceStale", "PriceRecovered", "PriceObserved"]


async def test_a_height_that_was_signed_keeps_its_price_over_a_restart(feed: Feed) -> None:
    await feed.see(START + 1)
    await feed.tick(usd(65_000))
    await feed.start(signed_to=START)  # as one that forgot how far it came

    await feed.see(START + 1)
    await feed.tick(usd(40_000))

    assert await feed.public(START + 1) == usd(65_000)
    assert [price.price for price in feed.listener.public] == [usd(65_000)]


async def test_a_reading_is_made_of_a_height_above_the_start_of_its_policy(feed: Feed) -> None:
    await feed.want(1, above=START)
    await feed.tick()
    before = list(feed.listener.readings)

    await feed.see(START + 1)
    await feed.tick(usd(64_000))

    assert before == []
    ((quote, made),) = feed.listener.readings
    assert quote == a_quote(1)
    assert (made.reading.price, made.reading.height) == (usd(64_000), START + 1)


async def test_one_command_never_gets_two_prices(feed: Feed) -> None:
    await feed.see(START + 1)
    await feed.want(1)
    await feed.tick(usd(65_000))
    first = feed.listener.readings[0][1].reading
    await feed.start(signed_to=START + 1, height=START + 3)

    await feed.want(1)
    await feed.tick(usd(64_000))

    assert [made.reading for _, made in feed.listener.readings] == [first]


async def test_a_reading_that_was_made_is_not_made_again_at_the_next_tick(feed: Feed) -> None:
    await feed.see(START + 1)
    await feed.want(1)

    await feed.tick()
    await feed.tick()

    assert len(feed.listener.readings) == 1


async def test_a_restarted_oracle_reads_at_the_height_that_the_chain_has_reached(feed: Feed) -> None:
    await feed.start(signed_to=START + 1, height=START + 9)
    await feed.want(1)

    await feed.tick()

    assert feed.listener.readings[0][1].reading.height == START + 9


async def test_a_sale_is_signed_on_the_spot_that_everybody_sees(feed: Feed) -> None:
    await feed.tick(usd(65_000))
    sale = SignSale(terms=a_put(1), height=START)

    signed = await feed.world.ask(feed.ref, sale)

    assert (signed.price, signed.height) == (usd(65_000), START)
    assert await feed.world.ask(feed.ref, sale) == signed


@pytest.mark.parametrize("passed_ms", [QUOTE_AGE_MS + 1, 10 * QUOTE_AGE_MS])
async def test_no_sale_is_signed_on_a_spot_that_is_too_old(feed: Feed, passed_ms: int) -> None:
    await feed.tick()
    feed.world.clock.ms += passed_ms

    with pytest.raises(OracleStaleError):
        await feed.world.ask(feed.ref, SignSale(terms=a_put(1), height=START))


async def test_no_sale_is_signed_before_the_feed_has_spoken_or_while_it_is_silent(feed: Feed) -> None:
    sale = SignSale(terms=a_put(1), height=START)
    with pytest.raises(OracleStaleError):
        await feed.world.ask(feed.ref, sale)

    await feed.tick()
    feed.venue.price = None
    await feed.tick()
    with pytest.raises(OracleStaleError):
        await feed.world.ask(feed.ref, sale)


async def test_a_jump_signs_nothing_until_a_second_tick_says_the_same(feed: Feed) -> None:
    await feed.tick(usd(65_000))
    await feed.see(START + 1)
    await feed.want(1)
    await feed.tick(usd(50_000))
    waiting = await feed.public(START + 1)
    market = feed.world.board.market

    await feed.tick(usd(50_000))

    assert (waiting, market is not None and market.suspended) == (None, True)
    assert await feed.public(START + 1) == usd(50_000)
    assert feed.listener.readings[0][1].reading.price == usd(50_000)


async def test_a_set_price_counts_at_once_whatever_the_jump(tmp_path: Path, feed: Feed) -> None:
    feed.venue = FixedSource(tmp_path / "price.json", usd(65_000))
    await feed.start()
    await feed.tick()

    await feed.world.ask(feed.ref, SetPrice(price=usd(20_000)))
    market = feed.world.board.market
    await feed.world.ask(feed.ref, SetPrice(price=None))
    silent = feed.world.board.market

    assert market is not None
    assert (market.spot, market.suspended, market.stale) == (usd(20_000), False, False)
    assert silent is not None
    assert silent.stale


async def test_only_a_fixed_price_can_be_set(feed: Feed) -> None:
    with pytest.raises(ValidationFailedError):
        await feed.world.ask(feed.ref, SetPrice(price=usd(20_000)))


async def test_a_candle_keeps_its_opening_and_its_high_over_a_restart(feed: Feed) -> None:
    await feed.tick(usd(65_000))
    await feed.tick(usd(66_000))
    feed.world.clock.ms += 1_000
    await feed.start()

    await feed.tick(usd(64_000))

    (day,) = await feed.world.reader.read(candles, "1d", from_ms=0, to_ms=2 * START_MS, limit=5)
    assert (day.opening, day.high, day.low, day.closing) == (
        usd(65_000),
        usd(66_000),
        usd(64_000),
        usd(64_000),
    )


async def test_the_last_day_keeps_its_high_over_a_restart(feed: Feed) -> None:
    await feed.tick(usd(65_000))
    await feed.tick(usd(66_000))
    feed.world.clock.ms += 3_600_000
    await feed.start()

    await feed.tick(usd(64_000))

    market = feed.world.board.market
    assert market is not None
    assert (market.high_24h, market.low_24h) == (usd(66_000), usd(64_000))
    assert market.change_24h_bps == -154


async def test_the_days_that_were_observed_still_weigh_in_volatility_after_a_restart(
    world: CoreWorld,
) -> None:
    feed = Feed(world)
    first = daily_history()[-1].day + 2
    world.clock.ms = at_ms(first)
    await feed.start(observes_days=True)
    for day, price in enumerate((65_000, 59_000, 65_000, 59_000, 65_000)):
        world.clock.ms = at_ms(first + day)
        await feed.tick(usd(price))
        await feed.tick(usd(price))  # a jump waits for a second one
    before = world.board.market

    await feed.start(observes_days=True)
    await feed.tick(usd(65_000))

    after = world.board.market
    shipped = shipped_estimate(VolatilityRule())
    assert before is not None
    assert after is not None
    assert before.variances.fast > 1.5 * shipped.v_fast
    assert after.variances.fast == pytest.approx(before.variances.fast, rel=0.01)

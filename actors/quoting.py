"""The desk of the pool's actor: prices quotes on the conditions of now and remembers them for a while."""

from collections import OrderedDict

from actors.board import Board
from actors.seams import Clock
from bithedge.domain.errors import NotReadyError, QuoteExpiredError, UnknownQuoteError
from bithedge.domain.ids import QuoteId
from bithedge.domain.market import Market, Tip
from bithedge.domain.money import Sats, UsdE8
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.commands import SaleLimits
from bithedge.domain.quotes import (
    Availability,
    Conditions,
    Pricing,
    Quote,
    QuoteRequest,
    availability,
    price_quote,
)
from bithedge.domain.sale_window import SaleWindow
from bithedge.domain.tiers import Tier

REMEMBERED = 10_000
"""Quotes reserve nothing and are lost with a restart; so many of the newest are kept."""


class QuoteDesk:
    """Quotes by id, the oldest forgotten first; nothing here is promised or durable."""

    def __init__(
        self, *, pricing: Pricing, board: Board, clock: Clock, window: SaleWindow, quote_age_ms: int
    ) -> None:
        self._pricing = pricing
        self._board = board
        self._clock = clock
        self._window = window
        self._quote_age_ms = quote_age_ms
        self._quotes: OrderedDict[QuoteId, Quote] = OrderedDict()

    def price(self, books: Books, request: QuoteRequest, quote_id: QuoteId) -> Quote:
        """Return a new quote; raises what the pool refuses, or `OracleStaleError`."""
        quote = price_quote(
            books, request, quote_id, pricing=self._pricing, conditions=self.conditions(books)
        )
        self._quotes[quote_id] = quote
        while len(self._quotes) > REMEMBERED:
            self._quotes.popitem(last=False)
        return quote

    def find(self, quote_id: QuoteId) -> Quote:
        """Return a quote that may still be reserved.

        Raises:
            UnknownQuoteError: never given, or forgotten.
            QuoteExpiredError: its last height or time has passed.
        """
        quote = self._quotes.get(quote_id)
        if quote is None:
            raise UnknownQuoteError("no such quote: ask for a new one", field="quote_id", actual=quote_id)
        height, now_s = self.tip.burn_height, self._clock.now_ms() // 1_000
        if height > quote.valid_until or now_s > quote.valid_until_s:
            raise QuoteExpiredError(
                "the quote has lapsed: ask for a new one",
                field="quote_id",
                limit=quote.valid_until,
                actual=height,
            )
        return quote

    def availability(self, books: Books, request: QuoteRequest, tier: Tier) -> Availability:
        """Return whether a tier would take a cover now."""
        return availability(books, request, tier, pricing=self._pricing, conditions=self.conditions(books))

    @property
    def tip(self) -> Tip:
        """The applied tip; raises `NotReadyError` before the first block."""
        if self._board.tip is None:
            raise NotReadyError("no block was followed yet", retry_after_s=2)
        return self._board.tip

    @property
    def market(self) -> Market:
        """The price feed; raises `NotReadyError` before it has spoken."""
        if self._board.market is None:
            raise NotReadyError("the price feed has not spoken yet", retry_after_s=2)
        return self._board.market

    def spot(self) -> UsdE8:
        """Return the spot to sell on; raises `OracleStaleError`."""
        return self.market.spot_for_sale(self._clock.now_ms(), longest_age_ms=self._quote_age_ms)

    def limits(self, books: Books) -> SaleLimits:
        """Return what the chain still lets be sold, by the facts applied so far."""
        return SaleLimits(
            available=Sats(books.totals.available),
            window=self._window.room(books.totals, self.tip.burn_height),
        )

    def conditions(self, books: Books) -> Conditions:
        """Return the moment's conditions; raises `OracleStaleError`."""
        return Conditions(
            spot=self.spot(),
            variances=self.market.variances,
            height=self.tip.burn_height,
            now_ms=self._clock.now_ms(),
            limits=self.limits(books),
        )

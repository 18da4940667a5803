"""Sales, a part of the pool's actor: a quote becomes signed terms, its capacity held."""

from collections.abc import Callable, Sequence

import msgspec
from pykka import ActorDeadError

from actors.messages.oracle import SignSale
from actors.messages.pool import Reserve, Reserved
from actors.quoting import QuoteDesk
from actors.runtime import Address, DeadlineExceededError
from actors.seams import Clock
from bithedge.domain.blocks import POOL_STREAM
from bithedge.domain.errors import (
    InsufficientFundsError,
    NotOwnerError,
    NotReadyError,
    OracleStaleError,
    QuoteExpiredError,
    QuoteUsedError,
)
from bithedge.domain.events.policy import QuoteIssued
from bithedge.domain.events.pool import PoolEvent
from bithedge.domain.money import Bps, UsdE8
from bithedge.domain.policy.state import Policy, Status
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.commands import ReservePolicy
from bithedge.domain.pool.decisions import decide_reservation
from bithedge.domain.quote_limits import check_price
from bithedge.domain.quotes import Quote
from bithedge.domain.terms import Terms
from bithedge.protocol.calls import SignedPrice
from bithedge.protocol.signing import PoolSigner
from bithedge.storage.ports import Change, Committed, Journal, policy_stream
from bithedge.storage.queries.kept import signed_quote
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.reader import Reader

ASK_DEADLINE_S = 5.0


class Sales(msgspec.Struct, frozen=True, kw_only=True):
    """What a sale works with."""

    journal: Journal
    reader: Reader
    signer: PoolSigner
    oracle: Address
    clock: Clock
    desk: QuoteDesk
    price_tolerance: Bps

    async def reserve(self, books: Books, message: Reserve, check_selling: Callable[[], None]) -> Reserved:
        """Commit signed terms and their reservation, and take them up into `books`.

        The same owner may ask for the same quote again: the same policy, the same reservation.

        Args:
            books: the pool's.
            message: the command.
            check_selling: refuses while the books are not sound.

        Raises:
            DomainError: the interface's refusals of `POST /v1/policies`, in its order; nothing was changed.
        """
        before = await self.reader.read(policy_of_quote, message.quote_id)
        if before is not None:
            return await self._again(message, before.policy)
        quote = self.desk.find(message.quote_id)
        if quote.owner is not None and quote.owner != message.address:
            raise NotOwnerError("the quote was made for another address", field="authorisation")
        terms = quote.terms(message.address)
        events = self._decide(books, message, quote, terms)
        if message.balance < terms.premium:
            raise InsufficientFundsError(
                f"the address holds {message.balance} sats of sBTC, the premium is {terms.premium}",
                field="quote_id",
                limit=terms.premium,
                actual=message.balance,
            )
        check_selling()
        return await self._sell(books, message, quote, terms, events)

    def _decide(self, books: Books, message: Reserve, quote: Quote, terms: Terms) -> Sequence[PoolEvent]:
        """Decide at spot; without one the refusals that need none still come first."""
        try:
            spot = self.desk.spot()
        except OracleStaleError:
            decide_reservation(books, self._command(books, message, terms, quote.spot))
            raise
        check_price(quote.kind, quoted=quote.spot, spot=spot, tolerance=self.price_tolerance)
        return decide_reservation(books, self._command(books, message, terms, spot))

    async def _sell(
        self, books: Books, message: Reserve, quote: Quote, terms: Terms, events: Sequence[PoolEvent]
    ) -> Reserved:
        reading = await self._reading(terms)
        # The price may have moved while the oracle was busy; what is signed for is what was looked at.
        check_price(quote.kind, quoted=quote.spot, spot=reading.price, tolerance=self.price_tolerance)
        issued = QuoteIssued(
            terms=terms,
            spot=quote.spot,
            volatility=quote.volatility,
            price=reading.price,
            price_height=reading.height,
            quote_signatures=(self.signer.quote(terms),),
            reading_signatures=reading.signatures,
        )
        committed = await self.journal.append(
            [
                Change(stream=policy_stream(terms.quote_id), events=(issued,), expected=0),
                Change(stream=POOL_STREAM, events=tuple(events)),
            ],
            keep=lambda done: message.keep(_reserved(issued, _policy(done)), done),
            used_message=message.command_id,
        )
        for one in committed:
            books.apply(one.recorded)
        return _reserved(issued, _policy(committed))

    async def _reading(self, terms: Terms) -> SignedPrice:
        sale = SignSale(terms=terms, height=self.desk.tip.burn_height)
        try:
            return await self.oracle.ask(sale, deadline=ASK_DEADLINE_S)
        except (DeadlineExceededError, ActorDeadError) as error:
            raise NotReadyError("the price feed does not answer", retry_after_s=2) from error

    async def _again(self, message: Reserve, before: Policy) -> Reserved:
        if before.owner != message.address:
            raise NotOwnerError("another address holds this quote", field="authorisation")
        if before.policy_id is not None:
            raise QuoteUsedError("the quote has been bought", field="quote_id")
        signed = await self.reader.read(signed_quote, message.quote_id)
        terms = before.terms
        height, now_s = self.desk.tip.burn_height, self.clock.now_ms() // 1_000
        lapsed = height > terms.valid_until or now_s > terms.valid_until_s
        if signed is None or lapsed or before.status is Status.LAPSED:
            raise QuoteExpiredError(
                "the signed terms have lapsed: ask for a new quote",
                field="quote_id",
                limit=terms.valid_until,
                actual=height,
            )
        reserved = _reserved(signed.issued, before)
        await self.journal.append(
            [], keep=lambda done: message.keep(reserved, done), used_message=message.command_id
        )
        return reserved

    def _command(self, books: Books, message: Reserve, terms: Terms, spot: UsdE8) -> ReservePolicy:
        return ReservePolicy(
            quote_id=terms.quote_id,
            owner=message.address,
            tier=terms.tier,
            kind=terms.kind,
            strike=terms.strike,
            amount=terms.amount,
            max_payout=terms.max_payout,
            expiry=terms.expiry,
            valid_until=terms.valid_until,
            premium=terms.premium,
            command_id=message.command_id,
            height=self.desk.tip.burn_height,
            spot=spot,
            now_ms=self.clock.now_ms(),
            limits=self.desk.limits(books),
        )


def _policy(committed: Sequence[Committed]) -> Policy:
    found = [one.policy for one in committed if one.policy is not None]
    if not found:
        raise ValueError("a sale was committed without its policy")
    return found[-1]


def _reserved(issued: QuoteIssued, policy: Policy) -> Reserved:
    reading = SignedPrice(
        price=issued.price, height=issued.price_height, signatures=issued.reading_signatures
    )
    return Reserved(policy=policy, quote_signatures=issued.quote_signatures, reading=reading)

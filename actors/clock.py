"""The clock: what the passing of burn heights alone brings about."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import structlog

from actors.board import Board
from actors.directory import PolicyDirectory
from actors.messages.clock import Advance
from actors.messages.policies import HeightReached
from actors.runtime import AsyncioActor
from actors.seams import Ids
from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import QuoteId, operation_id
from bithedge.domain.money import Height
from bithedge.domain.policy.state import Policy
from bithedge.protocol.calls import MAX_RELEASE, SignedPrice, release_collateral
from bithedge.protocol.parameters import ContractParameters
from bithedge.storage.ports import Journal
from bithedge.storage.queries.prices import signed_price
from bithedge.storage.queries.releasing import policies_in_release, settlements_resumed_at
from bithedge.storage.reader import Reader

log = structlog.stdlib.get_logger()

RETRY_BLOCKS = 6
"""A release that freed nothing is tried again after so many burn blocks."""


class ClockActor(AsyncioActor):
    """Hears each new height; says who expires, and releases the collateral of those that owe nothing.

    Owns no state of its own: what is due stands in the directory's index, what was sent in the journal, so a
    restart goes on where it was. A release is one operation for up to 50 policies of one expiry height. While
    settlements are paused on chain it waits, and looks back afterwards.
    """

    def __init__(
        self,
        *,
        directory: PolicyDirectory,
        board: Board,
        reader: Reader,
        journal: Journal,
        ids: Ids,
        parameters: ContractParameters,
        intents_committed: Callable[[], None],
    ) -> None:
        super().__init__()
        self._directory = directory
        self._board = board
        self._reader = reader
        self._journal = journal
        self._ids = ids
        self._parameters = parameters
        self._intents_committed = intents_committed
        self._looked_back = False
        self._prices: dict[Height, SignedPrice] = {}

    async def on_receive(self, message: Advance) -> None:
        height = message.height
        self._directory.height(height)
        resumed = await self._reader.read(settlements_resumed_at)
        if height < resumed:
            self._looked_back = False
            return
        if not self._looked_back:
            # Nothing is released in this turn: whoever is told of a touch settles first.
            await self._directory.look_back()
            self._looked_back = True
            return
        await self._expire(height, resumed)

    async def _expire(self, height: Height, resumed: Height) -> None:
        expiries = self._directory.index.expiries()
        self._prices = {expiry: self._prices[expiry] for expiry in expiries if expiry in self._prices}
        on_its_way = await self._reader.read(policies_in_release) if expiries else frozenset[QuoteId]()
        for expiry in expiries:
            price = await self._price(expiry)
            policies = self._directory.index.expired_at(expiry)
            if price is not None:
                self._exercise(policies, price, height)
            waiting = [policy for policy in policies if policy.quote_id not in on_its_way]
            await self._release(expiry, waiting, price, height=height, since=max(expiry, resumed))

    async def _price(self, expiry: Height) -> SignedPrice | None:
        """Return the public price of a height; it never changes, so it is read once."""
        known = self._prices.get(expiry) or await self._reader.read(signed_price, expiry)
        if known is not None:
            self._prices[expiry] = known
        return known

    def _exercise(self, policies: Sequence[Policy], price: SignedPrice, height: Height) -> None:
        for policy in policies:
            if _is_exercised(policy, price):
                self._directory.tell(policy.quote_id, HeightReached(height=height, expiry_price=price))

    async def _release(
        self,
        expiry: Height,
        policies: Sequence[Policy],
        price: SignedPrice | None,
        *,
        height: Height,
        since: Height,
    ) -> None:
        """Release by the price of expiry once every touch and request had its time; after grace, without.

        The holder's own time ends with grace, the daemon's promise to exercise for it does not. And while
        prices come, that of expiry is only late: it is waited for.

        Args:
            expiry: their last height.
            policies: what is past it and not in release yet.
            price: of the last height.
            height: now.
            since: the later of the last height and the end of the last pause of settlements.
        """
        owing: Sequence[Policy] = policies
        intents: list[Intent] = []
        if price is not None:
            owing = [
                one for one in policies if one.terms.payout_at(price.price) and not _is_exercised(one, price)
            ]
            if height > since + self._parameters.request_life:
                free = [one for one in policies if one.terms.payout_at(price.price) == 0]
                intents += self._intents(free, price, expiry, height)
        if height > since + self._parameters.grace and (price is not None or self._is_silent()):
            intents += self._intents(owing, None, expiry, height)
        if intents:
            await self._journal.append([], intents=intents)
            self._intents_committed()
            log.info("clock.release_due", height=height, expiry_height=expiry, operations=len(intents))

    def _is_silent(self) -> bool:
        market = self._board.market
        return market is not None and market.stale

    def _intents(
        self, policies: Sequence[Policy], proof: SignedPrice | None, expiry: Height, height: Height
    ) -> list[Intent]:
        return [self._intent(batch, proof, expiry, height) for batch in _batches(policies)]

    def _intent(
        self, policies: Sequence[Policy], proof: SignedPrice | None, expiry: Height, height: Height
    ) -> Intent:
        numbers = tuple(policy.policy_id for policy in policies if policy.policy_id is not None)
        names = ",".join(policy.quote_id for policy in policies)
        digest = hashlib.sha256(names.encode()).hexdigest()[:16]
        return Intent(
            operation_id=operation_id(self._ids.bytes16()),
            key=f"release:{expiry}:{digest}:{height // RETRY_BLOCKS}",
            kind="release",
            call=release_collateral(numbers, proof),
            quote_ids=tuple(policy.quote_id for policy in policies),
            policy_ids=numbers,
        )


def _is_exercised(policy: Policy, price: SignedPrice) -> bool:
    return policy.auto_exercise and policy.terms.payout_at(price.price) > 0


def _batches(policies: Sequence[Policy]) -> Iterator[Sequence[Policy]]:
    for start in range(0, len(policies), MAX_RELEASE):
        yield policies[start : start + MAX_RELEASE]

"""The clock: what the passing of burn heights alone brings about."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import structlog

from actors.directory import PolicyDirectory
from actors.messages.clock import Advance
from actors.messages.oracle import PublicPriceOf
from actors.messages.policies import HeightReached
from actors.runtime import Address, AsyncioActor
from actors.seams import Ids
from bithedge.domain.events.transactions import Intent
from bithedge.domain.ids import operation_id
from bithedge.domain.money import Height
from bithedge.domain.policy.state import Policy
from bithedge.protocol.calls import MAX_RELEASE, SignedPrice, release_collateral
from bithedge.protocol.parameters import ContractParameters
from bithedge.storage.ports import Journal

log = structlog.stdlib.get_logger()

ASK_DEADLINE_S = 5.0
RETRY_BLOCKS = 6
"""A release that freed nothing is tried again after so many burn blocks."""


class ClockActor(AsyncioActor):
    """Hears each new height; says who expires, and releases the collateral of those that owe nothing.

    Owns no state of its own: what is due stands in the directory's index, what was sent in the journal, so a
    restart goes on where it was. A release is one operation for up to 50 policies of one expiry height.
    """

    def __init__(
        self,
        *,
        directory: PolicyDirectory,
        oracle: Address,
        journal: Journal,
        ids: Ids,
        parameters: ContractParameters,
        intents_committed: Callable[[], None],
    ) -> None:
        super().__init__()
        self._directory = directory
        self._oracle = oracle
        self._journal = journal
        self._ids = ids
        self._parameters = parameters
        self._intents_committed = intents_committed

    async def on_receive(self, message: Advance) -> None:
        height = message.height
        self._directory.height(height)
        for expiry, policies in self._directory.index.expiring():
            price = await self._oracle.ask(PublicPriceOf(height=expiry), deadline=ASK_DEADLINE_S)
            if price is not None:
                self._exercise(policies, price, height)
            await self._release(expiry, policies, price, height)

    def _exercise(self, policies: Sequence[Policy], price: SignedPrice, height: Height) -> None:
        for policy in policies:
            if policy.auto_exercise and policy.terms.payout_at(price.price) > 0:
                self._directory.tell(policy.quote_id, HeightReached(height=height, expiry_price=price))

    async def _release(
        self, expiry: Height, policies: Sequence[Policy], price: SignedPrice | None, height: Height
    ) -> None:
        """Release by the price of expiry once every touch and request had its time; after grace, without."""
        proof = price
        if height > expiry + self._parameters.grace:
            due, proof = list(policies), None
        elif price is not None and height > expiry + self._parameters.request_life:
            due = [policy for policy in policies if policy.terms.payout_at(price.price) == 0]
        else:
            return
        intents = [
            self._intent(batch, proof, expiry, height)
            for batch in _batches([policy for policy in due if policy.detail != "release_sent"])
        ]
        if intents:
            await self._journal.append([], intents=intents)
            self._intents_committed()
            log.info("clock.release_due", height=height, expiry_height=expiry, operations=len(intents))

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


def _batches(policies: Sequence[Policy]) -> Iterator[Sequence[Policy]]:
    for start in range(0, len(policies), MAX_RELEASE):
        yield policies[start : start + MAX_RELEASE]

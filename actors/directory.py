"""Finds policies: the only way to one, and whom a price or a height concerns."""

from collections import OrderedDict
from collections.abc import Sequence

from pykka import ActorRef

from actors.messages.policies import (
    FactsCommitted,
    HeightReached,
    OperationEnded,
    PolicyMessage,
    Resume,
    TouchSeen,
)
from actors.policy import PolicyActor, PolicyTools
from actors.runtime import MailboxFullError, ask, current_system, idle
from bithedge.domain.errors import UnknownPolicyError
from bithedge.domain.events.base import Recorded
from bithedge.domain.events.policy import PolicyCreated
from bithedge.domain.events.transactions import TransactionAborted
from bithedge.domain.ids import QuoteId
from bithedge.domain.money import Height
from bithedge.domain.policy.index import Index
from bithedge.domain.policy.state import Policy
from bithedge.protocol.calls import SignedPrice
from bithedge.storage.ports import Committed
from bithedge.storage.queries.touches import public_prices_above

LIVE_POLICIES_MAX = 50_000


class PolicyDirectory:
    """Revives policies when they are spoken to, lets the idle ones go; nobody keeps a reference to one."""

    def __init__(self, tools: PolicyTools, *, live_max: int = LIVE_POLICIES_MAX) -> None:
        self.index = Index()
        self._tools = tools
        self._live: OrderedDict[QuoteId, ActorRef[PolicyActor]] = OrderedDict()
        self._live_max = live_max

    def load(self, policies: Sequence[Policy], height: Height) -> None:
        """Index the open policies at start, and let those in progress go on."""
        for policy in policies:
            self.index.put(policy)
        for policy in self.index.settling():
            self.tell(policy.quote_id, Resume(height=height))

    def tell(self, quote_id: QuoteId, message: PolicyMessage) -> None:
        """Give a policy a message; a full mailbox makes it a dead letter, for a teller may not be harmed."""
        try:
            self._find(quote_id).tell(message)
        except MailboxFullError:
            current_system().dead_letters.add(quote_id, message, "full")

    async def ask(self, quote_id: QuoteId, message: PolicyMessage, *, deadline: float) -> Policy:
        """Ask a policy; raises what it refuses, or `UnknownPolicyError`."""
        answer = await ask(self._find(quote_id), message, deadline=deadline)
        if answer is None:
            raise UnknownPolicyError("no policy has this id", field="policy_id", actual=quote_id)
        return answer

    def public_price(self, price: SignedPrice) -> None:
        """Tell those that this public price touches."""
        for quote_id in self.index.touched_by(price.price):
            self.tell(quote_id, TouchSeen())

    async def look_back(self) -> None:
        """Tell those that an earlier public price touched: they may have missed it, or could not act."""
        above = self.index.lowest_start()
        if above is None:
            return
        prices = await self._tools.reader.read(public_prices_above, above)
        for quote_id in self.index.touched_since(prices):
            self.tell(quote_id, TouchSeen())

    def height(self, height: Height) -> None:
        """Tell those whose last height has passed, and those in settlement that wait for something."""
        for quote_id in self.index.due(height):
            self.tell(quote_id, HeightReached(height=height))
        for policy in self.index.settling():
            if policy.detail == "settlement_retrying":
                self.tell(policy.quote_id, HeightReached(height=height))
            elif policy.settlement is None:
                self.tell(policy.quote_id, Resume(height=height))

    def committed(self, batch: Sequence[Committed]) -> None:
        """Follow what was journalled: the index, and the live policies that it concerns."""
        facts: dict[QuoteId, list[Recorded]] = {}
        latest: dict[QuoteId, Policy] = {}
        for one in batch:
            if one.policy is not None:
                facts.setdefault(one.policy.quote_id, []).append(one.recorded)
                latest[one.policy.quote_id] = one.policy
        for quote_id, policy in latest.items():
            self.index.put(policy)
            if quote_id in self._live:
                self.tell(quote_id, FactsCommitted(facts=tuple(facts[quote_id]), policy=policy))
        for one in batch:
            self._follow_up(one)

    def _follow_up(self, one: Committed) -> None:
        event = one.recorded.event
        if isinstance(event, PolicyCreated) and one.policy is not None:
            # Mined anew after a reorg, it may begin before prices that were signed long ago.
            self.tell(one.policy.quote_id, TouchSeen())
        if isinstance(event, TransactionAborted) and event.operation_id is not None:
            for quote_id in event.quote_ids:
                policy = self.index.settling_one(quote_id)
                if policy is not None and policy.operation_id == event.operation_id:
                    self.tell(quote_id, OperationEnded(operation_id=event.operation_id, reason=event.reason))

    def _find(self, quote_id: QuoteId) -> ActorRef[PolicyActor]:
        ref = self._live.get(quote_id)
        if ref is None or not ref.is_alive():
            self._passivate()
            ref = PolicyActor.start(quote_id, self._tools)
            self._live[quote_id] = ref
        self._live.move_to_end(quote_id)
        return ref

    def _passivate(self) -> None:
        """Let go of the least recently used, if it is idle; no await stands between look and removal."""
        while len(self._live) >= self._live_max:
            quote_id, ref = next(iter(self._live.items()))
            if ref.is_alive() and not idle(ref):
                self._live.move_to_end(quote_id)
                return
            del self._live[quote_id]
            if ref.is_alive():
                ref.stop(block=False)

"""Finds policies: the only way to one, and the index that says whom a price or a height concerns."""

import heapq
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import structlog
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
from actors.runtime import ask, idle
from bithedge.domain.errors import UnknownPolicyError
from bithedge.domain.events.base import Recorded
from bithedge.domain.events.transactions import TransactionAborted
from bithedge.domain.ids import QuoteId
from bithedge.domain.money import Height, UsdE8
from bithedge.domain.policy.state import Policy, Status
from bithedge.protocol.calls import SignedPrice
from bithedge.storage.ports import Committed

log = structlog.stdlib.get_logger()

LIVE_POLICIES_MAX = 50_000

_OPEN = frozenset({Status.ACTIVE, Status.EXPIRING})


class Index:
    """Open policies by what can happen to them; each lookup costs what it finds."""

    def __init__(self) -> None:
        self._policies: dict[QuoteId, Policy] = {}
        self._floors: list[tuple[int, QuoteId]] = []
        self._ceilings: list[tuple[int, QuoteId]] = []
        self._expiries: list[tuple[int, QuoteId]] = []
        self._expiring: dict[Height, dict[QuoteId, Policy]] = {}
        self._settling: dict[QuoteId, Policy] = {}

    def put(self, policy: Policy) -> None:
        """Take the policy's present state in place of the former one."""
        self._drop(policy.quote_id)
        self._policies[policy.quote_id] = policy
        if policy.status is Status.SETTLING:
            self._settling[policy.quote_id] = policy
        if policy.status is Status.EXPIRING:
            self._expiring.setdefault(policy.terms.expiry, {})[policy.quote_id] = policy
        if policy.status is Status.ACTIVE:
            heapq.heappush(self._expiries, (policy.terms.expiry, policy.quote_id))
        if policy.status not in _OPEN:
            if policy.status is not Status.SETTLING:
                del self._policies[policy.quote_id]
            return
        terms = policy.terms
        if terms.floor is not None:
            insort(self._floors, (terms.floor, policy.quote_id))
        elif terms.ceiling is not None:
            insort(self._ceilings, (terms.ceiling, policy.quote_id))

    def _drop(self, quote_id: QuoteId) -> None:
        before = self._policies.pop(quote_id, None)
        if before is None:
            return
        self._settling.pop(quote_id, None)
        bucket = self._expiring.get(before.terms.expiry)
        if bucket is not None:
            bucket.pop(quote_id, None)
            if not bucket:
                del self._expiring[before.terms.expiry]
        for edges, edge in ((self._floors, before.terms.floor), (self._ceilings, before.terms.ceiling)):
            if edge is not None:
                at = bisect_left(edges, (edge, quote_id))
                if at < len(edges) and edges[at] == (edge, quote_id):
                    del edges[at]

    def touched_by(self, price: UsdE8) -> Sequence[QuoteId]:
        """Return the puts with a floor at or above `price`, the calls with a ceiling at or below it."""
        puts = self._floors[bisect_left(self._floors, (price, QuoteId(""))) :]
        calls = self._ceilings[: bisect_right(self._ceilings, (price, QuoteId("r")))]
        return [quote_id for _, quote_id in [*puts, *calls]]

    def newly_due(self, height: Height) -> Sequence[QuoteId]:
        """Return the active policies whose last height is below `height`, each once while it stays so."""
        due: list[QuoteId] = []
        while self._expiries and self._expiries[0][0] < height:
            _, quote_id = heapq.heappop(self._expiries)
            policy = self._policies.get(quote_id)
            if policy is not None and policy.status is Status.ACTIVE:
                due.append(quote_id)
        return due

    def expiring(self) -> Iterator[tuple[Height, Sequence[Policy]]]:
        """Yield each expiry height with its policies that are past it and not ended."""
        for height in sorted(self._expiring):
            yield height, list(self._expiring[height].values())

    def settling(self) -> Sequence[Policy]:
        """Return the policies in settlement."""
        return list(self._settling.values())


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
        """Give a policy a message."""
        self._find(quote_id).tell(message)

    async def ask(self, quote_id: QuoteId, message: PolicyMessage, *, deadline: float) -> Policy:
        """Ask a policy; raises what it refuses, or `UnknownPolicyError`."""
        answer = await ask(self._find(quote_id), message, deadline=deadline)
        if answer is None:
            raise UnknownPolicyError("no policy has this id", field="policy_id", actual=quote_id)
        return answer

    def public_price(self, price: SignedPrice) -> None:
        """Tell those that this public price touches."""
        for quote_id in self.index.touched_by(price.price):
            self.tell(quote_id, TouchSeen(price=price))

    def height(self, height: Height) -> None:
        """Tell those whose last height has just passed, and those whose settlement waits for a new height."""
        for quote_id in self.index.newly_due(height):
            self.tell(quote_id, HeightReached(height=height))
        for policy in self.index.settling():
            if policy.detail == "settlement_retrying":
                self.tell(policy.quote_id, HeightReached(height=height))

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
            self._operation_ended(one.recorded)

    def _operation_ended(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, TransactionAborted) and event.operation_id is not None:
            for quote_id in event.quote_ids:
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

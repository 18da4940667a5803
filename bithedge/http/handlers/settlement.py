"""The owner's own way on chain: which step comes next, and with which public price."""

import msgspec

from bithedge.domain.errors import NotInTheMoneyError, NotReadyError, PolicyExpiredError, PolicyNotActiveError
from bithedge.domain.ids import PolicyNumber
from bithedge.domain.money import Height, Sats
from bithedge.domain.policy.state import LIVE, Policy
from bithedge.http.answers import SettlementAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import check_settlements, find_policy, tip_of
from bithedge.http.node_reads import nonces_of, prepare_for
from bithedge.http.requests import SettlementBody
from bithedge.protocol.calls import SignedPrice, request_exercise, settle_policy
from bithedge.storage.queries.prices import signed_price
from bithedge.storage.queries.touches import price_beyond
from bithedge.storage.reader import Reader


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A policy on chain, and the clock it is judged by."""

    policy: Policy
    number: PolicyNumber
    start: Height
    height: Height
    request_life: int
    """Blocks after a requested price in which it may be settled at."""

    @property
    def expiry(self) -> Height:
        """The last height for exercise."""
        return self.policy.terms.expiry

    @property
    def requested(self) -> Height | None:
        """The height whose price an order on chain waits for, while it may still be settled at."""
        request = self.policy.request
        if request is None or self.height > request.height + 1 + self.request_life:
            return None
        return Height(request.height + 1)


async def post_settlement(call: Call[Nothing, SettlementBody]) -> Reply:
    """Return the next step that the owner can take without the backend."""
    system = call.system
    _, head = await find_policy(system.reader, call.path["id"])
    policy = head.policy
    standing = standing_of(
        policy, tip_of(call.context).burn_height, request_life=system.parameters.request_life
    )
    price = await settling_price(system.reader, standing)
    nonce = (await nonces_of(system, policy.owner)).next
    if price is None:
        contract_call = request_exercise(standing.number, Sats(call.body.min_payout_sats or 1))
    else:
        check_settlements(system.board, standing.height)
        owed = policy.terms.payout_at(price.price)
        contract_call = settle_policy(system.deployment, standing.number, price, owed)
    answer = SettlementAnswer(
        step="request" if price is None else "settle",
        price_height=None if price is None else price.height,
        transaction=prepare_for(system, contract_call, sender=policy.owner, nonce=nonce),
    )
    return await call.kept(json_reply(answer))


async def settling_price(reader: Reader, standing: Standing) -> SignedPrice | None:
    """Return the public price that the contract would settle at now; None if it has to be requested first.

    A touch pays all, so it comes first; then the order that stands; then, after expiry, the price of it.

    Raises:
        NotReadyError: the price that decides is not signed yet.
        NotInTheMoneyError: the price of expiry pays nothing.
        PolicyExpiredError: too late for a request, too early for the price of expiry.
    """
    terms = standing.policy.terms
    touch = await reader.read(
        price_beyond, floor=terms.floor, ceiling=terms.ceiling, above=standing.start, up_to=standing.expiry
    )
    if touch is not None:
        return touch
    if standing.requested is not None:
        ordered = await _ordered(reader, standing, standing.requested)
        if ordered is not None:
            return ordered
    if standing.height > standing.expiry:
        return await _at_expiry(reader, standing)
    if standing.height == standing.expiry:
        raise PolicyExpiredError(
            "a request now would be too late: its price decides from the next block on",
            field="policy_id",
            limit=standing.expiry - 1,
            actual=standing.height,
        )
    return None


async def _ordered(reader: Reader, standing: Standing, height: Height) -> SignedPrice | None:
    """Return the price of the order on chain; None if it pays less than the order's minimum."""
    price = await reader.read(signed_price, height)
    if price is None:
        raise NotReadyError(f"the price of height {height} is not signed yet", retry_after_s=5)
    request = standing.policy.request
    owed = standing.policy.terms.payout_at(price.price)
    return price if request is not None and owed >= max(1, request.min_payout) else None


async def _at_expiry(reader: Reader, standing: Standing) -> SignedPrice:
    price = await reader.read(signed_price, standing.expiry)
    if price is None:
        raise NotReadyError(f"the price of height {standing.expiry} is not signed yet", retry_after_s=5)
    if standing.policy.terms.payout_at(price.price) == 0:
        raise NotInTheMoneyError(
            "at the price of its expiry the policy pays nothing",
            field="policy_id",
            limit=standing.policy.terms.strike,
            actual=price.price,
        )
    return price


def standing_of(policy: Policy, height: Height, *, request_life: int) -> Standing:
    """Return a policy as the contract judges it at a burn height.

    Raises:
        PolicyNotActiveError: nothing of it is locked on chain.
    """
    if policy.status not in LIVE or policy.policy_id is None or policy.start is None:
        raise PolicyNotActiveError(
            f"the policy is {policy.status.value}: there is nothing to settle on chain",
            field="policy_id",
            actual=policy.status.value,
        )
    return Standing(
        policy=policy, number=policy.policy_id, start=policy.start, height=height, request_life=request_life
    )

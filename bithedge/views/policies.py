"""A policy as its holder sees it, and who backs it."""

from bithedge.domain.events.policy import ExercisedBy, Rule
from bithedge.domain.ids import Address, PolicyNumber, QuoteId, Txid
from bithedge.domain.money import WHOLE, Bps, Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import ENDED, Detail, Policy, Settlement, Status
from bithedge.domain.pricing import fair_value_sats, years_of
from bithedge.domain.tiers import Tier
from bithedge.domain.volatility import quoted_volatility
from bithedge.storage.queries.policies import Backing
from bithedge.views.base import View
from bithedge.views.context import ViewContext
from bithedge.views.times import rfc3339


class SaleView(View, frozen=True, kw_only=True):
    """What the price was when it was sold."""

    spot_usd_e8: UsdE8
    volatility: float | None


class SettlementView(View, frozen=True, kw_only=True):
    """The price that settles it, and what it pays; `height` is the price's."""

    rule: Rule
    price_usd_e8: UsdE8
    payout_sats: Sats
    height: Height
    txid: Txid | None
    at: str | None


class PolicyView(View, frozen=True, kw_only=True):
    """A policy; amounts in sats of sBTC, prices in USD x 1e8 per BTC, heights of burn blocks."""

    policy_id: PolicyNumber | None
    quote_id: QuoteId
    kind: Kind
    owner: Address
    amount_sats: Sats
    strike_usd_e8: UsdE8
    max_payout_sats: Sats
    floor_usd_e8: UsdE8 | None
    ceiling_usd_e8: UsdE8 | None
    premium_sats: Sats
    fee_sats: Sats
    start_height: Height | None
    expiry_height: Height
    expiry_estimate_at: str | None
    valid_until_height: Height
    valid_until_at: str
    tier: Tier
    status: Status
    status_detail: Detail | None
    status_reason: str | None
    auto_exercise: bool
    exercised_by: ExercisedBy | None
    in_the_money: bool
    payout_now_sats: Sats | None
    """None while there is no price."""
    value_now_sats: Sats | None
    at_sale: SaleView
    created_txid: Txid | None
    settlement: SettlementView | None
    closing_txid: Txid | None
    confirmations: int
    """Stacks blocks over the transaction behind the present status, its own included."""
    final: bool
    final_height: Height | None
    created_at: str
    updated_seq: int


class BackerView(View, frozen=True, kw_only=True):
    """One provider's part of a policy's collateral."""

    address: Address
    share_sats: Sats
    share_bps: Bps


def policy_view(policy: Policy, context: ViewContext) -> PolicyView:
    """Return a policy as the interface shows it at this moment."""
    terms = policy.terms
    payout_now, value_now = _worth(policy, context)
    final_height = _final_height(policy, context)
    block_height = None if policy.standing is None else policy.standing.block_height
    return PolicyView(
        policy_id=policy.policy_id,
        quote_id=terms.quote_id,
        kind=terms.kind,
        owner=terms.owner,
        amount_sats=terms.amount,
        strike_usd_e8=terms.strike,
        max_payout_sats=terms.max_payout,
        floor_usd_e8=terms.floor,
        ceiling_usd_e8=terms.ceiling,
        premium_sats=terms.premium,
        fee_sats=terms.fee,
        start_height=policy.start,
        expiry_height=terms.expiry,
        expiry_estimate_at=context.estimate_at(terms.expiry),
        valid_until_height=terms.valid_until,
        valid_until_at=rfc3339(terms.valid_until_s * 1_000),
        tier=terms.tier,
        status=policy.status,
        status_detail=policy.detail,
        status_reason=policy.reason,
        auto_exercise=policy.auto_exercise,
        exercised_by=policy.exercised_by,
        in_the_money=payout_now is not None and payout_now > 0,
        payout_now_sats=payout_now,
        value_now_sats=value_now,
        at_sale=SaleView(spot_usd_e8=policy.spot_at_sale, volatility=policy.volatility_at_sale),
        created_txid=policy.created_txid,
        settlement=None if policy.settlement is None else _settlement(policy.settlement),
        closing_txid=policy.closing_txid,
        confirmations=context.confirmations(block_height),
        final=_is_reached(final_height, context),
        final_height=final_height,
        created_at=rfc3339(policy.created_at_ms),
        updated_seq=policy.updated_seq,
    )


def backer_views(backings: tuple[Backing, ...]) -> tuple[BackerView, ...]:
    """Return who backs a policy and how much of it, the largest share first."""
    whole = max(1, sum(backing.share for backing in backings))
    return tuple(
        BackerView(
            address=backing.address,
            share_sats=backing.share,
            share_bps=Bps(backing.share * WHOLE // whole),
        )
        for backing in backings
    )


def payout_now(policy: Policy, context: ViewContext) -> Sats | None:
    """Return what the policy would pay now, or will by its fixed price; 0 once it has ended."""
    if policy.status in ENDED:
        return Sats(0)
    if policy.settlement is not None:
        return policy.settlement.payout
    spot = None if context.market is None else context.market.spot
    return None if spot is None else policy.terms.payout_at(spot)


def _worth(policy: Policy, context: ViewContext) -> tuple[Sats | None, Sats | None]:
    pays = payout_now(policy, context)
    market, tip = context.market, context.tip
    if policy.status in ENDED or policy.settlement is not None or market is None or market.spot is None:
        return pays, pays
    terms = policy.terms
    left = terms.expiry - (tip.burn_height if tip is not None else policy.start or terms.expiry)
    years = years_of(max(0, left))
    pricing = context.pricing
    volatility = quoted_volatility(
        pricing.volatility, market.variances, terms.kind, market.spot, terms.strike, years
    )
    value = fair_value_sats(
        terms.kind,
        market.spot,
        terms.strike,
        terms.amount,
        terms.max_payout,
        volatility,
        years,
        carry=pricing.premium.carry,
    )
    return pays, value


def _final_height(policy: Policy, context: ViewContext) -> Height | None:
    if policy.standing is not None:
        return context.final_height(policy.standing.burn_height)
    # No purchase can come any more once the last height for one is final.
    return context.final_height(policy.terms.valid_until) if policy.status is Status.LAPSED else None


def _is_reached(final_height: Height | None, context: ViewContext) -> bool:
    return final_height is not None and context.tip is not None and context.tip.burn_height >= final_height


def _settlement(settlement: Settlement) -> SettlementView:
    return SettlementView(
        rule=settlement.rule,
        price_usd_e8=settlement.price,
        payout_sats=settlement.payout,
        height=settlement.price_height,
        txid=settlement.txid,
        at=rfc3339(settlement.at_ms),
    )

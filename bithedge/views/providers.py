"""A provider's portfolio, its ledger, what its money backs."""

from bithedge.domain.ids import Address, PolicyNumber, QuoteId, Txid
from bithedge.domain.money import WHOLE, Bps, Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Policy, Status
from bithedge.domain.pool.ledger import Bucket, Cause
from bithedge.domain.pool.views import PortfolioView, TierAccountView, TierHealth
from bithedge.domain.tiers import Tier
from bithedge.storage.queries.providers import BackedPolicy, LedgerLine
from bithedge.views.base import View
from bithedge.views.context import ViewContext
from bithedge.views.policies import payout_now
from bithedge.views.times import rfc3339


class ProviderTierView(View, frozen=True, kw_only=True):
    """A provider's money in one tier."""

    tier: Tier
    free_sats: Sats
    locked_sats: Sats
    pending_sats: Sats
    earned_sats: Sats
    unearned_sats: Sats
    fees_sats: Sats
    losses_sats: Sats
    deposited_sats: Sats
    withdrawn_sats: Sats
    withdrawable_sats: Sats
    active_policies: int
    yield_bps: Bps
    exit: bool
    health: TierHealth


class ProviderView(View, frozen=True, kw_only=True):
    """A provider in all its tiers."""

    address: Address
    tiers: tuple[ProviderTierView, ...]
    total_sats: Sats
    first_deposit_at: str | None
    last_activity_at: str | None


class LedgerLineView(View, frozen=True, kw_only=True):
    """One change of one bucket, and what caused it; `balance_sats` is the bucket's after it."""

    seq: int
    at: str
    tier: Tier
    bucket: Bucket
    change_sats: int
    balance_sats: int
    cause: Cause
    policy_id: PolicyNumber | None
    txid: Txid | None
    undone: bool


class BackingView(View, frozen=True, kw_only=True):
    """A provider's part of a policy."""

    policy_id: PolicyNumber | None
    quote_id: QuoteId
    tier: Tier
    kind: Kind
    strike_usd_e8: UsdE8
    floor_usd_e8: UsdE8 | None
    ceiling_usd_e8: UsdE8 | None
    expiry_height: Height
    status: Status
    share_sats: Sats
    share_bps: Bps
    owed_now_sats: Sats | None
    premium_sats: Sats
    earned_sats: Sats


def provider_view(portfolio: PortfolioView) -> ProviderView:
    """Return a provider's portfolio as the interface shows it."""
    return ProviderView(
        address=portfolio.address,
        tiers=tuple(_tier(account) for account in portfolio.tiers),
        total_sats=portfolio.total_sats,
        first_deposit_at=rfc3339(portfolio.first_deposit_ms),
        last_activity_at=rfc3339(portfolio.last_activity_ms),
    )


def ledger_line_view(line: LedgerLine) -> LedgerLineView:
    """Return a ledger line as the interface shows it."""
    return LedgerLineView(
        seq=line.seq,
        at=rfc3339(line.at_ms),
        tier=line.tier,
        bucket=line.bucket,
        change_sats=line.change,
        balance_sats=line.balance,
        cause=line.cause,
        policy_id=line.policy_id,
        txid=line.txid,
        undone=line.undone,
    )


def backing_view(backed: BackedPolicy, context: ViewContext) -> BackingView:
    """Return what a provider stands behind; what it would owe is rounded down."""
    policy, terms = backed.policy, backed.policy.terms
    pays = payout_now(policy, context)
    return BackingView(
        policy_id=policy.policy_id,
        quote_id=terms.quote_id,
        tier=terms.tier,
        kind=terms.kind,
        strike_usd_e8=terms.strike,
        floor_usd_e8=terms.floor,
        ceiling_usd_e8=terms.ceiling,
        expiry_height=terms.expiry,
        status=policy.status,
        share_sats=backed.share,
        share_bps=Bps(backed.share * WHOLE // terms.max_payout),
        owed_now_sats=None if pays is None else Sats(pays * backed.share // terms.max_payout),
        premium_sats=backed.premium,
        earned_sats=backed.earned if backed.released else _earned(backed, policy, context),
    )


def _earned(backed: BackedPolicy, policy: Policy, context: ViewContext) -> Sats:
    """Return the premium made so far, linear by height and rounded down, handed out or not."""
    if policy.start is None or context.tip is None:
        return backed.earned
    life = max(1, policy.terms.expiry - policy.start)
    past = min(life, max(0, context.tip.burn_height - policy.start))
    return Sats(max(backed.earned, backed.premium * past // life))


def _tier(account: TierAccountView) -> ProviderTierView:
    return ProviderTierView(
        tier=account.tier,
        free_sats=account.free_sats,
        locked_sats=account.locked_sats,
        pending_sats=account.pending_sats,
        earned_sats=account.earned_sats,
        unearned_sats=account.unearned_sats,
        fees_sats=account.fees_sats,
        losses_sats=account.losses_sats,
        deposited_sats=account.deposited_sats,
        withdrawn_sats=account.withdrawn_sats,
        withdrawable_sats=account.withdrawable_sats,
        active_policies=account.active_policies,
        yield_bps=account.yield_bps,
        exit=account.exit,
        health=account.health,
    )

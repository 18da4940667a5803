"""What facts of the chain mean for the books: pure, and never a refusal, because they have happened."""

from bithedge.domain.events.pool import (
    BufferChanged,
    CapacityReleased,
    CapacityReserved,
    CollateralAllocated,
    CollateralReleased,
    Earning,
    FundsDeposited,
    FundsWithdrawn,
    LiabilitiesPublished,
    PoolClosed,
    PoolEvent,
    PoolPaused,
    PoolResumed,
    PremiumEarned,
    VaultTotals,
    WithdrawalLapsed,
    WithdrawalRequested,
)
from bithedge.domain.facts import (
    BufferFact,
    ClosingFact,
    DepositFact,
    LiabilitiesFact,
    PauseFact,
    PurchaseFact,
    ReleaseFact,
    SettlementFact,
    WithdrawalFact,
)
from bithedge.domain.ids import Address, Hex, withdrawal_id
from bithedge.domain.money import Height, Sats
from bithedge.domain.pool.allocation import allocate, backers, releases
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.vouchers import Voucher
from bithedge.domain.tiers import Tier

NO_COMMAND = Hex("0x")
"""The command of a withdrawal that was never asked of this pool."""


def on_purchase(books: Books, fact: PurchaseFact) -> tuple[PoolEvent, ...]:
    """Return what a sale causes: its reservation ends, and backers are chosen. It needs no reservation."""
    terms = fact.terms
    shares = allocate(
        books.tier(terms.tier), collateral=terms.max_payout, expiry=terms.expiry, treasury=fact.treasury
    )
    sale = CollateralAllocated(
        quote_id=terms.quote_id,
        policy_id=fact.policy_id,
        owner=terms.owner,
        tier=terms.tier,
        kind=terms.kind,
        strike=terms.strike,
        amount=terms.amount,
        max_payout=terms.max_payout,
        premium=terms.premium,
        fee=terms.fee,
        treasury=fact.treasury,
        start=fact.start,
        expiry=terms.expiry,
        backers=backers(shares, Sats(terms.premium - terms.fee)),
        totals=fact.totals,
    )
    held = books.reservations.get(terms.quote_id)
    return (sale,) if held is None else (_let_go(held, lapsed=False), sale)


def on_settlement(books: Books, fact: SettlementFact) -> tuple[PoolEvent, ...]:
    """Return what a payout causes: each backer loses its part, and the rest of the premium is earned.

    Nothing for a policy the books do not hold: `reconcile` shows the difference.
    """
    backing = books.backing(fact.quote_id)
    return () if backing is None else _ended(backing, fact.payout, fact.totals)


def on_release(books: Books, fact: ReleaseFact) -> tuple[PoolEvent, ...]:
    """Return what a release causes, for each of its policies that the books hold."""
    quotes = (books.quote_of(policy_id) for policy_id in fact.policy_ids)
    backings = (books.backing(quote_id) for quote_id in quotes if quote_id is not None)
    return tuple(
        event
        for backing in backings
        if backing is not None
        for event in _ended(backing, Sats(0), fact.totals)
    )


def on_deposit(fact: DepositFact) -> tuple[PoolEvent, ...]:
    """Return what a deposit causes."""
    return (FundsDeposited(address=fact.address, tier=fact.tier, amount=fact.amount, totals=fact.totals),)


def on_withdrawal(books: Books, fact: WithdrawalFact) -> tuple[PoolEvent, ...]:
    """Return what a payment to a provider causes.

    One by a voucher the books do not hold is recorded as if it had been asked for just now. An escape, which
    has no serial, is recorded tier by tier: free balance first, and what runs ahead of money still locked
    stays with the tier that owes the most of it.
    """
    if fact.serial is None or fact.tier is None:
        return tuple(
            FundsWithdrawn(
                withdrawal_id=None, address=fact.address, tier=tier, amount=amount, totals=fact.totals
            )
            for tier, amount in _escape_by_tier(books, fact.address, fact.amount)
        )
    name = withdrawal_id(fact.serial)
    withdrawn = FundsWithdrawn(
        withdrawal_id=name, address=fact.address, tier=fact.tier, amount=fact.amount, totals=fact.totals
    )
    if books.vouchers.get(name) is not None:
        return (withdrawn,)
    asked = WithdrawalRequested(
        withdrawal_id=name,
        address=fact.address,
        tier=fact.tier,
        amount=fact.amount,
        command_id=NO_COMMAND,
    )
    return (asked, withdrawn)


def on_pool_fact(fact: BufferFact | PauseFact | LiabilitiesFact | ClosingFact) -> tuple[PoolEvent, ...]:
    """Return what a fact about the whole pool causes."""
    match fact:
        case BufferFact():
            return (BufferChanged(buffer=fact.totals.buffer, totals=fact.totals),)
        case PauseFact():
            if fact.until is None:
                return (PoolResumed(what=fact.what),)
            return (PoolPaused(what=fact.what, until=fact.until),)
        case LiabilitiesFact():
            return (
                LiabilitiesPublished(
                    root=fact.root,
                    as_of=fact.as_of,
                    equity=fact.equity,
                    deposited=fact.deposited,
                    withdrawn=fact.withdrawn,
                ),
            )
        case ClosingFact():
            return (PoolClosed(totals=fact.totals),)


def lapses(books: Books, final: Height) -> tuple[PoolEvent, ...]:
    """Return the end of reservations and vouchers whose last height is final and that were not used.

    Args:
        books: with every fact up to `final` applied, so that a used one is no longer live.
        final: the highest burn height that is deep enough for good.
    """
    reservations = (_let_go(held, lapsed=True) for held in books.reservations.until(final))
    vouchers = (_give_up(voucher) for voucher in books.vouchers.until(final))
    return (*reservations, *vouchers)


def abandonments(books: Books) -> tuple[PoolEvent, ...]:
    """Return the end of withdrawals that were asked for and never signed.

    For a moment at which nobody can be signing one: after a failed signing, or at start.
    """
    return tuple(_give_up(voucher) for voucher in books.vouchers.unsigned())


def compensations(books: Books) -> tuple[PoolEvent, ...]:
    """Return what takes back premium that was handed out for sales a reorg took back.

    To be applied after a replay without the undone facts, before those of the new branch.
    """
    return tuple(
        PremiumEarned(
            quote_id=quote_id,
            policy_id=orphan.policy_id,
            tier=orphan.tier,
            earnings=tuple(
                Earning(address=address, premium=Sats(-premium)) for address, premium in orphan.parts.items()
            ),
        )
        for quote_id, orphan in books.orphans.items()
    )


def _let_go(held: CapacityReserved, *, lapsed: bool) -> CapacityReleased:
    return CapacityReleased(
        quote_id=held.quote_id, owner=held.owner, tier=held.tier, max_payout=held.max_payout, lapsed=lapsed
    )


def _give_up(voucher: Voucher) -> WithdrawalLapsed:
    return WithdrawalLapsed(
        withdrawal_id=voucher.withdrawal_id,
        address=voucher.address,
        tier=voucher.tier,
        amount=voucher.amount,
    )


def _ended(backing: Backing, payout: Sats, totals: VaultTotals) -> tuple[PoolEvent, ...]:
    released = CollateralReleased(
        quote_id=backing.quote_id,
        policy_id=backing.policy_id,
        tier=backing.tier,
        payout=payout,
        backers=releases(backing, payout),
        totals=totals,
    )
    earnings = tuple(
        Earning(address=backer.address, premium=Sats(backer.premium - taken))
        for backer, taken in zip(backing.backers, backing.taken, strict=True)
        if backer.premium != taken
    )
    if not earnings:
        return (released,)
    earned = PremiumEarned(
        quote_id=backing.quote_id, policy_id=backing.policy_id, tier=backing.tier, earnings=earnings
    )
    return (released, earned)


def _escape_by_tier(books: Books, address: Address, amount: Sats) -> list[tuple[Tier, Sats]]:
    accounts = {account.tier: account for account in books.accounts_of(address)}
    parts: dict[Tier, int] = {}
    left = int(amount)
    for tier, account in accounts.items():
        parts[tier] = min(left, max(0, account.free))
        left -= parts[tier]
    if left:
        owing = max(accounts.values(), key=lambda account: account.equity - account.free, default=None)
        tier = owing.tier if owing is not None else Tier.CONSERVATIVE
        parts[tier] = parts.get(tier, 0) + left
    return [(tier, Sats(part)) for tier, part in parts.items() if part]

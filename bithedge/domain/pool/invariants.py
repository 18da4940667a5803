"""The equations that hold in sound books; a break stops selling and loses nothing."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from bithedge.domain.events.pool import VaultTotals
from bithedge.domain.money import Sats
from bithedge.domain.pool.account import Account
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.ledger import BUCKETS

EquationName = Literal[
    "vault_covers_totals",
    "locked_is_live_collateral",
    "shares_are_live_collateral",
    "accounts_are_the_vault",
    "no_policy_pays_twice",
    "no_bucket_is_negative",
    "premium_is_accounted_for",
    "deposits_agree",
    "withdrawals_agree",
    "premiums_agree",
    "payouts_agree",
    "available_agrees",
    "locked_agrees",
    "buffer_agrees",
]


class Equation(msgspec.Struct, frozen=True, kw_only=True):
    """Two figures and whether they stand as they must: `left` = `right`, or at least it for the vault."""

    name: EquationName
    left: int
    right: int
    holds: bool


def equations(books: Books, *, vault: Sats | None = None) -> tuple[Equation, ...]:
    """Return the six invariants with their figures, from sums that are kept as the books change.

    Args:
        books: the pool's books, after all events of a transaction.
        vault: the sBTC that the contract holds by the token's word; None if it was not asked.
    """
    tiers = books.tiers.values()
    held = _vault_of(books.totals)
    live = sum(book.live_collateral for book in tiers)
    counts = books.counts
    unearned = sum(book.unearned for book in tiers)
    found = [
        _equal("locked_is_live_collateral", books.totals.locked, live),
        _equal("shares_are_live_collateral", sum(book.locked for book in tiers), live),
        _equal("accounts_are_the_vault", sum(book.equity for book in tiers), held),
        _equal("no_policy_pays_twice", len(counts.irregular), 0),
        _equal("no_bucket_is_negative", sum(book.shortfall for book in tiers), 0),
        _equal("premium_is_accounted_for", counts.premiums, counts.fees + counts.earned + unearned),
    ]
    if vault is not None:
        covers = Equation(name="vault_covers_totals", left=vault, right=held, holds=vault >= held)
        found.insert(0, covers)
    return tuple(found)


def solvency(books: Books, *, totals: VaultTotals, vault: Sats) -> tuple[Equation, ...]:
    """Return the four equations of the solvency proof: the chain's figures, left, against our books.

    Args:
        books: the pool's books, at the block that the figures are of.
        totals: the contract's own totals; premiums are without fees there.
        vault: the sBTC that it holds by the token's word; more than its totals is a donation.
    """
    tiers = books.tiers.values()
    held = _vault_of(totals)
    made = books.counts.earned + sum(book.unearned for book in tiers)
    return (
        Equation(name="vault_covers_totals", left=vault, right=held, holds=vault >= held),
        _equal("locked_is_live_collateral", totals.locked, sum(book.live_collateral for book in tiers)),
        _equal("accounts_are_the_vault", held, sum(book.equity for book in tiers)),
        _equal("premium_is_accounted_for", totals.premiums, made),
    )


def breaks(books: Books, *, vault: Sats | None = None) -> list[Equation]:
    """Return the invariants that do not hold; empty in sound books."""
    return [equation for equation in equations(books, vault=vault) if not equation.holds]


def reconcile(books: Books, totals: VaultTotals) -> list[Equation]:
    """Return where the books and the chain's own totals differ; empty if nowhere.

    The chain counts fees as deposits and premiums without them; a withdrawal in the books may be an escape.
    """
    tiers = books.tiers.values()
    accounts = [account for book in tiers for account in book.accounts.values()]
    counts = books.counts
    locked = sum(book.locked for book in tiers)
    equity = sum(book.equity for book in tiers)
    compared = (
        _equal("deposits_agree", sum(account.deposited for account in accounts), totals.deposited),
        _equal(
            "withdrawals_agree",
            sum(account.withdrawn for account in accounts),
            totals.withdrawn + totals.escaped,
        ),
        _equal("premiums_agree", counts.premiums - counts.fees, totals.premiums),
        _equal("payouts_agree", counts.payouts, totals.payouts),
        _equal("available_agrees", equity - locked - books.buffer, totals.available),
        _equal("locked_agrees", locked, totals.locked),
        _equal("buffer_agrees", books.buffer, totals.buffer),
    )
    return [equation for equation in compared if not equation.holds]


def drift(books: Books) -> dict[str, tuple[int, int]]:
    """Return the kept sums that differ from what the accounts and policies add up to: (kept, counted).

    Costs as much as there is; for tests, the simulation and the operator's check.
    """
    found: dict[str, tuple[int, int]] = {}
    for tier, book in books.tiers.items():
        accounts = list(book.accounts.values())
        own = [account for account in accounts if not book.is_treasury(account.address)]
        reserved = (held.max_payout for held in books.reservations if held.tier is tier)
        counted = {
            "free": (book.free, sum(account.free for account in own)),
            "locked": (book.locked, _sum(accounts, "locked")),
            "pending": (book.pending, _sum(accounts, "pending")),
            "unearned": (book.unearned, _sum(accounts, "unearned")),
            "equity": (book.equity, sum(_sum(accounts, bucket) for bucket in BUCKETS)),
            "reserved": (book.reserved, sum(reserved)),
            "providers": (book.providers, sum(account.equity > 0 for account in own)),
            "collateral": (book.live_collateral, sum(policy.max_payout for policy in book.policies.values())),
            "backable": (
                book.backable,
                sum(max(0, account.free) for account in own if book.backs(account.address)),
            ),
        }
        found |= {f"{tier}.{name}": pair for name, pair in counted.items() if pair[0] != pair[1]}
    return found


def _sum(accounts: Iterable[Account], bucket: Literal["free", "locked", "pending", "unearned"]) -> int:
    match bucket:
        case "free":
            return sum(account.free for account in accounts)
        case "locked":
            return sum(account.locked for account in accounts)
        case "pending":
            return sum(account.pending for account in accounts)
        case "unearned":
            return sum(account.unearned for account in accounts)


def _vault_of(totals: VaultTotals) -> int:
    return totals.available + totals.locked + totals.buffer


def _equal(name: EquationName, left: int, right: int) -> Equation:
    return Equation(name=name, left=left, right=right, holds=left == right)

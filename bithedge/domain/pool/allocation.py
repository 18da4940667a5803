"""Who stands behind a policy, with how much, and who has what part of its premium and its loss."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from bithedge.domain.events.pool import Backer, Release
from bithedge.domain.ids import Address
from bithedge.domain.money import Height, Sats, ceil_div
from bithedge.domain.pool.account import Account
from bithedge.domain.pool.backing import Backing
from bithedge.domain.pool.split import split, split_within
from bithedge.domain.pool.tier_book import TierBook

Shares = tuple[tuple[Address, Sats], ...]
_Room = Callable[[Account], int]


def allocate(book: TierBook, *, collateral: Sats, expiry: Height, treasury: Address) -> Shares:
    """Return the backers of a sale and their shares, which add up to `collateral`.

    The least utilised accounts come first, at most `max_backers`; an account counts whose room is at least
    `collateral` / `max_backers` and the dust limit, and no more than `probe_factor` times `max_backers` are
    looked at. If those do not cover it, the largest free balances do. Shares are pro rata to free balance by
    largest remainder, none above its account's room.

    Total, because a sale on chain is a fact: where the caps cannot be kept they are given up in this order:
    concentration caps, then the number of backers and exit mode, and last the treasury answers for what
    nobody has. Its free balance then goes below zero, which the invariants report.
    """
    for accounts, room in _tries(book, collateral, expiry, treasury):
        rooms = [room(account) for account in accounts]
        if sum(rooms) >= collateral:
            return _shares(accounts, rooms, collateral)
    everybody = _everybody(book, collateral, treasury)
    parts = {account.address: account.free for account in everybody}
    missing = collateral - sum(parts.values())
    parts[treasury] = Sats(parts.get(treasury, 0) + missing)
    return tuple(parts.items())


def backers(shares: Shares, premium: Sats) -> tuple[Backer, ...]:
    """Return the shares with each one's part of `premium` (the fee not in it), which add up to it."""
    premiums = split(premium, [share for _, share in shares])
    return tuple(
        Backer(address=address, share=share, premium=Sats(part))
        for (address, share), part in zip(shares, premiums, strict=True)
    )


def releases(backing: Backing, payout: Sats) -> tuple[Release, ...]:
    """Return what each backer loses of `payout` (at most the collateral): the losses add up to it."""
    losses = split(payout, [backer.share for backer in backing.backers])
    return tuple(
        Release(address=backer.address, share=backer.share, loss=Sats(loss))
        for backer, loss in zip(backing.backers, losses, strict=True)
    )


def _tries(
    book: TierBook, collateral: Sats, expiry: Height, treasury: Address
) -> Iterator[tuple[list[Account], _Room]]:
    # One after the other, because the later ones are dear and hardly ever needed. The treasury of a first
    # sale is not known as one yet, and has no room.
    def within_caps(account: Account) -> int:
        return 0 if account.address == treasury else book.room(account, expiry)

    yield _least_utilised(book, collateral, within_caps), within_caps
    others = (account for account in book.by_free() if account.address != treasury)
    largest = list(islice(others, book.rules.max_backers))
    yield largest, within_caps
    yield largest, _free
    yield _everybody(book, collateral, treasury), _free


def _least_utilised(book: TierBook, collateral: Sats, room: _Room) -> list[Account]:
    rules = book.rules
    least = max(ceil_div(collateral, rules.max_backers), rules.min_share_sats)
    probed = islice(book.by_utilisation(), rules.probe_factor * rules.max_backers)
    return list(islice((account for account in probed if room(account) >= least), rules.max_backers))


def _everybody(book: TierBook, collateral: Sats, treasury: Address) -> list[Account]:
    # Those that back first, then those in exit mode or at rest; only as many as it takes.
    able = [
        account
        for address, account in book.accounts.items()
        if account.free > 0 and address != treasury and not book.is_treasury(address)
    ]
    able.sort(key=lambda account: (not book.backs(account.address), -account.free, account.address))
    return _enough(able, collateral)


def _enough(accounts: Iterable[Account], collateral: Sats) -> list[Account]:
    chosen: list[Account] = []
    covered = 0
    for account in accounts:
        if covered >= collateral:
            break
        chosen.append(account)
        covered += account.free
    return chosen


def _free(account: Account) -> int:
    return account.free


def _shares(accounts: list[Account], rooms: list[int], collateral: Sats) -> Shares:
    parts = split_within(collateral, [account.free for account in accounts], rooms)
    return tuple((account.address, Sats(part)) for account, part in zip(accounts, parts, strict=True) if part)

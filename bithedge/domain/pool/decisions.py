"""What the pool answers to a command: the events it causes, or a refusal and nothing else.

Checks are made in the interface's order: existence, state, limits, means. Prices, signatures, breakers and
the operator's pauses are judged by the caller before it asks.
"""

from bithedge.domain.errors import (
    AmountOutOfRangeError,
    HealthCheckFailedError,
    InsufficientFreeBalanceError,
    NotOwnerError,
    PoolClosedError,
    QuoteExpiredError,
    QuoteUsedError,
    SellingPausedError,
    TierCapacityExceededError,
    TooManyReservationsError,
    UnknownProviderError,
    WithdrawalsPausedError,
)
from bithedge.domain.events.pool import (
    CapacityReserved,
    Earning,
    PoolEvent,
    PremiumEarned,
    ProviderExitChanged,
    WithdrawalRequested,
)
from bithedge.domain.ids import Address
from bithedge.domain.money import Height
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.capacity import Wanted, sellable
from bithedge.domain.pool.commands import CheckDeposit, RequestWithdrawal, ReservePolicy, SetExit
from bithedge.domain.pool.health import Leaver, health, withdrawable
from bithedge.domain.tiers import Tier


def decide_reservation(books: Books, command: ReservePolicy) -> tuple[PoolEvent, ...]:
    """Return the reservation a quote's owner causes; nothing if it holds one for this quote already.

    Raises:
        NotOwnerError: somebody else holds this quote.
        QuoteUsedError: it has been bought.
        PoolClosedError: the pool sells nothing any more.
        QuoteExpiredError: its last height has passed.
        TooManyReservationsError: the owner holds its share or is paused after a lapse, or others hold the
            capacity; `context` has `retry_after_s`.
        InsufficientCapacityError: `limit` is the largest max payout that may be sold now.
        SellingPausedError: sales are paused on chain.
    """
    held = books.reservations.get(command.quote_id)
    if held is not None and held.owner != command.owner:
        raise NotOwnerError("another address holds this quote")
    if books.was_sold(command.quote_id):
        raise QuoteUsedError("the quote has been bought")
    if books.closed:
        raise PoolClosedError("the pool is closed and sells nothing any more")
    if command.height > command.valid_until:
        raise QuoteExpiredError("the quote's last height has passed", limit=command.valid_until)
    if held is not None:
        return ()
    _check_owner(books, command)
    wanted = Wanted(
        tier=command.tier,
        kind=command.kind,
        strike=command.strike,
        expiry=command.expiry,
        amount=command.amount,
    )
    offer = sellable(books, wanted, spot=command.spot, height=command.height, limits=command.limits)
    refusal = offer.refusal(command.max_payout)
    if refusal is not None:
        raise refusal
    return (
        CapacityReserved(
            quote_id=command.quote_id,
            owner=command.owner,
            tier=command.tier,
            kind=command.kind,
            strike=command.strike,
            amount=command.amount,
            max_payout=command.max_payout,
            expiry=command.expiry,
            valid_until=command.valid_until,
            premium=command.premium,
            command_id=command.command_id,
        ),
    )


def decide_deposit_check(books: Books, command: CheckDeposit) -> None:
    """Check that a tier takes a deposit now; the deposit itself is a fact of the chain.

    Raises:
        PoolClosedError: nothing is taken in any more.
        AmountOutOfRangeError: it is below the contract's least.
        TierCapacityExceededError: `limit` is what the tier still takes.
        SellingPausedError: deposits are paused with sales.
    """
    if books.closed:
        raise PoolClosedError("the pool is closed and takes no deposits any more")
    least = books.rules.min_deposit_sats
    if command.amount < least:
        raise AmountOutOfRangeError(
            f"a deposit is at least {least} sats", field="amount_sats", limit=least, actual=command.amount
        )
    limit = books.parameters[command.tier].capacity_limit_sats
    if limit is not None and command.amount > limit - books.tier(command.tier).capital:
        room = max(0, limit - books.tier(command.tier).capital)
        raise TierCapacityExceededError(
            f"the {command.tier} tier takes {room} sats more",
            field="amount_sats",
            limit=room,
            actual=command.amount,
        )
    if books.is_paused("sales", command.height):
        raise SellingPausedError("deposits are paused with sales")


def decide_withdrawal(books: Books, command: RequestWithdrawal) -> tuple[PoolEvent, ...]:
    """Return what a withdrawal causes: the provider's earned premium comes free, the amount is pending.

    Nothing if the account's live voucher is for the same amount: it is the same withdrawal
    (`books.vouchers.of`). The voucher is the caller's to sign.

    Raises:
        UnknownProviderError: the address never provided.
        PoolClosedError: only the way out of the contract is open.
        TooManyReservationsError: a voucher for another amount is live; `context` has `retry_after_s`.
        InsufficientFreeBalanceError: `limit` is free + earned.
        HealthCheckFailedError: `limit` is the largest amount that passes, `context` has `health`.
        WithdrawalsPausedError: withdrawals are paused on chain.
    """
    if not books.accounts_of(command.address):
        raise UnknownProviderError("this address has never provided")
    if books.closed:
        raise PoolClosedError("the pool is closed: the contract's own way out is open")
    live = books.vouchers.of(command.address, command.tier)
    if live is not None and live.amount == command.amount:
        return ()
    if live is not None:
        last = live.valid_until
        blocks = books.rules.voucher_blocks if last is None else last - command.height
        raise TooManyReservationsError(
            "a withdrawal of another amount is on its way",
            field="amount_sats",
            limit=live.amount,
            retry_after_s=books.rules.wait_s(blocks + books.rules.final_blocks),
        )
    _check_amount(books, command)
    if books.is_paused("withdrawals", command.height):
        raise WithdrawalsPausedError("withdrawals are paused on chain")
    requested = WithdrawalRequested(
        withdrawal_id=command.withdrawal_id,
        address=command.address,
        tier=command.tier,
        amount=command.amount,
        command_id=command.command_id,
    )
    return (*_hand_out(books, command.address, command.tier, command.height), requested)


def decide_exit(books: Books, command: SetExit) -> tuple[PoolEvent, ...]:
    """Return the change of a provider's exit mode; nothing if it is so already.

    Leaving it is always taken; new policies come back only `exit_blocks` after it was entered. The treasury
    is always in exit mode.

    Raises:
        UnknownProviderError: the address never provided.
    """
    if not books.accounts_of(command.address):
        raise UnknownProviderError("this address has never provided")
    book = books.tier(command.tier)
    if book.is_treasury(command.address):
        return ()
    if command.enabled == (book.exit_began(command.address) is not None):
        return ()
    return (
        ProviderExitChanged(
            address=command.address,
            tier=command.tier,
            enabled=command.enabled,
            height=command.height,
            command_id=command.command_id,
        ),
    )


def _check_owner(books: Books, command: ReservePolicy) -> None:
    pause_s = books.reservations.pause_s(command.owner, command.now_ms)
    if pause_s > 0:
        raise TooManyReservationsError("the last reservation lapsed unused", retry_after_s=pause_s)
    own = books.reservations.of(command.owner)
    if len(own) >= books.rules.max_reservations:
        first = min(held.valid_until for held in own)
        raise TooManyReservationsError(
            f"{books.rules.max_reservations} reservations are live",
            limit=books.rules.max_reservations,
            retry_after_s=books.rules.wait_s(first + books.rules.final_blocks - command.height),
        )


def _check_amount(books: Books, command: RequestWithdrawal) -> None:
    most = withdrawable(books, command.address, command.tier, command.height)
    if command.amount > most:
        raise InsufficientFreeBalanceError(
            f"{most} sats are free or earned", field="amount_sats", limit=most, actual=command.amount
        )
    leaver = Leaver(address=command.address, tier=command.tier, amount=command.amount, height=command.height)
    found = health(books, leaver, limits=command.limits, spot=command.spot)
    if not found.ok:
        failed = next(check for check in found.checks if not check.ok)
        raise HealthCheckFailedError(
            f"{failed.name}: {found.largest_sats} sats can be withdrawn now",
            field="amount_sats",
            limit=found.largest_sats,
            actual=command.amount,
            health=found,
        )


def _hand_out(books: Books, address: Address, tier: Tier, height: Height) -> tuple[PremiumEarned, ...]:
    made = (
        (backing, backing.accrued(place, height)) for backing, place in books.tier(tier).backed_by(address)
    )
    return tuple(
        PremiumEarned(
            quote_id=backing.quote_id,
            policy_id=backing.policy_id,
            tier=tier,
            earnings=(Earning(address=address, premium=premium),),
        )
        for backing, premium in made
        if premium
    )

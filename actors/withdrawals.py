"""Ways out, a part of the pool's actor: withdrawals checked, set aside and signed for, and exit mode."""

from functools import partial

import msgspec
from msgspec.structs import replace

from actors.messages.pool import CheckWithdrawal, SetExit, Withdraw, Withdrawal
from actors.quoting import QuoteDesk
from actors.seams import Ids
from bithedge.domain.blocks import POOL_STREAM
from bithedge.domain.errors import NotReadyError, UnknownProviderError
from bithedge.domain.events.pool import WithdrawalVoucherIssued
from bithedge.domain.ids import withdrawal_id
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.pool import commands
from bithedge.domain.pool.books import Books
from bithedge.domain.pool.decisions import decide_exit, decide_withdrawal
from bithedge.domain.pool.health import Health, Leaver, health
from bithedge.domain.pool.vouchers import Voucher
from bithedge.protocol.signing import PoolSigner
from bithedge.storage.ports import Change, Journal


class Withdrawals(msgspec.Struct, frozen=True, kw_only=True):
    """What a withdrawal works with."""

    journal: Journal
    signer: PoolSigner
    ids: Ids
    desk: QuoteDesk
    voucher_blocks: int

    async def withdraw(self, books: Books, message: Withdraw) -> Withdrawal:
        """Commit a voucher and take it up into `books`; the live one again for the same amount.

        Raises:
            DomainError: the interface's refusals of `POST /v1/withdrawals`; nothing was changed.
        """
        named = withdrawal_id(self.ids.bytes16())
        height = self.desk.tip.burn_height
        command = commands.RequestWithdrawal(
            withdrawal_id=named,
            address=message.address,
            tier=message.tier,
            amount=message.amount,
            command_id=message.command_id,
            height=height,
            spot=last_price(self.desk),
            limits=message.limits,
        )
        events = decide_withdrawal(books, command)
        if not events:
            return await self._again(books, message)
        found = self._health(books, message)
        valid_until = Height(height + self.voucher_blocks)
        signature = self.signer.voucher(named, message.address, message.amount, message.tier, valid_until)
        issued = WithdrawalVoucherIssued(
            withdrawal_id=named,
            address=message.address,
            tier=message.tier,
            amount=message.amount,
            valid_until=valid_until,
            voucher_signatures=(signature,),
        )
        withdrawal = Withdrawal(
            withdrawal_id=named,
            address=message.address,
            tier=message.tier,
            amount=message.amount,
            valid_until=valid_until,
            signatures=issued.voucher_signatures,
            health=found,
        )
        committed = await self.journal.append(
            [Change(stream=POOL_STREAM, events=(*events, issued))],
            keep=partial(message.keep, withdrawal),
            used_message=message.command_id,
        )
        for one in committed:
            books.apply(one.recorded)
        return withdrawal

    async def _again(self, books: Books, message: Withdraw) -> Withdrawal:
        voucher = books.vouchers.of(message.address, message.tier)
        if voucher is None or voucher.valid_until is None:
            raise NotReadyError("the voucher is being signed", retry_after_s=1)
        withdrawal = Withdrawal(
            withdrawal_id=voucher.withdrawal_id,
            address=voucher.address,
            tier=voucher.tier,
            amount=voucher.amount,
            valid_until=voucher.valid_until,
            signatures=voucher.signatures,
            health=self._health_of(books, message, voucher),
        )
        await self.journal.append([], keep=partial(message.keep, withdrawal), used_message=message.command_id)
        return withdrawal

    async def set_exit(self, books: Books, message: SetExit) -> bool:
        """Commit a change of a provider's exit mode, take it up into `books`; return whether it is on.

        Raises:
            UnknownProviderError: the address never provided.
        """
        command = commands.SetExit(
            address=message.address,
            tier=message.tier,
            enabled=message.enabled,
            height=self.desk.tip.burn_height,
            command_id=message.command_id,
        )
        events = decide_exit(books, command)
        book = books.tier(message.tier)
        is_on = book.is_treasury(message.address) or message.enabled
        committed = await self.journal.append(
            [Change(stream=POOL_STREAM, events=events)] if events else [],
            keep=partial(message.keep, is_on),
            used_message=message.command_id,
        )
        for one in committed:
            books.apply(one.recorded)
        return is_on

    def check(self, books: Books, message: CheckWithdrawal) -> Health:
        """Return the health checks alone; raises `UnknownProviderError`."""
        if not books.accounts_of(message.address):
            raise UnknownProviderError("this address has never provided", field="address")
        voucher = books.vouchers.of(message.address, message.tier)
        if voucher is not None and voucher.amount == message.amount:
            return self._health_of(books, message, voucher)
        return self._health(books, message)

    def _health_of(self, books: Books, message: Withdraw | CheckWithdrawal, voucher: Voucher) -> Health:
        """Return the checks of a withdrawal that is on its way: its money is already out of the figures."""
        after = self._health(books, replace(message, amount=Sats(0)))
        checks = tuple(
            replace(check, largest_sats=Sats(check.largest_sats + voucher.amount)) for check in after.checks
        )
        return replace(
            after,
            largest_sats=Sats(after.largest_sats + voucher.amount),
            checks=checks,
            stress=self._health(books, message).stress,
        )

    def _health(self, books: Books, message: Withdraw | CheckWithdrawal) -> Health:
        leaver = Leaver(
            address=message.address,
            tier=message.tier,
            amount=message.amount,
            height=self.desk.tip.burn_height,
        )
        return health(books, leaver, limits=message.limits, spot=last_price(self.desk))


def last_price(desk: QuoteDesk) -> UsdE8:
    """Return the last price, however old: it is shown, nobody is paid by it."""
    spot = desk.market.spot
    return UsdE8(1) if spot is None else spot

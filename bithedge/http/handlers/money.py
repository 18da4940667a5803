"""Providers' money in and out."""

import msgspec

from actors.messages.pool import (
    CheckDeposit,
    CheckWithdrawal,
    GetPortfolio,
    Withdraw,
    Withdrawal,
)
from actors.system import System
from bithedge.domain.ids import Address, WithdrawalId
from bithedge.domain.money import Height, Sats
from bithedge.domain.pool.health import Health
from bithedge.domain.tiers import Tier
from bithedge.http.answers import DepositAnswer, WithdrawalAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import ASK_S
from bithedge.http.node_reads import nonces_of, prepare_for, withdrawal_limits
from bithedge.http.owners import check_address, signed_command
from bithedge.http.problems import not_found
from bithedge.http.requests import CheckQuery, DepositBody, WithdrawalBody
from bithedge.protocol.calls import deposit_funds, withdraw_funds
from bithedge.protocol.prepared import PreparedTransaction
from bithedge.stacks.messages import RequestWithdrawal
from bithedge.storage.ports import Answer, Committed
from bithedge.storage.queries import providers as queries
from bithedge.views.withdrawals import WithdrawalStatus, WithdrawalView

_SIGNABLE = "pending_signature"


async def post_deposit(call: Call[Nothing, DepositBody]) -> Reply:
    """Return the deposit for its provider to sign; nothing is promised."""
    system, body = call.system, call.body
    address = check_address(body.address, system.deployment.network, field="address", single=True)
    amount = Sats(body.amount_sats)
    await system.pool.ask(CheckDeposit(address=address, tier=body.tier, amount=amount), deadline=ASK_S)
    transaction = prepare_for(
        system,
        deposit_funds(system.deployment, address, amount, body.tier),
        sender=address,
        nonce=(await nonces_of(system, address)).next,
    )
    return await call.kept(json_reply(DepositAnswer(transaction=transaction)))


async def post_withdrawal(call: Call[Nothing, WithdrawalBody]) -> Reply:
    """Check, set aside and sign a withdrawal; return it for its provider to sign."""
    system, body = call.system, call.body
    address = check_address(body.address, system.deployment.network, field="address", single=True)
    await system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
    signed = await signed_command(
        system,
        body.authorisation,
        RequestWithdrawal(body.amount_sats, body.tier.value),
        now_ms=call.now_ms,
        address=address,
    )
    limits = await withdrawal_limits(system, address)
    nonce = (await nonces_of(system, address)).next

    def shown(withdrawal: Withdrawal) -> Reply:
        return _issued(system, withdrawal, nonce)

    def keep(withdrawal: Withdrawal, _committed: tuple[Committed, ...]) -> Answer | None:
        return call.keep(shown(withdrawal))

    withdrawal = await system.pool.ask(
        Withdraw(
            address=address,
            tier=body.tier,
            amount=Sats(body.amount_sats),
            command_id=signed.command_id,
            limits=limits,
            keep=keep,
        ),
        deadline=ASK_S,
    )
    return shown(withdrawal)


async def get_withdrawal(call: Call[Nothing, Nothing]) -> Reply:
    """Return a withdrawal, and while it may be signed its transaction, freshly prepared."""
    system = call.system
    seq, found = await system.reader.read_at(queries.withdrawal, WithdrawalId(call.path["id"]))
    if found is None:
        raise not_found("no withdrawal has this id")
    health: Health | None = None
    transaction: PreparedTransaction | None = None
    if found.status == _SIGNABLE and found.valid_until is not None and found.voucher_signatures:
        health = await _health(system, found.address, found.tier, found.amount)
        transaction = _transaction(
            system,
            Withdrawal(
                withdrawal_id=found.withdrawal_id,
                address=found.address,
                tier=found.tier,
                amount=found.amount,
                valid_until=found.valid_until,
                signatures=found.voucher_signatures,
                health=health,
            ),
            (await nonces_of(system, found.address)).next,
        )
    view = WithdrawalView(
        withdrawal_id=found.withdrawal_id,
        address=found.address,
        status=msgspec.convert(found.status, WithdrawalStatus),
        amount_sats=found.amount,
        tier=found.tier,
        valid_until_height=found.valid_until,
        txid=found.txid,
        health=health,
    )
    return json_reply(WithdrawalAnswer(withdrawal=view, transaction=transaction), seq=seq)


async def get_check(call: Call[CheckQuery, Nothing]) -> Reply:
    """Return the health check of a withdrawal that is only thought of."""
    system, query = call.system, call.query
    address = check_address(call.path["address"], system.deployment.network, field="address")
    await system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
    return json_reply(await _health(system, address, query.tier, Sats(query.amount_sats)))


async def _health(system: System, address: Address, tier: Tier, amount: Sats) -> Health:
    limits = await withdrawal_limits(system, address)
    return await system.pool.ask(
        CheckWithdrawal(address=address, tier=tier, amount=amount, limits=limits), deadline=ASK_S
    )


def _issued(system: System, withdrawal: Withdrawal, nonce: int) -> Reply:
    view = WithdrawalView(
        withdrawal_id=withdrawal.withdrawal_id,
        address=withdrawal.address,
        status=_SIGNABLE,
        amount_sats=withdrawal.amount,
        tier=withdrawal.tier,
        valid_until_height=withdrawal.valid_until,
        txid=None,
        health=withdrawal.health,
    )
    answer = WithdrawalAnswer(withdrawal=view, transaction=_transaction(system, withdrawal, nonce))
    return json_reply(answer, status=201, location=f"/v1/withdrawals/{withdrawal.withdrawal_id}")


def _transaction(system: System, withdrawal: Withdrawal, nonce: int) -> PreparedTransaction:
    valid_until: Height = withdrawal.valid_until
    call = withdraw_funds(
        system.deployment,
        withdrawal.amount,
        withdrawal.tier,
        withdrawal.withdrawal_id,
        valid_until,
        withdrawal.signatures,
    )
    return prepare_for(system, call, sender=withdrawal.address, nonce=nonce, valid_until_height=valid_until)

"""What an owner has to sign for a command."""

from typing import assert_never

from actors.messages.pool import FindQuote, GetPortfolio
from actors.system import System
from bithedge.domain.errors import PolicyNotActiveError, QuoteExpiredError
from bithedge.domain.ids import Address, QuoteId, to_bytes
from bithedge.domain.policy.state import Policy
from bithedge.http.answers import MessageAnswer
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import ASK_S, find_policy
from bithedge.http.owners import VALID_S, check_address
from bithedge.http.requests import (
    ActivateMessage,
    AutoExerciseMessage,
    ExitMessage,
    MessageBody,
    ReserveMessage,
    WithdrawalMessage,
)
from bithedge.protocol.signing import command_of
from bithedge.stacks.clarity import serialise_hex
from bithedge.stacks.hexes import to_hex
from bithedge.stacks.messages import (
    COMMAND_RANDOM_BYTES,
    Action,
    ActivatePolicy,
    RequestWithdrawal,
    ReservePolicy,
    SetAutoExercise,
    SetExit,
    command_id,
)
from bithedge.stacks.sip018 import domain
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.views.times import rfc3339


async def post_message(call: Call[Nothing, MessageBody]) -> Reply:
    """Return the message of a command; shape and existence are checked, nothing is judged or stored."""
    system, network = call.system, call.system.deployment.network
    address = check_address(call.body.address, network, field="address", single=True)
    action = await _action(system, call.body, address)
    valid_until_s = call.now_ms // 1_000 + VALID_S
    message_id = command_id(valid_until_s, system.ids.bytes16()[:COMMAND_RANDOM_BYTES])
    command = command_of(system.deployment, address, message_id, action)
    answer = MessageAnswer(
        message_id=f"m_{message_id.hex()}",
        domain=serialise_hex(domain(network)),
        message=serialise_hex(command.to_clarity()),
        digest=to_hex(command.digest(network)),
        valid_until_at=rfc3339(valid_until_s * 1_000),
    )
    return await call.kept(json_reply(answer))


def activation_of(policy: Policy, min_payout_sats: int | None) -> ActivatePolicy:
    """Return what the owner of a policy signs to exercise it.

    Raises:
        PolicyNotActiveError: it has no number on chain yet.
    """
    return ActivatePolicy(_number(policy), to_bytes(policy.quote_id), min_payout_sats or 1)


def switch_of(policy: Policy, *, enabled: bool) -> SetAutoExercise:
    """Return what the owner of a policy signs to switch the daemon's exercise.

    Raises:
        PolicyNotActiveError: it has no number on chain yet.
    """
    return SetAutoExercise(_number(policy), to_bytes(policy.quote_id), enabled)


async def check_quote(system: System, quote_id: QuoteId) -> Address | None:
    """Check that a quote exists, lapsed or not; return whose it is, if it is anybody's.

    Raises:
        UnknownQuoteError: it was never given, or is forgotten.
    """
    head = await system.reader.read(policy_of_quote, quote_id)
    if head is not None:
        return head.policy.owner
    try:
        quote = await system.pool.ask(FindQuote(quote_id=quote_id), deadline=ASK_S)
    except QuoteExpiredError:
        return None  # it exists; whether it can be bought is said after whose hand it is
    return quote.owner


async def _action(system: System, body: MessageBody, address: Address) -> Action:
    match body:
        case ReserveMessage():
            await check_quote(system, QuoteId(body.quote_id))
            return ReservePolicy(to_bytes(body.quote_id))
        case ActivateMessage():
            _, head = await find_policy(system.reader, str(body.policy_id))
            return activation_of(head.policy, body.min_payout_sats)
        case WithdrawalMessage():
            await system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
            return RequestWithdrawal(body.amount_sats, body.tier.value)
        case AutoExerciseMessage():
            _, head = await find_policy(system.reader, str(body.policy_id))
            return switch_of(head.policy, enabled=body.enabled)
        case ExitMessage():
            await system.pool.ask(GetPortfolio(address=address), deadline=ASK_S)
            return SetExit(body.tier.value, body.enabled)
        case _:
            assert_never(body)


def _number(policy: Policy) -> int:
    if policy.policy_id is None:
        raise PolicyNotActiveError(
            "the policy is not on chain yet", field="policy_id", actual=policy.status.value
        )
    return policy.policy_id

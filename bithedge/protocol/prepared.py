"""A transaction for its owner's wallet to sign: bytes, arguments and post-conditions."""

import msgspec

from bithedge.domain.events.transactions import Call
from bithedge.domain.ids import Address
from bithedge.domain.money import Height, Ustx
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.errors import TransactionError
from bithedge.stacks.hexes import from_hex, to_hex
from bithedge.stacks.post_conditions import PostCondition, read_post_condition
from bithedge.stacks.reader import Reader
from bithedge.stacks.transactions import Transaction, contract_call, serialise_transaction


class PreparedTransaction(msgspec.Struct, frozen=True, kw_only=True):
    """As the interface shows it."""

    contract_id: str
    function: str
    arguments: tuple[str, ...]
    post_conditions: tuple[str, ...]
    post_condition_mode: str
    fee_ustx: Ustx
    nonce: int
    valid_until_height: Height | None
    valid_until_at: str | None
    unsigned: str


def unsigned_call(
    deployment: Deployment, call: Call, *, sender: Address, nonce: int, fee: Ustx
) -> Transaction:
    """Return the unsigned transaction of a call, mode deny."""
    return contract_call(
        deployment.network,
        sender=sender,
        nonce=nonce,
        fee=fee,
        contract=deployment.contract_id(call.contract),
        function=call.function,
        arguments=[deserialise_hex(argument) for argument in call.arguments],
        post_conditions=[_condition(condition) for condition in call.post_conditions],
    )


def prepare(
    deployment: Deployment,
    call: Call,
    *,
    sender: Address,
    nonce: int,
    fee: Ustx,
    valid_until_height: Height | None = None,
    valid_until_at: str | None = None,
) -> PreparedTransaction:
    """Return the call as the interface gives it to a wallet."""
    return PreparedTransaction(
        contract_id=deployment.contract_id(call.contract),
        function=call.function,
        arguments=call.arguments,
        post_conditions=call.post_conditions,
        post_condition_mode="deny",
        fee_ustx=fee,
        nonce=nonce,
        valid_until_height=valid_until_height,
        valid_until_at=valid_until_at,
        unsigned=to_hex(
            serialise_transaction(unsigned_call(deployment, call, sender=sender, nonce=nonce, fee=fee))
        ),
    )


def _condition(text: str) -> PostCondition:
    reader = Reader(from_hex(text), TransactionError)
    condition = read_post_condition(reader)
    reader.finish()
    return condition

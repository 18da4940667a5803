"""What a user's call of our contracts is about, read from its bytes or from the node's word."""

from collections.abc import Sequence

import msgspec

from bithedge.domain.ids import Address, PolicyNumber, QuoteId, Txid, WithdrawalId, quote_id, withdrawal_id
from bithedge.domain.money import Ustx
from bithedge.domain.terms import Terms
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.signing import wire_terms
from bithedge.stacks.clarity import ClarityValue, Tuple
from bithedge.stacks.clarity_python import as_bytes, as_tuple, as_uint
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.errors import StacksError
from bithedge.stacks.node_types import NodeTransaction
from bithedge.stacks.payloads import ContractCall
from bithedge.stacks.transactions import deserialise_transaction, txid_of

BUY = "buy-policy"
WITHDRAW = "withdraw-funds"
_OF_ONE_POLICY = ("settle-policy", "request-exercise")
_SERIAL = 2
"""Where `withdraw-funds` has its voucher's serial."""


class SeenCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of one of our contracts, whoever sent it."""

    txid: Txid
    address: Address
    nonce: int
    fee: Ustx
    contract_id: str
    function: str
    quote_id: QuoteId | None = None
    """What it buys."""
    terms: Tuple | None = None
    """On which terms."""
    withdrawal_id: WithdrawalId | None = None
    policy_ids: tuple[PolicyNumber, ...] = ()
    raw: bytes | None = None
    """Its signed bytes, where we were given them."""

    def buys(self, terms: Terms) -> bool:
        """Return whether it is the owner's own purchase on exactly these terms."""
        return self.address == terms.owner and self.terms == wire_terms(terms).to_clarity()


def seen_in_bytes(deployment: Deployment, raw: bytes) -> SeenCall | None:
    """Return the call of a signed transaction; None if it calls nothing of ours.

    Raises:
        TransactionError: it is no transaction.
    """
    transaction = deserialise_transaction(raw)
    payload = transaction.payload
    if not isinstance(payload, ContractCall) or not _is_ours(deployment, str(payload.contract)):
        return None
    call = SeenCall(
        txid=Txid(txid_of(raw)),
        address=Address(transaction.sender),
        nonce=transaction.nonce,
        fee=Ustx(transaction.fee),
        contract_id=str(payload.contract),
        function=payload.function,
        raw=raw,
    )
    return _read(call, payload.arguments)


def seen_at_node(deployment: Deployment, found: NodeTransaction) -> SeenCall | None:
    """Return the call of a transaction that the node showed; None if it calls nothing of ours."""
    text = found.contract_call
    if text is None or not _is_ours(deployment, text.contract_id):
        return None
    call = SeenCall(
        txid=Txid(found.tx_id),
        address=Address(found.sender.address),
        nonce=found.sender.nonce,
        fee=Ustx(found.fee_rate),
        contract_id=text.contract_id,
        function=text.function_name,
    )
    try:
        return _read(call, [deserialise_hex(argument.hex) for argument in text.function_args or ()])
    except (StacksError, ValueError):
        return call


def _is_ours(deployment: Deployment, contract_id: str) -> bool:
    return contract_id in (deployment.registry, deployment.pool)


def _read(call: SeenCall, arguments: Sequence[ClarityValue]) -> SeenCall:
    """Add what the arguments say; a call with others than the contract's is left as it is: it will fail."""
    try:
        if call.function == BUY:
            terms = as_tuple(arguments[0])
            named = quote_id(as_bytes(terms["quote-id"]))
            return msgspec.structs.replace(call, quote_id=named, terms=terms)
        if call.function == WITHDRAW:
            serial = withdrawal_id(as_bytes(arguments[_SERIAL]))
            return msgspec.structs.replace(call, withdrawal_id=serial)
        if call.function in _OF_ONE_POLICY:
            return msgspec.structs.replace(call, policy_ids=(PolicyNumber(as_uint(arguments[0])),))
    except (StacksError, IndexError):
        pass
    return call

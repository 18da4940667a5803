"""What a node lets into its mempool, and what a miner takes out of it."""

from collections.abc import Iterator
from typing import Final

from bithedge.protocol.deployment import Deployment
from bithedge.sim.chain.calls import function_of
from bithedge.sim.chain.state import State
from bithedge.stacks.errors import SignatureError, TransactionRejectedError
from bithedge.stacks.payloads import ContractCall, TokenTransfer
from bithedge.stacks.signing import verify_transaction
from bithedge.stacks.transactions import Transaction, deserialise_transaction, txid_of

CHAIN_LIMIT: Final = 26
"""How far a nonce may be ahead of its account's."""


class Waiting:
    """A transaction, read once."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.txid = txid_of(raw)
        self.transaction: Transaction = deserialise_transaction(raw)
        self.sender = self.transaction.sender
        self.nonce = self.transaction.nonce
        self.fee = self.transaction.fee
        payload = self.transaction.payload
        self.moves = payload.amount if isinstance(payload, TokenTransfer) else 0


def refusal(one: Waiting, reason: str, **data: object) -> TransactionRejectedError:
    """Return the node's refusal of a transaction."""
    return TransactionRejectedError(reason, reason_data=data, txid=one.txid)


def check_admission(one: Waiting, state: State, deployment: Deployment) -> None:
    """Check what the node checks, in its order; conflicts are the mempool's to judge.

    Raises:
        TransactionRejectedError: with the node's reason.
    """
    if not one.transaction.is_of(deployment.network):
        raise refusal(one, "BadTransactionVersion")
    try:
        verify_transaction(one.transaction)
    except SignatureError as error:
        raise refusal(one, "SignatureValidation", message=error.message) from error
    if one.fee < max(1, len(one.raw)):
        raise refusal(one, "FeeTooLow", expected=len(one.raw), actual=one.fee)
    expected = state.nonces.get(one.sender, 0)
    facts = {"actual": one.nonce, "principal": one.sender, "is_origin": True}
    if one.nonce < expected:
        raise refusal(one, "BadNonce", expected=expected, **facts)
    if one.nonce > expected + CHAIN_LIMIT:
        raise refusal(one, "TooMuchChaining", expected=expected + CHAIN_LIMIT, **facts)
    held, wanted = state.ustx.get(one.sender, 0), one.fee + one.moves
    if held < wanted:
        raise refusal(one, "NotEnoughFunds", expected=f"0x{wanted:032x}", actual=f"0x{held:032x}")
    _check_payload(one, deployment)


def _check_payload(one: Waiting, deployment: Deployment) -> None:
    payload = one.transaction.payload
    if isinstance(payload, TokenTransfer):
        if str(payload.recipient) == one.sender:
            raise refusal(one, "TransferRecipientCannotEqualSender", recipient=one.sender)
        if payload.amount == 0:
            raise refusal(one, "TransferAmountMustBePositive")
        return
    if not isinstance(payload, ContractCall):
        raise refusal(one, "ServerFailureOther", message="this chain takes no deployments")
    if str(payload.contract) not in (deployment.registry, deployment.pool):
        raise refusal(one, "NoSuchContract")
    function = function_of(deployment, payload)
    if function is None:
        raise refusal(one, "NoSuchPublicFunction")
    fits = len(function.takes) == len(payload.arguments) and all(
        kind(value) for kind, value in zip(function.takes, payload.arguments, strict=False)
    )
    if not fits:
        raise refusal(one, "BadFunctionArgument", message="Contract call argument error")


class Mempool:
    """One transaction a nonce of a sender, in the order of their coming."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, int], Waiting] = {}

    def __iter__(self) -> Iterator[Waiting]:
        return iter(list(self._waiting.values()))

    def __len__(self) -> int:
        return len(self._waiting)

    def get(self, txid: str) -> Waiting | None:
        """Return a waiting transaction."""
        return next((one for one in self._waiting.values() if one.txid == txid), None)

    def at(self, sender: str, nonce: int) -> Waiting | None:
        """Return what waits under a nonce."""
        return self._waiting.get((sender, nonce))

    def nonces(self, sender: str) -> list[int]:
        """Return a sender's waiting nonces, rising."""
        return sorted(nonce for address, nonce in self._waiting if address == sender)

    def add(self, one: Waiting) -> None:
        """Take in what was admitted, in place of a cheaper one.

        Raises:
            TransactionRejectedError: the nonce waits already, and the fee is not strictly higher.
        """
        there = self.at(one.sender, one.nonce)
        if there is not None and there.fee >= one.fee:
            raise refusal(one, "ConflictingNonceInMempool")
        self.remove(one)
        self._waiting[one.sender, one.nonce] = one

    def readmit(self, one: Waiting) -> None:
        """Put back what a fork undid, unless its place was taken."""
        self._waiting.setdefault((one.sender, one.nonce), one)

    def remove(self, one: Waiting) -> None:
        """Let go of whatever waits under a transaction's nonce."""
        self._waiting.pop((one.sender, one.nonce), None)

    def drop_stale(self, state: State) -> None:
        """Drop what can never be mined: its nonce is used up."""
        for one in self:
            if one.nonce < state.nonces.get(one.sender, 0):
                self.remove(one)

    def choose(self, state: State, *, limit: int | None = None, least_fee: int = 0) -> list[Waiting]:
        """Return what goes into a block: in order of nonces, the highest fee first among heads."""
        nonces, funds = dict(state.nonces), dict(state.ustx)
        chosen: list[Waiting] = []
        heads = {
            one.txid: one
            for one in self._waiting.values()
            if one.nonce == nonces.get(one.sender, 0) and one.fee >= least_fee
        }
        while heads and (limit is None or len(chosen) < limit):
            best = max(heads.values(), key=lambda one: one.fee)
            del heads[best.txid]
            if funds.get(best.sender, 0) < best.fee + best.moves:
                continue
            funds[best.sender] -= best.fee + best.moves
            nonces[best.sender] = best.nonce + 1
            chosen.append(best)
            following = self.at(best.sender, best.nonce + 1)
            if following is not None and following.fee >= least_fee:
                heads[following.txid] = following
        return chosen

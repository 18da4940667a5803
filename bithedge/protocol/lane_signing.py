"""What a lane signs: calls of our contracts, and the no-op that closes a gap."""

from bithedge.domain.events.transactions import Call
from bithedge.domain.ids import Address
from bithedge.domain.money import Ustx
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.prepared import unsigned_call
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.payloads import serialise_payload
from bithedge.stacks.signing import SignedTransaction, sign_transaction
from bithedge.stacks.transactions import Transaction, serialise_transaction, token_transfer

FILLER_USTX = 1


class LaneSigner:
    """Signs with one backend key."""

    def __init__(self, deployment: Deployment, key: PrivateKey) -> None:
        self._deployment = deployment
        self._key = key
        self.address = Address(key.address(deployment.network))

    def sign(self, call: Call | None, *, nonce: int, fee: Ustx) -> SignedTransaction:
        """Return the signed transaction of a call, or of a filler."""
        return sign_transaction(self._unsigned(call, nonce, fee), self._key)

    def measure(self, call: Call | None) -> tuple[bytes, int]:
        """Return the payload's bytes and the length of the whole transaction: what a fee depends on."""
        unsigned = self._unsigned(call, 0, Ustx(0))
        return serialise_payload(unsigned.payload), len(serialise_transaction(unsigned))

    def _unsigned(self, call: Call | None, nonce: int, fee: Ustx) -> Transaction:
        if call is not None:
            return unsigned_call(self._deployment, call, sender=self.address, nonce=nonce, fee=fee)
        return token_transfer(
            self._deployment.network,
            sender=self.address,
            nonce=nonce,
            fee=fee,
            recipient=self._filler_recipient(),
            amount=FILLER_USTX,
        )

    def _filler_recipient(self) -> str:
        # The node refuses a transfer to its own sender.
        deployer = self._deployment.deployer
        return deployer if deployer != self.address else self._deployment.registry

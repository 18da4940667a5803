"""An account of a test: signs commands as a wallet does, and transactions by their prepared bytes."""

import hashlib

import msgspec

from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.messages import Action, Command, valid_until_of
from bithedge.stacks.networks import Network
from bithedge.stacks.signing import SignedTransaction, sign_transaction
from bithedge.stacks.sip018 import sign_message
from bithedge.stacks.transactions import Transaction, deserialise_transaction

NETWORK = Network.DEVNET


class Wallet(msgspec.Struct, frozen=True):
    """A key and its address on the devnet."""

    key: PrivateKey

    @staticmethod
    def named(name: str) -> "Wallet":
        """Return the account of a name, the same in every run."""
        return Wallet(PrivateKey(hashlib.sha256(f"bithedge integration {name}".encode()).digest()))

    @property
    def address(self) -> str:
        return self.key.address(NETWORK)

    def authorise(self, message: dict[str, str]) -> dict[str, str]:
        """Sign what `/v1/messages` gave."""
        signature = sign_message(deserialise_hex(message["message"]), self.key, NETWORK)
        return self.authorisation(message["message_id"], signature)

    def authorise_own(
        self,
        registry: str,
        message_id: bytes,
        action: Action,
        *,
        network: Network = NETWORK,
        address: str | None = None,
    ) -> dict[str, str]:
        """Sign a command that was built here, so that any part of it may be wrong."""
        command = Command(
            contract=registry,
            address=address or self.address,
            id=message_id,
            valid_until=valid_until_of(message_id),
            action=action,
        )
        return self.authorisation(
            f"m_{message_id.hex()}", sign_message(command.to_clarity(), self.key, network)
        )

    def authorisation(self, message_id: str, signature: bytes) -> dict[str, str]:
        return {
            "message_id": message_id,
            "signature": "0x" + signature.hex(),
            "public_key": "0x" + self.key.public_key.hex(),
        }

    def sign(self, prepared: dict[str, str]) -> SignedTransaction:
        """Sign a prepared transaction."""
        return self.sign_transaction(deserialise_transaction(from_hex(prepared["unsigned"])))

    def sign_transaction(self, transaction: Transaction) -> SignedTransaction:
        return sign_transaction(transaction, self.key)

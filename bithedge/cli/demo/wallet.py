"""A wallet as a careful user's: it looks at what it is given before it signs."""

from collections.abc import Mapping

from bithedge.cli.demo.wire import Contracts, Message, Prepared
from bithedge.cli.exits import CommandError
from bithedge.stacks.clarity import ClarityValue, Principal, StringAscii, Tuple
from bithedge.stacks.clarity_python import as_tuple
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.hexes import from_hex, to_hex
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.payloads import ContractCall
from bithedge.stacks.post_conditions import Asset, FungibleCode, FungibleCondition, PostConditionMode
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.sip018 import domain, structured_digest
from bithedge.stacks.transactions import Transaction, deserialise_transaction


class WalletError(CommandError):
    """What is to be signed is not what was asked for."""


class Wallet:
    """One account: its key, its network, and the contracts it means to deal with."""

    def __init__(self, name: str, key: PrivateKey, network: Network, contracts: Contracts) -> None:
        self.name = name
        self._key = key
        self._network = network
        self._contracts = contracts
        self.address = key.address(network)

    def sign_command(
        self, message: Message, action: str, fields: Mapping[str, ClarityValue]
    ) -> dict[str, str]:
        """Return the authorisation of a command, after reading what its message says.

        Raises:
            WalletError: the message is of another domain, address or action, or says another thing.
        """
        own_domain, content = (as_tuple(deserialise_hex(text)) for text in (message.domain, message.message))
        if own_domain != domain(self._network):
            raise WalletError(f"the message is of another domain: {own_domain}")
        wanted: dict[str, ClarityValue] = {
            "kind": StringAscii("command"),
            "contract": Principal.parse(self._contracts.policy_registry),
            "action": StringAscii(action),
            "address": Principal.parse(self.address),
            **fields,
        }
        _compare(content, wanted)
        digest = structured_digest(own_domain, content)
        if to_hex(digest) != message.digest:
            raise WalletError("the digest is not of this message")
        return {
            "message_id": message.message_id,
            "signature": to_hex(self._key.sign(digest)),
            "public_key": to_hex(self._key.public_key),
        }

    def sign_call(self, prepared: Prepared, function: str, *, pays_sats: int = 0, gets_sats: int = 0) -> str:
        """Return a prepared call of the pool signed, after reading what it would move.

        Args:
            prepared: as the daemon gave it.
            function: the one that was asked for.
            pays_sats: exactly what this account sends.
            gets_sats: exactly what the pool sends.

        Raises:
            WalletError: it calls or moves another thing.
        """
        transaction = deserialise_transaction(from_hex(prepared.unsigned))
        payload = transaction.payload
        pool = Principal.parse(self._contracts.liquidity_pool)
        if not isinstance(payload, ContractCall) or (payload.contract, payload.function) != (pool, function):
            raise WalletError(f"this is no call of {pool}.{function}")
        if not transaction.is_of(self._network):
            raise WalletError(f"this is no transaction of {self._network}")
        token = Asset.parse(f"{self._contracts.sbtc_token}::sbtc-token")
        sends = {Principal.parse(self.address): pays_sats, pool: gets_sats}
        if _moves(transaction, token) != {who: amount for who, amount in sends.items() if amount}:
            raise WalletError(f"{function} would move something else than agreed")
        return to_hex(sign_transaction(transaction, self._key).raw)


def _compare(content: Tuple, wanted: Mapping[str, ClarityValue]) -> None:
    for name, value in wanted.items():
        if name not in content or content[name] != value:
            raise WalletError(f"the message says another {name}")


def _moves(transaction: Transaction, token: Asset) -> dict[Principal | None, int]:
    """Return who sends exactly how many sats; anything that is not exact is refused."""
    if transaction.post_condition_mode is not PostConditionMode.DENY:
        raise WalletError("the transaction would let more be moved than it names")
    moves: dict[Principal | None, int] = {}
    for condition in transaction.post_conditions:
        if not isinstance(condition, FungibleCondition):
            raise WalletError("a post-condition is of something else than a token")
        if condition.code is not FungibleCode.EQUAL or condition.asset != token:
            raise WalletError("a post-condition is not an exact amount of sBTC")
        moves[condition.principal] = condition.amount
    return moves

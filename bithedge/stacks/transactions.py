"""Transactions and their bytes (SIP-005): made, read, named, never sent from here."""

from collections.abc import Sequence

import msgspec

from bithedge.stacks.authorisation import Authorisation, SingleSig, read_authorisation
from bithedge.stacks.c32 import encode_address
from bithedge.stacks.clarity import ClarityValue, Principal
from bithedge.stacks.errors import AddressError, ClarityError, TransactionError
from bithedge.stacks.hashes import sha512_256
from bithedge.stacks.hexes import to_hex
from bithedge.stacks.networks import MAINNET_TRANSACTION_VERSION, TESTNET_TRANSACTION_VERSION, Network
from bithedge.stacks.payloads import ContractCall, ContractDeploy, Payload, TokenTransfer, read_payload
from bithedge.stacks.post_conditions import PostCondition, PostConditionMode, read_post_condition
from bithedge.stacks.reader import Reader

MAX_TRANSACTION_BYTES = 2_097_152
"""The node's limit."""
ANCHOR_ANY = 3
_ANCHOR_MODES = (1, 2, 3)
_VERSIONS = (MAINNET_TRANSACTION_VERSION, TESTNET_TRANSACTION_VERSION)
_LEAST_CONDITION = 3


class Transaction(msgspec.Struct, frozen=True):
    """One transaction, signed or not (then its signature is all zeros)."""

    version: int
    chain_id: int
    authorisation: Authorisation
    payload: Payload
    post_conditions: tuple[PostCondition, ...] = ()
    post_condition_mode: PostConditionMode = PostConditionMode.DENY
    anchor_mode: int = ANCHOR_ANY

    @property
    def nonce(self) -> int:
        """The origin's nonce."""
        return self.authorisation.origin.nonce

    @property
    def fee(self) -> int:
        """What the payer pays, in uSTX."""
        return self.authorisation.payer.fee

    @property
    def sender(self) -> str:
        """The origin's address."""
        network = Network.MAINNET if self.version == MAINNET_TRANSACTION_VERSION else Network.TESTNET
        origin = self.authorisation.origin
        # Stacks keeps the one-key version for P2PKH; every other mode hashes a script.
        single = isinstance(origin, SingleSig) and not origin.hash_mode.is_witness
        version = network.single_sig_version if single else network.multi_sig_version
        return encode_address(version, origin.signer)

    def is_of(self, network: Network) -> bool:
        """Return whether a node of `network` takes it, by version and chain id."""
        return self.version == network.transaction_version and self.chain_id == network.chain_id


def write_head(transaction: Transaction, out: bytearray) -> None:
    """Append what stands before the authorisation."""
    out.append(transaction.version)
    out += transaction.chain_id.to_bytes(4, "big")


def serialise_body(transaction: Transaction) -> bytes:
    """Return what stands after the authorisation, which no signing changes."""
    out = bytearray((transaction.anchor_mode, transaction.post_condition_mode))
    out += len(transaction.post_conditions).to_bytes(4, "big")
    for condition in transaction.post_conditions:
        condition.write(out)
    transaction.payload.write(out)
    return bytes(out)


def assemble(transaction: Transaction, authorisation: Authorisation, body: bytes) -> bytes:
    """Return the bytes of `transaction` under `authorisation`, given its serialised body.

    Raises:
        TransactionError: longer than a node takes.
    """
    out = bytearray()
    write_head(transaction, out)
    authorisation.write(out)
    out += body
    if len(out) > MAX_TRANSACTION_BYTES:
        raise TransactionError(f"{len(out)} bytes in one transaction, at most {MAX_TRANSACTION_BYTES}")
    return bytes(out)


def serialise_transaction(transaction: Transaction) -> bytes:
    """Return the bytes of a transaction; unsigned ones are what stacks.js reads and signs."""
    return assemble(transaction, transaction.authorisation, serialise_body(transaction))


def txid_of(raw: bytes) -> str:
    """Return the id of a serialised transaction: `0x` and 64 hex digits."""
    return to_hex(sha512_256(raw))


def txid(transaction: Transaction) -> str:
    """Return the id of a transaction: `0x` and 64 hex digits. Signing changes it."""
    return txid_of(serialise_transaction(transaction))


def _read(reader: Reader) -> Transaction:
    version = reader.byte()
    if version not in _VERSIONS:
        raise reader.fail(f"0x{version:02x} is no transaction version")
    chain_id = reader.unsigned(4)
    authorisation = read_authorisation(reader)
    anchor_mode = reader.byte()
    if anchor_mode not in _ANCHOR_MODES:
        raise reader.fail(f"{anchor_mode} is no anchor mode")
    mode = reader.byte()
    if mode not in PostConditionMode.__members__.values():
        raise reader.fail(f"{mode} is no post-condition mode")
    count = reader.count(least=_LEAST_CONDITION)
    conditions = tuple(read_post_condition(reader) for _ in range(count))
    return Transaction(
        version=version,
        chain_id=chain_id,
        authorisation=authorisation,
        payload=read_payload(reader),
        post_conditions=conditions,
        post_condition_mode=PostConditionMode(mode),
        anchor_mode=anchor_mode,
    )


def deserialise_transaction(raw: bytes) -> Transaction:
    """Return the transaction of `raw`, signatures unchecked; its bytes are then `raw` again.

    Raises:
        TransactionError: too long, cut short, not canonical, of a kind only nodes make, or followed by more.
    """
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise TransactionError(f"{len(raw)} bytes in one transaction, at most {MAX_TRANSACTION_BYTES}")
    reader = Reader(raw, TransactionError)
    try:
        transaction = _read(reader)
    except (AddressError, ClarityError) as error:
        raise TransactionError(f"{error.message} (before byte {len(raw) - reader.remaining})") from error
    reader.finish()
    return transaction


def _origin(network: Network, sender: str, nonce: int, fee: int) -> Authorisation:
    principal = Principal.parse(sender)
    if principal.contract_name is not None or principal.version != network.single_sig_version:
        raise TransactionError(f"{sender} is no address of one key on {network}")
    return Authorisation(SingleSig(principal.hash160, nonce, fee))


def _make(network: Network, authorisation: Authorisation, payload: Payload) -> Transaction:
    return Transaction(network.transaction_version, network.chain_id, authorisation, payload)


def token_transfer(
    network: Network, *, sender: str, nonce: int, fee: int, recipient: str, amount: int, memo: bytes = b""
) -> Transaction:
    """Return an unsigned transfer of `amount` uSTX; the node takes no post-conditions on one.

    Raises:
        AddressError: sender or recipient is no principal.
        TransactionError: the sender is not of one key on `network`, or a figure is out of range.
    """
    payload = TokenTransfer(Principal.parse(recipient), amount, memo)
    return _make(network, _origin(network, sender, nonce, fee), payload)


def contract_call(
    network: Network,
    *,
    sender: str,
    nonce: int,
    fee: int,
    contract: str,
    function: str,
    arguments: Sequence[ClarityValue] = (),
    post_conditions: Sequence[PostCondition] = (),
    mode: PostConditionMode = PostConditionMode.DENY,
) -> Transaction:
    """Return an unsigned call; `fee` in uSTX.

    Raises:
        AddressError: sender or contract is no principal.
        ClarityError: the function's name is none.
        TransactionError: the sender is not of one key on `network`, or a figure is out of range.
    """
    payload = ContractCall(Principal.parse_contract(contract), function, tuple(arguments))
    return Transaction(
        version=network.transaction_version,
        chain_id=network.chain_id,
        authorisation=_origin(network, sender, nonce, fee),
        payload=payload,
        post_conditions=tuple(post_conditions),
        post_condition_mode=mode,
    )


def contract_deploy(
    network: Network,
    *,
    sender: str,
    nonce: int,
    fee: int,
    name: str,
    code: str,
    clarity_version: int | None,
) -> Transaction:
    """Return an unsigned publication of a contract, of a given version of Clarity or the epoch's.

    Raises:
        AddressError: the sender is no address, or `name` no contract's name.
        TransactionError: the sender is not of one key on `network`, or the source has other characters.
    """
    payload = ContractDeploy(name, code, clarity_version)
    return _make(network, _origin(network, sender, nonce, fee), payload)

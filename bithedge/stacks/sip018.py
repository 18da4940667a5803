"""Signed structured messages (SIP-018): one domain, one digest, one form of signature."""

from bithedge.stacks.clarity import ClarityValue, StringAscii, Tuple, UInt, serialise
from bithedge.stacks.hashes import sha256
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.signatures import recover_key

_PREFIX = b"SIP018"


def domain(network: Network) -> Tuple:
    """Return the domain of our messages: these three keys only, since wallets check them."""
    return Tuple.of(
        {"name": StringAscii("BitHedge"), "version": StringAscii("1"), "chain-id": UInt(network.chain_id)}
    )


def domain_hash(network: Network) -> bytes:
    """Return what `get-domain-hash` gives on chain."""
    return sha256(serialise(domain(network)))


def digest(message: ClarityValue, network: Network) -> bytes:
    """Return the 32 bytes that are signed for `message`."""
    return structured_digest(domain(network), message)


def structured_digest(own_domain: Tuple, message: ClarityValue) -> bytes:
    """Return the 32 bytes that are signed for `message` under any domain."""
    return sha256(_PREFIX + sha256(serialise(own_domain)) + sha256(serialise(message)))


def sign_message(message: ClarityValue, key: PrivateKey, network: Network) -> bytes:
    """Return the signature of `message`: 65 bytes R S V, low S."""
    return key.sign(digest(message, network))


def recover_signer(message: ClarityValue, signature: bytes, network: Network) -> bytes:
    """Return the compressed public key that signed `message`.

    Raises:
        SignatureError: not 65 bytes R S V of low S, or of no key.
    """
    return recover_key(digest(message, network), signature)

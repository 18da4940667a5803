"""Who commands: addresses of this network, and the signed message under a command."""

import msgspec

from actors.system import System
from bithedge.domain.errors import InvalidSignatureError, MessageExpiredError, MessageUsedError, NotOwnerError
from bithedge.domain.ids import Address, Hex, hexed, to_bytes
from bithedge.http.problems import invalid
from bithedge.http.requests import AuthorisationBody
from bithedge.protocol.signing import Authorisation, command_of, verified_signature
from bithedge.stacks.c32 import decode_address, encode_address
from bithedge.stacks.errors import AddressError
from bithedge.stacks.hashes import hash160
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.messages import Action, valid_until_of
from bithedge.stacks.networks import Network
from bithedge.storage.queries.kept import is_message_used

VALID_S = 300
"""How far ahead a signed message may be valid."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A command whose signature is sound."""

    address: Address
    command_id: Hex
    valid_until_s: int
    signature: Hex
    """65 bytes R S V as the chain takes them."""


def check_address(text: str, network: Network, *, field: str, single: bool = False) -> Address:
    """Return an address of this network.

    Args:
        text: as it was sent.
        network: the daemon's.
        field: where it stood.
        single: whether it must be of one key, as whoever commands something is.

    Raises:
        HttpError: it is none, or of another network.
    """
    try:
        version = decode_address(text).version
    except AddressError as error:
        raise invalid(field, error.message) from None
    if not network.owns_version(version):
        letters = "SP or SM" if network.is_mainnet else "ST or SN"
        raise invalid(field, f"{text} is of another network: addresses on {network} begin with {letters}")
    if single and version != network.single_sig_version:
        raise invalid(field, f"{text} is of several keys: only a single-signature address may command")
    return Address(text)


def signer_of(authorisation: AuthorisationBody, network: Network) -> Address:
    """Return the address of the key that a command names; whether it signed is yet to be seen."""
    key = from_hex(authorisation.public_key)
    return Address(encode_address(network.single_sig_version, hash160(key)))


async def signed_command(
    system: System,
    authorisation: AuthorisationBody,
    action: Action,
    *,
    now_ms: int,
    address: Address | None = None,
    owner: Address | None = None,
) -> Signed:
    """Return the command, rebuilt from itself and found to be signed.

    Args:
        system: gives network and contracts.
        authorisation: what came with the command.
        action: what it asks for.
        now_ms: now.
        address: whose command it says to be; None where it names nobody: then its key's.
        owner: whose it must be, where that is known by now.

    Raises:
        InvalidSignatureError: not over this command, not by this address, or valid for too long.
        MessageExpiredError: its time has passed.
        NotOwnerError: sound, but another's.
        MessageUsedError: it has done its work.
    """
    message_id, now_s = to_bytes(authorisation.message_id), now_ms // 1_000
    valid_until_s = valid_until_of(message_id)
    if valid_until_s > now_s + VALID_S:
        raise InvalidSignatureError(
            f"a message is valid for at most {VALID_S} s",
            field="authorisation.message_id",
            limit=now_s + VALID_S,
            actual=valid_until_s,
        )
    if address is None:
        address = signer_of(authorisation, system.deployment.network)
    signature = verified_signature(
        system.deployment,
        command_of(system.deployment, address, message_id, action),
        Authorisation(
            message_id=authorisation.message_id,
            signature=Hex(authorisation.signature),
            public_key=Hex(authorisation.public_key),
        ),
    )
    if now_s > valid_until_s:
        raise MessageExpiredError(
            "the signed message has lapsed: ask for a new one",
            field="authorisation.message_id",
            limit=valid_until_s,
            actual=now_s,
        )
    if owner is not None and owner != address:
        raise NotOwnerError(f"{address} signed this, but it is not the owner", field="authorisation")
    command_id = hexed(message_id)
    if await system.reader.read(is_message_used, command_id):
        raise MessageUsedError(
            "this signed message has already done its work", field="authorisation.message_id"
        )
    return Signed(address=address, command_id=command_id, valid_until_s=valid_until_s, signature=signature)

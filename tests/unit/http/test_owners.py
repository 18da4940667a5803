"""Whose hand is under a command, and for how long it counts."""

import hashlib

import pytest
from http_scene import DEPLOYMENT, NOW_MS, Scene

from bithedge.domain.errors import (
    DomainError,
    InvalidSignatureError,
    MessageExpiredError,
    MessageUsedError,
    NotOwnerError,
)
from bithedge.domain.ids import Address, Hex, hexed
from bithedge.http.owners import check_address, signed_command, signer_of
from bithedge.http.problems import HttpError
from bithedge.http.requests import AuthorisationBody
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.signing import command_of
from bithedge.stacks.c32 import encode_address
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.messages import Action, ReservePolicy, command_id
from bithedge.stacks.networks import Network

ACTION = ReservePolicy(b"q" * 16)
OTHER_ACTION = ReservePolicy(b"r" * 16)
NOW_S = NOW_MS // 1_000


def key(name: str) -> PrivateKey:
    return PrivateKey.from_hex(hashlib.sha256(name.encode()).hexdigest() + "01")


ALICE, BOB = key("alice"), key("bob")


def address(of: PrivateKey) -> Address:
    return Address(of.address(Network.DEVNET))


def authorised(
    by: PrivateKey,
    *,
    action: Action = ACTION,
    valid_until_s: int = NOW_S + 300,
    as_address: Address | None = None,
) -> AuthorisationBody:
    message_id = command_id(valid_until_s, b"x" * 11)
    command = command_of(DEPLOYMENT, as_address or address(by), message_id, action)
    return AuthorisationBody(
        message_id=f"m_{message_id.hex()}",
        signature=by.sign(command.digest(DEPLOYMENT.network)).hex(),
        public_key=by.public_key.hex(),
    )


async def refusal(scene: Scene, authorisation: AuthorisationBody, **options: Address) -> type[DomainError]:
    with pytest.raises(DomainError) as caught:
        await signed_command(scene.system, authorisation, ACTION, now_ms=NOW_MS, **options)
    return type(caught.value)


async def test_a_sound_command_names_its_signer(scene: Scene) -> None:
    signed = await signed_command(
        scene.system, authorised(ALICE), ACTION, now_ms=NOW_MS, owner=address(ALICE)
    )

    assert signed.address == address(ALICE)
    assert signed.valid_until_s == NOW_S + 300
    assert signed.command_id == hexed(command_id(NOW_S + 300, b"x" * 11))


async def test_a_signature_over_another_command_is_invalid(scene: Scene) -> None:
    assert await refusal(scene, authorised(ALICE, action=OTHER_ACTION)) is InvalidSignatureError


async def test_a_key_that_is_not_the_addresss_is_invalid(scene: Scene) -> None:
    assert await refusal(scene, authorised(ALICE), address=address(BOB)) is InvalidSignatureError
    borrowed = authorised(BOB, as_address=address(ALICE))
    assert await refusal(scene, borrowed) is InvalidSignatureError


async def test_a_sound_signature_of_another_is_not_the_owners(scene: Scene) -> None:
    assert await refusal(scene, authorised(BOB), owner=address(ALICE)) is NotOwnerError


async def test_a_message_is_valid_for_five_minutes_at_most(scene: Scene) -> None:
    too_long = authorised(ALICE, valid_until_s=NOW_S + 301)

    assert await refusal(scene, too_long) is InvalidSignatureError


async def test_a_message_lapses_a_second_after_its_time(scene: Scene) -> None:
    in_time = authorised(ALICE, valid_until_s=NOW_S)
    late = authorised(ALICE, valid_until_s=NOW_S - 1)

    await signed_command(scene.system, in_time, ACTION, now_ms=NOW_MS)
    assert await refusal(scene, late) is MessageExpiredError


async def test_a_lapsed_message_of_nobody_is_invalid_rather_than_lapsed(scene: Scene) -> None:
    late = authorised(ALICE, action=OTHER_ACTION, valid_until_s=NOW_S - 1)

    assert await refusal(scene, late) is InvalidSignatureError


async def test_a_message_does_its_work_once(scene: Scene) -> None:
    authorisation = authorised(ALICE)
    used = Hex("0x" + authorisation.message_id[2:])
    await scene.system.journal.append([], used_message=used)

    assert await refusal(scene, authorisation) is MessageUsedError
    assert await refusal(scene, authorisation, owner=address(BOB)) is NotOwnerError


async def test_a_message_for_other_contracts_is_invalid(scene: Scene) -> None:
    elsewhere = Deployment(network=Network.DEVNET, deployer=address(BOB), sbtc_token=DEPLOYMENT.sbtc_token)
    message_id = command_id(NOW_S + 300, b"x" * 11)
    command = command_of(elsewhere, address(ALICE), message_id, ACTION)
    authorisation = AuthorisationBody(
        message_id=f"m_{message_id.hex()}",
        signature=ALICE.sign(command.digest(Network.DEVNET)).hex(),
        public_key=ALICE.public_key.hex(),
    )

    assert await refusal(scene, authorisation) is InvalidSignatureError


async def test_a_v_of_a_wallet_from_27_on_is_taken_and_normalised(scene: Scene) -> None:
    plain = authorised(ALICE)
    signature = bytes.fromhex(plain.signature)
    wallet = AuthorisationBody(
        message_id=plain.message_id,
        signature=(signature[:64] + bytes((signature[64] + 27,))).hex(),
        public_key=plain.public_key,
    )

    signed = await signed_command(scene.system, wallet, ACTION, now_ms=NOW_MS)

    assert signed.signature == "0x" + plain.signature


def test_the_signer_is_read_from_the_key_alone() -> None:
    assert signer_of(authorised(ALICE), Network.DEVNET) == address(ALICE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "me",
        "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGN",  # mistyped
        "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7",  # mainnet's
        "st1pqhqkv0rjxzfy1dgx8mnsnyve3vgzjsrtpgzgm",
    ],
)
def test_what_is_no_address_of_this_network_is_refused(text: str) -> None:
    with pytest.raises(HttpError) as caught:
        check_address(text, Network.DEVNET, field="owner")

    assert caught.value.faults[0].field == "owner"


def test_an_address_of_several_keys_may_own_and_not_command() -> None:
    several = encode_address(Network.DEVNET.multi_sig_version, b"\x07" * 20)

    assert check_address(several, Network.DEVNET, field="owner") == several
    with pytest.raises(HttpError):
        check_address(several, Network.DEVNET, field="owner", single=True)

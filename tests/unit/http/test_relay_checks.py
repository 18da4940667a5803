"""What is relayed at all."""

import hashlib

import pytest
from http_scene import DEPLOYMENT, KEY, Scene

from bithedge.domain.errors import ForeignTransactionError, MalformedTransactionError
from bithedge.domain.events.transactions import TransactionPrepared
from bithedge.domain.ids import Address, Txid
from bithedge.domain.money import Sats, Ustx
from bithedge.domain.tiers import Tier
from bithedge.http.handlers.transactions import check_relayable
from bithedge.protocol.calls import deposit_funds
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.prepared import unsigned_call
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import token_transfer
from bithedge.storage.ports import Change

KEY_OF_ALICE = PrivateKey.from_hex(hashlib.sha256(b"alice").hexdigest() + "01")
ALICE = Address(KEY_OF_ALICE.address(Network.DEVNET))
MAINNET_ALICE = Address(KEY_OF_ALICE.address(Network.MAINNET))


def a_deposit(deployment: Deployment = DEPLOYMENT, sender: Address = ALICE) -> bytes:
    call = deposit_funds(deployment, sender, Sats(10_000), Tier.BALANCED)
    unsigned = unsigned_call(deployment, call, sender=sender, nonce=3, fee=Ustx(3_000))
    return sign_transaction(unsigned, KEY_OF_ALICE).raw


def test_a_call_of_our_contracts_is_relayed() -> None:
    check_relayable(a_deposit(), DEPLOYMENT)


@pytest.mark.parametrize("raw", [b"", b"\x00", bytes(200), a_deposit()[:-1], a_deposit() + b"\x00"])
def test_what_is_no_transaction_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedTransactionError):
        check_relayable(raw, DEPLOYMENT)


def test_a_transaction_of_another_network_is_malformed() -> None:
    mainnet = Deployment(
        network=Network.MAINNET, deployer=MAINNET_ALICE, sbtc_token=f"{MAINNET_ALICE}.sbtc-token"
    )

    with pytest.raises(MalformedTransactionError, match="not of devnet"):
        check_relayable(a_deposit(mainnet, MAINNET_ALICE), DEPLOYMENT)


def test_a_call_of_other_contracts_or_a_transfer_is_foreign() -> None:
    foreign = Deployment(network=Network.DEVNET, deployer=ALICE, sbtc_token=DEPLOYMENT.sbtc_token)
    transfer = token_transfer(
        Network.DEVNET, sender=ALICE, nonce=0, fee=300, recipient=DEPLOYMENT.deployer, amount=1
    )

    for raw in (a_deposit(foreign), sign_transaction(transfer, KEY_OF_ALICE).raw):
        with pytest.raises(ForeignTransactionError):
            check_relayable(raw, DEPLOYMENT)


async def test_a_relayed_transaction_is_answered_by_its_id(scene: Scene) -> None:
    raw = a_deposit()
    scene.relay.plays["RelayTransaction"] = lambda message: message.raw and None

    told = await scene.post("/v1/transactions", {"tx": raw.hex()})

    assert told.status == 202
    assert told.headers["Location"] == f"/v1/transactions/{told.json['txid']}"
    assert told.json["status"] == "pending"
    assert scene.relay.heard[0].raw == raw


async def test_what_is_followed_already_is_not_sent_again(scene: Scene) -> None:
    raw = a_deposit()
    scene.relay.plays["RelayTransaction"] = lambda _: None
    first = await scene.post("/v1/transactions", {"tx": "0x" + raw.hex()})
    txid = Txid(first.json["txid"])
    prepared = TransactionPrepared(
        txid=txid, address=ALICE, nonce=3, fee=Ustx(3_000), contract_id=None, function=None
    )
    await scene.system.journal.append([Change(stream=f"tx:{txid}", events=(prepared,))])

    again = await scene.post("/v1/transactions", {"tx": "0x" + raw.hex()}, KEY)
    by_id = await scene.post("/v1/transactions", {"txid": txid[2:].upper()})

    assert (again.status, again.body) == (202, first.body)
    assert by_id.body == first.body
    assert len(scene.relay.heard) == 1


async def test_either_bytes_or_an_id_is_given(scene: Scene) -> None:
    for body in ({}, {"tx": "00", "txid": "0" * 64}):
        told = await scene.post("/v1/transactions", body)
        assert (told.status, told.code) == (400, "validation_failed")
    assert scene.relay.heard == []

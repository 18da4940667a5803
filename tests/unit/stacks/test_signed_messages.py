"""The figures here are the contracts' own: their tests compute the same digests on chain."""

import pytest

from bithedge.stacks import sip018
from bithedge.stacks.clarity import Bool, StringAscii, UInt
from bithedge.stacks.clarity_python import as_text
from bithedge.stacks.errors import AddressError, ClarityError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.liabilities import Leaf
from bithedge.stacks.messages import (
    ActivatePolicy,
    Attestation,
    Command,
    Quote,
    Reading,
    RequestWithdrawal,
    ReservePolicy,
    SetAutoExercise,
    SetExit,
    Terms,
    Voucher,
    command_id,
    valid_until_of,
)
from bithedge.stacks.networks import Network

DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
REGISTRY = f"{DEPLOYER}.policy-registry"
POOL = f"{DEPLOYER}.liquidity-pool"
OWNER = "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5"
QUOTE_ID, ID, SERIAL = b"\x01" * 16, b"\x02" * 16, b"\x03" * 16
PRICE = 6_500_000_000_000
TERMS = Terms(
    quote_id=QUOTE_ID,
    owner=OWNER,
    option="put",
    strike=6_000_000_000_000,
    amount=10_000_000,
    collateral=5_000_000,
    premium=300_000,
    fee=15_000,
    tier="balanced",
    expiry=244,
    valid_until=102,
    valid_until_time=1_800_000_000,
)
MESSAGES = {
    "attestation": Attestation(REGISTRY, price=PRICE, height=100),
    "reading": Reading(REGISTRY, quote_id=QUOTE_ID, id=ID, price=PRICE, height=100),
    "command": Command(
        REGISTRY, address=OWNER, id=ID, valid_until=1_800_000_000, action=ActivatePolicy(7, QUOTE_ID)
    ),
    "voucher": Voucher(
        POOL, provider=OWNER, amount=1_000_000, tier="balanced", serial=SERIAL, valid_until=102
    ),
    "quote": Quote(REGISTRY, TERMS),
}
DIGESTS = {
    "attestation": "76327b06ca5a5f996b138d03dd49931e502b3c9345081de0484365dee9c3f924",
    "reading": "0cafe29df8abdb17b8dc07fe74798bcb4da2c7d3a22799756e1e3619ec960f34",
    "command": "c24ba0ad2aa071e12619a83d074acf5e449c8a8cf89cea0fdd886771318f8025",
    "voucher": "af33543efabccb8b5c0df6ad576d93ce873e15841492a3c0144c8095c502f3de",
    "quote": "18083363b4e0899941949451bf27ef1a43953afa0ff5ce7a608664ea9b65d41f",
}


def test_the_domain_is_the_contracts() -> None:
    expected = "2d733441feb9bd4d8fa632cf7dab882bce8e805f435eee39a2309493bf1aeac7"

    assert sip018.domain_hash(Network.TESTNET).hex() == expected
    assert sip018.domain_hash(Network.DEVNET).hex() == expected
    assert sip018.domain_hash(Network.MAINNET).hex() != expected


@pytest.mark.parametrize("kind", list(DIGESTS))
def test_each_message_has_the_digest_that_the_contracts_compute(kind: str) -> None:
    message = MESSAGES[kind]

    assert message.digest(Network.TESTNET).hex() == DIGESTS[kind]
    assert as_text(message.to_clarity()["kind"]) == kind
    assert message.digest(Network.MAINNET).hex() != DIGESTS[kind]


def test_a_sales_id_is_the_front_of_its_quotes_digest() -> None:
    assert Quote(REGISTRY, TERMS).sale_id(Network.TESTNET).hex() == DIGESTS["quote"][:32]


def test_a_leaf_has_the_hash_that_the_pool_computes() -> None:
    leaf = Leaf(OWNER, equity=100_475_000, deposited=100_000_000, withdrawn=0)

    assert leaf.hash().hex() == "a41c18f202c73fd542a4878db14ed795fe803e0a9fa7ca4bb65f0c8820108937"


def test_no_two_kinds_of_message_have_the_same_fields() -> None:
    fields = [frozenset(name for name, _ in message.to_clarity().entries) for message in MESSAGES.values()]

    assert len(set(fields)) == len(fields)


def test_keys_of_signed_tuples_sort_alike_in_wallets_and_on_chain() -> None:
    for message in MESSAGES.values():
        for name, _ in message.to_clarity().entries:
            assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        (ReservePolicy(QUOTE_ID), {"quote-id"}),
        (ActivatePolicy(7, QUOTE_ID, 500), {"policy-id", "quote-id", "min-payout-sats"}),
        (RequestWithdrawal(1_000, "balanced"), {"amount-sats", "tier"}),
        (SetAutoExercise(7, QUOTE_ID, enabled=True), {"policy-id", "quote-id", "enabled"}),
        (SetExit("aggressive", enabled=False), {"tier", "enabled"}),
    ],
)
def test_a_command_has_its_common_fields_and_its_actions(action: ReservePolicy, fields: set[str]) -> None:
    command = Command(REGISTRY, address=OWNER, id=ID, valid_until=1_800_000_000, action=action).to_clarity()

    common = {"kind", "contract", "action", "address", "id", "valid-until"}
    assert {name for name, _ in command.entries} == common | fields
    assert command["action"] == StringAscii(action.name)


def test_a_commands_switch_and_minimum_are_signed_as_what_they_are() -> None:
    assert SetExit("balanced", enabled=True).fields()["enabled"] == Bool(value=True)
    assert ActivatePolicy(7, QUOTE_ID).fields()["min-payout-sats"] == UInt(1)


def test_a_commands_id_begins_with_its_last_second() -> None:
    id_ = command_id(1_800_000_000, bytes(range(11)))

    assert id_.hex() == "006b49d200000102030405060708090a"
    assert valid_until_of(id_) == 1_800_000_000
    with pytest.raises(ClarityError):
        command_id(1_800_000_000, bytes(10))
    with pytest.raises(ClarityError):
        valid_until_of(bytes(15))


def test_a_message_with_a_short_id_or_an_account_for_a_contract_is_never_built() -> None:
    with pytest.raises(ClarityError):
        Reading(REGISTRY, quote_id=b"\x01" * 15, id=ID, price=1, height=1).to_clarity()
    with pytest.raises(AddressError):
        Attestation(DEPLOYER, price=1, height=1).to_clarity()


def test_a_messages_signature_names_its_signer_on_its_own_network_only() -> None:
    key = PrivateKey(b"\x09" * 32)
    message = MESSAGES["reading"].to_clarity()
    signature = sip018.sign_message(message, key, Network.TESTNET)

    assert sip018.recover_signer(message, signature, Network.TESTNET) == key.public_key
    assert sip018.recover_signer(message, signature, Network.MAINNET) != key.public_key

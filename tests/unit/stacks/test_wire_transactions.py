import pytest

from bithedge.stacks.authorisation import Authorisation, SingleSig
from bithedge.stacks.clarity import NONE, Buffer, List, Principal, UInt
from bithedge.stacks.errors import AddressError, ClarityError, SignatureError, StacksError, TransactionError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.payloads import ContractCall, ContractDeploy, TokenTransfer, serialise_payload
from bithedge.stacks.post_conditions import (
    Asset,
    FungibleCode,
    FungibleCondition,
    PostConditionMode,
    StxCondition,
    serialise_post_condition,
)
from bithedge.stacks.signing import sign_as_sponsor, sign_transaction, verify_transaction
from bithedge.stacks.transactions import (
    MAX_TRANSACTION_BYTES,
    Transaction,
    contract_call,
    contract_deploy,
    deserialise_transaction,
    serialise_transaction,
    token_transfer,
    txid,
)

KEY = PrivateKey(b"\x07" * 32)
SENDER = KEY.address(Network.DEVNET)
POOL = f"{SENDER}.liquidity-pool"


def a_call(**changes: object) -> Transaction:
    facts = {
        "sender": SENDER,
        "nonce": 4,
        "fee": 1_000,
        "contract": POOL,
        "function": "settle-policy",
        "arguments": [UInt(7), List.of([Buffer(bytes(65))]), NONE],
        "post_conditions": [StxCondition(None, FungibleCode.EQUAL, 5)],
        "mode": PostConditionMode.DENY,
    }
    return contract_call(Network.DEVNET, **(facts | changes))


def test_an_unsigned_transaction_carries_all_a_wallet_needs_to_sign_it() -> None:
    raw = serialise_transaction(a_call())

    assert raw[0] == 0x80
    assert raw[1:5].hex() == "80000000"
    assert raw[5:7] == b"\x04\x00"
    assert raw[7:27] == KEY.hash160
    assert int.from_bytes(raw[27:35], "big") == 4
    assert int.from_bytes(raw[35:43], "big") == 1_000
    assert raw[43:109] == bytes(66)
    assert raw[109:111] == b"\x03\x02"


def test_signing_changes_the_signature_and_the_id_alone() -> None:
    unsigned = serialise_transaction(a_call())

    signed = sign_transaction(a_call(), KEY)

    assert signed.raw[:44] == unsigned[:44]
    assert signed.raw[109:] == unsigned[109:]
    assert signed.txid == txid(signed.transaction) != txid(a_call())
    assert deserialise_transaction(signed.raw) == signed.transaction
    assert signed.transaction.sender == SENDER
    verify_transaction(signed.transaction)


def test_another_key_does_not_sign_it() -> None:
    with pytest.raises(SignatureError):
        sign_transaction(a_call(), PrivateKey(b"\x08" * 32))


def test_an_unsigned_transaction_does_not_verify() -> None:
    with pytest.raises(SignatureError):
        verify_transaction(a_call())


def test_the_high_s_twin_of_a_signature_does_not_verify() -> None:
    signed = sign_transaction(a_call(), KEY).transaction
    origin = signed.authorisation.origin
    assert isinstance(origin, SingleSig)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    twin_s = order - int.from_bytes(origin.signature[33:], "big")
    twin = bytes((origin.signature[0] ^ 1,)) + origin.signature[1:33] + twin_s.to_bytes(32, "big")

    raw = sign_transaction(a_call(), KEY).raw.replace(origin.signature, twin)

    with pytest.raises(SignatureError, match="half the order"):
        verify_transaction(deserialise_transaction(raw))


def test_a_sponsor_signs_what_the_origin_signed_and_pays_its_fee() -> None:
    sponsor = PrivateKey(b"\x08" * 32)
    origin = SingleSig(KEY.hash160, nonce=4, fee=0)
    plain = a_call()
    sponsored = Transaction(
        plain.version,
        plain.chain_id,
        Authorisation(origin, SingleSig(sponsor.hash160, nonce=1, fee=900)),
        plain.payload,
    )
    with pytest.raises(SignatureError):
        sign_as_sponsor(sponsored, sponsor)

    once = sign_transaction(sponsored, KEY)
    twice = sign_as_sponsor(once.transaction, sponsor)

    with pytest.raises(SignatureError):
        verify_transaction(once.transaction)
    verify_transaction(twice.transaction)
    assert (twice.transaction.sender, twice.transaction.fee, twice.transaction.nonce) == (SENDER, 900, 4)
    with pytest.raises(SignatureError):
        sign_as_sponsor(once.transaction, KEY)
    with pytest.raises(SignatureError):
        sign_as_sponsor(plain, sponsor)


def test_transactions_of_one_network_are_not_of_another() -> None:
    assert a_call().is_of(Network.DEVNET)
    assert a_call().is_of(Network.TESTNET)
    assert not a_call().is_of(Network.MAINNET)


@pytest.mark.parametrize("network", [Network.MAINNET, Network.DEVNET])
def test_a_sender_that_is_not_one_key_of_the_network_is_refused(network: Network) -> None:
    strange = POOL if network is Network.DEVNET else SENDER
    for sender in (strange, "SN3KTC8PTAB1EAKHGKMA0FAYFWZK62P71SXBVH7EJ"):
        with pytest.raises((TransactionError, AddressError)):
            token_transfer(network, sender=sender, nonce=0, fee=1, recipient=SENDER, amount=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": -1},
        {"nonce": 2**64},
        {"fee": 2**64},
        {"contract": SENDER},
        {"function": ""},
        {"function": "a b"},
        {"function": "a" * 129},
        {"post_conditions": [StxCondition(None, FungibleCode.EQUAL, 2**64)]},
        {"arguments": [Buffer(bytes(700_000))] * 3},
    ],
)
def test_a_call_that_no_node_would_take_is_never_serialised(changes: dict[str, object]) -> None:
    with pytest.raises((TransactionError, AddressError, ClarityError)):
        serialise_transaction(a_call(**changes))


@pytest.mark.parametrize("memo", [b"x" * 35, b"x\x00"])
def test_a_memo_that_would_not_be_read_back_is_refused(memo: bytes) -> None:
    with pytest.raises(TransactionError):
        TokenTransfer(Principal.parse(SENDER), 1, memo)


def test_transfers_and_deploys_are_read_back() -> None:
    transfer = token_transfer(
        Network.DEVNET, sender=SENDER, nonce=0, fee=180, recipient=POOL, amount=5, memo=b"hi"
    )
    deploy = contract_deploy(
        Network.DEVNET, sender=SENDER, nonce=1, fee=500, name="a", code="(ok u1)\n", clarity_version=4
    )
    for transaction in (transfer, deploy):
        assert deserialise_transaction(serialise_transaction(transaction)) == transaction


@pytest.mark.parametrize(
    ("name", "code", "version"), [("1", "", 4), ("a", "é", 4), ("a", "\r", 4), ("a", "", 0)]
)
def test_a_contract_that_no_node_would_take_is_refused(name: str, code: str, version: int) -> None:
    with pytest.raises((TransactionError, AddressError)):
        ContractDeploy(name, code, version)


def test_every_transaction_cut_short_or_followed_by_more_is_refused() -> None:
    raw = sign_transaction(a_call(), KEY).raw

    for size in range(len(raw)):
        with pytest.raises(TransactionError):
            deserialise_transaction(raw[:size])
    with pytest.raises(TransactionError):
        deserialise_transaction(raw + b"\x00")


@pytest.mark.parametrize(
    ("place", "byte"),
    [
        (0, 0x81),
        (5, 0x06),
        (6, 0x04),
        (43, 0x02),
        (109, 0x00),
        (110, 0x00),
        (110, 0x04),
        (115, 0x05),
        (116, 0x04),
    ],
)
def test_a_byte_that_means_nothing_is_refused(place: int, byte: int) -> None:
    raw = bytearray(sign_transaction(a_call(), KEY).raw)
    raw[place] = byte

    with pytest.raises(TransactionError):
        deserialise_transaction(bytes(raw))


def test_a_kind_that_only_nodes_make_is_refused() -> None:
    raw = serialise_transaction(a_call(post_conditions=[]))
    body = raw[:115]

    for kind in (3, 4, 5, 7, 8, 9):
        with pytest.raises(TransactionError, match="no transfer"):
            deserialise_transaction(body + bytes((kind,)) + raw[116:])


def test_a_count_or_a_length_beyond_what_was_sent_takes_no_memory() -> None:
    raw = serialise_transaction(a_call(post_conditions=[]))
    with pytest.raises(TransactionError):
        deserialise_transaction(raw[:111] + b"\xff\xff\xff\xff" + raw[115:])
    with pytest.raises(TransactionError):
        deserialise_transaction(bytes(MAX_TRANSACTION_BYTES + 1))


def test_a_payload_nested_too_deep_is_refused() -> None:
    nested = serialise_payload(ContractCall(Principal.parse_contract(POOL), "x", (NONE,)))
    raw = serialise_transaction(a_call(post_conditions=[]))[:115] + nested[:-1] + b"\x0a" * 5_000 + b"\x09"

    with pytest.raises(TransactionError, match="within each other"):
        deserialise_transaction(raw)


def test_a_post_condition_of_an_account_for_an_asset_is_refused() -> None:
    for text in (SENDER, f"{SENDER}::sbtc-token", POOL, f"{POOL}::", f"{POOL}::1x"):
        with pytest.raises(StacksError):
            Asset.parse(text)


def test_a_post_condition_is_written_as_wallets_take_it() -> None:
    condition = FungibleCondition(
        Principal.parse(SENDER), Asset.parse(f"{POOL}::sbtc-token"), FungibleCode.EQUAL, 300_000
    )

    assert serialise_post_condition(condition) == (
        b"\x01\x02\x1a" + KEY.hash160
        + b"\x1a" + KEY.hash160 + b"\x0eliquidity-pool\x0asbtc-token"
        + b"\x01" + (300_000).to_bytes(8, "big")
    )  # fmt: skip
    assert str(condition.asset) == f"{POOL}::sbtc-token"

"""Byte for byte what @stacks/transactions writes: see tests/fixtures/stacks/make_vectors.mjs."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from bithedge.stacks import sip018
from bithedge.stacks.authorisation import Authorisation, HashMode, MultiSig, SingleSig
from bithedge.stacks.c32 import decode_address, encode_address
from bithedge.stacks.clarity import (
    NONE,
    Bool,
    Buffer,
    ClarityValue,
    Err,
    Int,
    List,
    Ok,
    Principal,
    Some,
    StringAscii,
    StringUtf8,
    Tuple,
    UInt,
    serialise,
)
from bithedge.stacks.clarity_reader import deserialise
from bithedge.stacks.errors import StacksError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.payloads import ContractCall, ContractDeploy, TokenTransfer
from bithedge.stacks.post_conditions import (
    Asset,
    FungibleCode,
    FungibleCondition,
    NonFungibleCode,
    NonFungibleCondition,
    PostCondition,
    PostConditionMode,
    PoxCode,
    PoxCondition,
    StakingCondition,
    StxCondition,
)
from bithedge.stacks.script import single_hash
from bithedge.stacks.signing import sign_as_sponsor, sign_transaction, verify_transaction
from bithedge.stacks.transactions import (
    Transaction,
    deserialise_transaction,
    serialise_transaction,
    txid,
    txid_of,
)

FIXTURE = Path(__file__).parents[2] / "fixtures" / "stacks" / "vectors.json.gz"


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    return json.loads(gzip.decompress(FIXTURE.read_bytes()))


ATOMS = {
    "u": lambda text: UInt(int(text)),
    "i": lambda text: Int(int(text)),
    "b": Bool,
    "x": lambda text: Buffer(bytes.fromhex(text)),
    "a": StringAscii,
    "8": StringUtf8,
    "p": Principal.parse,
}
WRAPPERS = {"s": Some, "ok": Ok, "err": Err}


def value_of(spec: list[Any]) -> ClarityValue:
    if spec[0] == "n":
        return NONE
    kind, content = spec
    if kind in WRAPPERS:
        return WRAPPERS[kind](value_of(content))
    if kind == "l":
        return List.of(map(value_of, content))
    if kind == "t":
        return Tuple.of({name: value_of(inner) for name, inner in content.items()})
    return ATOMS[kind](content)


def condition_of(spec: dict[str, Any]) -> PostCondition:
    principal = None if spec["principal"] is None else Principal.parse(spec["principal"])
    match spec["kind"]:
        case "stx":
            return StxCondition(principal, FungibleCode(spec["code"]), int(spec["amount"]))
        case "ft":
            asset = Asset.parse(spec["asset"])
            return FungibleCondition(principal, asset, FungibleCode(spec["code"]), int(spec["amount"]))
        case "nft":
            asset, value = Asset.parse(spec["asset"]), value_of(spec["value"])
            return NonFungibleCondition(principal, asset, value, NonFungibleCode(spec["code"]))
        case "staking":
            return StakingCondition(principal, FungibleCode(spec["code"]), int(spec["amount"]))
        case _:
            return PoxCondition(principal, PoxCode(spec["code"]))


def payload_of(spec: dict[str, Any]) -> TokenTransfer | ContractCall | ContractDeploy:
    if spec["kind"] == "call":
        contract = Principal.parse_contract(spec["contract"])
        return ContractCall(contract, spec["function"], tuple(map(value_of, spec["arguments"])))
    if spec["kind"] == "transfer":
        return TokenTransfer(Principal.parse(spec["recipient"]), int(spec["amount"]), spec["memo"].encode())
    return ContractDeploy(spec["name"], spec["code"], spec["clarity"])


def condition_of_key(spec: dict[str, Any], mode: HashMode = HashMode.P2PKH) -> SingleSig:
    signer = single_hash(mode, PrivateKey.from_hex(spec["key"]).public_key)
    return SingleSig(signer, int(spec["nonce"]), int(spec["fee"]), hash_mode=mode)


def transaction_of(spec: dict[str, Any], authorisation: Authorisation) -> Transaction:
    network = Network(spec["network"])
    return Transaction(
        version=network.transaction_version,
        chain_id=network.chain_id,
        authorisation=authorisation,
        payload=payload_of(spec),
        post_conditions=tuple(map(condition_of, spec.get("conditions", ()))),
        post_condition_mode=PostConditionMode(spec.get("mode", 2)),
    )


def test_the_fixture_holds_at_least_two_thousand_cases(vectors: dict[str, Any]) -> None:
    assert sum(len(cases) for cases in vectors.values() if isinstance(cases, list)) >= 2_000


def test_keys_have_the_librarys_addresses(vectors: dict[str, Any]) -> None:
    for case in vectors["addresses"]:
        assert PrivateKey.from_hex(case["key"]).address(Network(case["network"])) == case["address"]


def test_addresses_are_spelt_as_the_library_spells_them_whatever_zeros_they_begin_with(
    vectors: dict[str, Any],
) -> None:
    for case in vectors["edges"]:
        hash160 = bytes.fromhex(case["hash160"])

        assert encode_address(case["version"], hash160) == case["address"]
        assert decode_address(case["address"]) == (case["version"], hash160)


def test_values_are_written_and_read_as_the_library_does(vectors: dict[str, Any]) -> None:
    for spec, digits in vectors["values"]:
        value = value_of(spec)

        assert serialise(value).hex() == digits
        assert deserialise(bytes.fromhex(digits)) == value


def test_transactions_and_their_signatures_are_the_librarys_to_the_byte(vectors: dict[str, Any]) -> None:
    for spec in vectors["transactions"]:
        unsigned = transaction_of(spec, Authorisation(condition_of_key(spec)))
        signed = sign_transaction(unsigned, PrivateKey.from_hex(spec["key"]))

        assert txid(unsigned)[2:18] == spec["unsigned"]
        assert signed.txid == "0x" + spec["txid"]
        assert spec.get("raw") in (None, signed.raw.hex())


def test_transactions_are_read_back_as_they_were_written(vectors: dict[str, Any]) -> None:
    for spec in vectors["transactions"]:
        unsigned = transaction_of(spec, Authorisation(condition_of_key(spec)))
        signed = sign_transaction(unsigned, PrivateKey.from_hex(spec["key"]))

        read = deserialise_transaction(signed.raw)

        assert read == signed.transaction
        assert deserialise_transaction(serialise_transaction(unsigned)) == unsigned
        assert read.sender == PrivateKey.from_hex(spec["key"]).address(Network(spec["network"]))
        verify_transaction(read)


def test_sponsored_transactions_are_the_librarys_to_the_byte(vectors: dict[str, Any]) -> None:
    for spec in vectors["sponsored"]:
        origin = condition_of_key(spec, HashMode(spec["hash_mode"]))
        unsigned = transaction_of(spec, Authorisation(origin, condition_of_key(spec["sponsor"])))
        assert txid(unsigned)[2:18] == spec["unsigned"]
        if origin.hash_mode is HashMode.P2WPKH:
            continue  # our keys sign for P2PKH only: read and verified below

        signed = sign_transaction(unsigned, PrivateKey.from_hex(spec["key"]))
        signed = sign_as_sponsor(signed.transaction, PrivateKey.from_hex(spec["sponsor"]["key"]))

        assert signed.txid == "0x" + spec["txid"]
        assert deserialise_transaction(signed.raw) == signed.transaction
        verify_transaction(signed.transaction)


def test_witness_and_sponsored_transactions_of_the_library_are_read_and_verified(
    vectors: dict[str, Any],
) -> None:
    cases = [spec for spec in vectors["sponsored"] if "raw" in spec]
    assert {spec["hash_mode"] for spec in cases} == {HashMode.P2PKH, HashMode.P2WPKH}
    for spec in cases:
        raw = bytes.fromhex(spec["raw"])

        read = deserialise_transaction(raw)

        assert serialise_transaction(read) == raw
        assert read.fee == int(spec["sponsor"]["fee"])
        verify_transaction(read)


def test_transactions_signed_by_several_keys_are_read_and_verified(vectors: dict[str, Any]) -> None:
    for spec in vectors["several"]:
        raw = bytes.fromhex(spec["raw"])

        read = deserialise_transaction(raw)

        assert serialise_transaction(read) == raw
        assert txid_of(raw) == "0x" + spec["txid"]
        assert isinstance(read.authorisation.origin, MultiSig)
        assert (read.sender, read.nonce) == (spec["sender"], int(spec["nonce"]))
        verify_transaction(read)


def test_messages_are_signed_as_the_library_signs_them(vectors: dict[str, Any]) -> None:
    for spec in vectors["messages"]:
        network, key = Network(spec["network"]), PrivateKey.from_hex(spec["key"])
        message = value_of(spec["message"])

        signature = sip018.sign_message(message, key, network)

        assert signature.hex() == spec["signature"]
        assert sip018.recover_signer(message, signature, network) == key.public_key


def test_a_transaction_altered_in_any_byte_is_refused(
    vectors: dict[str, Any],
) -> None:
    spec = next(spec for spec in vectors["transactions"] if spec["kind"] == "transfer" and "raw" in spec)
    raw = bytes.fromhex(spec["raw"])
    assert len(raw) > 150

    for place in range(len(raw)):
        altered = raw[:place] + bytes((raw[place] ^ 0x01,)) + raw[place + 1 :]

        with pytest.raises(StacksError):
            verify_transaction(deserialise_transaction(altered))

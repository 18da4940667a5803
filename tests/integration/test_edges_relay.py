"""Each refusal of a transaction, of the operator's and of the devnet's paths."""

import time
from typing import Any

import msgspec
import pytest

from bithedge.stacks.clarity import NONE, Principal, UInt
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.transactions import (
    contract_call,
    deserialise_transaction,
    serialise_transaction,
    token_transfer,
)
from tests.integration.client import (
    BTC,
    Client,
    fault_at,
    problem_of,
)
from tests.integration.edges import BODIES, SOMEBODY
from tests.integration.wallet import NETWORK, Wallet


async def test_a_transaction_is_given_or_named_and_not_both(client: Client) -> None:
    both = await client.refusal("/v1/transactions", {"tx": "0x00", "txid": "0x" + "0" * 64})
    neither = await client.refusal("/v1/transactions", {})

    assert both["code"] == neither["code"] == "validation_failed"


@pytest.mark.parametrize("text", ["0x00", "0x" + "ab" * 400, "0x80800000000400"])
async def test_bytes_that_are_no_transaction_are_not_relayed(client: Client, text: str) -> None:
    refused = await client.refusal("/v1/transactions", {"tx": text})

    assert (refused["status"], refused["code"]) == (400, "malformed_transaction")


@pytest.mark.parametrize("text", ["zz", "0x0", "", 7, None])
async def test_what_is_no_hex_is_not_relayed(client: Client, text: object) -> None:
    refused = await client.refusal("/v1/transactions", {"tx": text})

    assert (refused["status"], refused["code"]) == (400, "validation_failed")


async def test_only_calls_of_our_contracts_are_relayed(client: Client) -> None:
    sender = await client.wallet()
    transfer = token_transfer(
        NETWORK, sender=sender.address, nonce=0, fee=3_000, recipient=SOMEBODY, amount=1
    )
    call = contract_call(
        NETWORK,
        sender=sender.address,
        nonce=0,
        fee=3_000,
        contract=(await client.config())["contracts"]["sbtc_token"],
        function="transfer",
        arguments=[UInt(1), Principal.parse(sender.address), Principal.parse(SOMEBODY), NONE],
    )

    for transaction in (transfer, call):
        raw = sender.sign_transaction(transaction).raw
        refused = await client.refusal("/v1/transactions", {"tx": raw.hex()})
        assert (refused["status"], refused["code"]) == (422, "foreign_transaction")
    assert await client.waiting() == 0
    assert (await client.get(f"/v1/transactions?address={sender.address}"))["items"] == []


async def a_deposit(client: Client) -> tuple[Wallet, Any]:
    provider = await client.wallet()
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )
    return provider, deserialise_transaction(from_hex(answer["transaction"]["unsigned"]))


async def test_a_transaction_of_another_network_is_not_relayed(client: Client) -> None:
    provider, prepared = await a_deposit(client)
    other = msgspec.structs.replace(prepared, version=0, chain_id=1)

    refused = await client.refusal("/v1/transactions", {"tx": provider.sign_transaction(other).raw.hex()})

    assert (refused["status"], refused["code"]) == (400, "malformed_transaction")


async def test_the_nodes_refusal_is_named(client: Client) -> None:
    provider, prepared = await a_deposit(client)
    unsigned = serialise_transaction(prepared)
    before = await client.books()

    refused = await client.refusal("/v1/transactions", {"tx": unsigned.hex()})

    assert (refused["status"], refused["code"]) == (422, "transaction_rejected")
    assert refused["reason"] == "SignatureValidation"
    assert await client.books() == before
    assert provider.address


async def test_a_nonce_of_the_past_is_refused_by_the_node(client: Client) -> None:
    provider, prepared = await a_deposit(client)
    await client.deposit(provider, BTC)

    refused = await client.refusal(
        "/v1/transactions", {"tx": provider.sign_transaction(_with(prepared, fee=4_000)).raw.hex()}
    )

    assert (refused["status"], refused["code"]) == (422, "transaction_rejected")
    assert refused["reason"] == "BadNonce"
    assert refused["reason_data"]["expected"] == 1


async def test_a_fee_below_the_nodes_least_is_refused_by_the_node(client: Client) -> None:
    provider, prepared = await a_deposit(client)

    refused = await client.refusal(
        "/v1/transactions", {"tx": provider.sign_transaction(_with(prepared, fee=1)).raw.hex()}
    )

    assert (refused["status"], refused["reason"]) == (422, "FeeTooLow")


async def test_an_altered_purchase_is_aborted_by_the_chain_and_moves_nothing(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    reserved = await client.reserve(owner, quote)
    prepared = deserialise_transaction(from_hex(reserved["transaction"]["unsigned"]))
    terms = dict(prepared.payload.arguments[0].entries) | {"premium": UInt(1_000), "fee": UInt(0)}
    cheaper = type(prepared.payload.arguments[0]).of(terms)
    payload = msgspec.structs.replace(prepared.payload, arguments=(cheaper, *prepared.payload.arguments[1:]))
    signed = owner.sign_transaction(msgspec.structs.replace(prepared, payload=payload, post_conditions=()))

    txid = await client.relay(signed)

    assert (await client.wait_transaction(txid, "aborted"))["reason"]
    assert await client.sbtc(owner.address) == 10 * BTC
    policy = await client.get(f"/v1/policies/{quote['quote_id']}")
    assert policy["policy_id"] is None


async def test_whoever_never_provided_withdraws_nothing(client: Client) -> None:
    refused = await client.refusal("/v1/withdrawals", BODIES["/v1/withdrawals"])

    assert (refused["status"], refused["code"]) == (404, "unknown_provider")


@pytest.mark.parametrize("token", ["", "wrong", "x" * 5_000])
async def test_a_wrong_token_operates_nothing(client: Client, token: str) -> None:
    answer = await client.ask("GET", "/v1/admin/status", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status, problem_of(answer)["code"]) == (401, "unauthorised")


@pytest.mark.parametrize(("path", "field"), [("/v1/devnet/mine", "blocks"), ("/v1/devnet/fork", "depth")])
@pytest.mark.parametrize("value", [0, -1, "1", 1.0, None])
async def test_a_devnet_command_wants_a_number_of_blocks(
    client: Client, path: str, field: str, value: object
) -> None:
    before = (await client.node("GET", "/devnet/stats"))["block_hash"]

    refused = await client.refusal(path, {field: value})

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert (await client.node("GET", "/devnet/stats"))["block_hash"] == before


@pytest.mark.parametrize("blocks", [2_001, 2**53 - 1])
async def test_more_burn_blocks_than_a_devnet_mines_at_once_are_refused_with_the_most(
    client: Client, blocks: int
) -> None:
    before = await client.height()

    refused = await client.refusal("/v1/devnet/mine", {"blocks": blocks})

    assert (refused["status"], refused["code"]) == (422, "amount_out_of_range")
    assert fault_at(refused, "blocks")["limit"] == 2_000
    assert await client.height() == before


async def test_two_thousand_blocks_are_mined_and_followed_in_time(alone: Client) -> None:
    began, before = time.monotonic(), await alone.height()

    heights = await alone.mine(2_000)

    assert heights["burn_height"] == before + 2_000
    assert time.monotonic() - began < 30


async def test_whoever_asks_too_often_is_told_when_to_come_back(fresh_daemon: Any, connect: Any) -> None:
    daemon = fresh_daemon("http.rate_per_s=1", "http.rate_burst=5")
    client = await connect(daemon)

    answers = [await client.ask("GET", "/v1/config") for _ in range(8)]
    health = await client.ask("GET", "/healthz")

    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert {problem_of(answer)["code"] for answer in refused} == {"rate_limited"}
    assert health.status == 200


def _with(transaction: Any, *, fee: int) -> Any:
    origin = msgspec.structs.replace(transaction.authorisation.origin, fee=fee)
    authorisation = msgspec.structs.replace(transaction.authorisation, origin=origin)
    return msgspec.structs.replace(transaction, authorisation=authorisation)

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from stacks_fake_node import FakeNode

from bithedge.stacks.clarity import Ok, UInt, serialise_hex
from bithedge.stacks.errors import (
    AddressError,
    NodeError,
    ReadRefusedError,
    TransactionError,
    TransactionRejectedError,
)
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.node import NodeClient
from bithedge.stacks.node_types import Account, FeeEstimate
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import token_transfer

KEY = PrivateKey(b"\x07" * 32)
ADDRESS = KEY.address(Network.DEVNET)
POOL = f"{ADDRESS}.liquidity-pool"
SIGNED = sign_transaction(
    token_transfer(Network.DEVNET, sender=ADDRESS, nonce=0, fee=180, recipient=POOL, amount=1), KEY
)
HASH = "ab" * 32


async def test_an_accepted_transaction_is_known_by_its_id(node: FakeNode, client: NodeClient) -> None:
    node.says("/v2/transactions", SIGNED.txid[2:])

    assert await client.broadcast(SIGNED.raw) == SIGNED.txid
    assert node.asked == [("/v2/transactions", SIGNED.raw)]


async def test_a_refusal_names_its_reason_and_figures(node: FakeNode, client: NodeClient) -> None:
    figures = {"expected": 5, "actual": 3, "is_origin": True, "principal": ADDRESS}
    node.says(
        "/v2/transactions",
        {
            "error": "transaction rejected",
            "reason": "BadNonce",
            "reason_data": figures,
            "txid": SIGNED.txid[2:],
        },
        status=400,
    )

    with pytest.raises(TransactionRejectedError) as refused:
        await client.broadcast(SIGNED.raw)

    assert refused.value.reason == "BadNonce"
    assert refused.value.reason_data == figures
    assert refused.value.txid == SIGNED.txid
    assert not refused.value.retryable


async def test_a_fault_of_the_nodes_own_may_be_asked_again(node: FakeNode, client: NodeClient) -> None:
    node.says("/v2/transactions", {"reason": "ServerFailureDatabase"}, status=400)

    with pytest.raises(TransactionRejectedError) as refused:
        await client.broadcast(SIGNED.raw)

    assert refused.value.retryable
    assert (refused.value.reason_data, refused.value.txid) == ({}, None)


async def test_a_refusal_in_plain_text_is_of_bytes_it_could_not_read(
    node: FakeNode, client: NodeClient
) -> None:
    node.says("/v2/transactions", b"Failed to decode: UnexpectedEof", status=400)

    with pytest.raises(TransactionRejectedError) as refused:
        await client.broadcast(b"\x00")

    assert refused.value.reason == "Undecodable"
    assert refused.value.reason_data == {"message": "Failed to decode: UnexpectedEof"}


@pytest.mark.parametrize("body", ["cd" * 32, "not hex", 5, {"txid": SIGNED.txid}, b"<html>", b"\xff"])
async def test_an_acceptance_of_something_else_is_not_believed(
    node: FakeNode, client: NodeClient, body: object
) -> None:
    node.says("/v2/transactions", body)

    with pytest.raises(NodeError) as refused:
        await client.broadcast(SIGNED.raw)

    assert refused.value.retryable
    assert not isinstance(refused.value, TransactionRejectedError)


@pytest.mark.parametrize("body", [{"error": "?"}, [], {"reason": 5}])
async def test_a_refusal_without_a_reason_is_not_believed(
    node: FakeNode, client: NodeClient, body: object
) -> None:
    node.says("/v2/transactions", body, status=400)

    with pytest.raises(NodeError) as refused:
        await client.broadcast(SIGNED.raw)

    assert not isinstance(refused.value, TransactionRejectedError)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
async def test_too_many_requests_say_when_to_come_back(
    node: FakeNode, client: NodeClient, header: str, seconds: float | None
) -> None:
    node.says("/v2/info", {}, status=429, Retry_After=header)

    with pytest.raises(NodeError) as refused:
        await client.info()

    assert refused.value.retryable
    assert (refused.value.status, refused.value.retry_after_s) == (429, seconds)


@pytest.mark.parametrize(
    ("status", "retryable"), [(500, True), (502, True), (503, True), (403, False), (302, False)]
)
async def test_a_nodes_failure_may_be_asked_again_and_a_refusal_not(
    node: FakeNode, client: NodeClient, *, status: int, retryable: bool
) -> None:
    node.says("/v2/info", {}, status=status, Location="/elsewhere")

    with pytest.raises(NodeError) as refused:
        await client.info()

    assert (refused.value.status, refused.value.retryable) == (status, retryable)
    assert len(node.asked) == 1


async def test_a_node_that_is_not_there_may_be_asked_again() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(NodeError) as refused:
            await NodeClient(session, f"http://127.0.0.1:{unused_port()}").info()

    assert refused.value.retryable


async def test_an_answer_above_the_longest_taken_is_cut_off(node: FakeNode, client: NodeClient) -> None:
    node.says("/v2/info", b"[" * 10_001)

    with pytest.raises(NodeError, match="above 10000 bytes"):
        await client.info()


async def test_a_node_that_falls_silent_is_left_at_the_deadline(node: FakeNode, client: NodeClient) -> None:
    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await silence.wait()
        return response

    silence = asyncio.Event()
    node.answers["/v2/info"] = stall

    with pytest.raises(NodeError, match="no answer within") as refused:
        await client.info()

    silence.set()
    assert refused.value.retryable


INFO = {
    "network_id": 2_147_483_648,
    "burn_block_height": 12,
    "stacks_tip_height": 34,
    "stacks_tip": HASH,
    "stacks_tip_consensus_hash": "cd" * 20,
    "is_fully_synced": True,
    "something_new": {"in": ["later", "versions"]},
}


async def test_an_answer_may_grow_and_its_hashes_come_out_alike(node: FakeNode, client: NodeClient) -> None:
    node.says("/v2/info", INFO)

    info = await client.info()

    assert (info.burn_block_height, info.stacks_tip) == (12, "0x" + HASH)


@pytest.mark.parametrize(
    "change",
    [
        {"burn_block_height": -1},
        {"burn_block_height": None},
        {"stacks_tip": "0x12"},
        {"is_fully_synced": "?"},
    ],
)
async def test_an_answer_with_a_field_that_cannot_be_is_not_believed(
    node: FakeNode, client: NodeClient, change: dict[str, object]
) -> None:
    node.says("/v2/info", INFO | change)

    with pytest.raises(NodeError, match="not believed"):
        await client.info()


async def test_an_accounts_balance_is_read_from_hex(node: FakeNode, client: NodeClient) -> None:
    body = {"balance": "0x" + "0" * 30 + "ff", "locked": "0x0", "unlock_height": 0, "nonce": 3}
    node.says(f"/v2/accounts/{ADDRESS}", body)

    assert await client.account(ADDRESS) == Account(255, 0, 3, 0)


async def test_a_read_only_call_gives_its_value_or_its_cause(node: FakeNode, client: NodeClient) -> None:
    path = f"/v2/contracts/call-read/{ADDRESS}/liquidity-pool/is-closed?"
    good = {"okay": True, "result": serialise_hex(Ok(UInt(1)))}
    node.says(path, good, {"okay": False, "cause": "NotReadOnly"})

    assert await client.call_read(POOL, "is-closed?", [UInt(5)], ADDRESS) == Ok(UInt(1))
    assert node.asked[0][0].endswith("is-closed%3F")
    assert json.loads(node.asked[0][1]) == {"sender": ADDRESS, "arguments": [serialise_hex(UInt(5))]}
    with pytest.raises(ReadRefusedError) as refused:
        await client.call_read(POOL, "is-closed?", [], ADDRESS)
    assert refused.value.cause == "NotReadOnly"


@pytest.mark.parametrize("result", ["0x01", "zz", None])
async def test_a_read_only_call_that_gives_rubbish_is_not_believed(
    node: FakeNode, client: NodeClient, result: str | None
) -> None:
    node.says(f"/v2/contracts/call-read/{ADDRESS}/liquidity-pool/x", {"okay": True, "result": result})

    with pytest.raises(NodeError, match="not believed"):
        await client.call_read(POOL, "x", [], ADDRESS)


async def test_names_that_would_leave_their_path_are_never_asked(node: FakeNode, client: NodeClient) -> None:
    for ask in (
        client.account("../info"),
        client.contract_source(f"{ADDRESS}.a/../b"),
        client.transaction("latest"),
        client.block("../x"),
    ):
        with pytest.raises((AddressError, TransactionError)):
            await ask

    assert node.asked == []


async def test_fees_come_in_three_or_not_at_all(node: FakeNode, client: NodeClient) -> None:
    fees = [{"fee_rate": 1.5, "fee": fee} for fee in (180, 200, 300)]
    node.says("/v2/fees/transaction", {"estimations": fees, "cost_scalar_change_by_byte": 0.1})
    assert await client.fee_estimate(b"\x02", 300) == FeeEstimate(180, 200, 300)
    assert json.loads(node.asked[0][1]) == {"transaction_payload": "02", "estimated_len": 300}

    node.says("/v2/fees/transaction", {"error": "x", "reason": "NoEstimateAvailable"}, status=400)
    assert await client.fee_estimate(b"\x02", 300) is None

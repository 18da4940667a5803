import pytest
from stacks_fake_node import FakeNode

from bithedge.stacks.errors import (
    CursorGoneError,
    NodeError,
)
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.networks import Network
from bithedge.stacks.node import NodeClient
from bithedge.stacks.signing import sign_transaction
from bithedge.stacks.transactions import token_transfer

KEY = PrivateKey(b"\x07" * 32)
ADDRESS = KEY.address(Network.DEVNET)
POOL = f"{ADDRESS}.liquidity-pool"
SIGNED = sign_transaction(
    token_transfer(Network.DEVNET, sender=ADDRESS, nonce=0, fee=180, recipient=POOL, amount=1), KEY
)
HASH = "ab" * 32


def a_transaction(number: int, **changes: object) -> dict[str, object]:
    return {
        "tx_id": f"{number:064x}",
        "type": "contract_call",
        "status": "success",
        "sender": {"address": ADDRESS, "nonce": number},
        "sponsor": None,
        "fee_rate": "180",
        "contract_call": {"contract_id": POOL, "function_name": "settle-policy"},
        "block": {"height": 9, "hash": HASH, "index_hash": HASH, "time": 1_700_000_000, "tx_index": number},
    } | changes


async def test_a_transaction_is_mined_waiting_or_not_to_be_seen(node: FakeNode, client: NodeClient) -> None:
    path = f"/extended/v3/transactions/{SIGNED.txid}"
    node.says(path, a_transaction(1, result={"hex": "0x03", "repr": "true"}))
    mined = await client.transaction(SIGNED.txid[2:])
    assert mined is not None
    assert (mined.succeeded, mined.aborted, mined.fee_rate) == (True, False, 180)
    assert (mined.tx_id, mined.block and mined.block.tx_index) == (f"0x{1:064x}", 1)

    node.says(path, a_transaction(1, block=None, status="abort_by_response"))
    waiting = await client.transaction(SIGNED.txid)
    assert waiting is not None
    assert waiting.aborted
    assert waiting.block is None

    node.says(path, {"statusCode": 404, "error": "Not Found", "message": "x"}, status=404)
    assert await client.transaction(SIGNED.txid) is None


async def test_the_old_api_is_asked_for_what_was_dropped_while_it_still_speaks(
    node: FakeNode, client: NodeClient
) -> None:
    path = f"/extended/v1/tx/{SIGNED.txid}"
    node.says(path, {"tx_id": SIGNED.txid, "tx_status": "dropped_replace_by_fee"})
    status = await client.legacy_status(SIGNED.txid)
    assert status is not None
    assert status.dropped

    for gone in (404, 410):
        node.says(path, {}, status=gone)
        assert await client.legacy_status(SIGNED.txid) is None


async def test_lists_are_read_to_their_last_page_and_put_in_order(node: FakeNode, client: NodeClient) -> None:
    events = f"/extended/v3/transactions/{SIGNED.txid}/events"
    log = {"contract_id": POOL, "topic": "print", "value": {"hex": "0x03", "repr": "true"}}
    move = {"type": "transfer", "sender": POOL, "recipient": ADDRESS, "amount": "5", "asset_identifier": "x"}
    node.says(
        events,
        {"results": [{"event_index": 1, "ft_asset": move}], "cursor": {"next": "0"}},
        {"results": [{"event_index": 0, "contract_log": log}], "cursor": {"next": None}},
    )

    first, second = await client.transaction_events(SIGNED.txid)

    assert first.contract_log is not None
    assert second.ft_asset is not None
    assert second.ft_asset.amount == 5
    assert [asked for asked, _ in node.asked] == [f"{events}?limit=100", f"{events}?limit=100&cursor=0"]


async def test_a_blocks_transactions_come_in_its_order(node: FakeNode, client: NodeClient) -> None:
    path = "/extended/v3/blocks/9/transactions"
    node.says(path, {"results": [a_transaction(2), a_transaction(1)], "cursor": {"next": None}})

    found = await client.block_transactions(9)

    assert [transaction.sender.nonce for transaction in found or ()] == [1, 2]
    node.says("/extended/v3/blocks/10/transactions", {}, status=404)
    assert await client.block_transactions(10) is None


async def test_no_more_of_the_mempool_is_read_than_was_asked(node: FakeNode, client: NodeClient) -> None:
    waiting = [a_transaction(number, block=None, status="pending") for number in (1, 2)]
    node.says("/extended/v3/mempool/transactions", {"results": waiting, "cursor": {"next": "1:x"}})

    assert len(await client.mempool_transactions(at_most=3)) == 3
    assert len(node.asked) == 2


async def test_a_cursor_that_a_fork_removed_is_told_from_an_unknown_contract(
    node: FakeNode, client: NodeClient
) -> None:
    path = f"/extended/v2/smart-contracts/{POOL}/logs"
    node.says(path, {"limit": 100, "offset": 0, "total": 0, "results": [], "next_cursor": None})
    assert (await client.contract_logs(POOL)).results == ()

    node.says(path, {"message": "Cursor not found"}, status=404)
    with pytest.raises(CursorGoneError):
        await client.contract_logs(POOL, "9:0:1:2")
    with pytest.raises(NodeError) as refused:
        await client.contract_logs(POOL)
    assert not isinstance(refused.value, CursorGoneError)


BLOCK = {
    "canonical": True,
    "height": 9,
    "hash": "0x" + HASH,
    "index_block_hash": "0x" + HASH,
    "parent_block_hash": HASH,
    "parent_index_block_hash": HASH,
    "block_time": 1,
    "burn_block_height": 3,
    "burn_block_hash": HASH,
    "burn_block_time": 1,
    "tx_count": 0,
}


async def test_blocks_are_found_by_height_hash_or_as_the_latest(node: FakeNode, client: NodeClient) -> None:
    for which in (9, "latest", HASH):
        name = "0x" + HASH if which == HASH else which
        node.says(f"/extended/v2/blocks/{name}", BLOCK)
        block = await client.block(which)
        assert block is not None
        assert block.parent_index_block_hash == "0x" + HASH

    node.says("/extended/v2/blocks/10", {}, status=404)
    assert await client.block(10) is None
    node.says("/extended/v2/blocks", {"total": 1, "results": [BLOCK], "prev_cursor": "0x" + HASH})
    assert (await client.blocks(500)).prev_cursor == "0x" + HASH
    assert node.asked[-1][0] == "/extended/v2/blocks?limit=30"


async def test_nonces_and_balances_are_the_apis(node: FakeNode, client: NodeClient) -> None:
    base = f"/extended/v3/principals/{ADDRESS}"
    node.says(
        f"{base}/nonces",
        {
            "next_nonce": 8,
            "last_confirmed_nonce": None,
            "mempool": {"last_nonce": 7, "pending_nonces": [5, 7], "missing_nonces": [6]},
        },
    )
    node.says(f"{base}/balances/stx", {"balance": "1000", "available": "1000", "locked": None})
    node.says(f"{base}/balances/ft/{POOL}::sbtc-token", {"asset_identifier": "x", "balance": "21"})

    nonces = await client.principal_nonces(ADDRESS)

    assert (nonces.next_nonce, nonces.last_confirmed_nonce, nonces.mempool.missing_nonces) == (8, None, (6,))
    assert await client.stx_balance(ADDRESS) == 1_000
    assert await client.ft_balance(ADDRESS, f"{POOL}::sbtc-token") == 21


async def test_a_contracts_source_is_given_or_there_is_none(node: FakeNode, client: NodeClient) -> None:
    path = f"/v2/contracts/source/{ADDRESS}/liquidity-pool"
    node.says(path, {"source": "(ok u1)", "publish_height": 1})
    assert await client.contract_source(POOL) == "(ok u1)"

    node.says(path, b"No contract source data found", status=404)
    assert await client.contract_source(POOL) is None

"""Deposits: prepared, signed, mined, credited."""

import pytest

from bithedge.stacks.clarity import StringAscii, UInt, serialise_hex
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.post_conditions import FungibleCode, FungibleCondition, read_post_condition
from bithedge.stacks.reader import Reader
from bithedge.stacks.transactions import deserialise_transaction
from tests.integration.client import BTC, Client, fault_at


async def test_a_prepared_deposit_says_all_that_a_wallet_shows(client: Client) -> None:
    provider = await client.wallet()
    contracts = (await client.config())["contracts"]

    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )

    prepared = answer["transaction"]
    assert prepared["contract_id"] == contracts["liquidity_pool"]
    assert prepared["function"] == "deposit-funds"
    assert prepared["arguments"] == [serialise_hex(UInt(BTC)), serialise_hex(StringAscii("balanced"))]
    assert prepared["post_condition_mode"] == "deny"
    assert prepared["nonce"] == 0
    assert prepared["valid_until_height"] is None
    transaction = deserialise_transaction(from_hex(prepared["unsigned"]))
    assert transaction.sender == provider.address
    assert transaction.fee == prepared["fee_ustx"]
    (shown,) = prepared["post_conditions"]
    condition = read_post_condition(Reader(from_hex(shown), ValueError))
    assert transaction.post_conditions == (condition,)
    assert isinstance(condition, FungibleCondition)
    assert (str(condition.principal), condition.code, condition.amount) == (
        provider.address,
        FungibleCode.EQUAL,
        BTC,
    )
    assert str(condition.asset) == f"{contracts['sbtc_token']}::sbtc-token"


async def test_a_deposit_moves_exactly_its_sats_into_the_vault_and_the_books(client: Client) -> None:
    provider = await client.wallet(sbtc=3 * BTC)
    vault, tier = await client.vault(), await client.get("/v1/tiers/aggressive")

    mined = await client.deposit(provider, 2 * BTC, "aggressive")

    assert mined["function"] == "deposit-funds"
    assert mined["address"] == provider.address
    assert await client.sbtc(provider.address) == BTC
    assert await client.vault() == vault + 2 * BTC
    assert (await client.provider_on_chain(provider.address))["deposited"] == 2 * BTC
    account = await client.account(provider, "aggressive")
    assert account["free_sats"] == account["deposited_sats"] == account["withdrawable_sats"] == 2 * BTC
    assert account["locked_sats"] == account["pending_sats"] == account["losses_sats"] == 0
    after = await client.get("/v1/tiers/aggressive")
    assert after["total_sats"] == tier["total_sats"] + 2 * BTC
    assert after["providers"] == tier["providers"] + 1


async def test_a_deposit_that_only_waits_changes_no_books(client: Client) -> None:
    provider = await client.wallet()
    before = await client.get("/v1/pool")
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )

    txid = await client.send(provider, answer["transaction"])

    waiting = await client.until(
        f"/v1/transactions/{txid}", lambda one: one["status"] == "pending", mining=False
    )
    assert waiting["confirmations"] == 0
    assert (await client.get("/v1/pool"))["available_sats"] == before["available_sats"]
    refused = await client.refusal_to_get(f"/v1/providers/{provider.address}")
    assert (refused["status"], refused["code"]) == (404, "unknown_provider")
    account = await client.get(f"/v1/accounts/{provider.address}")
    assert [one["txid"] for one in account["pending"]] == [txid]


async def test_a_deposit_above_what_the_provider_holds_is_aborted_and_credits_nothing(client: Client) -> None:
    provider = await client.wallet(sbtc=BTC)
    vault = await client.vault()
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC + 1, "tier": "balanced"}
    )

    txid = await client.send(provider, answer["transaction"])

    aborted = await client.wait_transaction(txid, "aborted")
    assert aborted["reason"]
    assert await client.vault() == vault
    assert (await client.refusal_to_get(f"/v1/providers/{provider.address}"))["code"] == "unknown_provider"


async def test_a_deposit_that_a_wallet_broadcast_itself_is_watched_and_credited(client: Client) -> None:
    provider = await client.wallet()
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )
    signed = provider.sign(answer["transaction"])
    txid = await client.node("POST", "/v2/transactions", {"tx": signed.raw.hex(), "attachment": None})
    assert f"0x{txid}" == signed.txid

    watched = await client.try_post("/v1/transactions", {"txid": signed.txid})

    assert watched.status == 202
    assert watched.json["txid"] == signed.txid
    assert watched.headers["Location"] == f"/v1/transactions/{signed.txid}"
    await client.wait_transaction(signed.txid, "confirmed")
    assert (await client.account(provider))["free_sats"] == BTC


async def test_a_deposit_that_nobody_told_us_of_is_credited_all_the_same(client: Client) -> None:
    provider = await client.wallet()
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )
    signed = provider.sign(answer["transaction"])
    await client.node("POST", "/v2/transactions", {"tx": signed.raw.hex(), "attachment": None})

    await client.block()

    await client.caught_up()
    assert (await client.account(provider))["free_sats"] == BTC


async def test_what_an_address_sent_to_our_contracts_is_listed_whoever_broadcast_it(client: Client) -> None:
    provider = await client.wallet()
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )
    signed = provider.sign(answer["transaction"])
    await client.node("POST", "/v2/transactions", {"tx": signed.raw.hex(), "attachment": None})
    await client.block()
    await client.caught_up()

    found = await client.get(f"/v1/transactions?address={provider.address}")

    assert [one["txid"] for one in found["items"]] == [signed.txid]
    assert found["items"][0]["status"] == "confirmed"


async def test_the_same_bytes_relayed_twice_are_one_deposit(client: Client) -> None:
    provider = await client.wallet()
    answer = await client.post(
        "/v1/deposits", {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    )
    signed = provider.sign(answer["transaction"])

    first = await client.try_post("/v1/transactions", {"tx": "0x" + signed.raw.hex()})
    again = await client.try_post("/v1/transactions", {"tx": signed.raw.hex().upper()})

    assert (first.status, again.status) == (202, 202)
    assert first.json == again.json
    await client.wait_transaction(signed.txid, "confirmed")
    after = await client.try_post("/v1/transactions", {"tx": "0x" + signed.raw.hex()})
    assert (after.status, after.json["txid"]) == (202, signed.txid)
    assert (await client.account(provider))["deposited_sats"] == BTC


async def test_the_nonce_counts_what_was_relayed_and_not_what_was_only_prepared(client: Client) -> None:
    provider = await client.wallet()
    body = {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}

    first = await client.post("/v1/deposits", body)
    second = await client.post("/v1/deposits", body)
    await client.send(provider, second["transaction"])
    third = await client.post("/v1/deposits", body)

    nonces = [answer["transaction"]["nonce"] for answer in (first, second, third)]
    assert nonces == [0, 0, 1]


async def test_two_deposits_of_one_provider_are_mined_in_one_block(client: Client) -> None:
    provider = await client.wallet()
    body = {"address": provider.address, "amount_sats": BTC, "tier": "balanced"}
    txids = []
    for _ in range(2):
        answer = await client.post("/v1/deposits", body)
        txids.append(await client.send(provider, answer["transaction"]))
    await client.until("/v1/accounts/" + provider.address, lambda one: len(one["pending"]) == 2, mining=False)

    await client.block()

    mined = [await client.wait_transaction(txid, "confirmed") for txid in txids]
    assert mined[0]["block_height"] == mined[1]["block_height"]
    assert (await client.account(provider))["free_sats"] == 2 * BTC


async def test_every_change_of_a_provider_has_its_ledger_line(client: Client) -> None:
    provider = await client.wallet()
    first = await client.deposit(provider, BTC)
    second = await client.deposit(provider, 2 * BTC)

    ledger = await client.get(f"/v1/providers/{provider.address}/ledger")

    lines = [line for line in ledger["items"] if line["bucket"] == "free"]
    assert [line["change_sats"] for line in lines] == [2 * BTC, BTC]
    assert [line["balance_sats"] for line in lines] == [3 * BTC, BTC]
    assert [line["txid"] for line in lines] == [second["txid"], first["txid"]]
    assert {line["tier"] for line in lines} == {"balanced"}


@pytest.mark.parametrize("amount", [1, 9_999])
async def test_a_deposit_below_the_least_is_refused_with_the_least(client: Client, amount: int) -> None:
    provider = await client.wallet()
    before = await client.books()
    body = {"address": provider.address, "amount_sats": amount, "tier": "balanced"}

    refused = await client.refusal("/v1/deposits", body)

    assert (refused["status"], refused["code"]) == (422, "amount_out_of_range")
    fault = fault_at(refused, "amount_sats")
    assert fault["limit"] == (await client.config())["limits"]["min_deposit_sats"] == 10_000
    assert await client.books() == before
    await client.post("/v1/deposits", body | {"amount_sats": fault["limit"]})

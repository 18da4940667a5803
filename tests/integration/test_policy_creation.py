"""A purchase: quoted, reserved, signed, mined; and each way in which it comes to nothing."""

import msgspec
import pytest

from bithedge.stacks.hexes import from_hex
from bithedge.stacks.transactions import deserialise_transaction
from tests.integration.client import BTC, SPOT, Client, new_key, usd

PUT = {"kind": "put", "strike_usd_e8": SPOT}
CALL = {"kind": "call", "strike_usd_e8": usd(70_000)}


async def test_a_purchase_goes_through_every_status_before_your_eyes(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    name = quote["quote_id"]

    reserved = await client.reserve(owner, quote)
    signable = await client.get(f"/v1/policies/{name}")
    await client.send(owner, reserved["transaction"])
    pending = await client.wait_policy(name, "pending_confirmation", mining=False)
    active = await client.wait_policy(name, "active")

    assert reserved["policy"]["status"] == signable["status"] == "pending_signature"
    assert signable["status_detail"] == "awaiting_signature"
    assert signable["policy_id"] is None
    assert pending["status_detail"] in ("in_mempool", "confirming")
    assert active["policy_id"] > 0
    assert active["start_height"] == await client.height()
    assert active["confirmations"] >= 1
    assert (await client.get(f"/v1/policies/{active['policy_id']}"))["quote_id"] == name


@pytest.mark.parametrize("wish", [PUT, CALL], ids=["put", "call"])
async def test_the_chain_holds_the_terms_that_were_quoted(client: Client, wish: dict[str, object]) -> None:
    owner = await client.wallet()
    before, balance = await client.totals(), await client.sbtc(owner.address)

    policy = await client.buy(owner, **wish)

    on_chain = await client.policy_on_chain(policy["policy_id"])
    assert on_chain["owner"] == policy["owner"] == owner.address
    assert on_chain["option"] == policy["kind"] == wish["kind"]
    assert on_chain["strike"] == policy["strike_usd_e8"]
    assert on_chain["amount"] == policy["amount_sats"]
    assert on_chain["collateral"] == policy["max_payout_sats"]
    assert on_chain["premium"] == policy["premium_sats"]
    assert on_chain["fee"] == policy["fee_sats"]
    assert on_chain["expiry"] == policy["expiry_height"]
    assert on_chain["start"] == policy["start_height"]
    assert on_chain["status"] == "active"
    assert on_chain["quote-id"].hex() == policy["quote_id"][2:]
    assert await client.sbtc(owner.address) == balance - policy["premium_sats"]
    assert await client.collateral(policy["policy_id"]) == policy["max_payout_sats"]
    after = await client.totals()
    assert after["locked"] - before["locked"] == policy["max_payout_sats"]
    assert after["premiums"] - before["premiums"] == policy["premium_sats"] - policy["fee_sats"]
    assert after["deposited"] - before["deposited"] == policy["fee_sats"]


async def test_a_quotes_lines_add_up_and_are_what_is_paid(client: Client) -> None:
    owner = await client.wallet()

    quote = await client.quote(owner=owner.address)
    reserved = await client.reserve(owner, quote)

    lines = quote["premium"]
    parts = ("fair_value_sats", "margin_sats", "utilisation_sats", "fee_sats")
    assert sum(lines[part] for part in parts) == lines["total_sats"]
    assert reserved["policy"]["premium_sats"] == lines["total_sats"]
    assert reserved["policy"]["fee_sats"] == lines["fee_sats"]
    transaction = deserialise_transaction(from_hex(reserved["transaction"]["unsigned"]))
    (condition,) = transaction.post_conditions
    assert condition.amount == lines["total_sats"]
    kept = ("expiry_height", "valid_until_height", "valid_until_at", "floor_usd_e8", "tier")
    assert {name: reserved["policy"][name] for name in kept} == {name: quote[name] for name in kept}


async def test_a_floor_may_be_wished_for_instead_of_a_max_payout(client: Client) -> None:
    wish = {"max_payout_sats": None, "floor_usd_e8": usd(50_000)}

    quote = await client.quote(**wish)

    assert quote["max_payout_sats"] == 10_000_000 * 15_000 // 50_000
    assert usd(50_000) <= quote["floor_usd_e8"] <= usd(50_001)
    assert quote["ceiling_usd_e8"] is None


async def test_an_expiry_may_be_wished_for_instead_of_a_tenor(client: Client) -> None:
    height = await client.height()

    quote = await client.quote(tenor_blocks=None, expiry_height=height + 200)

    assert quote["expiry_height"] == height + 200


async def test_a_quote_without_a_tier_names_the_cheapest_that_takes_it(client: Client) -> None:
    quote = await client.quote(tier=None, strike_usd_e8=usd(55_000))

    totals = [other["total_sats"] for other in quote["alternatives"]]
    assert len(totals) == 2
    assert quote["premium"]["total_sats"] <= min(totals)


async def test_a_quote_reserves_nothing_and_a_reservation_does(client: Client) -> None:
    owner = await client.wallet()
    before = (await client.get("/v1/pool"))["reserved_sats"]

    quote = await client.quote(owner=owner.address)
    quoted = (await client.get("/v1/pool"))["reserved_sats"]
    reserved = await client.reserve(owner, quote)
    held = (await client.get("/v1/pool"))["reserved_sats"]
    await client.send(owner, reserved["transaction"])
    await client.wait_policy(quote["quote_id"], "active")
    sold = (await client.get("/v1/pool"))["reserved_sats"]

    assert quoted == before
    assert held == before + quote["max_payout_sats"]
    assert sold == before


async def test_the_same_owner_may_ask_for_the_same_quote_again(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    before = (await client.get("/v1/pool"))["reserved_sats"]

    first = await client.reserve(owner, quote)
    again = await client.reserve(owner, quote)

    assert first["policy"]["quote_id"] == again["policy"]["quote_id"]
    assert first["quote_signature"] == again["quote_signature"]
    assert first["transaction"]["arguments"] == again["transaction"]["arguments"]
    assert (await client.get("/v1/pool"))["reserved_sats"] == before + quote["max_payout_sats"]


async def test_a_repeated_key_gives_the_first_answer_byte_for_byte(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"])
    body, key = {"quote_id": quote["quote_id"], "authorisation": authorisation}, new_key()

    first = await client.try_post("/v1/policies", body, key=key)
    again = await client.try_post("/v1/policies", body, key=key)
    other = await client.try_post("/v1/policies", body | {"quote_id": "q_" + "0" * 32}, key=key)

    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert again.headers["Location"] == first.headers["Location"] == f"/v1/policies/{quote['quote_id']}"
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert (other.status, other.json["code"]) == (409, "idempotency_conflict")


async def test_a_wallet_may_choose_another_fee_and_broadcast_by_itself(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    reserved = await client.reserve(owner, quote)
    prepared = deserialise_transaction(from_hex(reserved["transaction"]["unsigned"]))
    origin = msgspec.structs.replace(prepared.authorisation.origin, fee=prepared.fee + 777)
    authorisation = msgspec.structs.replace(prepared.authorisation, origin=origin)
    signed = owner.sign_transaction(msgspec.structs.replace(prepared, authorisation=authorisation))

    await client.node("POST", "/v2/transactions", {"tx": signed.raw.hex(), "attachment": None})

    policy = await client.wait_policy(quote["quote_id"], "active")
    assert policy["created_txid"] == signed.txid


async def test_a_purchase_that_was_aborted_may_be_signed_again(client: Client) -> None:
    owner = await client.wallet(sbtc=BTC)
    quote = await client.quote(owner=owner.address)
    reserved = await client.reserve(owner, quote)
    # The premium is spent elsewhere between the signature and the block.
    drain = await client.post(
        "/v1/deposits", {"address": owner.address, "amount_sats": BTC, "tier": "balanced"}
    )
    await client.send(owner, drain["transaction"])
    later = await client.reserve(owner, quote)
    txid = await client.send(owner, later["transaction"])

    await client.wait_transaction(txid, "aborted")

    policy = await client.wait_policy(quote["quote_id"], "pending_signature")
    assert reserved["transaction"]["nonce"] == 0
    assert later["transaction"]["nonce"] == 1
    assert policy["status_detail"] == "creation_aborted"
    assert policy["status_reason"]
    assert policy["policy_id"] is None
    await client.node("POST", "/devnet/mint", {"address": owner.address, "stx_ustx": 0, "sbtc_sats": BTC})
    once_more = await client.reserve(owner, quote)
    await client.send(owner, once_more["transaction"])
    assert (await client.wait_policy(quote["quote_id"], "active"))["policy_id"] > 0


async def test_a_reservation_that_nobody_pays_for_lapses_and_gives_its_capacity_back(client: Client) -> None:
    owner, config = await client.wallet(), await client.config()
    final = config["confirmations"]["final"]
    await client.mine(config["quote_valid_blocks"] + final + 1)  # whatever others hold has lapsed
    before = (await client.get("/v1/pool"))["reserved_sats"]
    quote = await client.quote(owner=owner.address)
    await client.reserve(owner, quote)

    await client.mine_to(quote["valid_until_height"] + final + 1)

    policy = await client.wait_policy(quote["quote_id"], "lapsed")
    assert policy["policy_id"] is None
    assert (await client.get("/v1/pool"))["reserved_sats"] == before
    refused = await client.refusal(
        "/v1/policies",
        {
            "quote_id": quote["quote_id"],
            "authorisation": await client.authorise(owner, "reserve-policy", quote_id=quote["quote_id"]),
        },
    )
    assert (refused["status"], refused["code"]) == (409, "quote_expired")


async def test_an_owner_whose_reservation_lapsed_waits_before_the_next(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    await client.reserve(owner, quote)
    await client.mine_to(quote["valid_until_height"] + (await client.config())["confirmations"]["final"] + 1)
    await client.wait_policy(quote["quote_id"], "lapsed")
    fresh = await client.quote()
    authorisation = await client.authorise(owner, "reserve-policy", quote_id=fresh["quote_id"])

    refused = await client.refusal(
        "/v1/policies", {"quote_id": fresh["quote_id"], "authorisation": authorisation}
    )

    assert (refused["status"], refused["code"]) == (429, "too_many_reservations")


async def test_the_history_of_a_policy_names_each_step_with_its_block(client: Client) -> None:
    owner = await client.wallet()

    policy = await client.buy(owner)

    found = (await client.get(f"/v1/policies/{policy['quote_id']}/events"))["items"]
    names = [event["name"] for event in found]
    wanted = ["QuoteIssued", "CapacityReserved", "PolicyPending", "PolicyCreated"]
    assert [name for name in names if name in wanted] == wanted
    assert "TransactionConfirmed" in names
    assert [event["seq"] for event in found] == sorted(event["seq"] for event in found)
    created = next(event for event in found if event["name"] == "PolicyCreated")
    assert created["txid"] == policy["created_txid"]
    assert created["burn_height"] == policy["start_height"]
    assert not any(event["undone"] for event in found)


async def test_a_call_without_a_cap_has_neither_floor_nor_ceiling(client: Client) -> None:
    whole = await client.quote(**CALL, tenor_blocks=4_320)
    capped = await client.quote(**CALL, tenor_blocks=4_320, max_payout_sats=1_000_000)

    assert whole["floor_usd_e8"] is None
    assert whole["ceiling_usd_e8"] is None
    assert capped["ceiling_usd_e8"] == -(-usd(70_000) * 10_000_000 // 9_000_000)
    assert capped["premium"]["total_sats"] < whole["premium"]["total_sats"]

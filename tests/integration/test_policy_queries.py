"""Reading policies: lists, filters, pages, tags, history, backing."""

import csv
import io

import pytest

from tests.integration.client import SPOT, Client, fault_at, usd


async def test_a_policy_is_the_same_by_its_number_and_by_its_quote(client: Client) -> None:
    policy = await client.buy(await client.wallet())

    by_number = await client.get(f"/v1/policies/{policy['policy_id']}")
    by_quote = await client.get(f"/v1/policies/{policy['quote_id']}")

    assert by_number == by_quote


async def test_an_owners_policies_are_listed_newest_first(client: Client) -> None:
    owner = await client.wallet()
    first, second = await client.buy(owner), await client.buy(owner, strike_usd_e8=usd(60_000))
    await client.buy(await client.wallet())

    listed = await client.get(f"/v1/policies?owner={owner.address}")

    assert [policy["quote_id"] for policy in listed["items"]] == [second["quote_id"], first["quote_id"]]
    assert listed["next_cursor"] is None


async def test_a_list_shows_a_policy_from_its_purchase_in_the_mempool_on(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    reserved = await client.reserve(owner, quote)
    path = f"/v1/policies?owner={owner.address}"

    before = await client.get(path)
    await client.send(owner, reserved["transaction"])
    await client.wait_policy(quote["quote_id"], "pending_confirmation", mining=False)
    after = await client.get(path)

    assert before["items"] == []
    assert [policy["status"] for policy in after["items"]] == ["pending_confirmation"]


async def test_filters_narrow_a_list(client: Client) -> None:
    owner = await client.wallet()
    put = await client.buy(owner, tenor_blocks=200)
    call = await client.buy(owner, kind="call", strike_usd_e8=usd(70_000), tier="aggressive")
    base = f"/v1/policies?owner={owner.address}"

    async def named(query: str) -> list[str]:
        return [policy["quote_id"] for policy in (await client.get(base + query))["items"]]

    assert await named("&kind=put") == [put["quote_id"]]
    assert await named("&kind=call") == [call["quote_id"]]
    assert await named("&tier=aggressive") == [call["quote_id"]]
    assert await named("&tier=conservative") == []
    assert await named("&status=active,settled") == [call["quote_id"], put["quote_id"]]
    assert await named("&status=expired") == []
    assert await named(f"&expiry_to={put['expiry_height']}") == [put["quote_id"]]
    assert await named(f"&expiry_from={put['expiry_height'] + 1}") == [call["quote_id"]]
    assert await named(f"&from={call['created_at']}&kind=put") == []


async def test_walking_by_cursor_gives_each_policy_once_whatever_is_bought_meanwhile(client: Client) -> None:
    owner = await client.wallet()
    bought = [await client.buy(owner) for _ in range(3)]
    path = f"/v1/policies?owner={owner.address}&limit=1"
    walked, cursor = [], ""

    while cursor is not None:
        page = await client.get(path + (f"&cursor={cursor}" if cursor else ""))
        walked += [policy["quote_id"] for policy in page["items"]]
        cursor = page["next_cursor"]
        if len(walked) == 1:
            await client.buy(owner)

    assert walked == [policy["quote_id"] for policy in reversed(bought)]


async def test_a_cursor_is_bound_to_its_filters(client: Client) -> None:
    owner = await client.wallet()
    for _ in range(2):
        await client.buy(owner)
    page = await client.get(f"/v1/policies?owner={owner.address}&limit=1")

    refused = await client.refusal_to_get(
        f"/v1/policies?owner={owner.address}&limit=1&kind=put&cursor={page['next_cursor']}"
    )

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert fault_at(refused, "cursor")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("status=sold", "status"),
        ("kind=straddle", "kind"),
        ("tier=gold", "tier"),
        ("owner=ST123", "owner"),
        ("expiry_from=-1", "expiry_from"),
        ("from=yesterday", "from"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("cursor=not-ours", "cursor"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_by_its_name(
    client: Client, query: str, field: str
) -> None:
    refused = await client.refusal_to_get(f"/v1/policies?{query}")

    assert (refused["status"], refused["code"]) == (400, "validation_failed")
    assert any(fault["field"].partition(".")[0] == field for fault in refused["errors"])


@pytest.mark.parametrize("name", ["999999999", "q_" + "0" * 32, "nonsense", "-1"])
@pytest.mark.parametrize("below", ["", "/events", "/backing"])
async def test_an_unknown_policy_is_not_found(client: Client, name: str, below: str) -> None:
    refused = await client.refusal_to_get(f"/v1/policies/{name}{below}")

    assert (refused["status"], refused["code"]) == (404, "unknown_policy")


async def test_an_unchanged_answer_need_not_be_sent_again(client: Client) -> None:
    policy = await client.buy(await client.wallet())
    path = f"/v1/policies/{policy['quote_id']}"
    first = await client.ask("GET", path)

    same = await client.ask("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    await client.price(usd(64_000))
    other = await client.ask("GET", path, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "no-cache"
    assert (same.status, same.body) == (304, b"")
    assert other.status == 200
    assert other.json["in_the_money"]
    assert other.headers["ETag"] != first.headers["ETag"]


async def test_a_list_is_given_as_a_table_too(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)

    answer = await client.ask("GET", f"/v1/policies?owner={owner.address}", headers={"Accept": "text/csv"})

    assert answer.headers["Content-Type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.body.decode()))
    assert row["quote_id"] == policy["quote_id"]
    assert row["premium_sats"] == str(policy["premium_sats"])
    assert row["status"] == "active"


async def test_a_read_says_up_to_which_event_it_is_true(client: Client) -> None:
    policy = await client.buy(await client.wallet())

    answer = await client.ask("GET", f"/v1/policies/{policy['quote_id']}")
    events = await client.get(f"/v1/policies/{policy['quote_id']}/events")

    assert int(answer.headers["BitHedge-Seq"]) >= answer.json["updated_seq"]
    assert answer.json["updated_seq"] == max(event["seq"] for event in events["items"])


async def test_a_policys_backing_adds_up_to_its_collateral(client: Client) -> None:
    policy = await client.buy(await client.wallet())

    backing = (await client.get(f"/v1/policies/{policy['quote_id']}/backing"))["items"]

    assert sum(one["share_sats"] for one in backing) == policy["max_payout_sats"]
    assert all(one["share_sats"] > 0 for one in backing)
    for one in backing:
        of_hers = await client.get(f"/v1/providers/{one['address']}/backing?limit=200")
        (found,) = [backed for backed in of_hers["items"] if backed["quote_id"] == policy["quote_id"]]
        assert (found["share_sats"], found["share_bps"]) == (one["share_sats"], one["share_bps"])


async def test_what_a_policy_would_pay_follows_the_price(client: Client) -> None:
    policy = await client.buy(await client.wallet())
    path = f"/v1/policies/{policy['quote_id']}"

    await client.price(SPOT)
    at_the_strike = await client.get(path)
    await client.price(usd(50_000))
    below = await client.get(path)

    assert (at_the_strike["payout_now_sats"], at_the_strike["in_the_money"]) == (0, False)
    assert (below["payout_now_sats"], below["in_the_money"]) == (3_000_000, True)
    assert below["value_now_sats"] >= below["payout_now_sats"]
    assert at_the_strike["value_now_sats"] > 0

"""Each refusal of a quote, and the nearest that passes."""

import pytest

from tests.integration.client import (
    BTC,
    SPOT,
    Client,
    Json,
    a_wish,
    fault_at,
    usd,
)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"strike_usd_e8": usd(65_001)}, "strike_out_of_range", "strike_usd_e8"),
        ({"strike_usd_e8": usd(32_000)}, "strike_out_of_range", "strike_usd_e8"),
        ({"kind": "call", "strike_usd_e8": usd(64_999)}, "strike_out_of_range", "strike_usd_e8"),
        ({"tenor_blocks": 143}, "tenor_out_of_range", "tenor_blocks"),
        ({"tenor_blocks": 12_961}, "tenor_out_of_range", "tenor_blocks"),
        ({"amount_sats": 99_999, "max_payout_sats": 99_999}, "amount_out_of_range", "amount_sats"),
        ({"max_payout_sats": 499_999}, "amount_out_of_range", "max_payout_sats"),
        ({"max_payout_sats": 10_000_001}, "amount_out_of_range", "max_payout_sats"),
    ],
)
async def test_a_quote_out_of_range_names_the_nearest_that_passes(
    client: Client, changes: Json, code: str, field: str
) -> None:
    wish = a_wish(**changes)

    refused = await client.refusal("/v1/quotes", wish)

    assert (refused["status"], refused["code"]) == (422, code)
    fault = fault_at(refused, field)
    assert fault["actual"] == wish[field]
    passing = wish | {field: fault["limit"]}
    if field == "amount_sats":
        passing["max_payout_sats"] = fault["limit"]
    height = await client.height()
    quote = await client.post("/v1/quotes", passing)
    shown = quote | {"tenor_blocks": quote["expiry_height"] - height}
    assert shown[field] == fault["limit"]


async def test_a_put_whose_floor_lies_above_spot_is_refused(client: Client) -> None:
    wish = a_wish(tier="aggressive", strike_usd_e8=usd(71_500), max_payout_sats=900_000)

    refused = await client.refusal("/v1/quotes", wish)

    assert (refused["status"], refused["code"]) == (422, "strike_out_of_range")
    limit = fault_at(refused, "strike_usd_e8")["limit"]
    assert limit * 10_000_000 // 10_900_000 < SPOT <= (limit + 1) * 10_000_000 // 10_900_000


@pytest.mark.parametrize("amount", [1_000_000_001, 2**53 - 1])
async def test_a_quote_above_the_largest_amount_names_it(client: Client, amount: int) -> None:
    refused = await client.refusal("/v1/quotes", a_wish(amount_sats=amount, max_payout_sats=amount))

    assert (refused["status"], refused["code"]) == (422, "amount_out_of_range")
    limit = fault_at(refused, "amount_sats")["limit"]
    assert limit == await client.parameter("max-amount")


async def test_cover_that_costs_what_it_can_pay_is_refused(client: Client) -> None:
    wish = a_wish(tier="aggressive", strike_usd_e8=usd(71_500), max_payout_sats=1_001_000)

    refused = await client.refusal("/v1/quotes", wish)

    assert (refused["status"], refused["code"]) == (422, "uneconomic")


async def test_more_than_a_tier_can_back_is_refused_with_the_largest_it_can(alone: Client) -> None:
    provider = await alone.wallet()
    await alone.deposit(provider, BTC)
    wish = a_wish(amount_sats=BTC, max_payout_sats=BTC)

    refused = await alone.refusal("/v1/quotes", wish)

    assert (refused["status"], refused["code"]) == (422, "insufficient_capacity")
    largest = fault_at(refused, "max_payout_sats")["limit"]
    assert 0 < largest <= BTC // 4
    more = await alone.refusal("/v1/quotes", wish | {"max_payout_sats": largest + 1})
    assert more["code"] == "insufficient_capacity"
    quote = await alone.post("/v1/quotes", wish | {"max_payout_sats": largest})
    assert quote["max_payout_sats"] == largest


async def test_nothing_is_sold_where_nobody_has_put_anything_in(alone: Client) -> None:
    refused = await alone.refusal("/v1/quotes", a_wish())

    assert (refused["status"], refused["code"]) == (422, "insufficient_capacity")
    assert fault_at(refused, "max_payout_sats")["limit"] == 0


async def test_a_strike_above_every_price_is_refused(client: Client) -> None:
    refused = await client.refusal("/v1/quotes", a_wish(strike_usd_e8=9_000_000_000_000_001))

    assert (refused["status"], refused["code"]) == (400, "validation_failed")


async def test_without_a_price_nothing_is_quoted(client: Client) -> None:
    await client.price(None)

    refused = await client.refusal("/v1/quotes", a_wish())

    assert (refused["status"], refused["code"]) == (503, "oracle_stale")
    await client.price(SPOT)
    assert (await client.quote())["spot_usd_e8"] == SPOT

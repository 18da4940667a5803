from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bithedge.domain.payout import Kind
from bithedge.storage.ports import Change
from tests.unit.actors.gateway_parts import BURN, Json, a_market, a_tip
from tests.unit.actors.gateway_world import HOLDER, Client, GatewayWorld, a_gateway, builders, of

STRIKE = 6_000_000_000_000
THOUSANDTH = STRIKE // 1_000
EXPIRY = 5_000
BY_QUOTE, BY_OWNER = f"policy:{builders.quote(1)}", f"owner:{HOLDER}"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with a_gateway(tmp_path) as world:
        yield world


def as_call(change: Change) -> Change:
    def turned(event: object) -> object:
        terms = getattr(event, "terms", None)
        if terms is not None:
            return msgspec.structs.replace(event, terms=msgspec.structs.replace(terms, kind=Kind.CALL))
        return msgspec.structs.replace(event, kind=Kind.CALL) if hasattr(event, "kind") else event

    return msgspec.structs.replace(change, events=tuple(map(turned, change.events)))


async def a_buyer(world: GatewayWorld, *channels: str) -> Client:
    """A client that reads these channels, an active put there."""
    await world.append(*builders.reserved(1), *builders.bought(1, 1))
    client = await world.connect()
    await client.subscribe(*channels)
    return client


async def notices(world: GatewayWorld, client: Client, *prices: int) -> list[Json]:
    for price in prices:
        world.board.post_market(a_market(price))
        await world.settle()
    return of(await client.news(), "notice")


async def heights(world: GatewayWorld, client: Client, *found: int) -> list[Json]:
    for height in found:
        world.board.post_tip(a_tip(height))
        await world.settle()
    return of(await client.news(), "notice")


async def test_a_crossing_into_the_money_is_told_on_the_policy_and_its_owner(world: GatewayWorld) -> None:
    client = await a_buyer(world, BY_QUOTE, BY_OWNER, "policies", "policy:1")
    told = await notices(world, client, STRIKE + 1, STRIKE - 1_000_000)

    assert [notice["channel"] for notice in told] == [BY_QUOTE, "policy:1", BY_OWNER]
    assert {notice["name"] for notice in told} == {"PolicyInTheMoney"}
    assert told[0]["data"]["policy"]["quote_id"] == builders.quote(1)
    assert told[0]["data"]["policy"]["in_the_money"] is True
    assert told[0]["data"]["spot_usd_e8"] == STRIKE - 1_000_000
    assert all("seq" not in notice for notice in told)


async def test_a_crossing_is_told_once_however_the_price_trembles_at_the_strike(world: GatewayWorld) -> None:
    client = await a_buyer(world, BY_QUOTE)
    near = (STRIKE - 1_000_000, STRIKE + THOUSANDTH - 1) * 5
    told = await notices(world, client, *near)
    out = await notices(world, client, STRIKE + THOUSANDTH, STRIKE + 2 * THOUSANDTH)
    back = await notices(world, client, STRIKE + THOUSANDTH // 2, STRIKE - 1_000_000)

    assert [notice["name"] for notice in told] == ["PolicyInTheMoney"]
    assert [notice["name"] for notice in out] == ["PolicyOutOfTheMoney"]
    assert [notice["name"] for notice in back] == ["PolicyInTheMoney"]


async def test_a_call_comes_into_the_money_above_its_strike(world: GatewayWorld) -> None:
    world.board.post_market(a_market(STRIKE - THOUSANDTH))
    changes = (*builders.reserved(1), *builders.bought(1, 1))
    await world.append(*map(as_call, changes))
    client = await world.connect()
    await client.subscribe(BY_QUOTE)
    told = await notices(world, client, STRIKE + 1_000_000, STRIKE - THOUSANDTH + 1, STRIKE - THOUSANDTH)

    assert [notice["name"] for notice in told] == ["PolicyInTheMoney", "PolicyOutOfTheMoney"]


async def test_what_was_so_when_the_channel_was_joined_is_no_crossing(world: GatewayWorld) -> None:
    world.board.post_market(a_market(STRIKE - THOUSANDTH))
    client = await a_buyer(world, BY_QUOTE)

    assert await notices(world, client, STRIKE - 2 * THOUSANDTH) == []


async def test_a_price_that_is_not_to_be_trusted_crosses_nothing(world: GatewayWorld) -> None:
    client = await a_buyer(world, BY_QUOTE)
    for market in (
        a_market(STRIKE // 2, stale=True),
        a_market(STRIKE // 2, suspended=True),
        a_market(None),
    ):
        world.board.post_market(market)

    assert of(await client.news(), "notice") == []
    assert [told["name"] for told in await notices(world, client, STRIKE // 2)] == ["PolicyInTheMoney"]


async def test_only_an_active_policy_crosses(world: GatewayWorld) -> None:
    await world.append(*builders.reserved(1), builders.pending(1))
    client = await world.connect()
    await client.subscribe(BY_QUOTE)
    before = await notices(world, client, STRIKE // 2, 2 * STRIKE)
    await world.append(*builders.bought(1, 1))
    await world.settle()
    active = await notices(world, client, STRIKE // 2)
    await world.append(*builders.settled(1, 2))
    await world.settle()
    after = await notices(world, client, 2 * STRIKE)

    assert before == []
    assert [notice["name"] for notice in active] == ["PolicyInTheMoney"]
    assert after == []


async def test_a_number_that_gets_its_policy_later_hears_its_crossings(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("policy:1")
    await world.append(*builders.reserved(1), *builders.bought(1, 1))
    await world.settle()

    assert [notice["channel"] for notice in await notices(world, client, STRIKE // 2)] == ["policy:1"]


async def test_who_resumes_hears_crossings_too(world: GatewayWorld) -> None:
    await world.append(*builders.reserved(1), *builders.bought(1, 1))
    client = await world.connect()
    frames = await client.subscribe(BY_OWNER, since=world.journal.seq)

    assert of(frames, "subscribed")[0]["resumed"] is True
    assert len(await notices(world, client, STRIKE // 2)) == 1


async def test_the_end_is_announced_1008_and_144_blocks_before_each_once(world: GatewayWorld) -> None:
    client = await a_buyer(world, BY_QUOTE, BY_OWNER)
    early = await heights(world, client, EXPIRY - 1_009)
    first = await heights(world, client, EXPIRY - 1_008, EXPIRY - 1_007, EXPIRY - 145)
    second = await heights(world, client, EXPIRY - 144, EXPIRY - 1, EXPIRY, EXPIRY + 1)
    again = await heights(world, client, EXPIRY - 2_000, EXPIRY - 1_000, EXPIRY - 100)

    assert early == []
    assert [(told["channel"], told["name"], told["data"]["blocks_left"]) for told in first] == [
        (BY_QUOTE, "PolicyExpiringSoon", 1_008),
        (BY_OWNER, "PolicyExpiringSoon", 1_008),
    ]
    assert [told["data"]["blocks_left"] for told in second] == [144, 144]
    assert again == []


async def test_a_leap_over_both_marks_is_announced_once_and_one_past_the_end_never(
    world: GatewayWorld,
) -> None:
    client = await a_buyer(world, BY_QUOTE)
    leapt = await heights(world, client, EXPIRY - 10)
    late = await a_buyer_of_second(world)

    assert [told["data"]["blocks_left"] for told in leapt] == [10]
    assert await heights(world, late, EXPIRY + 10) == []


async def a_buyer_of_second(world: GatewayWorld) -> Client:
    world.board.post_tip(a_tip(BURN))
    await world.append(*builders.reserved(2), *builders.bought(2, 2))
    client = await world.connect()
    await client.subscribe(f"policy:{builders.quote(2)}")
    return client


async def test_nobody_is_told_twice_for_having_left_and_joined_again(world: GatewayWorld) -> None:
    client = await a_buyer(world, BY_QUOTE)
    await notices(world, client, STRIKE // 2)
    await client.send({"op": "unsubscribe", "id": 7, "channels": [BY_QUOTE]})
    await client.subscribe(BY_QUOTE)

    assert await notices(world, client, STRIKE // 2 - 1) == []

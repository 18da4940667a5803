from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from bithedge.domain.money import Bps, Height, Sats
from bithedge.domain.pool.views import PoolView, TierView
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from tests.unit.actors.gateway_parts import SPOT, a_market, a_tip
from tests.unit.actors.gateway_world import (
    CONFIG,
    EPOCH,
    GatewayWorld,
    a_gateway,
    builders,
    of,
)

ROOMY = msgspec.structs.replace(CONFIG, queue_bytes=1_048_576)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with a_gateway(tmp_path, config=ROOMY) as world:
        yield world


def a_pool() -> PoolView:
    sats = {name: Sats(1) for name in PoolView.__struct_fields__ if name.endswith("_sats")}
    counts = {"active_policies": 0, "policies_sold": 0, "policies_settled": 0, "policies_expired": 0}
    return PoolView(**sats, **counts, utilisation_bps=Bps(0), providers=1, closed=False, liabilities=None)


def a_tier(tier: Tier, total: int = 1) -> TierView:
    sats = {name: Sats(total) for name in TierView.__struct_fields__ if name.endswith("_sats")}
    bps = {name: Bps(0) for name in TierView.__struct_fields__ if name.endswith("_bps")}
    return TierView(**sats, **bps, tier=tier, parameters=DEFAULT_TIERS[tier], providers=1, active_policies=0)


def post_pool(world: GatewayWorld, *tiers: TierView, broken: str | None = None) -> None:
    world.board.post_pool(a_pool(), tiers, broken=broken, pauses=())


async def test_state_channels_begin_with_a_snapshot_resumed_or_not(world: GatewayWorld) -> None:
    await world.append(builders.a_price())
    post_pool(world, a_tier(Tier.BALANCED))
    client = await world.connect()
    for since in (None, 1):
        frames = await client.subscribe("oracle", "pool", "tiers", "tier:balanced", since=since)
        shown = {frame["channel"]: frame["data"] for frame in of(frames, "snapshot")}

        assert of(frames, "subscribed")[0]["resumed"] is (since is not None)
        assert shown["oracle"]["spot_usd_e8"] == SPOT
        assert shown["pool"]["reconciled"] is True
        assert shown["tiers"] == {"items": [shown["tier:balanced"]], "next_cursor": None}


async def test_a_changed_state_goes_out_whole(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("oracle")
    world.board.post_market(a_market(SPOT + 1))

    event = (await client.news())[0]
    assert (event["type"], event["channel"], event["epoch"]) == ("event", "oracle", EPOCH)
    assert event["data"]["spot_usd_e8"] == SPOT + 1


async def test_a_state_that_its_readers_have_is_not_told_again(world: GatewayWorld) -> None:
    post_pool(world, a_tier(Tier.BALANCED), a_tier(Tier.CONSERVATIVE))
    client = await world.connect()
    await client.subscribe("tiers", "tier:balanced", "tier:conservative")
    post_pool(world, a_tier(Tier.BALANCED, 2), a_tier(Tier.CONSERVATIVE))

    assert [event["channel"] for event in await client.news()] == ["tiers", "tier:balanced"]


async def test_a_stale_price_is_told_on_the_pool_whose_sales_it_pauses(world: GatewayWorld) -> None:
    post_pool(world)
    client = await world.connect()
    await client.subscribe("pool")
    world.board.post_market(a_market(stale=True, reason="no source answers"))

    event = (await client.news())[0]
    assert [pause["code"] for pause in event["data"]["pauses"]] == ["oracle_stale", "oracle_stale"]


async def test_a_new_height_is_told_on_the_pool_that_is_reconciled_at_it(world: GatewayWorld) -> None:
    post_pool(world)
    client = await world.connect()
    await client.subscribe("pool")
    world.board.post_tip(a_tip(builders.BURN + 1))

    assert (await client.news())[0]["data"]["reconciled_height"] == Height(builders.BURN + 1)


async def test_a_state_left_and_joined_again_begins_with_the_present_one(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("oracle")
    await client.send({"op": "unsubscribe", "id": 2, "channels": ["oracle"]})
    world.board.post_market(a_market(SPOT + 1))
    snapshot = of(await client.subscribe("oracle"), "snapshot")[0]
    world.board.post_market(a_market(SPOT))

    assert snapshot["data"]["spot_usd_e8"] == SPOT + 1
    assert (await client.news())[0]["data"]["spot_usd_e8"] == SPOT

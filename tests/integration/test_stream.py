"""The stream: hello, snapshots, events without a gap, resuming, refusals, reorgs, restarts."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from tests.integration.client import BTC, SPOT, Client, usd
from tests.integration.serving import Daemon
from tests.integration.streaming import Frame, Stream, stream

STATE_CHANNELS = ["oracle", "pool", "tiers", "tier:balanced"]


def chained(frames: list[Frame], first: int) -> None:
    """Check that each event names the one before it on its channel."""
    seqs = [first, *(frame["seq"] for frame in frames)]
    assert [frame["prev"] for frame in frames] == seqs[:-1]
    assert all(later > earlier for earlier, later in pairwise(seqs))


async def test_the_server_speaks_first(client: Client) -> None:
    async with stream(client) as mine:
        hello = mine.hello

    seq = int((await client.ask("GET", "/v1/policies")).headers["BitHedge-Seq"])
    assert hello["type"] == "hello"
    assert hello["protocol"] == 1
    assert hello["heartbeat_ms"] == 500
    assert hello["max_channels"] == 128
    assert hello["epoch"]
    assert 0 < hello["seq"] <= seq


async def test_silence_is_broken_by_heartbeats(client: Client) -> None:
    async with stream(client) as mine:
        beat = await mine.any_frame(within=3)
        again = await mine.any_frame(within=3)

    assert beat["type"] == again["type"] == "heartbeat"
    assert beat["seq"] >= mine.hello["seq"]
    assert again["at"] > beat["at"]


async def test_a_ping_is_answered(client: Client) -> None:
    async with stream(client) as mine:
        await mine.say({"op": "ping", "id": 7})
        assert await mine.frame() == {"type": "pong", "id": 7}


async def test_a_subscription_begins_with_a_snapshot_of_each_channel(client: Client) -> None:
    policy = await client.buy(await client.wallet())
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    named = {
        f"policy:{policy['quote_id']}": f"/v1/policies/{policy['quote_id']}",
        f"policy:{policy['policy_id']}": f"/v1/policies/{policy['policy_id']}",
        f"provider:{provider.address}": f"/v1/providers/{provider.address}",
        "oracle": "/v1/oracle",
        "pool": "/v1/pool",
        "tier:balanced": "/v1/tiers/balanced",
    }
    channels = [*named, "tiers", f"owner:{policy['owner']}", "policies", "blocks", "transactions", "alerts"]

    async with stream(client) as mine:
        answer, snapshots = await mine.subscribe(*channels)

    assert answer["channels"] == channels
    assert not answer["resumed"]
    assert [frame["channel"] for frame in snapshots] == channels
    assert {frame["epoch"] for frame in snapshots} == {mine.hello["epoch"]}
    data = {frame["channel"]: frame["data"] for frame in snapshots}
    for channel, path in named.items():
        shown = await client.get(path)
        if channel == "oracle":
            shown = {name: shown[name] for name in ("spot_usd_e8", "stale", "suspended", "volatilities")}
            data[channel] = {name: data[channel][name] for name in shown}
        assert data[channel] == shown, channel
    assert data["tiers"]["items"] == (await client.get("/v1/tiers"))["items"]
    (own,) = data[f"owner:{policy['owner']}"]["items"]
    assert own["quote_id"] == policy["quote_id"]
    assert policy["quote_id"] in [one["quote_id"] for one in data["policies"]["items"]]
    assert len(data["policies"]["items"]) <= 100
    by_channel = {frame["channel"]: frame["seq"] for frame in snapshots}
    assert by_channel[f"policy:{policy['quote_id']}"] == policy["updated_seq"]


async def test_a_purchase_is_told_without_a_gap(client: Client) -> None:
    owner = await client.wallet()
    channel = f"owner:{owner.address}"
    async with stream(client) as mine:
        _, (snapshot,) = await mine.subscribe(channel)
        policy = await client.buy(owner)
        frames = await mine.until("PolicyCreated", channel=channel)

    assert snapshot["data"] == {"items": []}
    assert snapshot["seq"] == 0
    assert [frame["name"] for frame in frames] == ["PolicyPending", "PolicyCreated"]
    assert frames[0]["prev"] <= mine.hello["seq"]
    chained(frames, frames[0]["prev"])
    created = frames[-1]["data"]["policy"]
    assert created["quote_id"] == policy["quote_id"]
    assert created["policy_id"] == policy["policy_id"]
    assert created["status"] == "active"
    assert created["confirmations"] == 1
    assert {frame["epoch"] for frame in frames} == {mine.hello["epoch"]}


async def test_a_policys_own_channel_tells_its_reservation_too(client: Client) -> None:
    owner = await client.wallet()
    quote = await client.quote(owner=owner.address)
    channel = f"policy:{quote['quote_id']}"
    async with stream(client) as mine:
        _, (snapshot,) = await mine.subscribe(channel)
        reserved = await client.reserve(owner, quote)
        await client.send(owner, reserved["transaction"])
        await client.block()
        frames = await mine.until("PolicyCreated", channel=channel)

    names = [frame["name"] for frame in frames]
    assert snapshot["data"] is None
    assert names.index("QuoteIssued") < names.index("PolicyPending") < names.index("PolicyCreated")
    assert "CapacityReserved" in names
    assert "TransactionPrepared" in names
    chained(frames, frames[0]["prev"])
    told = (await client.get(f"/v1/policies/{quote['quote_id']}/events"))["items"]
    assert [frame["seq"] for frame in frames] == [event["seq"] for event in told][: len(frames)]


async def test_a_deposit_is_told_to_its_provider_with_the_portfolio_after_it(client: Client) -> None:
    provider = await client.wallet()
    channel = f"provider:{provider.address}"
    async with stream(client) as mine:
        _, (snapshot,) = await mine.subscribe(channel)
        await client.deposit(provider, BTC)
        frames = await mine.until("FundsDeposited", channel=channel)

    assert snapshot["data"] is None
    event = frames[-1]["data"]
    assert event["amount_sats"] == BTC
    assert event["provider"]["total_sats"] == BTC
    assert event["provider"]["address"] == provider.address


async def test_a_state_channel_carries_the_whole_latest_state(client: Client) -> None:
    async with stream(client) as mine:
        await mine.subscribe("oracle")
        await client.price(usd(61_234))
        while (frame := await mine.frame())["data"]["spot_usd_e8"] != usd(61_234):
            pass
        shown = await client.get("/v1/oracle")

    assert frame["type"] == "event"
    assert frame["channel"] == "oracle"
    assert frame["data"].keys() == shown.keys()


async def test_blocks_are_told_one_after_the_other(client: Client) -> None:
    async with stream(client) as mine:
        _, (snapshot,) = await mine.subscribe("blocks")
        await client.block(3)
        await client.caught_up()
        frames = [await mine.frame() for _ in range(3)]

    assert [frame["name"] for frame in frames] == ["BlockFollowed"] * 3
    chained(frames, snapshot["seq"])
    blocks = [frame["data"]["block"] for frame in frames]
    assert [block["block_height"] for block in blocks] == [
        snapshot["data"]["block_height"] + step for step in (1, 2, 3)
    ]


async def test_resuming_gives_exactly_what_was_missed(client: Client) -> None:
    owner = await client.wallet()
    channels = [f"owner:{owner.address}", "policies"]
    async with stream(client) as watcher:
        await watcher.subscribe(*channels)
        async with stream(client) as leaver:
            await leaver.subscribe(*channels)
            await client.buy(owner)
            first = await leaver.until("PolicyCreated", channel=channels[0])
        await client.buy(owner)
        seen = await watcher.until("PolicyCreated", channel=channels[0])
        seen += await watcher.until("PolicyCreated", channel=channels[0])
        last = {"epoch": first[-1]["epoch"], "seq": first[-1]["seq"]}
        async with stream(client) as back:
            answer, snapshots = await back.subscribe(channels[0], since=last)
            missed = await back.until("PolicyCreated", channel=channels[0])

    assert answer["resumed"]
    assert snapshots == []
    for again, live in zip(missed, [frame for frame in seen if frame["seq"] > last["seq"]], strict=True):
        assert _then(again) == _then(live)
    assert missed[0]["prev"] == last["seq"]
    chained(missed, last["seq"])


async def test_a_read_goes_on_as_a_stream_without_a_gap(client: Client) -> None:
    owner = await client.wallet()
    answer = await client.ask("GET", f"/v1/policies?owner={owner.address}")
    seq = int(answer.headers["BitHedge-Seq"])
    await client.buy(owner)

    async with stream(client) as mine:
        since = {"epoch": mine.hello["epoch"], "seq": seq}
        subscribed, _ = await mine.subscribe(f"owner:{owner.address}", since=since)
        frames = await mine.until("PolicyCreated")

    assert subscribed["resumed"]
    assert [frame["name"] for frame in frames] == ["PolicyPending", "PolicyCreated"]
    assert frames[0]["prev"] <= seq


@pytest.mark.parametrize("since", ["another epoch", "ahead"])
async def test_what_cannot_be_resumed_begins_with_a_snapshot(client: Client, since: str) -> None:
    async with stream(client) as mine:
        place = {"epoch": mine.hello["epoch"], "seq": mine.hello["seq"]}
        if since == "ahead":
            place["seq"] += 1_000_000
        else:
            place["epoch"] = "0" * len(place["epoch"])
        answer, snapshots = await mine.subscribe("policies", "oracle", since=place)

    assert not answer["resumed"]
    assert [frame["channel"] for frame in snapshots] == ["policies", "oracle"]


async def test_a_state_channel_begins_with_a_snapshot_even_when_resumed(client: Client) -> None:
    async with stream(client) as mine:
        place = {"epoch": mine.hello["epoch"], "seq": mine.hello["seq"]}
        answer, snapshots = await mine.subscribe("policies", *STATE_CHANNELS, since=place)

    assert answer["resumed"]
    assert [frame["channel"] for frame in snapshots] == STATE_CHANNELS
    assert {frame["type"] for frame in snapshots} == {"snapshot"}


async def test_nothing_comes_after_unsubscribing(client: Client) -> None:
    async with stream(client) as mine:
        await mine.subscribe("blocks", "policies")
        await mine.say({"op": "unsubscribe", "id": 9, "channels": ["blocks"]})
        answer = await mine.frame()
        await client.block()
        await client.caught_up()
        await mine.say({"op": "ping", "id": 10})
        after = await mine.frame()

    assert answer == {"type": "unsubscribed", "id": 9, "channels": ["blocks"]}
    assert after == {"type": "pong", "id": 10}


async def test_the_operator_hears_everything_after_showing_the_token(
    client: Client, shared_daemon: Daemon
) -> None:
    async with stream(client) as mine:
        await mine.say({"op": "auth", "id": 1, "token": shared_daemon.operator_token})
        answer = await mine.frame()
        _, (snapshot,) = await mine.subscribe("operator")
        await client.buy(await client.wallet())
        frames = await mine.until("PolicyCreated")

    assert answer == {"type": "authenticated", "id": 1}
    assert snapshot["data"]["version"] == (await client.config())["version"]
    names = {frame["name"] for frame in frames}
    assert {"QuoteIssued", "PolicyPending", "BlockFollowed", "PolicyCreated"} <= names
    chained(frames, frames[0]["prev"])


async def test_a_policy_that_comes_into_the_money_is_noticed_once(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    channel = f"policy:{policy['quote_id']}"
    async with stream(client) as mine:
        await mine.subscribe(channel)
        await client.price(usd(60_000))
        into = await mine.frame()
        await client.price(usd(59_000))
        await client.price(usd(70_000))
        out = await mine.frame()

    assert (into["type"], into["name"]) == ("notice", "PolicyInTheMoney")
    assert (out["type"], out["name"]) == ("notice", "PolicyOutOfTheMoney")
    assert into["channel"] == out["channel"] == channel
    assert "seq" not in into


async def test_a_reorg_is_told_with_what_it_took_back_and_then_the_new_branch(client: Client) -> None:
    owner = await client.wallet()
    policy = await client.buy(owner)
    mined = await client.get(f"/v1/transactions/{policy['created_txid']}")
    depth = await client.depth_of(mined["block_height"])
    channel = f"policy:{policy['quote_id']}"
    async with stream(client) as mine:
        _, snapshots = await mine.subscribe("blocks", channel)
        await client.fork(depth)
        await client.block()
        frames = []
        while not frames or (frames[-1]["channel"], frames[-1]["name"]) != (channel, "PolicyCreated"):
            frames.append(await mine.frame())

    for place, name in enumerate(("blocks", channel)):
        chained([frame for frame in frames if frame["channel"] == name], snapshots[place]["seq"])
    assert [frame["seq"] for frame in frames] == sorted(frame["seq"] for frame in frames)
    names = [frame["name"] for frame in frames]
    assert names[0] == "ChainReorganised"
    assert frames[0]["data"]["depth"] == depth
    assert frames[0]["data"]["fork_height"] == mined["block_height"] - 1
    reverted = next(frame for frame in frames if frame["name"] == "PolicyReverted")
    assert reverted["data"]["policy"]["status"] == "pending_confirmation"
    assert reverted["data"]["policy"]["policy_id"] is None
    assert names.index("PolicyReverted") < names.index("BlockFollowed") < names.index("PolicyCreated")


async def test_a_stop_is_announced_and_a_restart_keeps_the_epoch(
    fresh_daemon: Callable[..., Daemon], connect: Callable[[Daemon], Awaitable[Client]]
) -> None:
    daemon = fresh_daemon()
    client = await connect(daemon)
    provider = await client.wallet()
    await client.deposit(provider, BTC)
    channel = f"provider:{provider.address}"
    async with stream(client) as mine:
        _, (snapshot,) = await mine.subscribe(channel)
        stopping = asyncio.get_running_loop().run_in_executor(None, daemon.stop)
        farewell = await _farewell(mine)
        code = await mine.closed()
        await stopping
    daemon.start()
    client = await connect(daemon)
    await client.price(SPOT)
    await client.deposit(provider, BTC)

    async with stream(client) as back:
        answer, snapshots = await back.subscribe(channel, since=snapshot)
        frames = await back.until("FundsDeposited")

    assert farewell["reconnect_after_ms"] > 0
    assert code == 1001
    assert back.hello["epoch"] == mine.hello["epoch"]
    assert back.hello["seq"] > mine.hello["seq"]
    assert answer["resumed"]
    assert snapshots == []
    chained(frames, snapshot["seq"])
    assert frames[-1]["data"]["provider"]["total_sats"] == 2 * BTC


async def test_a_kill_keeps_the_epoch_too_and_another_folder_has_another(
    fresh_daemon: Callable[..., Daemon], connect: Callable[[Daemon], Awaitable[Client]], client: Client
) -> None:
    daemon = fresh_daemon()
    async with stream(await connect(daemon)) as mine:
        before = mine.hello
    daemon.kill()
    daemon.start()

    async with stream(await connect(daemon)) as mine:
        after = mine.hello
    async with stream(client) as other:
        elsewhere = other.hello

    assert after["epoch"] == before["epoch"] != elsewhere["epoch"]
    assert after["seq"] >= before["seq"]


async def _farewell(mine: Stream) -> Frame:
    while (frame := await mine.frame())["type"] != "shutdown":
        pass
    return frame


def _then(frame: Frame) -> Frame:
    """Return a frame without what its policy has only by the present tip."""
    by_the_tip = ("confirmations", "expiry_estimate_at")
    policy = {name: value for name, value in frame["data"]["policy"].items() if name not in by_the_tip}
    return frame | {"data": frame["data"] | {"policy": policy}}

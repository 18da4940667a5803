from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from actors.gateway.protocol import CloseCode
from bithedge.domain.errors import NotReadyError
from bithedge.domain.events.chain import AlertCleared, AlertRaised
from bithedge.storage.ports import Change
from tests.unit.actors.gateway_parts import a_tip
from tests.unit.actors.gateway_world import (
    ALICE,
    CONFIG,
    EPOCH,
    HOLDER,
    GatewayWorld,
    a_gateway,
    builders,
    chain_holds,
    of,
)

QUOTE = builders.quote(1)
ROOMY = msgspec.structs.replace(CONFIG, queue_bytes=1_048_576)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[GatewayWorld]:
    async with a_gateway(tmp_path, config=ROOMY) as world:
        yield world


# ------------------------------------------------------------ snapshots


async def test_a_snapshot_has_the_seq_of_the_channels_last_event_not_of_the_journals(
    world: GatewayWorld,
) -> None:
    await world.append(*builders.reserved(1), builders.pending(1))
    await world.append(builders.a_price())
    client = await world.connect()

    frames = await client.subscribe("policies", f"policy:{QUOTE}", "blocks", f"owner:{HOLDER}")

    found = {frame["channel"]: frame for frame in of(frames, "snapshot")}
    assert {name: frame["seq"] for name, frame in found.items()} == {
        "policies": 3,
        f"policy:{QUOTE}": 3,
        "blocks": 0,
        f"owner:{HOLDER}": 3,
    }
    assert found["blocks"]["data"] is None
    assert found[f"policy:{QUOTE}"]["data"]["status"] == "pending_confirmation"
    assert [item["quote_id"] for item in found["policies"]["data"]["items"]] == [QUOTE]
    assert all(frame["epoch"] == EPOCH for frame in found.values())


async def test_snapshots_come_in_the_order_of_the_names(world: GatewayWorld) -> None:
    names = ["policies", "oracle", "blocks", "pool", f"owner:{HOLDER}", "tiers"]
    client = await world.connect()
    frames = await client.subscribe(*names)

    assert [frame["channel"] for frame in of(frames, "snapshot")] == names


async def test_a_fact_of_a_block_counts_that_block_though_the_board_shows_it_later(
    world: GatewayWorld,
) -> None:
    world.board.post_tip(msgspec.structs.replace(a_tip(), block_height=0))
    client = await world.connect()
    await client.subscribe("policies")
    await world.append(builders.followed(1), *builders.reserved(1), *builders.bought(1, 1))

    policy = (await client.news())[0]["data"]["policy"]
    assert (policy["status"], policy["confirmations"]) == ("active", 1)


async def test_an_event_carries_the_object_after_it_with_its_own_fields_beside(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe("policies", "blocks")
    await world.append(*builders.reserved(1), builders.pending(1))
    await world.append(builders.followed(1), *builders.bought(1, 1))

    pending, block, created = await client.news()

    assert (pending["name"], pending["data"]["txid"]) == ("PolicyPending", builders.BUY_TX)
    assert pending["data"]["policy"]["status"] == "pending_confirmation"
    assert (block["name"], block["data"]["block"]["hash"]) == ("BlockFollowed", builders.block(1))
    assert (created["name"], created["data"]["policy"]["status"]) == ("PolicyCreated", "active")
    assert created["data"]["start_height"] == builders.BURN + 1


async def test_a_policy_that_does_not_exist_yet_is_a_channel_all_the_same(world: GatewayWorld) -> None:
    client = await world.connect()
    snapshot = of(await client.subscribe(f"policy:{QUOTE}"), "snapshot")[0]
    await world.append(*builders.reserved(1))
    events = await client.news()

    assert (snapshot["seq"], snapshot["data"]) == (0, None)
    assert [event["name"] for event in events] == ["QuoteIssued", "CapacityReserved"]
    assert chain_holds(events, f"policy:{QUOTE}", 0)


async def test_a_policy_by_its_number_is_named_as_the_client_did(world: GatewayWorld) -> None:
    await world.append(builders.followed(1), *builders.reserved(1), *builders.bought(1, 1, policy_id=7))
    client = await world.connect()
    frames = await client.subscribe("policy:7", f"policy:{QUOTE}")
    await world.append(builders.of_operation(builders.sent(1)))
    events = await client.news()

    assert [frame["data"]["policy_id"] for frame in of(frames, "snapshot")] == [7, 7]
    assert [event["channel"] for event in events] == ["policy:7", f"policy:{QUOTE}"]
    assert {event["seq"] for event in events} == {of(frames, "snapshot")[0]["seq"] + 1}


async def test_a_number_that_gets_its_policy_later_follows_it_from_there(world: GatewayWorld) -> None:
    await world.append(*builders.reserved(1))
    client = await world.connect()
    snapshot = of(await client.subscribe("policy:7"), "snapshot")[0]
    await world.append(builders.followed(1), *builders.bought(1, 1, policy_id=7))
    await world.append(builders.of_operation(builders.sent(1)))
    events = await client.news()

    assert snapshot["data"] is None
    assert [event["name"] for event in events] == [
        *("PolicyCreated", "CapacityReleased", "CollateralAllocated", "TransactionSent"),
    ]
    assert {event["channel"] for event in events} == {"policy:7"}
    assert chain_holds(events, "policy:7", 0)


async def test_a_resume_by_a_number_given_after_since_begins_with_a_snapshot(world: GatewayWorld) -> None:
    await world.append(builders.followed(1), *builders.reserved(1), *builders.bought(1, 1, policy_id=7))
    client = await world.connect()
    frames = await client.subscribe("policy:7", since=1)

    assert of(frames, "subscribed")[0]["resumed"] is False
    assert of(frames, "snapshot")[0]["data"]["quote_id"] == QUOTE


async def test_a_providers_snapshot_is_its_portfolio_or_null(world: GatewayWorld) -> None:
    client = await world.connect()
    before = of(await client.subscribe(f"provider:{ALICE}"), "snapshot")[0]
    world.pool.totals[ALICE] = 5_000
    await world.append(builders.deposited(builders.ALICE, 5_000, 1))
    event = (await client.news())[0]
    after = of(await client.subscribe(f"provider:{ALICE}"), "snapshot")[0]

    assert before["data"] is None
    assert (event["name"], event["data"]["provider"]["total_sats"]) == ("FundsDeposited", 5_000)
    assert (after["seq"], after["data"]["total_sats"]) == (event["seq"], 5_000)


async def test_the_pool_is_asked_once_for_all_that_one_commit_brings_a_provider(world: GatewayWorld) -> None:
    client = await world.connect()
    await client.subscribe(f"provider:{ALICE}")
    world.pool.asked = 0
    await world.append(*(builders.deposited(builders.ALICE, 1_000, 1) for _ in range(5)))

    assert len(await client.news()) == 5
    assert world.pool.asked == 1


async def test_readers_of_a_provider_come_back_when_the_pool_does_not_answer_others_stay(
    world: GatewayWorld,
) -> None:
    reader, other = await world.connect(), await world.connect()
    await reader.subscribe(f"provider:{ALICE}")
    await other.subscribe("blocks")
    world.pool.error = TimeoutError("busy")
    await world.append(builders.deposited(builders.ALICE, 1_000, 1), builders.followed(1))
    await world.settle()

    assert reader.tape.code is CloseCode.INTERNAL
    assert of(reader.tape.frames, "event") == []
    assert [event["name"] for event in of(await other.news(), "event")] == ["BlockFollowed"]


async def test_a_subscription_that_cannot_be_begun_closes_and_leaves_the_others_alone(
    world: GatewayWorld,
) -> None:
    world.pool.error = NotReadyError("the books are being loaded", retry_after_s=2)
    client, other = await world.connect(), await world.connect()
    await client.subscribe(f"provider:{ALICE}")

    assert client.tape.code is CloseCode.INTERNAL
    assert of(client.tape.frames, "error") == []
    assert other.tape.code is None


async def test_transactions_begin_with_what_is_in_flight(world: GatewayWorld) -> None:
    await world.append(
        builders.of_operation(builders.signed(1)),
        intents=[builders.an_intent(1)],
        attempts=[builders.an_attempt()],
    )
    client = await world.connect()
    snapshot = of(await client.subscribe("transactions"), "snapshot")[0]
    await world.append(builders.of_operation(builders.sent(1)))
    event = (await client.news())[0]

    assert [item["txid"] for item in snapshot["data"]["items"]] == [builders.SETTLE_TX]
    assert (event["name"], event["data"]["transaction"]["txid"]) == ("TransactionSent", builders.SETTLE_TX)
    assert event["prev"] == snapshot["seq"]


async def test_alerts_are_told_where_everybody_may_see_them(world: GatewayWorld) -> None:
    def an_alert(code: str, *, public: bool) -> Change:
        event = AlertRaised(code=code, severity="warning", message="a word", public=public)
        return Change(stream="alerts", events=(event,))

    await world.append(an_alert("open", public=True), an_alert("inner", public=False))
    client = await world.connect()
    snapshot = of(await client.subscribe("alerts"), "snapshot")[0]
    await world.append(an_alert("inner_too", public=False), an_alert("new", public=True))
    cleared = tuple(AlertCleared(code=code) for code in ("inner", "new"))
    await world.append(Change(stream="alerts", events=cleared))
    events = await client.news()

    assert [item["code"] for item in snapshot["data"]["items"]] == ["open"]
    assert [(event["name"], event["data"]["code"]) for event in events] == [
        ("AlertRaised", "new"),
        ("AlertCleared", "new"),
    ]
    assert chain_holds(events, "alerts", snapshot["seq"])


async def test_a_reorg_tells_what_is_left_of_each_thing_it_changed(world: GatewayWorld) -> None:
    await world.append(builders.followed(1), *builders.reserved(1), builders.pending(1))
    await world.append(builders.followed(2), *builders.bought(1, 2))
    client = await world.connect()
    begun = {
        frame["channel"]: frame["seq"]
        for frame in of(await client.subscribe("policies", "blocks"), "snapshot")
    }
    await world.reorganise(1)
    events = await client.news()

    assert [(event["channel"], event["name"]) for event in events] == [
        ("blocks", "ChainReorganised"),
        ("policies", "PolicyReverted"),
    ]
    assert events[0]["data"]["block"]["hash"] == builders.block(1)
    assert events[1]["data"]["policy"]["status"] == "pending_confirmation"
    assert all(chain_holds(events, name, seq) for name, seq in begun.items())


# ------------------------------------------------------------ resuming


async def test_who_resumes_gets_all_it_missed_in_rising_order_over_its_channels(world: GatewayWorld) -> None:
    await world.append(*builders.reserved(1), builders.pending(1))
    await world.append(builders.followed(1), *builders.bought(1, 1))
    client = await world.connect()
    frames = await client.subscribe("blocks", "policies", f"policy:{QUOTE}", since=2)

    assert of(frames, "subscribed")[0]["resumed"] is True
    assert of(frames, "snapshot") == []
    events = of(frames, "event")
    assert [(event["seq"], event["channel"]) for event in events] == [
        (3, "policies"),
        (3, f"policy:{QUOTE}"),
        (4, "blocks"),
        (5, "policies"),
        (5, f"policy:{QUOTE}"),
        (6, f"policy:{QUOTE}"),
        (7, f"policy:{QUOTE}"),
    ]
    assert chain_holds(events, "policies", 0)
    assert chain_holds(events, f"policy:{QUOTE}", 2)
    assert events[0]["data"]["policy"]["status"] == "pending_confirmation"
    assert events[3]["data"]["policy"]["status"] == "active"


@pytest.mark.parametrize(("since", "epoch"), [(3, "another"), (4, EPOCH), (2**53, EPOCH)])
async def test_another_epoch_or_a_place_ahead_of_the_journal_begins_with_snapshots(
    world: GatewayWorld, since: int, epoch: str
) -> None:
    await world.append(*builders.reserved(1), builders.pending(1))
    client = await world.connect()
    frames = await client.subscribe("policies", since=since, epoch=epoch)

    assert of(frames, "subscribed")[0]["resumed"] is False
    assert of(frames, "snapshot")[0]["seq"] == 3


async def test_a_place_at_the_end_resumes_with_nothing(world: GatewayWorld) -> None:
    await world.append(*builders.reserved(1), builders.pending(1))
    client = await world.connect()
    frames = await client.subscribe("policies", "policy:9", since=3)
    await world.append(builders.followed(1), *builders.bought(1, 1))

    assert [frame["type"] for frame in frames] == ["hello", "subscribed"]
    assert frames[1]["resumed"] is True
    assert chain_holds(await client.news(), "policies", 3)


async def test_ten_thousand_missed_events_are_resumed_one_more_is_not(world: GatewayWorld) -> None:
    for _ in range(10):
        await world.append(*(builders.followed(1) for _ in range(1_000)))
    client = await world.connect()
    all_of_them = await client.subscribe("blocks", since=0)
    await world.append(builders.followed(2))
    again = await (await world.connect()).subscribe("blocks", since=0)

    assert of(all_of_them, "subscribed")[0]["resumed"] is True
    assert [event["seq"] for event in of(all_of_them, "event")] == list(range(1, 10_001))
    assert client.tape.code is None
    assert of(again, "subscribed")[0]["resumed"] is False


async def test_subscribing_again_repeats_the_beginning(world: GatewayWorld) -> None:
    await world.append(*builders.reserved(1), builders.pending(1))
    client = await world.connect()
    first = await client.subscribe("policies")
    again = await client.subscribe("policies")
    resumed = await client.subscribe("policies", since=2)
    await world.append(builders.followed(1), *builders.bought(1, 1))

    assert of(again, "snapshot") == of(first, "snapshot")
    assert [event["seq"] for event in of(resumed, "event")] == [3]
    assert [event["seq"] for event in await client.news()] == [5]

from typing import Any

from journal_world import (
    ALICE,
    BOB,
    BUY_TX,
    HOLDER,
    OPERATION,
    TREASURY,
    World,
    an_intent,
    bought,
    deposited,
    followed,
    of_operation,
    pending,
    policy_stream,
    quote,
    reserved,
    sent,
    settled,
    signed,
)

from bithedge.domain.events.chain import AlertCleared, AlertRaised
from bithedge.domain.events.policy import PolicyLapsed
from bithedge.domain.events.transactions import NonceGapFilled
from bithedge.storage.ports import Change
from bithedge.storage.queries.events import last_of_channels, missed


def carried(committed: tuple[Any, ...]) -> list[tuple[str, list[str]]]:
    return [(each.recorded.name, [channel for channel, _ in each.channels]) for each in committed]


async def test_a_reservation_is_told_to_those_alone_who_know_its_quote(world: World) -> None:
    committed = await world.append(*reserved(1))

    mine = f"policy:{quote(1)}"
    assert carried(committed) == [("QuoteIssued", [mine]), ("CapacityReserved", [mine])]


async def test_a_quote_that_lapses_unpaid_stays_private(world: World) -> None:
    await world.append(*reserved(1))

    committed = await world.append(Change(stream=policy_stream(1), events=(PolicyLapsed(),)))

    assert carried(committed) == [("PolicyLapsed", [f"policy:{quote(1)}"])]


async def test_a_policy_is_public_from_its_pending_purchase_on(world: World) -> None:
    await world.append(*reserved(1))

    committed = await world.append(pending(1))

    assert carried(committed) == [("PolicyPending", [f"policy:{quote(1)}", "policies", f"owner:{HOLDER}"])]


async def test_a_sale_is_told_to_every_backer_and_the_treasury(world: World) -> None:
    await world.append(*reserved(1), pending(1))

    committed = await world.append(*bought(1, 1))

    mine = f"policy:{quote(1)}"
    assert carried(committed) == [
        ("PolicyCreated", [mine, "policies", f"owner:{HOLDER}"]),
        ("CapacityReleased", [mine]),
        ("CollateralAllocated", [mine, f"provider:{ALICE}", f"provider:{BOB}", f"provider:{TREASURY}"]),
    ]


async def test_a_settlement_is_told_to_policy_backers_and_transactions(world: World) -> None:
    await world.append(*reserved(1), *bought(1, 1))

    committed = await world.append(*settled(1, 2))

    mine = f"policy:{quote(1)}"
    backers = [f"provider:{ALICE}", f"provider:{BOB}"]
    assert carried(committed) == [
        ("PolicySettled", [mine, "policies", f"owner:{HOLDER}"]),
        ("CollateralReleased", [mine, *backers]),
        ("PremiumEarned", [mine, *backers]),
        ("TransactionConfirmed", [mine, "transactions"]),
    ]


async def test_each_channel_is_a_chain_of_previous_events_over_restarts(world: World) -> None:
    await world.append(followed(1), deposited(ALICE, 100, 1))
    await world.append(followed(2), *reserved(1), pending(1))
    await world.close()
    await world.open()

    (block, deposit, created, *_) = await world.append(followed(3), deposited(ALICE, 100, 3), *bought(1, 3))

    assert block.channels == (("blocks", 3),)
    assert deposit.channels == ((f"provider:{ALICE}", 2),)
    assert dict(created.channels) == {f"policy:{quote(1)}": 6, "policies": 6, f"owner:{HOLDER}": 6}


async def test_what_a_subscriber_missed_is_what_was_told(world: World) -> None:
    told: list[tuple[str, int, int]] = []
    world.journal.subscribe(
        lambda committed: told.extend(
            (channel, previous, each.recorded.seq)
            for each in committed
            for channel, previous in each.channels
        )
    )
    await world.append(*reserved(1), pending(1), intents=[an_intent(1)])
    await world.append(*bought(1, 1), of_operation(signed(1), sent(1)))

    found = await world.reader.read(missed, [f"policy:{quote(1)}", "policies", "transactions", "policies"], 1)

    assert found is not None
    wanted = {f"policy:{quote(1)}", "policies", "transactions"}
    assert sorted((each.channel, each.previous, each.recorded.seq) for each in found) == sorted(
        line for line in told if line[0] in wanted and line[2] > 1
    )
    assert [each.recorded.seq for each in found] == sorted(each.recorded.seq for each in found)
    assert await world.reader.read(last_of_channels, ["policies", "blocks", "operator"]) == {
        "policies": 4,
        "blocks": 0,
        "operator": 8,
    }


async def test_who_missed_too_much_is_told_so(world: World) -> None:
    for height in range(1, 6):
        await world.append(followed(height))

    assert await world.reader.read(missed, ["blocks"], 0, limit=4) is None
    assert len(await world.reader.read(missed, ["blocks"], 1, limit=4) or ()) == 4
    assert len(await world.reader.read(missed, ["operator", "blocks"], 3, limit=4) or ()) == 4


async def test_the_operator_hears_everything(world: World) -> None:
    await world.append(*reserved(1), followed(1))

    found = await world.reader.read(missed, ["operator"], 0)

    assert [(each.previous, each.recorded.seq) for each in found or ()] == [(0, 1), (1, 2), (2, 3)]


async def test_an_alert_that_is_not_public_is_neither_raised_nor_cleared_in_public(world: World) -> None:
    def raised(code: str, *, public: bool) -> AlertRaised:
        return AlertRaised(code=code, severity="warning", message="m", public=public)

    committed = await world.append(
        Change(stream="alerts", events=(raised("a", public=True), raised("b", public=False))),
        Change(stream="alerts", events=(AlertCleared(code="a"), AlertCleared(code="b"))),
    )

    assert [channels for _, channels in carried(committed)] == [["alerts"], [], ["alerts"], []]


async def test_a_filled_gap_is_told_with_the_transactions(world: World) -> None:
    filled = NonceGapFilled(address="ST1LANE", nonce=3, txid=BUY_TX)

    committed = await world.append(of_operation(filled, operation=OPERATION))

    assert carried(committed) == [("NonceGapFilled", ["transactions"])]

import asyncio
from typing import Any

import pytest
from journal_world import (
    ALICE,
    BOB,
    BURN,
    HOLDER,
    LANE,
    TREASURY,
    WITHDRAWAL,
    World,
    a_price,
    block,
    bought,
    deposited,
    followed,
    leaving,
    left,
    pending,
    quote,
    reserved,
    settled,
)

from bithedge.domain.errors import ValidationFailedError
from bithedge.domain.events.base import Recorded
from bithedge.domain.events.chain import AlertCleared, AlertRaised
from bithedge.domain.events.pool import ProviderExitChanged
from bithedge.domain.events.transactions import TransactionPrepared
from bithedge.domain.policy.fold import fold
from bithedge.domain.policy.state import Status
from bithedge.domain.tiers import Tier
from bithedge.storage.ports import Change
from bithedge.storage.queries.chain import (
    canonical_block,
    mean_burn_block_ms,
    newest_blocks,
    open_alerts,
    tip,
)
from bithedge.storage.queries.events import (
    database_bytes,
    newest_events,
    policy_events,
    stream_events,
)
from bithedge.storage.queries.kept import reserved_quotes, signed_quote
from bithedge.storage.queries.paging import Page
from bithedge.storage.queries.policies import (
    PolicyFilters,
    backers,
    last_changed,
    open_policies,
    policies_of_quotes,
    policies_page,
    policy_as_of,
    policy_of_number,
    policy_of_quote,
)
from bithedge.storage.queries.providers import (
    BackingFilters,
    LedgerFilters,
    backing_page,
    ledger_page,
    live_backing,
    live_withdrawals,
    provider,
    withdrawal,
)
from bithedge.storage.queries.transactions import TransactionFilters, transactions_page


async def on_sale(world: World, *numbers: int, **given: Any) -> None:
    for number in numbers:
        await world.append(*reserved(number, **given), pending(number))


def numbers(page: Page[Any]) -> list[int]:
    return [int(head.policy.quote_id.removeprefix("q_"), 16) for head in page.items]


async def walk(world: World, filters: PolicyFilters, *, limit: int) -> list[int]:
    found, cursor = [], None
    while True:
        page = await world.reader.read(policies_page, filters, limit=limit, cursor=cursor)
        found += numbers(page)
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


async def test_policies_are_listed_newest_first_and_only_once_public(world: World) -> None:
    await world.append(*reserved(9))
    await on_sale(world, 1, 2, 3)

    assert await walk(world, PolicyFilters(), limit=2) == [3, 2, 1]
    hidden = await world.reader.read(policy_of_quote, quote(9))
    assert hidden is not None
    assert (hidden.policy.status, hidden.first_seen) == (Status.PENDING_SIGNATURE, None)


async def test_a_walk_gives_each_thing_that_was_there_exactly_once_whatever_is_written(world: World) -> None:
    await on_sale(world, *range(1, 8))
    first = await world.reader.read(policies_page, PolicyFilters(), limit=3)

    await on_sale(world, 8, 9)
    await world.append(*bought(2, 1))
    second = await world.reader.read(policies_page, PolicyFilters(), limit=3, cursor=first.next_cursor)
    await on_sale(world, 10)
    third = await world.reader.read(policies_page, PolicyFilters(), limit=3, cursor=second.next_cursor)

    assert numbers(first) + numbers(second) + numbers(third) == [7, 6, 5, 4, 3, 2, 1]
    assert third.next_cursor is None


async def test_a_cursor_outlives_a_restart(world: World) -> None:
    await on_sale(world, 1, 2, 3)
    first = await world.reader.read(policies_page, PolicyFilters(), limit=2)
    await world.close()
    await world.open()

    rest = await world.reader.read(policies_page, PolicyFilters(), limit=2, cursor=first.next_cursor)

    assert numbers(rest) == [1]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "not-one-of-ours!", "_" * 40])
async def test_what_is_no_cursor_of_ours_is_refused(world: World, cursor: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        await world.reader.read(policies_page, PolicyFilters(), limit=2, cursor=cursor)

    assert refused.value.field == "cursor"


async def test_a_cursor_is_bound_to_its_filters_and_its_list(world: World) -> None:
    await on_sale(world, 1, 2, 3)
    first = await world.reader.read(policies_page, PolicyFilters(), limit=2)

    for query, filters in (
        (policies_page, PolicyFilters(owner=HOLDER)),
        (ledger_page, LedgerFilters(address=ALICE)),
        (transactions_page, TransactionFilters()),
    ):
        with pytest.raises(ValidationFailedError):
            await world.reader.read(query, filters, limit=2, cursor=first.next_cursor)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (PolicyFilters(owner=HOLDER), [4, 2, 1]),
        (PolicyFilters(owner="ST2OTHER"), [3]),
        (PolicyFilters(statuses=(Status.ACTIVE,)), [2]),
        (PolicyFilters(statuses=(Status.ACTIVE, Status.PENDING_CONFIRMATION)), [4, 3, 2, 1]),
        (PolicyFilters(owner=HOLDER, statuses=(Status.ACTIVE, Status.LAPSED)), [2]),
        (PolicyFilters(tier=Tier.AGGRESSIVE), [4]),
        (PolicyFilters(kind="call"), []),
        (PolicyFilters(expiry_from=5_001), [4]),
        (PolicyFilters(expiry_to=5_000), [3, 2, 1]),
        (PolicyFilters(from_ms=1_700_000_001_000), [4]),
        (PolicyFilters(to_ms=1_700_000_000_999), [3, 2, 1]),
    ],
)
async def test_policies_are_filtered(world: World, filters: PolicyFilters, found: list[int]) -> None:
    await on_sale(world, 1, 2)
    await on_sale(world, 3, owner="ST2OTHER")
    world.now_ms += 1_000
    await on_sale(world, 4, tier=Tier.AGGRESSIVE, expiry=6_000)
    await world.append(*bought(2, 1))

    assert await walk(world, filters, limit=1) == found


async def test_a_head_is_the_fold_of_all_that_stands_on_its_channel(world: World) -> None:
    await on_sale(world, 1)
    await world.append(*bought(1, 1))
    await world.append(*settled(1, 2))

    head = await world.reader.read(policy_of_quote, quote(1))
    history = await world.reader.read(policy_events, quote(1))

    assert head is not None
    assert fold(history) == head.policy
    assert head.policy.updated_seq == history[-1].seq
    assert await world.reader.read(policy_of_number, 1) == head
    assert await world.reader.read(policy_of_number, 2) is None


async def test_many_policies_are_revived_at_once_and_the_open_ones_indexed(world: World) -> None:
    await world.append(*reserved(4))
    await on_sale(world, 1, 2, 3)
    await world.append(*bought(1, 1), *bought(2, 1))
    await world.append(*settled(1, 2))

    revived = await world.reader.read(policies_of_quotes, [quote(1), quote(2), quote(99)])
    indexed = await world.reader.read(open_policies)

    assert [policy.status for policy in revived.values()] == [Status.SETTLED, Status.ACTIVE]
    assert {each.quote_id for each in indexed} == {quote(2), quote(3), quote(4)}
    assert {each.policy_id for each in indexed} == {None, 2}
    changed = await world.reader.read(last_changed, 2)
    assert [head.policy.quote_id for head in changed] == [quote(1), quote(2)]


async def test_the_past_of_a_policy_is_known_event_by_event(world: World) -> None:
    await on_sale(world, 1)
    (created, *_) = await world.append(*bought(1, 1))
    await world.append(*settled(1, 2))

    then = await world.reader.read(policy_as_of, quote(1), created.recorded.seq)

    assert then == created.policy


async def test_a_provider_has_accounts_exits_and_the_times_of_its_first_and_last_line(world: World) -> None:
    exits = ProviderExitChanged(address=ALICE, tier="balanced", enabled=True, height=BURN, command_id="0x03")
    await world.append(deposited(ALICE, 50_000_000, 1), deposited(BOB, 50_000_000, 1))
    await world.append(deposited(ALICE, 7, 1, tier=Tier.CONSERVATIVE), Change(stream="pool", events=(exits,)))
    world.now_ms += 500
    await on_sale(world, 1)
    await world.append(*bought(1, 1))

    found = await world.reader.read(provider, ALICE)

    assert found is not None
    assert [(each.tier, each.free, each.locked) for each in found.accounts] == [
        ("balanced", 44_000_000, 6_000_000),
        ("conservative", 7, 0),
    ]
    assert [(each.tier, each.enabled, each.height) for each in found.exits] == [("balanced", True, BURN)]
    assert (found.first_line_at_ms, found.last_line_at_ms) == (world.now_ms - 500, world.now_ms)
    assert await world.reader.read(provider, "ST1NOBODY") is None
    treasury = await world.reader.read(provider, TREASURY)
    assert treasury is not None
    assert treasury.accounts[0].free == 10_000


async def test_a_ledger_is_walked_line_by_line_even_within_one_event(world: World) -> None:
    await world.append(deposited(ALICE, 50_000_000, 1), deposited(BOB, 50_000_000, 1))
    await world.append(*bought(1, 1))
    await world.append(*settled(1, 2))
    whole = (await world.reader.read(ledger_page, LedgerFilters(address=ALICE), limit=100)).items

    found, cursor = [], None
    for _ in whole:
        page = await world.reader.read(ledger_page, LedgerFilters(address=ALICE), limit=1, cursor=cursor)
        found += page.items
        cursor = page.next_cursor

    assert cursor is None
    assert tuple(found) == whole
    assert [(line.bucket, line.change, line.cause) for line in reversed(whole)] == [
        ("free", 50_000_000, "deposit"),
        ("free", -6_000_000, "sale"),
        ("locked", 6_000_000, "sale"),
        ("unearned", 114_000, "premium"),
        ("locked", -545_454, "payout"),
        ("locked", -5_454_546, "release"),
        ("free", 5_454_546, "release"),
        ("unearned", -114_000, "earned"),
        ("free", 114_000, "earned"),
    ]
    for bucket in ("free", "locked", "unearned"):
        lines = [line for line in reversed(whole) if line.bucket == bucket]
        assert lines[-1].balance == sum(line.change for line in lines)


async def test_backing_lives_until_its_release(world: World) -> None:
    await world.append(deposited(ALICE, 50_000_000, 1), deposited(BOB, 50_000_000, 1))
    await world.append(*bought(1, 1), *bought(2, 1))
    await world.append(*settled(1, 2))

    living = await world.reader.read(backing_page, BackingFilters(address=ALICE), limit=10)
    released = await world.reader.read(backing_page, BackingFilters(address=ALICE, released=True), limit=10)

    assert [each.policy.policy_id for each in living.items] == [2]
    assert [(each.policy.policy_id, each.loss, each.earned) for each in released.items] == [
        (1, 545_454, 114_000)
    ]
    assert await world.reader.read(live_backing, ALICE) == 1
    shares = await world.reader.read(backers, quote(2))
    assert [(each.address, each.share) for each in shares] == [(ALICE, 6_000_000), (BOB, 4_000_000)]


async def test_a_withdrawal_is_followed_to_its_payment(world: World) -> None:
    await world.append(deposited(ALICE, 1_000, 1))
    await world.append(leaving(ALICE, 300))
    (live,) = await world.reader.read(live_withdrawals)
    assert (live.status, live.voucher_signatures, live.valid_until) == (
        "pending_confirmation",
        ("0xcc",),
        BURN + 100,
    )

    await world.append(left(ALICE, 300, 2))

    paid = await world.reader.read(withdrawal, WITHDRAWAL)
    assert paid is not None
    assert (paid.status, paid.amount, paid.first_seen) == ("withdrawn", 300, live.first_seen)
    assert await world.reader.read(live_withdrawals) == ()


async def test_signed_quotes_hold_capacity_until_sold(world: World) -> None:
    await world.append(*reserved(1))
    await world.append(*reserved(2))

    await world.append(*bought(1, 1))

    sold = await world.reader.read(signed_quote, quote(1))
    assert sold is not None
    assert sold.status == "sold"
    assert [each.issued.terms.quote_id for each in await world.reader.read(reserved_quotes)] == [quote(2)]


async def test_transactions_are_listed_by_address_and_status(world: World) -> None:
    def relayed(number: int, address: str) -> Change:
        txid = f"0x{number:064x}"
        event = TransactionPrepared(
            txid=txid, address=address, nonce=number, fee=1, contract_id=None, function=None
        )
        return Change(stream=f"tx:{txid}", events=(event,))

    await asyncio.gather(*(world.append(relayed(n, LANE if n % 2 else ALICE)) for n in range(6)))

    async def nonces(filters: TransactionFilters) -> list[int]:
        return [each.nonce for each in (await world.reader.read(transactions_page, filters, limit=10)).items]

    assert await nonces(TransactionFilters()) == [5, 4, 3, 2, 1, 0]
    assert await nonces(TransactionFilters(address=LANE)) == [5, 3, 1]
    assert await nonces(TransactionFilters(address=LANE, statuses=("pending",))) == [5, 3, 1]
    assert await nonces(TransactionFilters(statuses=("confirmed", "final"))) == []


async def test_blocks_have_a_tip_and_a_mean_distance(world: World) -> None:
    assert await world.reader.read(tip) is None
    assert await world.reader.read(mean_burn_block_ms, BURN) is None
    await asyncio.gather(*(world.append(followed(height)) for height in range(1, 200)))

    highest = await world.reader.read(tip)

    assert highest is not None
    assert highest.hash == block(199)
    assert await world.reader.read(canonical_block, 5) is not None
    assert await world.reader.read(mean_burn_block_ms, BURN + 199) == 1_000
    assert len(await world.reader.read(newest_blocks, limit=3)) == 3


async def test_alerts_are_open_from_raising_to_clearing(world: World) -> None:
    raised = AlertRaised(code="low", severity="warning", message="fees run low", public=False)
    await world.append(Change(stream="alerts", events=(raised,)))
    world.now_ms += 1_000
    await world.append(Change(stream="alerts", events=(raised,)))

    (alert,) = await world.reader.read(open_alerts)
    await world.append(Change(stream="alerts", events=(AlertCleared(code="low"),)))

    assert (alert.code, alert.public, alert.since_at_ms) == ("low", False, world.now_ms - 1_000)
    assert await world.reader.read(open_alerts) == ()


async def test_the_journal_is_replayed_in_order_in_chunks(world: World) -> None:
    await asyncio.gather(*(world.append(a_price(height)) for height in range(12)))
    await world.append(*reserved(1))

    replayed: list[Recorded] = [recorded async for recorded in world.reader.replay(chunk=5)]

    assert [recorded.seq for recorded in replayed] == list(range(1, 15))
    tail = [recorded.seq async for recorded in world.reader.replay(after=12, chunk=5)]
    assert tail == [13, 14]
    assert len(await world.reader.read(stream_events, "oracle", after=10)) == 2


async def test_the_last_events_are_found_by_name(world: World) -> None:
    await world.append(a_price(1), *reserved(1))
    await world.append(a_price(2))

    assert [each.seq for each in await world.reader.read(newest_events, limit=2)] == [4, 3]
    named = await world.reader.read(newest_events, limit=5, name="PriceObserved")
    assert [each.seq for each in named] == [4, 1]


async def test_an_answer_says_up_to_which_event_it_is_true(world: World) -> None:
    await on_sale(world, 1)

    seq, page = await world.reader.read_at(policies_page, PolicyFilters(), limit=5)

    assert (seq, numbers(page)) == (3, [1])
    assert await world.reader.read(database_bytes) > 0

# Laws over random lives: sales, settlements, deposits, withdrawals and reorgs of random depth.
import random
from collections import Counter

import pytest
from journal_world import (
    ALICE,
    BOB,
    TREASURY,
    World,
    bought,
    deposited,
    followed,
    leaving,
    pending,
    quote,
    reserved,
    settled,
)

from bithedge.domain.events.pool import PoolEvent
from bithedge.domain.policy.fold import fold
from bithedge.domain.policy.state import Policy, Status
from bithedge.domain.pool.ledger import postings
from bithedge.storage.queries.events import events_after, policy_events
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.queries.providers import LedgerFilters, ledger_page, provider
from bithedge.storage.replay import verify

POLICIES = range(1, 4)


async def a_step(world: World, chance: random.Random, height: int, branch: str) -> int:
    """One block, or a reorg, in which each policy may take its next step; the new height."""
    if height > 1 and chance.random() < 0.25:
        fork = chance.randrange(max(0, height - 4), height)
        await world.reorganise(fork)
        return fork
    height += 1
    changes = [followed(height, branch)]
    for number in chance.sample(POLICIES, k=2):
        head = await world.reader.read(policy_of_quote, quote(number))
        status = None if head is None else head.policy.status
        if status is None:
            await world.append(*reserved(number), pending(number))
        elif status is Status.PENDING_CONFIRMATION:
            changes += bought(number, height, branch=branch)
        elif status is Status.ACTIVE and chance.random() < 0.5:
            changes += settled(number, height, branch=branch)
    changes.append(deposited(chance.choice((ALICE, BOB)), chance.randrange(1, 10**9), height, branch=branch))
    await world.append(*changes)
    return height


def without_place(policy: Policy) -> tuple[object, ...]:
    return (policy.status, policy.detail, policy.terms, policy.policy_id, policy.settlement, policy.standing)


@pytest.mark.parametrize("seed", range(5))
async def test_every_read_model_is_what_the_standing_events_add_up_to(world: World, seed: int) -> None:
    chance = random.Random(seed)
    await world.append(followed(1), deposited(ALICE, 10**9, 1), deposited(BOB, 10**9, 1))
    await world.append(leaving(ALICE, 1_000))

    height = 1
    for step in range(25):
        height = await a_step(world, chance, height, f"b{step}")

    await accounts_add_up(world)
    await heads_are_folds(world)
    assert verify(world.path).differences == ()


async def accounts_add_up(world: World) -> None:
    events = await world.reader.read(events_after, 0, limit=10_000)
    assert any(recorded.undone for recorded in events)
    sums: Counter[tuple[str, str]] = Counter()
    for recorded in events:
        if isinstance(recorded.event, PoolEvent) and not recorded.undone:
            for line in postings(recorded.event):
                sums[line.address, line.bucket] += line.change
    for address in (ALICE, BOB, TREASURY):
        found = await world.reader.read(provider, address)
        for account in () if found is None else found.accounts:
            for bucket in (
                "free",
                "locked",
                "pending",
                "unearned",
                "losses",
                "fees",
                "deposited",
                "withdrawn",
            ):
                assert getattr(account, bucket) == sums[address, bucket]
        await ledger_adds_up(world, address)


async def ledger_adds_up(world: World, address: str) -> None:
    lines = (await world.reader.read(ledger_page, LedgerFilters(address=address), limit=10_000)).items
    shown: Counter[str] = Counter()
    for line in reversed(lines):
        if not line.undone:
            shown[line.bucket] += line.change
            assert line.balance == shown[line.bucket]


async def heads_are_folds(world: World) -> None:
    for number in POLICIES:
        head = await world.reader.read(policy_of_quote, quote(number))
        history = await world.reader.read(policy_events, quote(number))
        folded = fold(history)
        assert (head is None) == (folded is None)
        if head is not None and folded is not None:
            assert without_place(head.policy) == without_place(folded)

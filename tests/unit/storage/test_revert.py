from journal_world import (
    ALICE,
    BOB,
    BUY_TX,
    OPERATION,
    SETTLE_TX,
    TREASURY,
    WITHDRAWAL,
    World,
    an_attempt,
    an_intent,
    block,
    bought,
    deposited,
    followed,
    leaving,
    left,
    of_operation,
    pending,
    quote,
    ref,
    reorganised,
    reserved,
    sent,
    settled,
    signed,
)

from bithedge.domain.events.transactions import TransactionFinal
from bithedge.domain.policy.state import Status
from bithedge.storage.ports import Change, Revert
from bithedge.storage.queries.chain import newest_blocks, pool_days, tier_days, tip
from bithedge.storage.queries.events import policy_events
from bithedge.storage.queries.kept import signed_quote
from bithedge.storage.queries.policies import backers, policy_as_of, policy_of_number, policy_of_quote
from bithedge.storage.queries.providers import LedgerFilters, ledger_page, provider, withdrawal
from bithedge.storage.queries.transactions import attempts_of, operation, transaction, unsettled_attempts
from bithedge.storage.revert import undone_subjects


async def a_settled_policy(world: World) -> None:
    """Deposits at 1, the sale at 2, the settlement at 3."""
    await world.append(followed(1), deposited(ALICE, 50_000_000, 1), deposited(BOB, 50_000_000, 1))
    await world.append(*reserved(1))
    await world.append(pending(1))
    await world.append(followed(2), *bought(1, 2))
    await world.append(of_operation(signed(1)), intents=[an_intent(1)], attempts=[an_attempt()])
    await world.append(of_operation(sent(1)))
    await world.append(followed(3), *settled(1, 3))


async def buckets(world: World, address: str) -> dict[str, int]:
    found = await world.reader.read(provider, address)
    assert found is not None
    (account,) = found.accounts
    names = ("free", "locked", "pending", "unearned", "losses", "fees", "deposited", "withdrawn")
    return {name: value for name in names if (value := getattr(account, name))}


async def test_a_settlement_that_a_reorg_takes_back_is_settling_again(world: World) -> None:
    await a_settled_policy(world)
    before = await world.reader.read(policy_of_quote, quote(1))
    assert before is not None
    assert before.policy.status is Status.SETTLED

    committed = await world.reorganise(2)

    after = await world.reader.read(policy_of_quote, quote(1))
    assert after is not None
    assert (after.policy.status, after.policy.settlement) == (Status.ACTIVE, None)
    assert (after.first_seen, after.first_seen_ms) == (before.first_seen, before.first_seen_ms)
    reverted = [each for each in committed if each.recorded.name == "PolicyReverted"]
    assert [each.policy.status for each in reverted] == [Status.ACTIVE]
    assert after.policy.version == reverted[0].recorded.version


async def test_the_version_of_a_refolded_policy_is_that_of_its_stream(world: World) -> None:
    await a_settled_policy(world)

    (reorg,) = await world.append(reorganised(1), revert=Revert(fork_height=1))

    head = await world.reader.read(policy_of_quote, quote(1))
    assert head is not None
    assert head.policy.status is Status.PENDING_CONFIRMATION
    assert head.policy.version == 4
    assert reorg.recorded.name == "ChainReorganised"


async def test_a_purchase_taken_back_gives_the_number_away_and_keeps_the_quote(world: World) -> None:
    await a_settled_policy(world)

    await world.reorganise(1, followed(2, "b"), *bought(1, 2, branch="b", policy_id=9))

    assert await world.reader.read(policy_of_number, 1) is None
    head = await world.reader.read(policy_of_number, 9)
    assert head is not None
    assert head.policy.quote_id == quote(1)
    assert head.policy.status is Status.ACTIVE


async def test_money_stands_as_if_the_branch_had_never_been(world: World) -> None:
    await a_settled_policy(world)

    await world.reorganise(1)

    assert await buckets(world, ALICE) == {"free": 50_000_000, "deposited": 50_000_000}
    assert await buckets(world, BOB) == {"free": 50_000_000, "deposited": 50_000_000}
    assert await buckets(world, TREASURY) == {}
    assert await world.reader.read(backers, quote(1)) == ()
    quoted = await world.reader.read(signed_quote, quote(1))
    assert quoted is not None
    assert quoted.status == "reserved"


async def test_a_release_taken_back_locks_the_collateral_again(world: World) -> None:
    await a_settled_policy(world)

    await world.reorganise(2)

    assert await buckets(world, ALICE) == {
        "free": 44_000_000,
        "locked": 6_000_000,
        "unearned": 114_000,
        "fees": 6_000,
        "deposited": 50_000_000,
    }
    backed = {each.address: each for each in await world.reader.read(backers, quote(1))}
    assert (backed[ALICE].released, backed[ALICE].loss, backed[ALICE].earned) == (False, 0, 0)


async def test_undone_ledger_lines_stay_and_later_ones_show_what_is_left(world: World) -> None:
    await world.append(followed(1), deposited(ALICE, 1_000, 1))
    await world.append(followed(2), deposited(ALICE, 500, 2))
    await world.append(leaving(ALICE, 300))

    await world.reorganise(1)

    lines = (await world.reader.read(ledger_page, LedgerFilters(address=ALICE), limit=10)).items
    assert [(line.bucket, line.change, line.balance, line.undone) for line in lines] == [
        ("pending", 300, 300, False),
        ("free", -300, 700, False),
        ("free", 500, 1_500, True),
        ("free", 1_000, 1_000, False),
    ]
    assert await buckets(world, ALICE) == {"free": 700, "pending": 300, "deposited": 1_000}


async def test_a_decision_whose_deposit_is_gone_may_leave_less_than_nothing(world: World) -> None:
    await world.append(followed(1), deposited(ALICE, 1_000, 1))
    await world.append(leaving(ALICE, 300))

    await world.reorganise(0)

    assert (await buckets(world, ALICE))["free"] == -300


async def test_a_withdrawal_taken_back_is_pending_confirmation_again(world: World) -> None:
    await world.append(followed(1), deposited(ALICE, 1_000, 1))
    await world.append(leaving(ALICE, 300))
    await world.append(followed(2), left(ALICE, 300, 2))
    paid = await world.reader.read(withdrawal, WITHDRAWAL)
    assert paid is not None
    assert paid.status == "withdrawn"

    committed = await world.reorganise(1)

    taken_back = await world.reader.read(withdrawal, WITHDRAWAL)
    assert taken_back is not None
    assert taken_back.status == "pending_confirmation"
    assert taken_back.valid_until == paid.valid_until
    assert "WithdrawalReverted" in [each.recorded.name for each in committed]
    assert await buckets(world, ALICE) == {"free": 700, "pending": 300, "deposited": 1_000}


async def test_a_confirmed_transaction_is_pending_again_and_its_operation_sent(world: World) -> None:
    await a_settled_policy(world)
    mined = await world.reader.read(transaction, SETTLE_TX)
    assert mined is not None
    assert (mined.status, mined.block_height) == ("confirmed", 3)

    await world.reorganise(2)

    unmined = await world.reader.read(transaction, SETTLE_TX)
    assert unmined is not None
    assert (unmined.status, unmined.block_height, unmined.burn_height) == ("pending", None, None)
    assert (unmined.first_seen, unmined.sent_at_ms) == (mined.first_seen, mined.sent_at_ms)
    settling = await world.reader.read(operation, OPERATION)
    assert settling is not None
    assert settling.status == "sent"
    assert [each.txid for each in await world.reader.read(attempts_of, OPERATION)] == [SETTLE_TX]
    (open_attempt,) = await world.reader.read(unsettled_attempts, an_attempt().address)
    assert open_attempt.attempt == an_attempt()


async def test_a_transaction_that_is_only_no_longer_final_is_not_un_mined(world: World) -> None:
    await a_settled_policy(world)
    final = TransactionFinal(txid=SETTLE_TX, operation_id=OPERATION, quote_ids=(quote(1),))
    await world.append(followed(4), Change(stream=f"tx:{OPERATION}", events=(final,), chain=ref(4)))

    undone = await world.reader.read(undone_subjects, 3)
    await world.reorganise(3)

    assert undone.transactions == ()
    found = await world.reader.read(transaction, SETTLE_TX)
    assert found is not None
    assert (found.status, found.block_height) == ("confirmed", 3)


async def test_orphans_stay_in_sight_with_what_went_with_them(world: World) -> None:
    await a_settled_policy(world)

    await world.reorganise(2, followed(3, "b"), followed(4, "b"))

    blocks = await world.reader.read(newest_blocks, limit=10)
    assert [(each.hash, each.orphaned, each.reverted_events) for each in blocks] == [
        (block(4, "b"), False, 0),
        (block(3, "b"), False, 0),
        (block(3), True, 4),
        (block(2), False, 0),
        (block(1), False, 0),
    ]
    highest = await world.reader.read(tip)
    assert highest is not None
    assert highest.hash == block(4, "b")


async def test_a_branch_that_wins_again_is_canonical_again(world: World) -> None:
    await world.append(followed(1))
    await world.append(followed(2))
    await world.reorganise(1, followed(2, "b"))

    await world.reorganise(1, followed(2), followed(3))

    blocks = {each.hash: each.orphaned for each in await world.reader.read(newest_blocks, limit=10)}
    assert blocks == {block(1): False, block(2): False, block(2, "b"): True, block(3): False}


async def test_history_marks_what_was_undone_and_the_past_is_still_known(world: World) -> None:
    await a_settled_policy(world)
    seq = world.journal.seq

    await world.reorganise(2)

    history = await world.reader.read(policy_events, quote(1))
    assert [each.name for each in history if each.undone] == [
        "PolicySettled",
        "CollateralReleased",
        "PremiumEarned",
        "TransactionConfirmed",
    ]
    then = await world.reader.read(policy_as_of, quote(1), seq)
    assert then is not None
    assert then.status is Status.SETTLED


async def test_only_what_stands_above_the_fork_is_undone_and_only_once(world: World) -> None:
    await a_settled_policy(world)
    first = await world.reader.read(undone_subjects, 2)
    assert first.quote_ids == (quote(1),)
    assert first.addresses == (ALICE, BOB)
    assert [(each.txid, each.operation_id) for each in first.transactions] == [(SETTLE_TX, OPERATION)]

    await world.reorganise(2)

    again = await world.reader.read(undone_subjects, 2)
    assert (again.quote_ids, again.addresses, again.withdrawals, again.transactions) == ((), (), (), ())


async def test_the_days_of_pool_and_tiers_forget_the_branch(world: World) -> None:
    await a_settled_policy(world)
    await world.append(followed(200), deposited(BOB, 7_000, 200))
    days = await world.reader.read(pool_days, 0, 100)
    assert [(day.day, day.premiums, day.payouts, day.deposited) for day in days] == [
        (6, 200_000, 909_090, 100_000_000),
        (8, 0, 0, 7_000),
    ]

    await world.reorganise(2)

    (day,) = await world.reader.read(pool_days, 0, 100)
    assert (day.premiums, day.payouts, day.deposited, day.locked) == (200_000, 0, 100_000_000, 10_000_000)
    tiers = await world.reader.read(tier_days, 0, 7)
    assert [(each.tier, each.payouts) for each in tiers] == [("balanced", 0)]


async def test_a_policy_known_from_the_chain_alone_is_gone_with_its_block(world: World) -> None:
    await world.append(followed(1), deposited(ALICE, 50_000_000, 1), deposited(BOB, 50_000_000, 1))
    await world.append(followed(2), *bought(1, 2))

    committed = await world.reorganise(1)

    assert await world.reader.read(policy_of_quote, quote(1)) is None
    assert [each.policy for each in committed if each.recorded.name == "PolicyReverted"] == [None]
    assert await world.reader.read(transaction, BUY_TX) is None

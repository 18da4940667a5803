from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bithedge.domain.events.transactions import Call, Intent
from bithedge.domain.ids import operation_id, quote_id
from bithedge.domain.lanes import (
    MOST_AHEAD,
    Job,
    LaneAttempt,
    Nonces,
    first_fee,
    is_stuck,
    lane_of,
    raised_fee,
    spent,
    uselessness,
)
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Policy, Status
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier

QUOTE = quote_id(bytes(15) + b"\x01")
OPERATION = operation_id(bytes(15) + b"\x02")


def attempt(nonce: int, txid: str = "", **changed: Any) -> LaneAttempt:
    facts: dict[str, Any] = {
        "txid": txid or f"0x{nonce}",
        "nonce": nonce,
        "fee": 3_000,
        "operation_id": OPERATION,
        "kind": "settle",
        "quote_ids": (QUOTE,),
        "status": "pending",
        "sent": True,
        "signed_at": 1_000,
        "mined_at": None,
    }
    return LaneAttempt(**(facts | changed))


def mined(nonce: int, at: int = 1_000, **changed: Any) -> LaneAttempt:
    return attempt(nonce, **({"status": "confirmed", "mined_at": at} | changed))


def nonces(count: int, *attempts: LaneAttempt) -> Nonces:
    return Nonces(mined=count, attempts=attempts)


def an_intent(**changed: Any) -> Intent:
    facts: dict[str, Any] = {
        "operation_id": OPERATION,
        "key": "settle:1",
        "kind": "settle",
        "call": Call(contract="liquidity-pool", function="settle-policy", arguments=()),
        "quote_ids": (QUOTE,),
    }
    return Intent(**(facts | changed))


def a_policy(status: Status, operation: str | None = OPERATION) -> Policy:
    terms = Terms(
        quote_id=QUOTE,
        owner="ST2HOLDER",
        kind=Kind.PUT,
        strike=6_000_000_000_000,
        amount=10_000_000,
        max_payout=10_000_000,
        premium=200_000,
        fee=10_000,
        tier=Tier.BALANCED,
        expiry=5_000,
        valid_until=1_010,
        valid_until_s=2_000_000_000,
    )
    return Policy(terms=terms, status=status, spot_at_sale=1, created_at_ms=0, operation_id=operation)


# ---------------------------------------------------------------- nonces


def test_an_unused_key_begins_with_the_chains_count() -> None:
    assert (nonces(7).free(20), nonces(7).next, nonces(7).in_flight) == (7, 7, ())


def test_the_next_nonce_follows_the_highest_that_is_taken() -> None:
    lane = nonces(5, attempt(5), attempt(6))

    assert (lane.free(20), lane.next) == (7, 7)


def test_a_missing_nonce_below_others_is_a_gap_and_goes_first() -> None:
    lane = nonces(5, attempt(5), attempt(7))

    assert lane.free(20) == 6
    assert [lane.is_gap(nonce) for nonce in (4, 5, 6, 7, 8)] == [False, False, True, False, False]


def test_a_gap_may_be_filled_even_when_the_lane_is_full() -> None:
    assert nonces(5, attempt(6), attempt(7)).free(2) == 5
    assert nonces(5, attempt(5), attempt(6)).free(2) is None


def test_no_nonce_is_signed_that_the_node_would_call_too_far_ahead() -> None:
    full = [attempt(nonce) for nonce in range(MOST_AHEAD)]

    assert nonces(0, *full).free(100) is None
    assert nonces(0, *full[:-1]).free(100) == MOST_AHEAD - 1


def test_a_refused_attempt_leaves_its_nonce_and_a_replaced_one_has_a_successor() -> None:
    assert nonces(3, attempt(3, status="aborted")).free(20) == 3
    assert nonces(3, attempt(3, "0xa", status="replaced"), attempt(3, "0xb")).free(20) == 4


def test_what_a_reorg_not_applied_yet_has_unmined_keeps_its_nonce() -> None:
    assert nonces(3, mined(3), attempt(4)).free(20) == 5


def test_in_flight_is_the_newest_attempt_of_each_unmined_nonce() -> None:
    lane = nonces(4, mined(3), attempt(4, "0xa", status="replaced"), attempt(4, "0xb"), attempt(5, "0xc"))

    assert [one.txid for one in lane.in_flight] == ["0xb", "0xc"]


def test_an_open_attempt_below_the_chains_count_is_lost_and_knows_who_won() -> None:
    loser, winner = attempt(4, "0xb"), mined(4, txid="0xa")
    lane = nonces(5, winner, loser)

    assert lane.lost == (loser,)
    assert lane.winner(4) is winner
    assert nonces(5, loser).winner(4) is None


def test_a_mined_failure_has_won_its_nonce_too() -> None:
    failed = mined(4, status="aborted")

    assert nonces(5, failed, attempt(4, "0xb")).winner(4) is failed


# ---------------------------------------------------------------- stuck


@pytest.mark.parametrize(("height", "stuck"), [(1_002, False), (1_003, True), (1_010, True)])
def test_the_lowest_is_stuck_after_so_many_burn_blocks(height: int, *, stuck: bool) -> None:
    assert is_stuck(nonces(5, attempt(5)), height, 3) is stuck


def test_the_turn_of_a_nonce_begins_when_the_one_below_is_mined() -> None:
    lane = nonces(5, mined(4, at=1_004), attempt(5))

    assert not is_stuck(lane, 1_006, 3)
    assert is_stuck(lane, 1_007, 3)


def test_nothing_is_stuck_behind_a_gap_or_without_a_height() -> None:
    assert not is_stuck(nonces(5, attempt(6)), 2_000, 3)
    assert not is_stuck(nonces(5, attempt(5, signed_at=None)), 2_000, 3)
    assert not is_stuck(nonces(5), 2_000, 3)


# ---------------------------------------------------------------- fees


@pytest.mark.parametrize(
    ("estimate", "size", "fee"),
    [(None, 200, 3_000), (5_000, 200, 5_000), (100, 200, 3_000), (None, 4_000, 4_000), (10**9, 200, 50_000)],
)
def test_a_first_fee_is_the_estimate_within_floor_size_and_cap(
    estimate: int | None, size: int, fee: int
) -> None:
    assert first_fee(estimate, size=size, floor=3_000, cap=50_000) == fee


@pytest.mark.parametrize(
    ("fee", "least", "raised"),
    [
        (3_000, 0, 3_750),
        (3, 0, 4),
        (3_001, 0, 3_752),
        (9_000, 0, 10_000),
        (10_000, 0, None),
        (3_000, 9_999, 9_999),
        (3_000, 10_001, None),
    ],
)
def test_a_replacement_pays_the_bump_rounded_up_or_what_the_node_wants(
    fee: int, least: int, raised: int | None
) -> None:
    assert raised_fee(fee, bump=2_500, cap=10_000, least=least) == raised


@given(fee=st.integers(1, 10**7), bump=st.integers(1, 10_000), cap=st.integers(1, 10**7))
def test_law_a_replacement_pays_strictly_more_and_never_above_the_cap(fee: int, bump: int, cap: int) -> None:
    raised = raised_fee(fee, bump=bump, cap=cap)

    assert fee >= cap if raised is None else fee < raised <= cap


def test_of_the_attempts_of_one_nonce_only_the_dearest_is_counted() -> None:
    assert spent([(1, 3_000), (1, 3_750), (2, 3_000)]) == 6_750
    assert spent([]) == 0


# ---------------------------------------------------------------- lanes and operations


def test_one_policys_operations_share_a_lane_in_every_process() -> None:
    first = lane_of(an_intent(), 4)

    assert first == lane_of(an_intent(operation_id=operation_id(bytes(16)), key="other"), 4)
    # crc32 of the quote's id: a figure that no run may change, or two lanes would sign one operation.
    assert first == 2


def test_an_operation_without_a_policy_goes_by_its_own_id() -> None:
    lanes = {
        lane_of(an_intent(quote_ids=(), operation_id=operation_id(bytes(15) + bytes([n]))), 4)
        for n in range(32)
    }

    assert lanes == {0, 1, 2, 3}


@pytest.mark.parametrize("status", [Status.SETTLED, Status.EXPIRED, Status.LAPSED])
def test_an_operation_of_an_ended_policy_is_useless(status: Status) -> None:
    assert uselessness(an_intent(), {QUOTE: a_policy(status)}, 1) == f"the policy has ended: {status.value}"


def test_an_operation_is_useless_once_its_last_height_has_passed() -> None:
    assert uselessness(an_intent(useless_after=10), {}, 10) is None
    assert uselessness(an_intent(useless_after=10), {}, 11) == "its last height 10 has passed unsent"


def test_a_settlement_that_the_policy_no_longer_wants_is_useless() -> None:
    wanted = {QUOTE: a_policy(Status.SETTLING)}
    taken_back = {QUOTE: a_policy(Status.ACTIVE, operation=None)}

    assert uselessness(an_intent(), wanted, 1) is None
    assert uselessness(an_intent(), taken_back, 1) == "the settlement was taken back"
    assert uselessness(an_intent(kind="release"), taken_back, 1) is None


def test_a_release_is_worth_it_while_one_of_its_policies_lives() -> None:
    other = quote_id(bytes(15) + b"\x09")
    intent = an_intent(kind="release", quote_ids=(QUOTE, other))
    policies = {QUOTE: a_policy(Status.EXPIRED), other: a_policy(Status.EXPIRING)}

    assert uselessness(intent, policies, 1) is None


def test_the_filler_of_a_nonce_is_always_the_same_operation() -> None:
    assert Job.filler("ST1LANE", 4) == Job.filler("ST1LANE", 4)
    assert Job.filler("ST1LANE", 4) != Job.filler("ST1LANE", 5)
    assert Job.filler("ST1LANE", 4).call is None

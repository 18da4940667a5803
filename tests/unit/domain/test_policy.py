import pytest
from msgspec.structs import replace
from policy_builders import (
    COMMAND,
    NOW_S,
    QUOTE,
    STRANGER,
    a_put,
    an_active_put,
    created,
    exercise,
    folded,
    history,
    issued,
    mined,
    requested,
    usd,
)

from bithedge.domain.errors import (
    MessageExpiredError,
    NotInTheMoneyError,
    NotOwnerError,
    PolicyExpiredError,
    PolicyNotActiveError,
)
from bithedge.domain.events.policy import (
    PolicyActivationFailed,
    PolicyActivationRequested,
    PolicyExpired,
    PolicyExpiring,
    PolicyLapsed,
    PolicyPending,
    PolicyPurchaseAborted,
    PolicySettled,
    PolicySettling,
    Rule,
)
from bithedge.domain.ids import Hex, OperationId, PolicyNumber, Txid
from bithedge.domain.money import Height, Sats
from bithedge.domain.policy.decide import (
    PublicPrice,
    decide_activation,
    decide_expiring,
    decide_expiry_price,
    decide_failure,
    decide_reading,
    decide_resettling,
    decide_touch,
)
from bithedge.domain.policy.fold import fold
from bithedge.domain.policy.state import Status

OPERATION = OperationId("o_" + "03" * 16)
TXID = Txid("0x" + "ab" * 32)


def at(dollars: int, height: int) -> PublicPrice:
    return PublicPrice(price=usd(dollars), height=Height(height))


def settling(rule: Rule = "daemon", payout: int = 2_000_000) -> PolicySettling:
    return PolicySettling(
        rule=rule,
        exercised_by="owner",
        price=usd(50_000),
        price_height=Height(121),
        payout=Sats(payout),
        operation_id=OPERATION,
    )


def settled() -> PolicySettled:
    return PolicySettled(
        policy_id=PolicyNumber(7),
        rule="daemon",
        price=usd(50_000),
        price_height=Height(121),
        payout=Sats(2_000_000),
    )


def test_signed_terms_are_a_policy_that_awaits_its_signature() -> None:
    policy = folded(issued(a_put()))

    assert policy.status is Status.PENDING_SIGNATURE
    assert policy.detail == "awaiting_signature"
    assert policy.quote_id == QUOTE


def test_a_purchase_in_the_mempool_that_is_refused_may_be_signed_again() -> None:
    policy = folded(
        issued(a_put()), PolicyPending(txid=TXID), PolicyPurchaseAborted(txid=TXID, reason="u108")
    )

    assert policy.status is Status.PENDING_SIGNATURE
    assert policy.detail == "creation_aborted"
    assert policy.reason == "u108"


def test_the_chain_alone_makes_a_policy_that_nobody_had_quoted_here() -> None:
    policy = folded((created(a_put()), mined(5, 100)))

    assert policy.status is Status.ACTIVE
    assert policy.policy_id == 7
    assert policy.created_txid == TXID


def test_an_exercise_in_the_money_is_accepted_at_the_holders_minimum() -> None:
    (event,) = decide_activation(an_active_put(), exercise(min_payout=2_000_000))

    assert isinstance(event, PolicyActivationRequested)
    assert event.min_payout == 2_000_000


def test_an_exercise_without_a_minimum_asks_for_one_sat() -> None:
    (event,) = decide_activation(an_active_put(), exercise())

    assert event.min_payout == 1


def test_an_exercise_at_the_strike_is_refused_and_told_what_it_would_pay() -> None:
    with pytest.raises(NotInTheMoneyError) as refused:
        decide_activation(an_active_put(), exercise(spot=usd(60_000)))

    assert refused.value.limit == 0


def test_an_exercise_below_the_holders_minimum_is_refused() -> None:
    with pytest.raises(NotInTheMoneyError) as refused:
        decide_activation(an_active_put(), exercise(min_payout=2_000_001))

    assert refused.value.limit == 2_000_000


def test_only_the_owner_exercises() -> None:
    with pytest.raises(NotOwnerError):
        decide_activation(an_active_put(), exercise(address=STRANGER))


def test_a_lapsed_command_is_refused() -> None:
    late = replace(exercise(), now_s=NOW_S + 301)

    with pytest.raises(MessageExpiredError):
        decide_activation(an_active_put(), late)


@pytest.mark.parametrize("height", [244, 245])
def test_the_last_height_is_expiry_itself(height: int) -> None:
    if height == 244:
        assert decide_activation(an_active_put(), exercise(height=height))
    else:
        with pytest.raises(PolicyExpiredError):
            decide_activation(an_active_put(), exercise(height=height))


def test_a_policy_in_settlement_cannot_be_exercised_again() -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), requested())

    another = replace(exercise(spot=usd(40_000)), command_id=Hex("0x" + "09" * 16))

    with pytest.raises(PolicyNotActiveError):
        decide_activation(policy, another)


def test_the_reading_after_acceptance_fixes_the_payout() -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), requested())

    (event,) = decide_reading(policy, at(50_000, 121), OPERATION)

    assert isinstance(event, PolicySettling)
    assert event.rule == "daemon"
    assert event.payout == 2_000_000


def test_a_reading_that_pays_less_than_the_minimum_leaves_the_policy_active() -> None:
    events = issued(a_put()), (created(a_put()), mined(5, 100)), requested(min_payout=2_000_000)

    (event,) = decide_reading(folded(*events), at(50_001, 121), OPERATION)

    assert isinstance(event, PolicyActivationFailed)
    after = folded(*events, event)
    assert after.status is Status.ACTIVE
    assert after.reason == event.reason
    assert after.exercise is None


def test_a_reading_of_the_purchases_own_height_never_settles() -> None:
    policy = folded(issued(a_put()), (created(a_put(), start=100), mined(5, 100)), requested())

    (event,) = decide_reading(policy, at(50_000, 100), OPERATION)

    assert isinstance(event, PolicyActivationFailed)


def test_a_public_price_at_the_floor_settles_the_whole_cover() -> None:
    terms = a_put()
    floor = terms.floor
    assert floor is not None

    (event,) = decide_touch(an_active_put(terms), PublicPrice(price=floor, height=Height(130)), OPERATION)

    assert event.rule == "touch"
    assert event.payout == terms.max_payout


def test_a_price_one_unit_above_the_floor_touches_nothing() -> None:
    terms = a_put()
    assert terms.floor is not None
    near = PublicPrice(price=type(terms.floor)(terms.floor + 1), height=Height(130))

    assert decide_touch(an_active_put(terms), near, OPERATION) == ()


@pytest.mark.parametrize("height", [100, 245])
def test_a_touch_outside_the_policys_life_does_not_count(height: int) -> None:
    assert decide_touch(an_active_put(), at(30_000, height), OPERATION) == ()


def test_it_expires_once_and_only_after_its_last_height() -> None:
    policy = an_active_put()

    assert decide_expiring(policy, Height(244)) == ()
    (event,) = decide_expiring(policy, Height(245))

    after = folded(issued(a_put()), (created(a_put()), mined(5, 100)), event)
    assert after.status is Status.EXPIRING
    assert decide_expiring(after, Height(246)) == ()


def test_the_price_of_expiry_settles_a_policy_that_pays() -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), PolicyExpiring())

    (event,) = decide_expiry_price(policy, at(59_000, 244), OPERATION)

    assert event.rule == "expiry"
    assert event.payout == 10_000_000 * 1_000 // 59_000


@pytest.mark.parametrize(("dollars", "height"), [(60_000, 244), (59_000, 243), (59_000, 245)])
def test_no_other_price_settles_after_expiry(dollars: int, height: int) -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), PolicyExpiring())

    assert decide_expiry_price(policy, at(dollars, height), OPERATION) == ()


def test_a_settled_policy_names_its_price_payout_and_transaction() -> None:
    policy = folded(
        issued(a_put()),
        (created(a_put()), mined(5, 100)),
        requested(),
        settling(),
        (settled(), mined(9, 122)),
    )

    assert policy.status is Status.SETTLED
    assert policy.settlement is not None
    assert policy.settlement.txid == TXID
    assert policy.exercised_by == "owner"
    assert decide_failure(policy, "late") == ()


def test_a_refused_settlement_by_the_owners_order_is_not_sent_twice() -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), requested(), settling())

    assert decide_resettling(policy, OPERATION) == ()


def test_a_refused_settlement_at_the_floor_is_sent_again_at_the_same_price() -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), settling("touch", 5_000_000))

    (again,) = decide_resettling(policy, OperationId("o_" + "04" * 16))

    assert (again.price, again.price_height, again.payout) == (usd(50_000), 121, 5_000_000)


def test_a_reorg_that_takes_back_the_payment_leaves_the_policy_settling() -> None:
    facts = history(
        issued(a_put()),
        (created(a_put()), mined(5, 100)),
        requested(),
        settling(),
        (settled(), mined(9, 122)),
    )
    undone = [*facts[:-1], replace(facts[-1], undone=True)]

    policy = fold(undone)

    assert policy is not None
    assert policy.status is Status.SETTLING
    assert policy.settlement is not None
    assert policy.settlement.txid is None


def test_a_reorg_that_takes_back_the_purchase_voids_the_exercise_that_rested_on_it() -> None:
    facts = history(
        issued(a_put()),
        PolicyPending(txid=TXID),
        (created(a_put()), mined(5, 100)),
        requested(),
        settling(),
    )
    undone = [replace(one, undone=one.chain is not None) for one in facts]

    policy = fold(undone)

    assert policy is not None
    assert policy.status is Status.PENDING_CONFIRMATION
    assert policy.settlement is None
    assert policy.policy_id is None


def test_a_policy_that_comes_back_under_another_number_keeps_its_quote_id() -> None:
    facts = history(
        issued(a_put()),
        (created(a_put(), number=7), mined(5, 100)),
        (created(a_put(), number=9), mined(6, 101)),
    )
    undone = [facts[0], replace(facts[1], undone=True), facts[2]]

    policy = fold(undone)

    assert policy is not None
    assert policy.policy_id == 9
    assert policy.quote_id == QUOTE


def test_expired_and_lapsed_are_ends() -> None:
    expired = folded(
        issued(a_put()),
        (created(a_put()), mined(5, 100)),
        PolicyExpiring(),
        (PolicyExpired(policy_id=PolicyNumber(7)), mined(20, 260)),
    )
    lapsed = folded(issued(a_put()), PolicyLapsed())

    assert expired.status is Status.EXPIRED
    assert expired.closing_txid == TXID
    assert lapsed.status is Status.LAPSED


def test_a_bought_policy_never_lapses() -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), PolicyLapsed())

    assert policy.status is Status.ACTIVE


def test_the_message_that_exercised_it_is_used_up() -> None:
    policy = folded(issued(a_put()), (created(a_put()), mined(5, 100)), requested())

    assert policy.exercise is not None
    assert policy.exercise.command_id == COMMAND

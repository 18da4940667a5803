from msgspec.structs import replace
from policy_builders import a_put, an_active_put, usd

from bithedge.domain.ids import QuoteId
from bithedge.domain.payout import Kind
from bithedge.domain.policy.index import Index
from bithedge.domain.policy.state import Policy, Status


def a_policy(number: int, *, kind: Kind = Kind.PUT, start: int = 100, **changed: object) -> Policy:
    """Strike 60,000: a put's floor is 40,000, a call's ceiling 120,000."""
    policy = an_active_put(a_put(), start=start)
    terms = replace(policy.terms, quote_id=QuoteId(f"q_{number:032x}"), kind=kind)
    return replace(policy, terms=terms, **changed)


def numbers(found: object) -> list[int]:
    return sorted(int(name.removeprefix("q_"), 16) for name in found)


def test_a_price_at_the_floor_touches_and_one_above_it_does_not() -> None:
    index = Index()
    index.put(a_policy(1))

    assert numbers(index.touched_by(usd(40_000))) == [1]
    assert numbers(index.touched_by(usd(40_000) + 1)) == []


def test_a_price_at_the_ceiling_touches_and_one_below_it_does_not() -> None:
    index = Index()
    index.put(a_policy(1, kind=Kind.CALL))

    assert numbers(index.touched_by(usd(120_000))) == [1]
    assert numbers(index.touched_by(usd(120_000) - 1)) == []


def test_whoever_opted_out_or_is_in_settlement_is_touched_by_nothing() -> None:
    index = Index()
    index.put(a_policy(1, auto_exercise=False))
    index.put(a_policy(2, status=Status.SETTLING))
    index.put(a_policy(3, status=Status.EXPIRING))

    assert numbers(index.touched_by(usd(1))) == [3]


def test_a_policy_put_again_takes_the_place_of_what_it_was() -> None:
    index = Index()
    for _ in range(100):
        index.put(a_policy(1))
    index.put(a_policy(1, status=Status.SETTLED))

    assert numbers(index.touched_by(usd(1))) == []
    assert numbers(index.due(10_000)) == []
    assert (index._floors, index._active.heights, index._policies) == ([], [], {})


def test_an_active_policy_is_due_from_the_height_after_its_last_until_it_is_no_longer_active() -> None:
    index = Index()
    index.put(a_policy(1))

    assert numbers(index.due(244)) == []
    assert numbers(index.due(245)) == [1]
    assert numbers(index.due(246)) == [1]
    index.put(a_policy(1, status=Status.EXPIRING))
    assert numbers(index.due(246)) == []
    assert index.expiries() == [244]
    assert [policy.quote_id for policy in index.expired_at(244)] == [QuoteId(f"q_{1:032x}")]


def test_an_expiry_that_nobody_has_any_more_is_an_empty_one() -> None:
    index = Index()
    index.put(a_policy(1, status=Status.EXPIRING))
    (expiry,) = index.expiries()

    index.put(a_policy(1, status=Status.EXPIRED))

    assert index.expired_at(expiry) == []
    assert index.expiries() == []


def test_only_prices_after_its_own_start_are_looked_back_at() -> None:
    index = Index()
    index.put(a_policy(1, start=100))
    index.put(a_policy(2, start=102))
    index.put(a_policy(3, start=104))
    index.put(a_policy(4, start=100, kind=Kind.CALL))
    prices = [(101, usd(50_000)), (102, usd(40_000)), (103, usd(60_000)), (104, usd(40_001))]

    assert index.lowest_start() == 100
    assert numbers(index.touched_since(prices)) == [1]
    assert numbers(index.touched_since([*prices, (105, usd(120_000))])) == [1, 4]
    assert numbers(index.touched_since([])) == []


def test_an_uncapped_call_has_no_ceiling_to_touch() -> None:
    call = a_policy(1, kind=Kind.CALL)
    index = Index()
    index.put(replace(call, terms=replace(call.terms, max_payout=call.terms.amount)))

    assert numbers(index.touched_by(usd(10_000_000))) == []
    assert index.lowest_start() is None

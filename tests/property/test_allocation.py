"""Laws of allocation: sums are exact, caps hold where they can, and no trick with accounts pays."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bithedge.domain.pool.allocation import allocate, backers, releases
from bithedge.domain.pool.rules import PoolRules
from bithedge.domain.pool.split import split, split_within
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import TREASURY, Scene

amounts = st.integers(0, 10**12)
weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=70)
bounded = settings(max_examples=120, deadline=None)


@bounded
@given(amounts, weights)
def test_parts_add_up_and_are_the_exact_share_rounded_down_or_up(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)

    assert sum(parts) == amount
    total = sum(weights)
    if total:
        for part, weight in zip(parts, weights, strict=True):
            assert amount * weight // total <= part <= -(-amount * weight // total)


@bounded
@given(amounts, weights, st.integers(0, 10**12), st.integers(0, 69))
def test_halving_an_account_gains_at_most_one_sat(
    amount: int, weights: list[int], cut: int, place: int
) -> None:
    place %= len(weights)
    cut = min(cut, weights[place])
    if sum(weights) == 0:
        return
    halved = [*weights[:place], cut, weights[place] - cut, *weights[place + 1 :]]

    whole, parts = split(amount, weights), split(amount, halved)

    assert parts[place] + parts[place + 1] <= whole[place] + 1


@bounded
@given(amounts, st.lists(st.integers(0, 10**12), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_accounts_moves_at_most_one_sat(amount: int, weights: list[int], random: Random) -> None:
    order = list(range(len(weights)))
    random.shuffle(order)

    parts = split(amount, weights)
    shuffled = split(amount, [weights[index] for index in order])

    for place, index in enumerate(order):
        assert abs(shuffled[place] - parts[index]) <= 1


@bounded
@given(
    st.lists(st.tuples(st.integers(1, 10**10), st.integers(0, 10**10)), min_size=1, max_size=64), st.data()
)
def test_no_part_passes_its_room(accounts: list[tuple[int, int]], data: st.DataObject) -> None:
    free = [weight for weight, _ in accounts]
    rooms = [room for _, room in accounts]
    amount = data.draw(st.integers(0, sum(rooms)))

    parts = split_within(amount, free, rooms)

    assert sum(parts) == amount
    assert all(0 <= part <= room for part, room in zip(parts, rooms, strict=True))


deposits = st.lists(st.integers(10_000, 10**9), min_size=0, max_size=12)


@bounded
@given(deposits, st.integers(10_000, 10**9), st.integers(1, 6), st.integers(0, 11))
def test_every_sale_finds_its_whole_collateral(
    deposits: list[int], collateral: int, most: int, leaving: int
) -> None:
    scene = Scene(PoolRules(max_backers=most, probe_factor=2))
    for number, amount in enumerate(deposits):
        scene.deposit(f"ST{number:03}", amount)
    if leaving < len(deposits):
        scene.set_exit(f"ST{leaving:03}")

    book = scene.books.tier(Tier.BALANCED)
    shares = allocate(book, collateral=collateral, expiry=9_999, treasury=TREASURY)

    assert sum(share for _, share in shares) == collateral
    assert all(share > 0 for _, share in shares)
    assert len({address for address, _ in shares}) == len(shares)
    if collateral <= sum(deposits):
        assert TREASURY not in dict(shares)
        assert all(share <= book.account(address).free for address, share in shares)
    largest = sorted((account.free for account in book.by_free()), reverse=True)[:most]
    if collateral <= sum(largest):
        assert len(shares) <= most
        assert all(book.backs(address) for address, _ in shares)


@bounded
@given(st.lists(st.integers(10_000, 10**9), min_size=1, max_size=12), st.integers(0, 10**9), st.data())
def test_premium_and_loss_follow_the_shares_to_the_sat(
    deposits: list[int], premium: int, data: st.DataObject
) -> None:
    scene = Scene()
    for number, amount in enumerate(deposits):
        scene.deposit(f"ST{number:03}", amount)
    collateral = data.draw(st.integers(10_000, sum(deposits)))
    shares = allocate(scene.books.tier(Tier.BALANCED), collateral=collateral, expiry=9_999, treasury=TREASURY)
    parts = backers(shares, premium)

    assert sum(part.premium for part in parts) == premium
    sale = scene.sell(amount=collateral, max_payout=collateral)
    backing = scene.books.backing(sale.quote_id)
    assert backing is not None
    payout = data.draw(st.integers(0, collateral))
    losses = releases(backing, payout)
    assert sum(part.loss for part in losses) == payout
    assert all(0 <= part.loss <= part.share for part in losses)

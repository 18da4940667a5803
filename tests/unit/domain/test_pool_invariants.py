import msgspec
import pytest

from bithedge.domain.events.pool import (
    Backer,
    BufferChanged,
    CollateralReleased,
    FundsDeposited,
    PremiumEarned,
    Release,
)
from bithedge.domain.pool.invariants import breaks, drift, equations, reconcile, solvency
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import BTC, SPOT, Scene


def a_pool() -> Scene:
    scene = Scene()
    scene.deposit("STA", 3 * BTC)
    return scene


def broken(scene: Scene, vault: int | None = None) -> set[str]:
    return {equation.name for equation in breaks(scene.books, vault=vault)}


def test_sound_books_hold_all_equations() -> None:
    scene = a_pool()
    scene.sell()

    vault = scene.totals.available + scene.totals.locked
    assert [equation.name for equation in equations(scene.books, vault=vault)] == [
        "vault_covers_totals",
        "locked_is_live_collateral",
        "shares_are_live_collateral",
        "accounts_are_the_vault",
        "no_policy_pays_twice",
        "no_bucket_is_negative",
        "premium_is_accounted_for",
    ]
    assert broken(scene, vault) == set()


def test_a_donation_breaks_nothing_and_a_missing_sat_does() -> None:
    scene = a_pool()

    assert broken(scene, 3 * BTC + 1) == set()
    (missing,) = breaks(scene.books, vault=3 * BTC - 1)
    assert (missing.name, missing.left, missing.right) == ("vault_covers_totals", 3 * BTC - 1, 3 * BTC)


def test_a_deposit_the_vault_does_not_know_shows() -> None:
    scene = a_pool()

    scene.record([FundsDeposited(address="STB", tier=Tier.BALANCED, amount=9, totals=scene.totals)])

    assert broken(scene) == {"accounts_are_the_vault"}
    assert {equation.name for equation in reconcile(scene.books, scene.totals)} == {
        "deposits_agree",
        "available_agrees",
    }


def test_a_policy_paid_twice_shows() -> None:
    scene = a_pool()
    sale = scene.sell()
    scene.settle(sale, SPOT // 2)
    again = next(record.event for record in scene.records if isinstance(record.event, CollateralReleased))

    scene.record([again])

    assert {"no_policy_pays_twice", "no_bucket_is_negative"} <= broken(scene)
    assert scene.books.counts.irregular == (sale.quote_id,)


def test_a_payout_above_the_collateral_shows() -> None:
    scene = a_pool()
    sale = scene.sell()
    event = CollateralReleased(
        quote_id=sale.quote_id,
        policy_id=1,
        tier=sale.tier,
        payout=sale.max_payout + 1,
        backers=(Release(address="STA", share=sale.max_payout, loss=sale.max_payout),),
        totals=scene.totals,
    )

    scene.record([event])

    assert "no_policy_pays_twice" in broken(scene)


def test_a_policy_sold_twice_shows() -> None:
    scene = a_pool()
    terms = scene.sell()

    scene.buy(terms)

    assert "no_policy_pays_twice" in broken(scene)


def test_collateral_without_a_policy_shows() -> None:
    scene = a_pool()
    totals = msgspec.structs.replace(scene.totals, available=2 * BTC, locked=BTC)

    scene.record([BufferChanged(buffer=0, totals=totals)])

    assert broken(scene) == {"locked_is_live_collateral"}
    assert {equation.name for equation in reconcile(scene.books, totals)} == {
        "available_agrees",
        "locked_agrees",
    }


def test_a_sale_that_nobody_could_back_shows_as_a_negative_bucket_and_nothing_else() -> None:
    scene = a_pool()

    scene.sell(amount=4 * BTC, max_payout=4 * BTC)

    assert broken(scene) == {"no_bucket_is_negative"}


def test_premium_that_went_nowhere_shows() -> None:
    scene = a_pool()
    sale = scene.a_put()
    scene.buy(sale)
    record = scene.records[-1]
    (backer,) = record.event.backers
    less = Backer(address=backer.address, share=backer.share, premium=backer.premium - 1)
    scene.records[-1] = msgspec.structs.replace(
        record, event=msgspec.structs.replace(record.event, backers=(less,))
    )

    scene.books = scene.replayed()

    assert broken(scene) == {"premium_is_accounted_for", "accounts_are_the_vault"}


@pytest.mark.parametrize("name", ["premiums", "payouts", "withdrawn", "buffer"])
def test_each_total_of_the_chain_is_compared(name: str) -> None:
    scene = a_pool()
    scene.sell()
    assert reconcile(scene.books, scene.totals) == []

    other = msgspec.structs.replace(scene.totals, **{name: getattr(scene.totals, name) + 1})

    assert len(reconcile(scene.books, other)) == 1


def test_kept_sums_are_what_accounts_add_up_to() -> None:
    scene = a_pool()
    scene.sell()
    assert drift(scene.books) == {}

    scene.books.tier(Tier.BALANCED).free += 1

    assert drift(scene.books) == {"balanced.free": (290_000_001, 290_000_000)}


def test_earnings_of_no_policy_are_kept_apart_until_they_are_taken_back() -> None:
    scene = a_pool()
    event = PremiumEarned(quote_id="q_none", policy_id=1, tier=Tier.BALANCED, earnings=())

    scene.record([event])

    assert scene.books.orphans == {}


def proof(scene: Scene, vault: int, **off: int) -> dict[str, tuple[int, int, bool]]:
    """Return the solvency proof's equations, the chain's totals off by so much."""
    changed = {name: getattr(scene.totals, name) + change for name, change in off.items()}
    found = solvency(scene.books, totals=msgspec.structs.replace(scene.totals, **changed), vault=vault)
    return {one.name: (one.left, one.right, one.holds) for one in found}


def test_the_proof_sets_the_chains_figures_beside_the_books() -> None:
    scene = a_pool()
    scene.sell()
    held = 3 * BTC + 21_000

    assert proof(scene, held) == {
        "vault_covers_totals": (held, held, True),
        "locked_is_live_collateral": (BTC // 10, BTC // 10, True),
        "accounts_are_the_vault": (held, held, True),
        "premium_is_accounted_for": (20_000, 20_000, True),
    }


@pytest.mark.parametrize(
    ("off", "broken_ones"),
    [
        ({"locked": 1, "available": -1}, {"locked_is_live_collateral"}),
        ({"premiums": -1}, {"premium_is_accounted_for"}),
        ({"available": -1}, {"accounts_are_the_vault"}),
        ({"available": 1}, {"accounts_are_the_vault", "vault_covers_totals"}),
    ],
)
def test_a_sat_that_chain_and_books_do_not_share_shows_in_the_proof(
    off: dict[str, int], broken_ones: set[str]
) -> None:
    scene = a_pool()
    sale = scene.sell()
    scene.mine(100)
    scene.settle(sale, SPOT // 2)
    scene.sell()
    held = scene.totals.available + scene.totals.locked

    assert all(holds for _, _, holds in proof(scene, held).values())
    assert {name for name, (_, _, holds) in proof(scene, held, **off).items() if not holds} == broken_ones

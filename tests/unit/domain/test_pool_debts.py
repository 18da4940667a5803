from bithedge.domain.money import Height
from bithedge.domain.pool.health import withdrawable
from bithedge.domain.tiers import Tier
from tests.unit.domain.pool_scene import BTC, Scene


def a_debtor() -> Scene:
    """A provider whose deposit a reorg took out of one tier, and whose voucher was used all the same."""
    scene = Scene()
    scene.deposit("STA", 3 * BTC, Tier.AGGRESSIVE)
    scene.deposit("STA", 2 * BTC, Tier.CONSERVATIVE)
    scene.deposit("STB", 5 * BTC)
    scene.take("w_" + "01" * 16, "STA", 1 * BTC)
    return scene


def test_what_an_address_owes_one_tier_it_cannot_take_out_of_its_others() -> None:
    scene = a_debtor()

    assert scene.account("STA").free == -1 * BTC
    assert withdrawable(scene.books, "STA", Tier.BALANCED, Height(0)) == 0
    assert withdrawable(scene.books, "STA", Tier.AGGRESSIVE, Height(0)) == 3 * BTC

    scene.take("w_" + "02" * 16, "STA", 3 * BTC, Tier.AGGRESSIVE)

    assert withdrawable(scene.books, "STA", Tier.CONSERVATIVE, Height(0)) == 1 * BTC


def test_a_debt_is_nobody_elses() -> None:
    scene = a_debtor()

    assert withdrawable(scene.books, "STB", Tier.BALANCED, Height(0)) == 5 * BTC

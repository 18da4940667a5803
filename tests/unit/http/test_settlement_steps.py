"""Which step the owner of a policy can take on chain without the backend, and at which price."""

import pytest
from http_scene import Scene

from bithedge.domain.errors import (
    NotInTheMoneyError,
    NotReadyError,
    PolicyExpiredError,
    PolicyNotActiveError,
)
from bithedge.domain.ids import Address, Hex, PolicyNumber, QuoteId
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Policy, Request, Status
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.http.handlers.settlement import Standing, settling_price, standing_of
from bithedge.protocol.calls import SignedPrice
from bithedge.storage.ports import Attested

START, EXPIRY, LIFE = 100, 200, 12


def usd(dollars: int) -> UsdE8:
    return UsdE8(dollars * 100_000_000)


def a_policy(status: Status = Status.ACTIVE, *, requested: int | None = None, minimum: int = 1) -> Policy:
    terms = Terms(
        quote_id=QuoteId("q_" + "0" * 32),
        owner=Address("ST1"),
        kind=Kind.PUT,
        strike=usd(60_000),
        amount=Sats(10_000_000),
        max_payout=Sats(10_000_000),
        premium=Sats(1),
        fee=Sats(0),
        tier=Tier.BALANCED,
        expiry=Height(EXPIRY),
        valid_until=Height(0),
        valid_until_s=0,
    )
    request = None
    if requested is not None:
        request = Request(height=Height(requested), min_payout=Sats(minimum))
    return Policy(
        terms=terms,
        status=status,
        policy_id=PolicyNumber(7),
        start=Height(START),
        spot_at_sale=usd(65_000),
        request=request,
        created_at_ms=0,
    )


def standing(height: int, policy: Policy | None = None) -> Standing:
    return standing_of(policy or a_policy(), Height(height), request_life=LIFE)


async def signed(scene: Scene, **prices: int) -> None:
    """Let the attestor have signed prices: `at_150=40_000`."""
    await scene.system.journal.attest(
        [
            Attested(
                question=f"height:{name[3:]}",
                price=usd(price),
                height=Height(int(name[3:])),
                public_key=Hex("0x02"),
                signature=Hex("0x" + name[3:].zfill(4)),
            )
            for name, price in prices.items()
        ]
    )


async def price_for(scene: Scene, at: Standing) -> SignedPrice | None:
    return await settling_price(scene.system.reader, at)


async def test_an_exercise_before_expiry_is_requested_first(scene: Scene) -> None:
    await signed(scene, at_150=50_000)

    assert await price_for(scene, standing(150)) is None


async def test_a_touch_is_settled_at_however_old_it_is(scene: Scene) -> None:
    await signed(scene, at_120=30_000, at_121=31_000, at_150=50_000)

    price = await price_for(scene, standing(150))

    assert price is not None
    assert (price.price, price.height, price.signatures) == (usd(30_000), 120, ("0x0120",))


async def test_a_touch_before_the_start_or_after_expiry_is_none(scene: Scene) -> None:
    await signed(scene, at_100=29_000, at_201=29_000)

    assert await price_for(scene, standing(150)) is None


async def test_a_request_settles_at_the_price_of_the_height_after_it(scene: Scene) -> None:
    await signed(scene, at_150=40_000, at_151=50_000, at_152=45_000)

    price = await price_for(scene, standing(155, a_policy(requested=150)))

    assert price is not None
    assert price.height == 151


async def test_a_request_waits_for_its_price(scene: Scene) -> None:
    with pytest.raises(NotReadyError):
        await price_for(scene, standing(150, a_policy(requested=150)))


async def test_a_request_that_pays_less_than_its_minimum_makes_way_for_another(scene: Scene) -> None:
    await signed(scene, at_151=50_000)

    assert await price_for(scene, standing(152, a_policy(requested=150, minimum=2_000_001))) is None
    assert await price_for(scene, standing(152, a_policy(requested=150, minimum=2_000_000))) is not None


@pytest.mark.parametrize(("height", "stands"), [(163, True), (164, False)])
async def test_a_request_lapses_after_its_life(scene: Scene, height: int, *, stands: bool) -> None:
    await signed(scene, at_151=50_000)

    price = await price_for(scene, standing(height, a_policy(requested=150)))

    assert (price is not None) is stands


async def test_at_the_last_height_it_is_too_late_to_request(scene: Scene) -> None:
    with pytest.raises(PolicyExpiredError):
        await price_for(scene, standing(EXPIRY))


async def test_after_expiry_the_price_of_expiry_decides(scene: Scene) -> None:
    expired = standing(EXPIRY + 1)
    with pytest.raises(NotReadyError):
        await price_for(scene, expired)

    await signed(scene, at_200=59_999, at_201=70_000)
    price = await price_for(scene, expired)

    assert price is not None
    assert price.height == EXPIRY


async def test_a_policy_that_expired_worthless_has_no_step(scene: Scene) -> None:
    await signed(scene, at_200=60_000)

    with pytest.raises(NotInTheMoneyError):
        await price_for(scene, standing(EXPIRY + 1))


@pytest.mark.parametrize("status", [Status.PENDING_SIGNATURE, Status.SETTLED, Status.EXPIRED, Status.LAPSED])
def test_what_is_not_live_on_chain_has_no_step(status: Status) -> None:
    with pytest.raises(PolicyNotActiveError):
        standing(150, a_policy(status))

"""The policy as interface 2.7 shows it."""

import msgspec
import pytest
from views_scene import NOW_MS, OWNER, QUOTE, TIP, TXID, a_context, a_market, a_policy, usd

from bithedge.domain.ids import PolicyNumber
from bithedge.domain.money import Height, Sats
from bithedge.domain.payout import Kind
from bithedge.domain.policy.state import Settlement, Status
from bithedge.domain.tiers import Tier
from bithedge.storage.queries.policies import Backing
from bithedge.views.policies import backer_views, policy_view
from bithedge.views.times import rfc3339

KEYS = [
    "policy_id", "quote_id", "kind", "owner", "amount_sats", "strike_usd_e8", "max_payout_sats",
    "floor_usd_e8", "ceiling_usd_e8", "premium_sats", "fee_sats", "start_height", "expiry_height",
    "expiry_estimate_at", "valid_until_height", "valid_until_at", "tier", "status", "status_detail",
    "status_reason", "auto_exercise", "exercised_by", "in_the_money", "payout_now_sats", "value_now_sats",
    "at_sale", "created_txid", "settlement", "closing_txid", "confirmations", "final", "final_height",
    "created_at", "updated_seq",
]  # fmt: skip

SETTLED = Settlement(
    rule="touch",
    price=usd(29_000),
    price_height=Height(990),
    payout=Sats(10_000_000),
    txid=TXID,
    at_ms=NOW_MS,
)


def shown(*args: object, **kwargs: object) -> dict[str, object]:
    return msgspec.to_builtins(policy_view(*args, **kwargs))  # type: ignore[arg-type]


def test_a_policy_has_exactly_the_fields_of_the_interface_in_their_order() -> None:
    assert list(shown(a_policy(), a_context())) == KEYS


def test_an_active_put_shows_its_terms_with_units() -> None:
    view = shown(a_policy(), a_context())

    assert view["policy_id"] == 7
    assert view["quote_id"] == QUOTE
    assert view["kind"] == "put"
    assert view["owner"] == OWNER
    assert view["strike_usd_e8"] == 6_000_000_000_000
    assert view["floor_usd_e8"] == 3_000_000_000_000
    assert view["ceiling_usd_e8"] is None
    assert view["at_sale"] == {"spot_usd_e8": 6_500_000_000_000, "volatility": 0.66}
    assert view["valid_until_at"] == "2026-09-21T13:56:40.000Z"
    assert view["created_at"] == "2026-09-21T13:40:00.123Z"
    assert view["settlement"] is None


def test_a_capped_call_shows_its_ceiling_and_no_floor() -> None:
    view = shown(a_policy(kind=Kind.CALL, max_payout=2_500_000), a_context())

    assert view["floor_usd_e8"] is None
    assert view["ceiling_usd_e8"] == 8_000_000_000_000


def test_above_the_strike_a_put_pays_nothing_and_is_worth_something() -> None:
    view = policy_view(a_policy(), a_context(spot=65_000))

    assert view.in_the_money is False
    assert view.payout_now_sats == 0
    assert view.value_now_sats is not None
    assert 0 < view.value_now_sats < 10_000_000


def test_below_the_strike_a_put_is_in_the_money_and_worth_at_least_what_it_pays() -> None:
    view = policy_view(a_policy(), a_context(spot=50_000))

    assert view.in_the_money is True
    assert view.payout_now_sats == 2_000_000
    assert view.value_now_sats is not None
    assert view.value_now_sats >= 2_000_000


def test_at_the_floor_a_put_is_worth_its_max_payout() -> None:
    view = policy_view(a_policy(), a_context(spot=30_000))

    assert view.payout_now_sats == 10_000_000
    assert view.value_now_sats == 10_000_000


def test_without_a_price_nothing_is_said_about_worth() -> None:
    view = policy_view(a_policy(), a_context(market=a_market(None)))

    assert view.payout_now_sats is None
    assert view.value_now_sats is None
    assert view.in_the_money is False


def test_a_fixed_price_decides_what_a_settling_policy_pays() -> None:
    view = policy_view(a_policy(Status.SETTLING, settlement=SETTLED), a_context(spot=65_000))

    assert view.payout_now_sats == 10_000_000
    assert view.value_now_sats == 10_000_000


def test_a_settled_policy_is_worth_nothing_more_and_shows_what_it_paid() -> None:
    view = shown(a_policy(Status.SETTLED, settlement=SETTLED), a_context(spot=30_000))

    assert view["payout_now_sats"] == 0
    assert view["value_now_sats"] == 0
    assert view["settlement"] == {
        "rule": "touch",
        "price_usd_e8": 2_900_000_000_000,
        "payout_sats": 10_000_000,
        "height": 990,
        "txid": TXID,
        "at": rfc3339(NOW_MS),
    }


def test_confirmations_count_the_block_of_the_transaction_itself() -> None:
    assert policy_view(a_policy(standing_at=(500, 1_000)), a_context()).confirmations == 1
    assert policy_view(a_policy(standing_at=(451, 995)), a_context()).confirmations == 50
    assert policy_view(a_policy(standing_at=None), a_context()).confirmations == 0


def test_what_a_block_brings_is_confirmed_once_before_the_block_is_the_tip() -> None:
    assert policy_view(a_policy(standing_at=(TIP.block_height + 1, 1_001)), a_context()).confirmations == 1


@pytest.mark.parametrize(("mined_at", "final"), [(994, True), (995, False), (1_000, False)])
def test_six_burn_blocks_later_a_status_is_final(mined_at: int, *, final: bool) -> None:
    view = policy_view(a_policy(standing_at=(400, mined_at)), a_context())

    assert view.final_height == mined_at + 6
    assert view.final is final


def test_a_lapsed_policy_is_final_with_the_last_height_of_its_quote() -> None:
    view = policy_view(a_policy(Status.LAPSED, standing_at=None), a_context())

    assert view.final_height == 908
    assert view.final is True


def test_an_expiry_is_estimated_by_the_mean_block() -> None:
    view = policy_view(a_policy(), a_context())

    assert view.expiry_estimate_at == rfc3339(TIP.at_ms + 4_000 * 600_000)


def test_before_the_first_block_there_is_no_estimate_and_no_confirmation() -> None:
    view = policy_view(a_policy(), a_context(tip=None))

    assert view.expiry_estimate_at is None
    assert view.confirmations == 0
    assert view.final is False


def test_shares_of_backers_are_of_the_whole_collateral_rounded_down() -> None:
    shares = (6_666_667, 3_333_333)
    backings = tuple(
        Backing(
            address=OWNER,
            policy_id=PolicyNumber(7),
            tier=Tier.BALANCED,
            share=Sats(share),
            premium=Sats(1),
            earned=Sats(0),
            loss=Sats(0),
            released=False,
        )
        for share in shares
    )

    views = backer_views(backings)

    assert [(view.share_sats, view.share_bps) for view in views] == [(6_666_667, 6_666), (3_333_333, 3_333)]
    assert list(msgspec.to_builtins(views[0])) == ["address", "share_sats", "share_bps"]

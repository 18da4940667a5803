"""Events under names that carry their units."""

import msgspec
from views_scene import OWNER, QUOTE, TXID, terms, usd

from bithedge.domain.events.base import ChainRef, Recorded
from bithedge.domain.events.chain import BlockFollowed, PriceStale
from bithedge.domain.events.policy import PolicySettling, QuoteIssued
from bithedge.domain.events.pool import CollateralReleased, Release, VaultTotals
from bithedge.domain.events.registry import EVENT_TYPES
from bithedge.domain.ids import Hex, OperationId, PolicyNumber
from bithedge.domain.money import Bps, Height, Sats, UsdE8, Ustx
from bithedge.domain.tiers import Tier
from bithedge.views.events import _fields, event_data, event_view

TOTALS = VaultTotals(**{name: Sats(1) for name in VaultTotals.__struct_fields__})


def test_money_prices_and_heights_carry_their_units() -> None:
    event = PolicySettling(
        rule="daemon",
        exercised_by="owner",
        price=usd(50_000),
        price_height=Height(990),
        payout=Sats(2_000_000),
        operation_id=OperationId("o_" + "00" * 16),
    )

    assert event_data(event) == {
        "rule": "daemon",
        "exercised_by": "owner",
        "price_usd_e8": 5_000_000_000_000,
        "price_height": 990,
        "payout_sats": 2_000_000,
        "operation_id": "o_" + "00" * 16,
    }


def test_a_settlement_tells_each_backers_loss() -> None:
    event = CollateralReleased(
        quote_id=QUOTE,
        policy_id=PolicyNumber(7),
        tier=Tier.BALANCED,
        payout=Sats(5),
        backers=(Release(address=OWNER, share=Sats(9), loss=Sats(5)),),
        totals=TOTALS,
    )

    data = event_data(event)

    assert data["backers"] == [{"address": OWNER, "share_sats": 9, "loss_sats": 5}]
    assert data["tier"] == "balanced"


def test_times_are_shown_as_times() -> None:
    block = BlockFollowed(
        block_height=1, burn_height=Height(2), hash="0x", parent_hash="0x", block_at_ms=0, transactions=3
    )

    assert event_data(block)["block_at"] == "1970-01-01T00:00:00.000Z"
    assert event_data(PriceStale(reason="no source", last_at_ms=None)) == {
        "reason": "no source",
        "last_at": None,
    }


def test_nested_terms_are_shown_like_the_policys_own_fields() -> None:
    event = QuoteIssued(
        terms=terms(),
        spot=usd(65_000),
        volatility=0.6,
        price=usd(65_000),
        price_height=Height(900),
        quote_signatures=(Hex("0x00"),),
        reading_signatures=(Hex("0x01"),),
    )

    shown = event_data(event)["terms"]

    assert isinstance(shown, dict)
    assert shown["max_payout_sats"] == 10_000_000
    assert shown["expiry_height"] == 5_000
    assert shown["valid_until_at"] == "2026-09-21T13:56:40.000Z"
    assert shown["kind"] == "put"


def test_every_figure_of_every_event_says_its_unit() -> None:
    units = {Sats: "_sats", UsdE8: "_usd_e8", Ustx: "_ustx", Bps: "_bps", Height: "height"}
    for kind in EVENT_TYPES.values():
        shown = _fields(kind)

        assert len({field.shown_as for field in shown}) == len(msgspec.structs.fields(kind))
        for field, own in zip(shown, msgspec.structs.fields(kind), strict=True):
            unit = units.get(own.type, "")
            assert field.shown_as.endswith(unit), f"{kind.__name__}.{own.name} is shown as {field.shown_as}"
            assert not field.shown_as.endswith(("_ms", "_s"))


def test_an_event_stands_in_its_block_and_says_whether_it_was_taken_back() -> None:
    recorded = Recorded(
        seq=9,
        stream="oracle",
        version=1,
        event=PriceStale(reason="x", last_at_ms=None),
        at_ms=0,
        chain=ChainRef(block_height=3, block_hash="0x01", burn_height=Height(2), txid=TXID),
        undone=True,
    )

    view = event_view(recorded)

    assert list(msgspec.to_builtins(view)) == [
        "seq", "name", "at", "block_height", "burn_height", "txid", "data", "undone",
    ]  # fmt: skip
    assert (view.seq, view.name, view.block_height, view.burn_height) == (9, "PriceStale", 3, 2)
    assert (view.txid, view.undone) == (TXID, True)

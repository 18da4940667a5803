from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from bithedge.domain.tiers import Tier
from bithedge.http.problems import HttpError
from bithedge.http.requests import (
    AvailabilityQuery,
    MessageBody,
    PoliciesQuery,
    QuoteBody,
    ReserveBody,
    ReserveMessage,
)
from bithedge.http.shapes import read_query, read_struct, read_union

QUOTE = {"kind": "put", "amount_sats": 1, "strike_usd_e8": 1, "max_payout_sats": 1, "tenor_blocks": 1}
AUTHORISATION = {"message_id": "m_" + "0" * 32, "signature": "ab" * 65, "public_key": "0x" + "AB" * 33}


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    sizes: tuple[Annotated[int, Meta(ge=1)], ...]


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner


def faults(error: HttpError) -> dict[str, str]:
    assert error.code == "validation_failed"
    return {fault.field: fault.message for fault in error.faults}


def test_a_sound_body_becomes_its_struct() -> None:
    body = read_struct(QUOTE | {"tier": "balanced"}, QuoteBody)

    assert (body.amount_sats, body.tier, body.owner) == (1, Tier.BALANCED, None)


@pytest.mark.parametrize("value", [1.0, 1e3, "1", True, None, [1], 0, -1, 2**53])
def test_a_figure_of_the_wrong_shape_is_refused_by_its_field(value: object) -> None:
    with pytest.raises(HttpError) as caught:
        read_struct(QUOTE | {"amount_sats": value}, QuoteBody)

    assert list(faults(caught.value)) == ["amount_sats"]


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(HttpError) as caught:
        read_struct({"kind": "straddle", "amount_sats": 0, "colour": 1}, QuoteBody)

    assert set(faults(caught.value)) == {"colour", "kind", "amount_sats", "strike_usd_e8"}


def test_a_price_above_what_the_contracts_take_is_refused() -> None:
    with pytest.raises(HttpError) as caught:
        read_struct(QUOTE | {"strike_usd_e8": 9_000_000_000_000_001}, QuoteBody)

    assert list(faults(caught.value)) == ["strike_usd_e8"]


def test_a_fault_deep_inside_has_a_dotted_path() -> None:
    with pytest.raises(HttpError) as caught:
        read_struct({"inner": {"sizes": [1, 0]}}, Outer)
    assert list(faults(caught.value)) == ["inner.sizes.1"]

    with pytest.raises(HttpError) as caught:
        read_struct({"quote_id": "q_" + "0" * 32, "authorisation": AUTHORISATION | {"x": 1}}, ReserveBody)
    assert list(faults(caught.value)) == ["authorisation"]


def test_hex_may_leave_out_its_prefix_and_use_capitals() -> None:
    body = read_struct({"quote_id": "q_" + "0" * 32, "authorisation": AUTHORISATION}, ReserveBody)

    assert body.authorisation.signature == "ab" * 65


def test_a_message_is_told_by_its_action() -> None:
    tree = {"action": "reserve-policy", "address": "ST1", "quote_id": "q_" + "0" * 32}

    assert isinstance(read_union(tree, MessageBody), ReserveMessage)
    for wrong in (tree | {"action": "steal"}, tree | {"tier": "balanced"}, {"address": "ST1"}):
        with pytest.raises(HttpError):
            read_union(wrong, MessageBody)


def test_a_query_reads_numbers_words_and_lists() -> None:
    query = read_query([("limit", "7"), ("status", "active,settled"), ("tier", "balanced")], PoliciesQuery)

    assert (query.limit, query.tier) == (7, Tier.BALANCED)
    assert [status.value for status in query.status or ()] == ["active", "settled"]


@pytest.mark.parametrize(
    ("pairs", "field"),
    [
        ([("colour", "red")], "colour"),
        ([("limit", "1"), ("limit", "2")], "limit"),
        ([("limit", "0")], "limit"),
        ([("limit", "201")], "limit"),
        ([("limit", "+5")], "limit"),
        ([("limit", "5.0")], "limit"),
        ([("limit", "05")], "limit"),
        ([("limit", "\u0665")], "limit"),
        ([("status", "")], "status"),
        ([("status", "active,dead")], "status.1"),
    ],
)
def test_a_query_that_is_not_sound_is_refused(pairs: list[tuple[str, str]], field: str) -> None:
    with pytest.raises(HttpError) as caught:
        read_query(pairs, PoliciesQuery)

    assert list(faults(caught.value)) == [field]


def test_a_query_names_all_that_it_lacks() -> None:
    with pytest.raises(HttpError) as caught:
        read_query([], AvailabilityQuery)

    assert set(faults(caught.value)) == {"kind", "strike_usd_e8", "max_payout_sats", "tenor_blocks"}

import msgspec
import pytest

from bithedge.domain.payout import Kind
from bithedge.domain.tiers import DEFAULT_TIERS, KindLimits, Tier, TierParameters, kink_of

BALANCED = DEFAULT_TIERS[Tier.BALANCED]


@pytest.mark.parametrize(
    ("tier", "put", "call", "put_tenor", "cap", "margin", "crash"),
    [
        (Tier.CONSERVATIVE, (5_000, 9_000), (11_100, 20_000), 4_320, 6_000, 1_000, 3_000),
        (Tier.BALANCED, (5_000, 10_000), (10_000, 20_000), 12_960, 7_500, 1_500, 4_000),
        (Tier.AGGRESSIVE, (5_000, 11_000), (9_100, 20_000), 25_920, 9_000, 2_500, 5_000),
    ],
)
def test_the_shipped_tiers_back_what_the_product_says(
    tier: Tier, put: tuple[int, int], call: tuple[int, int], put_tenor: int, cap: int, margin: int, crash: int
) -> None:
    shipped = DEFAULT_TIERS[tier]

    assert shipped.name is tier
    assert (shipped.put.min_moneyness_bps, shipped.put.max_moneyness_bps) == put
    assert (shipped.call.min_moneyness_bps, shipped.call.max_moneyness_bps) == call
    assert (shipped.put.min_tenor_blocks, shipped.put.max_tenor_blocks) == (144, put_tenor)
    assert (shipped.call.min_tenor_blocks, shipped.call.max_tenor_blocks) == (144, 4_320)
    assert (shipped.utilisation_cap_bps, shipped.margin_bps, shipped.crash_limit_bps) == (cap, margin, crash)
    assert shipped.utilisation_kink_bps * 3 == cap * 2
    assert shipped.max_amount_sats == 1_000_000_000
    assert shipped.capacity_limit_sats is None


def test_every_tier_is_shipped_once_from_the_cheapest_margin_to_the_dearest() -> None:
    assert list(DEFAULT_TIERS) == list(Tier)
    margins = [tier.margin_bps for tier in DEFAULT_TIERS.values()]
    assert margins == sorted(margins)


def test_the_shipped_tiers_cannot_be_changed_in_place() -> None:
    with pytest.raises(TypeError):
        DEFAULT_TIERS[Tier.BALANCED] = DEFAULT_TIERS[Tier.AGGRESSIVE]
    with pytest.raises(AttributeError):
        BALANCED.margin_bps = 0


def test_a_tier_gives_the_limits_of_the_kind_asked_for() -> None:
    assert BALANCED.limits(Kind.PUT) is BALANCED.put
    assert BALANCED.limits(Kind.CALL) is BALANCED.call


@pytest.mark.parametrize(("cap", "kink"), [(6_000, 4_000), (7_500, 5_000), (10_000, 6_666), (8_501, 5_667)])
def test_the_kink_is_two_thirds_of_the_cap_rounded_down(cap: int, kink: int) -> None:
    assert kink_of(cap) == kink


@pytest.mark.parametrize(
    "fault",
    [
        {"max_amount_sats": 0},
        {"capacity_limit_sats": 0},
        {"utilisation_kink_bps": 7_500},
        {"utilisation_cap_bps": 10_001},
        {"crash_limit_bps": 0},
        {"margin_bps": -1},
    ],
)
def test_a_senseless_tier_is_refused_with_its_config(fault: dict[str, object]) -> None:
    raw = msgspec.to_builtins(BALANCED) | fault

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, TierParameters)


@pytest.mark.parametrize(
    "fault",
    [
        {"min_moneyness_bps": 0},
        {"max_moneyness_bps": 4_999},
        {"min_tenor_blocks": 0},
        {"max_tenor_blocks": 143},
        {"max_tenor_days": 90},
    ],
)
def test_senseless_limits_are_refused_with_their_config(fault: dict[str, object]) -> None:
    raw = msgspec.to_builtins(BALANCED.put) | fault

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, KindLimits)


def test_a_tier_survives_the_journal() -> None:
    assert msgspec.json.decode(msgspec.json.encode(BALANCED), type=TierParameters) == BALANCED

"""The other objects of the interface: their fields, in its order."""

import msgspec
import pytest
from views_scene import NOW_MS, OWNER, PRICING, QUOTE, TXID, a_context, a_market, a_policy, usd

from bithedge.config import Config
from bithedge.domain.errors import NotReadyError
from bithedge.domain.ids import Hex, OperationId, PolicyNumber
from bithedge.domain.money import Bps, Height, Sats, Ustx
from bithedge.domain.payout import Kind
from bithedge.domain.pool.views import PoolView, PortfolioView, TierAccountView
from bithedge.domain.premium import PremiumLines
from bithedge.domain.pricing import Greeks
from bithedge.domain.quotes import Alternative, Quote
from bithedge.domain.tiers import Tier
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.parameters import ContractParameters
from bithedge.stacks.networks import Network
from bithedge.storage.keeping import Candle
from bithedge.storage.ports import Attested
from bithedge.storage.queries.chain import Alert, Block
from bithedge.storage.queries.providers import BackedPolicy, LedgerLine
from bithedge.storage.queries.transactions import Operation, Transaction
from bithedge.views.alerts import alert_view
from bithedge.views.chain import block_view
from bithedge.views.oracle import TENORS, attestation_view, candle_view, oracle_view
from bithedge.views.pool import PauseView, pool_view
from bithedge.views.providers import backing_view, ledger_line_view, provider_view
from bithedge.views.quotes import quote_view
from bithedge.views.settings import Identity, config_view
from bithedge.views.transactions import operation_view, transaction_view


def names(view: object) -> str:
    return " ".join(msgspec.to_builtins(view))


def a_quote() -> Quote:
    return Quote(
        quote_id=QUOTE,
        kind=Kind.PUT,
        owner=None,
        amount=Sats(10_000_000),
        strike=usd(60_000),
        max_payout=Sats(10_000_000),
        floor=usd(30_000),
        ceiling=None,
        expiry=Height(5_320),
        valid_until=Height(1_002),
        valid_until_s=NOW_MS // 1_000 + 600,
        tier=Tier.BALANCED,
        spot=usd(65_000),
        volatility=0.7,
        years=0.08,
        lines=PremiumLines(
            fair_value=Sats(100),
            margin=Sats(15),
            utilisation=Sats(3),
            fee=Sats(6),
            total=Sats(124),
            margin_basis="rate",
        ),
        break_even=usd(59_900),
        greeks=Greeks(delta_sats_per_usd=-1.0, gamma=0.1, vega_sats_per_point=2.0, theta_sats_per_day=-3.0),
        utilisation_after=Bps(1_000),
        alternatives=(Alternative(tier=Tier.AGGRESSIVE, total=Sats(150)),),
    )


def a_transaction(**changes: object) -> Transaction:
    made = Transaction(
        txid=TXID,
        address=OWNER,
        nonce=3,
        fee=Ustx(3_000),
        contract_id="ST.liquidity-pool",
        function="buy-policy",
        kind=None,
        status="confirmed",
        reason=None,
        block_height=500,
        burn_height=Height(1_000),
        operation_id=None,
        quote_ids=(QUOTE,),
        policy_ids=(PolicyNumber(7),),
        withdrawal_id=None,
        replaced_by=None,
        first_seen=4,
        seen_at_ms=NOW_MS,
        sent_at_ms=NOW_MS,
    )
    return msgspec.structs.replace(made, **changes)


def test_a_quote_shows_its_lines_and_its_alternatives() -> None:
    view = quote_view(a_quote(), a_context())

    assert names(view) == (
        "quote_id kind owner amount_sats strike_usd_e8 max_payout_sats floor_usd_e8 ceiling_usd_e8 "
        "expiry_height expiry_estimate_at valid_until_height valid_until_at tier spot_usd_e8 volatility "
        "years premium margin_basis break_even_usd_e8 greeks utilisation_after_bps alternatives"
    )
    assert names(view.premium) == "fair_value_sats margin_sats utilisation_sats fee_sats total_sats"
    assert names(view.greeks) == "delta_sats_per_usd gamma vega_sats_per_point theta_sats_per_day"
    assert msgspec.to_builtins(view.alternatives) == ({"tier": "aggressive", "total_sats": 150},)


def test_the_oracle_shows_sources_and_the_volatility_of_each_tenor() -> None:
    view = oracle_view(a_context())

    assert names(view) == (
        "spot_usd_e8 observed_at stale suspended reason change_24h_bps high_24h_usd_e8 low_24h_usd_e8 "
        "sources volatilities"
    )
    assert msgspec.to_builtins(view.sources) == (
        {
            "name": "fixed",
            "price_usd_e8": 6_500_000_000_000,
            "age_ms": 1_500,
            "weight_bps": 10_000,
            "used": True,
        },
    )
    assert [one.tenor_blocks for one in view.volatilities] == list(TENORS)
    assert all(one.volatility == pytest.approx(0.66) for one in view.volatilities)


def test_a_silent_oracle_says_why() -> None:
    view = oracle_view(a_context(market=a_market(None, stale=True)))

    assert (view.spot_usd_e8, view.observed_at, view.stale) == (None, None, True)
    assert view.reason == "no source answers"
    assert view.volatilities == ()


def test_before_the_oracle_has_spoken_it_is_not_ready() -> None:
    context = msgspec.structs.replace(a_context(), market=None)

    with pytest.raises(NotReadyError):
        oracle_view(context)


def test_candles_and_attestations_are_shown_with_units() -> None:
    candle = Candle(bar="1h", at_ms=0, opening=usd(1), high=usd(3), low=usd(1), closing=usd(2))
    attested = Attested(
        question="height:9", price=usd(2), height=Height(9), public_key=Hex("0x02"), signature=Hex("0x03")
    )

    assert names(candle_view(candle)) == "at open_usd_e8 high_usd_e8 low_usd_e8 close_usd_e8"
    assert msgspec.to_builtins(attestation_view([attested], threshold=1)) == {
        "price_usd_e8": 200_000_000,
        "height": 9,
        "threshold": 1,
        "attestations": ({"public_key": "0x02", "signature": "0x03"},),
    }


def test_a_portfolio_shows_each_tier() -> None:
    account = TierAccountView(
        **dict.fromkeys(TierAccountView.__struct_fields__, 0)
        | {"tier": Tier.BALANCED, "exit": False, "health": "healthy", "backs_from_height": None}
    )
    view = provider_view(
        PortfolioView(
            address=OWNER, tiers=(account,), total_sats=Sats(5), first_deposit_ms=0, last_activity_ms=None
        )
    )

    assert names(view) == "address tiers total_sats first_deposit_at last_activity_at"
    assert names(view.tiers[0]) == (
        "tier free_sats locked_sats pending_sats earned_sats unearned_sats fees_sats losses_sats "
        "deposited_sats withdrawn_sats withdrawable_sats active_policies yield_bps exit health"
    )
    assert view.first_deposit_at == "1970-01-01T00:00:00.000Z"
    assert view.last_activity_at is None


def test_a_ledger_line_names_its_cause() -> None:
    line = LedgerLine(
        seq=4,
        line=1,
        tier=Tier.BALANCED,
        bucket="free",
        change=-7,
        balance=3,
        cause="sale",
        quote_id=QUOTE,
        policy_id=PolicyNumber(7),
        txid=TXID,
        at_ms=0,
        undone=False,
    )

    view = ledger_line_view(line)

    assert names(view) == "seq at tier bucket change_sats balance_sats cause policy_id txid undone"
    assert (view.change_sats, view.balance_sats, view.cause) == (-7, 3, "sale")


@pytest.mark.parametrize(("released", "earned"), [(False, 24), (True, 5)])
def test_a_backing_earns_by_the_height_until_it_is_released(*, released: bool, earned: int) -> None:
    backed = BackedPolicy(
        seq=4,
        policy=a_policy(),
        share=Sats(2_500_000),
        premium=Sats(1_000),
        earned=Sats(5),
        loss=Sats(0),
        released=released,
    )

    view = backing_view(backed, a_context(spot=50_000))

    assert names(view) == (
        "policy_id quote_id tier kind strike_usd_e8 floor_usd_e8 ceiling_usd_e8 expiry_height status "
        "share_sats share_bps owed_now_sats premium_sats earned_sats"
    )
    assert view.share_bps == 2_500
    assert view.owed_now_sats == 500_000
    assert view.earned_sats == earned  # 100 of 4,100 blocks


def test_the_pool_shows_what_pauses_it_and_whether_its_books_agree() -> None:
    figures = PoolView(
        **dict.fromkeys(PoolView.__struct_fields__, 1) | {"closed": False, "liabilities": None}
    )
    pause = PauseView(what="sales", code="oracle_stale", message="no price", since_at=None)

    view = pool_view(figures, pauses=[pause], reconciled=True, reconciled_height=Height(1_000))

    assert names(view) == (
        "vault_sats available_sats locked_sats buffer_sats reserved_sats premiums_sats payouts_sats "
        "protected_sats utilisation_bps active_policies policies_sold policies_settled policies_expired "
        "providers pauses reconciled reconciled_height closed liabilities"
    )
    assert names(view.pauses[0]) == "what code message since_at"


def test_a_block_shows_the_mean_of_burn_blocks() -> None:
    block = Block(
        hash="0x01",
        parent_hash="0x00",
        block_height=500,
        burn_height=Height(1_000),
        at_ms=0,
        transactions=2,
        orphaned=False,
        reverted_events=0,
        seq=1,
    )

    view = block_view(block, a_context())

    assert names(view) == (
        "block_height burn_height hash parent_hash at mean_burn_block_s orphaned reverted_events"
    )
    assert view.mean_burn_block_s == 600


def test_a_transaction_names_its_policy_where_it_has_one() -> None:
    view = transaction_view(a_transaction(), a_context())

    assert names(view) == (
        "txid status reason address nonce contract_id function fee_ustx block_height burn_height "
        "confirmations policy_id quote_id operation_id replaced_by seen_at"
    )
    assert (view.policy_id, view.quote_id, view.confirmations) == (7, QUOTE, 1)


def test_a_release_of_several_policies_names_none_of_them() -> None:
    released = a_transaction(policy_ids=(PolicyNumber(1), PolicyNumber(2)), quote_ids=())

    view = transaction_view(released, a_context())

    assert (view.policy_id, view.quote_id) == (None, None)


def test_an_operation_shows_every_attempt() -> None:
    operation = Operation(
        operation_id=OperationId("o_" + "00" * 16),
        kind="settle",
        status="sent",
        policy_ids=(PolicyNumber(7),),
        reason=None,
        useless_after=None,
        created_seq=1,
        created_at_ms=0,
    )

    view = operation_view(operation, [a_transaction(sent_at_ms=None)])

    assert names(view) == "operation_id kind status policy_ids reason attempts created_at"
    assert names(view.attempts[0]) == "txid nonce fee_ustx sent_at status reason"
    assert view.attempts[0].sent_at is None


def test_an_alert_leads_to_its_page() -> None:
    view = alert_view(
        Alert(code="low_stx", severity="warning", message="m", public=False, seq=1, since_at_ms=0)
    )

    assert names(view) == "code severity message since_at runbook public"
    assert view.runbook.endswith("low_stx")


def test_the_configuration_tells_contracts_limits_and_the_message_domain() -> None:
    figures = dict.fromkeys(ContractParameters.__struct_fields__, 1)
    identity = Identity(
        version="0.1.0",
        stream_url="ws://127.0.0.1:8481/v1/stream",
        deployment=Deployment(network=Network.DEVNET, deployer=OWNER, sbtc_token=f"{OWNER}.sbtc-token"),
        parameters=ContractParameters(**figures | {"treasury": OWNER, "grace": 1_008}),
        quote_public_key=Hex("0x02"),
        attestors=(Hex("0x03"),),
    )

    view = config_view(Config(), PRICING, identity)

    assert names(view) == (
        "network chain_id version stream_url contracts quote_public_key quote_threshold voucher_threshold "
        "attestors attestor_threshold grace_blocks quote_valid_blocks quote_valid_s price_tolerance_bps "
        "pool_utilisation_cap_bps oracle explorer_tx_url confirmations tiers limits message_domain"
    )
    assert view.contracts.liquidity_pool == f"{OWNER}.liquidity-pool"
    assert view.chain_id == 2_147_483_648
    assert view.explorer_tx_url is None
    assert view.grace_blocks == 1_008
    assert [tier.name.value for tier in view.tiers] == ["conservative", "balanced", "aggressive"]
    assert names(view.limits) == (
        "min_amount_sats min_max_payout_sats min_max_payout_bps min_premium_sats min_deposit_sats "
        "max_reservations reservation_share_bps rate_per_s rate_burst commit_per_s commit_burst body_bytes"
    )
    assert view.message_domain.startswith("0x0c00000003")

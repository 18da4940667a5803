import pytest

from bithedge.domain.facts import (
    BufferFact,
    DepositFact,
    ExpiryFact,
    PauseFact,
    PurchaseFact,
    ReleaseFact,
    SettlementFact,
    WithdrawalFact,
)
from bithedge.domain.ids import quote_id
from bithedge.domain.payout import Kind
from bithedge.domain.tiers import Tier
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.facts import ContractLog, facts_of
from bithedge.stacks.clarity import (
    NONE,
    Buffer,
    ClarityValue,
    List,
    Principal,
    Some,
    StringAscii,
    Tuple,
    UInt,
    serialise,
)
from bithedge.stacks.errors import ClarityError
from bithedge.stacks.networks import Network

OWNER = "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5"
DEPLOYMENT = Deployment(
    network=Network.DEVNET,
    deployer="ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
    sbtc_token="ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",  # noqa: S106 - an asset's id
)
TOTALS = Tuple.of(
    {
        name: UInt(number)
        for number, name in enumerate(
            ("available", "locked", "buffer", "deposited", "withdrawn", "premiums", "payouts", "escaped"), 1
        )
    }
)
TERMS = Tuple.of(
    {
        "quote-id": Buffer(b"\x01" * 16),
        "owner": Principal.parse(OWNER),
        "option": StringAscii("put"),
        "strike": UInt(6_000_000_000_000),
        "amount": UInt(10_000_000),
        "collateral": UInt(5_000_000),
        "premium": UInt(300_000),
        "fee": UInt(15_000),
        "tier": StringAscii("balanced"),
        "expiry": UInt(244),
        "valid-until": UInt(102),
        "valid-until-time": UInt(1_800_000_000),
    }
)


def printed(contract: str, topic: str, **fields: ClarityValue) -> ContractLog:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    head = {"topic": StringAscii(topic), "version": UInt(1), "height": UInt(100)}
    return ContractLog(DEPLOYMENT.contract_id(contract), serialise(Tuple.of(head | named)))


def updated(number: int, status: str) -> ContractLog:
    return printed(
        "policy-registry",
        "policy-status-updated",
        policy_id=UInt(number),
        quote_id=Buffer(bytes([number]) * 16),
        owner=Principal.parse(OWNER),
        status=StringAscii(status),
        price=UInt(0),
        payout=UInt(0),
    )


def test_a_purchase_is_one_fact_of_two_prints() -> None:
    logs = [
        printed(
            "policy-registry",
            "policy-created",
            policy_id=UInt(7),
            terms=TERMS,
            price=UInt(6_500_000_000_000),
            price_height=UInt(99),
        ),
        printed(
            "liquidity-pool",
            "collateral-locked",
            policy_id=Some(UInt(7)),
            amount=UInt(5_000_000),
            premium=UInt(300_000),
            fee=UInt(15_000),
            treasury=Principal.parse(DEPLOYMENT.deployer),
            totals=TOTALS,
        ),
    ]

    (fact,) = facts_of(logs, DEPLOYMENT)

    assert isinstance(fact, PurchaseFact)
    assert (fact.policy_id, fact.start, fact.price_height) == (7, 100, 99)
    assert fact.terms.quote_id == quote_id(b"\x01" * 16)
    assert fact.terms.kind is Kind.PUT
    assert fact.totals.locked == 2


def test_a_settlement_takes_its_quote_id_from_the_registrys_print() -> None:
    logs = [
        updated(7, "settled"),
        printed(
            "liquidity-pool",
            "settlement-paid",
            policy_id=UInt(7),
            owner=Principal.parse(OWNER),
            rule=StringAscii("touch"),
            price=UInt(4_000_000_000_000),
            price_height=UInt(120),
            payout=UInt(5_000_000),
            released=UInt(0),
            totals=TOTALS,
        ),
    ]

    (fact,) = facts_of(logs, DEPLOYMENT)

    assert isinstance(fact, SettlementFact)
    assert (fact.rule, fact.payout, fact.quote_id) == ("touch", 5_000_000, quote_id(b"\x07" * 16))


def test_a_release_of_two_is_an_expiry_each_and_one_release() -> None:
    released = printed(
        "liquidity-pool",
        "collateral-released",
        policy_ids=List.of([UInt(1), UInt(2)]),
        amount=UInt(10),
        totals=TOTALS,
    )

    facts = facts_of([updated(1, "expired"), updated(2, "expired"), released], DEPLOYMENT)

    assert [type(fact) for fact in facts] == [ExpiryFact, ExpiryFact, ReleaseFact]
    assert isinstance(facts[2], ReleaseFact)
    assert facts[2].policy_ids == (1, 2)


def test_a_deposit_and_a_withdrawal_by_voucher() -> None:
    logs = [
        printed(
            "liquidity-pool",
            "funds-deposited",
            provider=Principal.parse(OWNER),
            amount=UInt(50_000),
            tier=StringAscii("aggressive"),
            deposited=UInt(50_000),
            totals=TOTALS,
        ),
        printed(
            "liquidity-pool",
            "funds-withdrawn",
            provider=Principal.parse(OWNER),
            amount=UInt(40_000),
            tier=StringAscii("aggressive"),
            serial=Some(Buffer(b"\x03" * 16)),
            withdrawn=UInt(40_000),
            totals=TOTALS,
        ),
    ]

    deposit, withdrawal = facts_of(logs, DEPLOYMENT)

    assert isinstance(deposit, DepositFact)
    assert isinstance(withdrawal, WithdrawalFact)
    assert (deposit.tier, withdrawal.serial) == (Tier.AGGRESSIVE, b"\x03" * 16)


def test_an_escape_has_neither_tier_nor_serial() -> None:
    log = printed(
        "liquidity-pool",
        "funds-withdrawn",
        provider=Principal.parse(OWNER),
        amount=UInt(40_000),
        tier=StringAscii(""),
        serial=NONE,
        withdrawn=UInt(40_000),
        totals=TOTALS,
    )

    (fact,) = facts_of([log], DEPLOYMENT)

    assert isinstance(fact, WithdrawalFact)
    assert (fact.tier, fact.serial) == (None, None)


def test_the_stress_reserve_is_no_policys_collateral() -> None:
    locked = printed(
        "liquidity-pool",
        "collateral-locked",
        policy_id=NONE,
        amount=UInt(5),
        premium=UInt(0),
        fee=UInt(0),
        treasury=Principal.parse(OWNER),
        totals=TOTALS,
    )

    assert [type(fact) for fact in facts_of([locked], DEPLOYMENT)] == [BufferFact]


def test_a_pause_ends_at_its_height_and_a_resumption_has_none() -> None:
    paused = printed("policy-registry", "paused", what=StringAscii("sales"), until=UInt(120))
    resumed = printed("policy-registry", "resumed", what=StringAscii("sales"))

    assert facts_of([paused, resumed], DEPLOYMENT) == (
        PauseFact(what="sales", until=120),  # type: ignore[arg-type]
        PauseFact(what="sales", until=None),
    )


def test_what_other_contracts_print_is_no_fact_of_ours() -> None:
    log = ContractLog(f"{OWNER}.policy-registry", serialise(UInt(1)))

    assert facts_of([log], DEPLOYMENT) == ()


@pytest.mark.parametrize(("topic", "version"), [("policy-created", 2), ("policy-bought", 1)])
def test_a_print_that_this_release_does_not_know_is_an_error_and_no_silence(topic: str, version: int) -> None:
    value = Tuple.of({"topic": StringAscii(topic), "version": UInt(version)})

    with pytest.raises(ClarityError, match="cannot read it"):
        facts_of([ContractLog(DEPLOYMENT.registry, serialise(value))], DEPLOYMENT)

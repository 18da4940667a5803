from collections.abc import Sequence

from msgspec.structs import replace
from pool_scene import BTC, HOLDER, SPOT, TREASURY, Scene

from bithedge.domain.blocks import CHAIN_STREAM, POOL_STREAM, KnownTransaction, Placed, block_events
from bithedge.domain.facts import (
    CallOfOurs,
    DepositFact,
    ExpiryFact,
    Fact,
    MinedBlock,
    MinedTransaction,
    PurchaseFact,
    ReleaseFact,
    RequestFact,
    SettlementFact,
)
from bithedge.domain.pool.invariants import breaks, drift
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier

FINAL_BLOCKS = 6
TXID = "0x" + "ab" * 32


def a_transaction(
    *facts: Fact, txid: str = TXID, succeeded: bool = True, reason: str | None = None
) -> MinedTransaction:
    return MinedTransaction(txid=txid, succeeded=succeeded, reason=reason, facts=facts)


def a_block(scene: Scene, *transactions: MinedTransaction, burn: int | None = None) -> MinedBlock:
    return MinedBlock(
        block_height=scene.block + 1,
        burn_height=scene.height if burn is None else burn,
        hash="0xnew",
        parent_hash="0xold",
        at_ms=scene.now_ms,
        transactions=transactions,
    )


def known(number: int = 1, *, buys: bool = False, ours: bool = False) -> KnownTransaction:
    operation = f"o_{number:032x}" if ours else None
    return KnownTransaction(
        txid=TXID,
        stream=f"tx:{operation or TXID}",
        operation_id=operation,
        quote_ids=(f"q_{number:032x}",),
        buys=buys,
    )


def events(
    scene: Scene,
    block: MinedBlock,
    *,
    watched: Sequence[KnownTransaction] = (),
    now_final: Sequence[KnownTransaction] = (),
) -> list[Placed]:
    return block_events(
        scene.books,
        block,
        known={one.txid: one for one in watched},
        now_final=now_final,
        final_blocks=FINAL_BLOCKS,
        now_ms=scene.now_ms,
    )


def names(placed: Sequence[Placed]) -> list[str]:
    return [type(one.event).__name__ for one in placed]


def a_purchase(scene: Scene, terms: Terms, number: int = 1) -> PurchaseFact:
    totals = scene._chain(
        available=terms.premium - terms.max_payout,
        locked=terms.max_payout,
        deposited=terms.fee,
        premiums=terms.premium - terms.fee,
    )
    return PurchaseFact(
        policy_id=number,
        terms=terms,
        price=SPOT,
        price_height=scene.height,
        start=scene.height,
        treasury=TREASURY,
        totals=totals,
    )


def a_deposit(scene: Scene, address: str, amount: int) -> DepositFact:
    totals = scene._chain(available=amount, deposited=amount)
    return DepositFact(address=address, tier=Tier.BALANCED, amount=amount, totals=totals)


def test_an_empty_block_is_followed_and_brings_nothing_else() -> None:
    scene = Scene()

    placed = events(scene, a_block(scene))

    assert names(placed) == ["BlockFollowed"]
    assert placed[0].stream == CHAIN_STREAM
    assert placed[0].chain.txid is None


def test_a_purchase_makes_a_policy_ends_its_reservation_and_chooses_backers() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC)
    terms = scene.a_put()
    scene.reserve(terms)

    placed = events(scene, a_block(scene, a_transaction(a_purchase(scene, terms))))

    assert names(placed) == ["PolicyCreated", "CapacityReleased", "CollateralAllocated", "BlockFollowed"]
    assert [one.stream for one in placed[:2]] == [f"policy:{terms.quote_id}", POOL_STREAM]
    assert {one.chain.txid for one in placed[:3]} == {TXID}
    assert len(scene.books.reservations) == 0
    assert breaks(scene.books) == []


def test_a_fact_is_judged_on_what_the_facts_before_it_in_the_block_have_left() -> None:
    scene = Scene()
    deposit = a_deposit(scene, "ALICE", BTC)
    terms = scene.a_put()

    placed = events(
        scene, a_block(scene, a_transaction(deposit), a_transaction(a_purchase(scene, terms), txid="0x02"))
    )

    allocated = next(one.event for one in placed if type(one.event).__name__ == "CollateralAllocated")
    assert [backer.address for backer in allocated.backers] == ["ALICE"]
    assert scene.account("ALICE").locked == terms.max_payout
    assert drift(scene.books) == {}


def test_a_policy_bought_and_settled_in_one_block_ends_in_it() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC)
    terms = scene.a_put()
    bought = a_purchase(scene, terms)
    price = 50_000 * 10**8
    payout = terms.payout_at(price)
    totals = scene._chain(locked=-terms.max_payout, available=terms.max_payout - payout, payouts=payout)
    settled = SettlementFact(
        policy_id=1,
        quote_id=terms.quote_id,
        rule="touch",
        price=price,
        price_height=scene.height,
        payout=payout,
        totals=totals,
    )

    placed = events(scene, a_block(scene, a_transaction(bought, settled)))

    assert names(placed) == [
        "PolicyCreated",
        "CollateralAllocated",
        "PolicySettled",
        "CollateralReleased",
        "PremiumEarned",
        "BlockFollowed",
    ]
    assert scene.account("ALICE").losses == payout
    assert breaks(scene.books) == []


def test_a_release_ends_each_of_its_policies() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC)
    sold = [scene.sell(), scene.sell()]
    totals = scene._chain(locked=-2 * sold[0].max_payout, available=2 * sold[0].max_payout)
    facts: list[Fact] = [
        ExpiryFact(policy_id=number, quote_id=terms.quote_id) for number, terms in enumerate(sold, 1)
    ]
    facts.append(ReleaseFact(policy_ids=(1, 2), amount=2 * sold[0].max_payout, totals=totals))

    placed = events(scene, a_block(scene, a_transaction(*facts)))

    assert names(placed)[:2] == ["PolicyExpired", "PolicyExpired"]
    assert names(placed).count("CollateralReleased") == 2
    assert scene.account("ALICE").locked == 0
    assert breaks(scene.books) == []


def test_a_request_stands_in_its_policys_stream_alone() -> None:
    scene = Scene()
    request = RequestFact(policy_id=1, quote_id="q_" + "01" * 16, min_payout=5)

    placed = events(scene, a_block(scene, a_transaction(request)))

    assert [(type(one.event).__name__, one.stream) for one in placed[:-1]] == [
        ("PolicyExerciseRequested", "policy:q_" + "01" * 16)
    ]


def test_of_transactions_only_those_that_are_known_are_spoken_of() -> None:
    scene = Scene()
    block = a_block(scene, a_transaction(), a_transaction(txid="0x" + "cd" * 32))

    placed = events(scene, block, watched=[known(ours=True)])

    assert names(placed) == ["TransactionConfirmed", "BlockFollowed"]
    assert placed[0].stream == f"tx:o_{1:032x}"


def a_call(function: str = "deposit-funds") -> CallOfOurs:
    return CallOfOurs(
        address="ST_ALICE", nonce=3, fee=3_000, contract_id="ST_POOL.liquidity-pool", function=function
    )


def test_a_call_of_our_contracts_that_came_without_us_is_listed_with_its_outcome() -> None:
    scene = Scene()
    transaction = replace(a_transaction(a_deposit(scene, "ST_ALICE", BTC)), call=a_call())

    placed = events(scene, a_block(scene, transaction))

    assert names(placed)[:2] == ["TransactionPrepared", "TransactionConfirmed"]
    assert {one.stream for one in placed[:2]} == {f"tx:{TXID}"}
    assert (placed[0].event.address, placed[0].event.nonce) == ("ST_ALICE", 3)


def test_a_refused_call_that_came_without_us_takes_no_purchase_back() -> None:
    scene = Scene()
    refused = replace(a_transaction(succeeded=False, reason="(err u107)"), call=a_call("buy-policy"))

    placed = events(scene, a_block(scene, refused))

    assert names(placed) == ["TransactionPrepared", "TransactionAborted", "BlockFollowed"]


def test_a_strangers_settlement_stands_among_its_policys_events() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC)
    terms = scene.sell()
    totals = scene._chain(locked=-terms.max_payout, available=terms.max_payout - 1, payouts=1)
    settled = SettlementFact(
        policy_id=1,
        quote_id=terms.quote_id,
        rule="expiry",
        price=SPOT,
        price_height=scene.height,
        payout=1,
        totals=totals,
    )

    placed = events(scene, a_block(scene, replace(a_transaction(settled), call=a_call("settle-policy"))))

    assert placed[0].event.quote_ids == placed[1].event.quote_ids == (terms.quote_id,)


def test_a_purchase_that_was_mined_and_refused_may_be_signed_again() -> None:
    scene = Scene()
    refused = a_transaction(succeeded=False, reason="abort_by_response: (err u107)")

    placed = events(scene, a_block(scene, refused), watched=[known(buys=True)])

    assert names(placed) == ["TransactionAborted", "PolicyPurchaseAborted", "BlockFollowed"]
    assert placed[1].stream == f"policy:q_{1:032x}"
    assert placed[1].event.reason == "abort_by_response: (err u107)"


def test_a_refused_settlement_aborts_no_purchase() -> None:
    scene = Scene()
    refused = a_transaction(succeeded=False, reason="(err u105)")

    placed = events(scene, a_block(scene, refused), watched=[known(ours=True)])

    assert names(placed) == ["TransactionAborted", "BlockFollowed"]


def test_what_is_deep_enough_is_final() -> None:
    scene = Scene()

    placed = events(scene, a_block(scene), now_final=[known(ours=True)])

    assert names(placed) == ["TransactionFinal", "BlockFollowed"]


def test_a_reservation_lapses_with_its_policy_once_its_last_height_is_final_and_not_before() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC)
    terms = scene.a_put()
    scene.reserve(terms)
    last = terms.valid_until + FINAL_BLOCKS

    early = events(scene, a_block(scene, burn=last - 1))
    lapsed = events(scene, a_block(scene, burn=last))
    again = events(scene, a_block(scene, burn=last + 1))

    assert names(early) == names(again) == ["BlockFollowed"]
    assert names(lapsed) == ["CapacityReleased", "PolicyLapsed", "BlockFollowed"]
    assert lapsed[1].stream == f"policy:{terms.quote_id}"
    assert scene.books.reservations.pause_s(HOLDER, scene.now_ms) > 0


def test_a_reservation_that_is_bought_in_the_block_that_would_end_it_does_not_lapse() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC)
    terms = scene.a_put()
    scene.reserve(terms)

    placed = events(
        scene,
        a_block(scene, a_transaction(a_purchase(scene, terms)), burn=terms.valid_until + FINAL_BLOCKS),
    )

    assert "PolicyLapsed" not in names(placed)


def test_an_unused_voucher_gives_its_money_back_once_its_last_height_is_final() -> None:
    scene = Scene()
    scene.deposit("ALICE", BTC)
    scene.request("ALICE", BTC // 2)
    last = scene.height + scene.rules.voucher_blocks + FINAL_BLOCKS

    early = events(scene, a_block(scene, burn=last - 1))
    lapsed = events(scene, a_block(scene, burn=last))

    assert names(early) == ["BlockFollowed"]
    assert names(lapsed) == ["WithdrawalLapsed", "BlockFollowed"]
    assert scene.account("ALICE").free == BTC


def test_in_the_first_blocks_of_a_chain_nothing_is_final() -> None:
    scene = Scene()
    scene.height = 2

    assert names(events(scene, a_block(scene))) == ["BlockFollowed"]

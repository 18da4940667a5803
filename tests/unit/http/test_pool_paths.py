"""The pool's liabilities, stress, history and proof."""

from typing import Any

import msgspec
import pytest
from http_scene import DEPLOYER, DEPLOYMENT, NOW_MS, Scene

from actors.following import RECONCILIATION
from bithedge.domain.errors import NotReadyError, OracleStaleError
from bithedge.domain.events.base import ChainRef, Event
from bithedge.domain.events.chain import AlertCleared, AlertRaised
from bithedge.domain.events.pool import FundsDeposited, VaultTotals
from bithedge.domain.ids import Address
from bithedge.domain.money import Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.pool.invariants import Equation
from bithedge.domain.pool.risk_views import LiabilitiesView, StressPoint, StressView, WeekView
from bithedge.domain.tiers import Tier
from bithedge.stacks.clarity import Ok, Principal, Tuple, UInt, serialise_hex
from bithedge.stacks.errors import NodeError
from bithedge.stacks.node_types import Block
from bithedge.storage.ports import Change

TOTALS = {
    name: 10 * place
    for place, name in enumerate(
        ("available", "locked", "buffer", "deposited", "withdrawn", "premiums", "payouts", "escaped"), 1
    )
}
ANSWERS = {
    "get-balance": Ok(UInt(60)),
    "get-pool-totals": Tuple.of({name: UInt(value) for name, value in TOTALS.items()}),
    "get-liabilities": Tuple.of({"as-of": UInt(7)}),
    "get-policy-count": UInt(3),
}


def a_block(number: int) -> Block:
    name = f"0x{number:064x}"
    return Block(
        canonical=True,
        height=number,
        hash="0x" + "ee" * 32,
        index_block_hash=name,
        parent_block_hash=name,
        parent_index_block_hash=name,
        block_time=0,
        burn_block_height=1_000 + number,
        burn_block_hash=name,
        burn_block_time=0,
        tx_count=0,
    )


class PlayedNode:
    """Answers the reads; its tip is the next of `tips` each time it is asked, the last one for ever."""

    def __init__(self, *tips: int, silent: bool = False) -> None:
        self._tips = list(tips)
        self._silent = silent
        self.asked: list[tuple[str, str, list[Any]]] = []

    async def block(self, which: str) -> Block:
        assert which == "latest"
        if self._silent:
            raise NodeError("no answer", retryable=True)
        return a_block(self._tips.pop(0) if len(self._tips) > 1 else self._tips[0])

    async def call_read(self, contract_id: str, function: str, arguments: Any, *, sender: str) -> Any:
        assert sender == DEPLOYER
        self.asked.append((contract_id, function, list(arguments)))
        return ANSWERS[function]


def an_equation(question: Any) -> tuple[Equation, ...]:
    return (Equation(name="vault_covers_totals", left=question.vault, right=60, holds=True),)


def books_at(scene: Scene, number: int) -> None:
    """Let the pool's books stand at a block until they are asked to catch up with the next."""
    at = [number]

    def caught_up(_: Any) -> None:
        at[0] += 1

    def judge(question: Any) -> tuple[Equation, ...]:
        if question.block_hash != a_block(at[0]).index_block_hash:
            raise NotReadyError("the books stand at another block")
        return an_equation(question)

    scene.pool.plays["GetEquations"] = judge
    scene.system.chain.plays["CatchUp"] = caught_up


async def happened(scene: Scene, stream: str, *events: Event, at_ms: int = NOW_MS) -> None:
    await scene.system.journal.append([Change(stream=stream, events=events)], at_ms=at_ms)


async def deposited(scene: Scene, amount: int, *, burn_height: int, at_ms: int, locked: int = 0) -> None:
    totals = VaultTotals(**dict.fromkeys(TOTALS, Sats(0)) | {"available": 100, "locked": locked, "buffer": 9})
    event = FundsDeposited(address=Address(DEPLOYER), tier=Tier.BALANCED, amount=Sats(amount), totals=totals)
    chain = ChainRef(block_height=burn_height, block_hash="0x01", burn_height=Height(burn_height))
    await scene.system.journal.append([Change(stream="pool", events=(event,), chain=chain)], at_ms=at_ms)


# ------------------------------------------------------------ liabilities and stress


@pytest.mark.parametrize(("query", "kind"), [("", None), ("?kind=put", Kind.PUT), ("?kind=call", Kind.CALL)])
async def test_the_liabilities_are_of_the_kind_that_was_asked_for(
    scene: Scene, query: str, kind: Kind | None
) -> None:
    view = LiabilitiesView(strikes_usd_e8=(UsdE8(5),), weeks=(WeekView(Height(0), Height(1_007)),), cells=())
    scene.pool.plays["GetLiabilities"] = lambda _: view

    told = await scene.get(f"/v1/pool/liabilities{query}")

    assert told.json == {
        "strikes_usd_e8": [5],
        "weeks": [{"from_height": 0, "to_height": 1_007}],
        "cells": [],
    }
    assert told.headers["BitHedge-Seq"] == "0"
    assert [message.kind for message in scene.pool.heard] == [kind]


async def test_a_kind_that_is_none_is_refused(scene: Scene) -> None:
    told = await scene.get("/v1/pool/liabilities?kind=swap")

    assert (told.status, told.code) == (400, "validation_failed")


async def test_the_stress_ladder_is_not_sent_twice(scene: Scene) -> None:
    view = StressView(
        spot_usd_e8=UsdE8(7), locked_sats=Sats(3), points=(StressPoint(-7_000, UsdE8(2), Sats(1)),)
    )
    scene.pool.plays["GetStress"] = lambda _: view

    first = await scene.get("/v1/pool/stress")
    again = await scene.get("/v1/pool/stress", If_None_Match=first.headers["ETag"])

    assert first.json == {
        "spot_usd_e8": 7,
        "locked_sats": 3,
        "points": [{"change_bps": -7_000, "price_usd_e8": 2, "owed_sats": 1}],
    }
    assert (again.status, again.body) == (304, b"")


async def test_without_a_price_there_is_no_stress(scene: Scene) -> None:
    def stale(_: Any) -> Any:
        raise OracleStaleError("no price", retry_after_s=5)

    scene.pool.plays["GetStress"] = stale
    told = await scene.get("/v1/pool/stress")

    assert (told.status, told.code, told.headers["Retry-After"]) == (503, "oracle_stale", "5")


# ------------------------------------------------------------ history


async def test_the_days_come_oldest_first_with_what_moved_in_them(scene: Scene) -> None:
    await deposited(scene, 5, burn_height=1_000, at_ms=0)
    await deposited(scene, 6, burn_height=1_001, at_ms=60_000, locked=300)
    await deposited(scene, 7, burn_height=1_200, at_ms=120_000)

    told = await scene.get("/v1/pool/history?interval=1d")

    assert told.json["next_cursor"] is None
    assert [(day["at"], day["deposited_sats"]) for day in told.json["items"]] == [
        ("1970-01-01T00:01:00.000Z", 11),
        ("1970-01-01T00:02:00.000Z", 7),
    ]
    assert [day["utilisation_bps"] for day in told.json["items"]] == [7_500, 0]
    assert list(told.json["items"][0]) == [
        "at",
        "premiums_sats",
        "payouts_sats",
        "deposited_sats",
        "withdrawn_sats",
        "utilisation_bps",
    ]
    assert told.headers["BitHedge-Seq"] == "3"


async def test_a_span_of_time_leaves_days_out(scene: Scene) -> None:
    for day in range(3):
        await deposited(scene, day + 1, burn_height=144 * day, at_ms=day * 60_000)

    told = await scene.get("/v1/pool/history?from=1970-01-01T00:01:00.000Z&to=1970-01-01T00:01:30.000Z")

    assert [day["deposited_sats"] for day in told.json["items"]] == [2]


async def test_another_interval_or_no_time_is_refused(scene: Scene) -> None:
    for query in ("interval=1h", "from=yesterday-at-noon-or-so"):
        told = await scene.get(f"/v1/pool/history?{query}")
        assert (told.status, told.code) == (400, "validation_failed")


# ------------------------------------------------------------ the proof


async def test_the_proof_shows_each_read_as_a_node_takes_and_gives_it(scene: Scene) -> None:
    scene.node.lead(PlayedNode(8))
    books_at(scene, 8)

    proof = (await scene.get("/v1/pool/proof")).json

    assert list(proof) == ["burn_height", "block_hash", "equations", "last_break_at", "reads"]
    assert (proof["burn_height"], proof["block_hash"]) == (1_008, a_block(8).index_block_hash)
    assert proof["equations"] == [
        {"name": "vault_covers_totals", "left_sats": 60, "right_sats": 60, "holds": True}
    ]
    assert [(read["contract_id"], read["function"]) for read in proof["reads"]] == [
        (DEPLOYMENT.sbtc_token, "get-balance"),
        (DEPLOYMENT.pool, "get-pool-totals"),
        (DEPLOYMENT.pool, "get-liabilities"),
        (DEPLOYMENT.registry, "get-policy-count"),
    ]
    assert proof["reads"][0]["arguments"] == [serialise_hex(Principal.parse(DEPLOYMENT.pool))]
    for read in proof["reads"]:
        assert read["result"] == serialise_hex(ANSWERS[read["function"]])
    (question,) = scene.pool.heard
    assert msgspec.to_builtins(question.totals) == TOTALS


async def test_the_proof_waits_until_the_books_are_at_the_chains_block(scene: Scene) -> None:
    scene.node.lead(PlayedNode(8))
    books_at(scene, 7)

    told = await scene.get("/v1/pool/proof")

    assert (told.status, told.json["burn_height"]) == (200, 1_008)
    assert len(scene.pool.heard) == 2


async def test_figures_of_two_blocks_are_never_put_together(scene: Scene) -> None:
    scene.node.lead(PlayedNode(8, 9))
    books_at(scene, 8)

    told = await scene.get("/v1/pool/proof")

    assert told.json["block_hash"] == a_block(9).index_block_hash
    assert [question.block_hash for question in scene.pool.heard] == [a_block(9).index_block_hash]


async def test_a_proof_that_cannot_be_had_now_may_be_asked_for_again(scene: Scene) -> None:
    books_at(scene, 100)
    scene.node.lead(PlayedNode(8))
    apart = await scene.get("/v1/pool/proof")
    scene.node.lead(PlayedNode(8, silent=True))
    silent = await scene.get("/v1/pool/proof")

    assert (apart.status, apart.code, apart.headers["Retry-After"]) == (503, "not_ready", "1")
    assert (silent.status, silent.code) == (503, "node_unreachable")


async def test_the_last_break_stays_known_once_the_books_agree_again(scene: Scene) -> None:
    scene.node.lead(PlayedNode(8))
    books_at(scene, 8)
    before = (await scene.get("/v1/pool/proof")).json["last_break_at"]
    for at_ms in (60_000, 120_000):
        await happened(
            scene,
            "alerts",
            AlertRaised(code=RECONCILIATION, severity="critical", message="locked: 1 and 2"),
            AlertCleared(code=RECONCILIATION),
            at_ms=at_ms,
        )
    await happened(scene, "alerts", AlertRaised(code="low_stx", severity="warning", message="m"))

    after = (await scene.get("/v1/pool/proof")).json["last_break_at"]

    assert (before, after) == (None, "1970-01-01T00:02:00.000Z")

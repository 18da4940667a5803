"""What the operator sees."""

from types import SimpleNamespace

from http_scene import NOW_MS, TOKEN, Scene

from bithedge.domain.events.transactions import TransactionPrepared
from bithedge.domain.ids import Address, OperationId, Txid
from bithedge.domain.money import Height, Ustx
from bithedge.storage.ports import Change

OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


class TipNode:
    async def info(self) -> SimpleNamespace:
        return SimpleNamespace(stacks_tip_height=503)


async def own_fee(scene: Scene, number: int, *, nonce: int, fee: int, address: str = "ST1LANE") -> None:
    txid = Txid(f"0x{number:064x}")
    prepared = TransactionPrepared(
        txid=txid,
        address=Address(address),
        nonce=nonce,
        fee=Ustx(fee),
        contract_id=None,
        function="settle-policy",
        operation_id=OperationId(f"o_{number:032x}"),
        kind="settle",
    )
    await scene.system.journal.append([Change(stream=f"tx:{txid}", events=(prepared,))])


async def test_the_status_tells_lag_fees_and_breakers(scene: Scene) -> None:
    scene.node.lead(TipNode())
    scene.system.gateway.plays["GatewayStatus"] = lambda _: {  # type: ignore[attr-defined]
        "clients": 2,
        "queued_bytes": 10,
        "closed": {"4000": 1},
    }
    await own_fee(scene, 1, nonce=0, fee=3_000)
    await own_fee(scene, 2, nonce=0, fee=4_000)  # replaces the first: only one of them is mined
    await own_fee(scene, 3, nonce=0, fee=5_000, address="ST2LANE")
    scene.clock.ms += 5_000

    told = await scene.ask("GET", "/v1/admin/status", headers=OPERATOR)

    assert told.status == 200
    assert list(told.json) == [
        "uptime_s",
        "version",
        "pid",
        "node",
        "journal",
        "breakers",
        "gateway",
        "fees_today_ustx",
        "fees_cap_ustx",
    ]
    assert told.json["uptime_s"] == 5
    assert told.json["node"] == {
        "url": "http://127.0.0.1:3999",
        "block_height": 503,
        "burn_height": 1_000,
        "lag_blocks": 3,
    }
    assert told.json["gateway"] == {"clients": 2, "queued_bytes": 10, "closed": {"4000": 1}}
    assert told.json["fees_today_ustx"] == 9_000
    assert told.headers["Cache-Control"] == "no-store"


async def test_fees_of_another_day_do_not_count(scene: Scene) -> None:
    scene.node.lead(TipNode())
    scene.system.gateway.plays["GatewayStatus"] = lambda _: {  # type: ignore[attr-defined]
        "clients": 0,
        "queued_bytes": 0,
        "closed": {},
    }
    await own_fee(scene, 1, nonce=0, fee=3_000)
    scene.clock.ms = NOW_MS + 86_400_000

    told = await scene.ask("GET", "/v1/admin/status", headers=OPERATOR)

    assert told.json["fees_today_ustx"] == 0


async def test_a_pause_and_a_broken_book_are_breakers(scene: Scene) -> None:
    scene.node.lead(TipNode())
    scene.system.gateway.plays["GatewayStatus"] = lambda _: {  # type: ignore[attr-defined]
        "clients": 0,
        "queued_bytes": 0,
        "closed": {},
    }
    scene.system.board.post_pool(
        None,  # type: ignore[arg-type]
        (),
        broken="locked_is_live_collateral (1, 2)",
        pauses=(("withdrawals", Height(1_100), NOW_MS),),
    )

    told = await scene.ask("GET", "/v1/admin/status", headers=OPERATOR)

    breakers = {one["name"]: one for one in told.json["breakers"]}
    assert breakers["oracle_age_ms"]["ok"] is True
    assert breakers["reconciliation"]["ok"] is False
    assert breakers["paused_withdrawals"]["limit"] == 1_100

"""A system whose store is real and whose actors and node are played, behind the real application."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from actors.board import Board
from actors.system import System
from bithedge.config import Config
from bithedge.domain.ids import Address, Hex
from bithedge.domain.market import Market, SourceReading, Tip
from bithedge.domain.money import Bps, Height, Sats, UsdE8
from bithedge.domain.payout import Kind
from bithedge.domain.premium import PremiumLines, PremiumRule
from bithedge.domain.pricing import Greeks
from bithedge.domain.quote_limits import AmountLimits
from bithedge.domain.quotes import Pricing, Quote
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from bithedge.domain.volatility import Variances, VolatilityRule
from bithedge.http.app import make_app
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.parameters import ContractParameters
from bithedge.stacks.networks import Network
from bithedge.storage.connections import LocalConnection, open_reader, open_writer
from bithedge.storage.journal import SqliteJournal
from bithedge.storage.reader import Reader

NOW_MS = 1_790_000_000_000
DEPLOYER = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
TOKEN = "operators-own-token"  # noqa: S105 - a test's
DEPLOYMENT = Deployment(
    network=Network.DEVNET,
    deployer=DEPLOYER,
    sbtc_token="ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",  # noqa: S106 - an asset's id
)
QUOTE_BODY = {
    "kind": "put",
    "amount_sats": 10_000_000,
    "strike_usd_e8": 6_000_000_000_000,
    "max_payout_sats": 10_000_000,
    "tenor_blocks": 4_320,
}
KEY = {"Idempotency-Key": "k" * 16}


class StillClock:
    """Time stands until a test moves it."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1_000


class CountedIds:
    def __init__(self) -> None:
        self._next = 0

    def bytes16(self) -> bytes:
        self._next += 1
        return self._next.to_bytes(16, "big")


class PlayedActor:
    """Answers each kind of message with what a test gives it, and remembers what it was asked."""

    def __init__(self) -> None:
        self.plays: dict[str, Callable[[Any], Any]] = {}
        self.heard: list[Any] = []

    async def ask(self, message: Any, *, deadline: float) -> Any:
        assert deadline > 0
        self.heard.append(message)
        answer = self.plays[type(message).__name__](message)
        return await answer if asyncio.iscoroutine(answer) else answer


class LedNode:
    """The node of a test's choice; until it chooses one, asking is a mistake."""

    def __init__(self) -> None:
        self._led: Any = None

    def lead(self, node: Any) -> None:
        self._led = node

    def __getattr__(self, name: str) -> Any:
        return getattr(self._led, name)


class Unmissing:
    def __init__(self) -> None:
        self.missing: tuple[tuple[str, str], ...] = ()

    def reasons(self) -> tuple[tuple[str, str], ...]:
        return self.missing


class Scene:
    """The client, and what stands behind it."""

    def __init__(self, client: TestClient[Any, Any], system: System, clock: StillClock) -> None:
        self.client = client
        self.system = system
        self.clock = clock
        self.pool: PlayedActor = system.pool  # type: ignore[assignment]
        self.relay: PlayedActor = system.relay  # type: ignore[assignment]
        self.node: LedNode = system.node  # type: ignore[assignment]
        self.health: Unmissing = system.health  # type: ignore[assignment]

    async def ask(self, method: str, path: str, **options: Any) -> "Told":
        async with self.client.request(method, path, **options) as response:
            return Told(response.status, response.headers.copy(), await response.read())

    async def get(self, path: str, **headers: str) -> "Told":
        return await self.ask(
            "GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> "Told":
        return await self.ask("POST", path, json=body, headers=headers)


class Told:
    """An answer."""

    def __init__(self, status: int, headers: CIMultiDict[str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


def keep_task(coroutine: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(coroutine, name=name)


def a_board() -> Board:
    board = Board()
    board.post_tip(
        Tip(
            block_height=500,
            burn_height=Height(1_000),
            hash="0x" + "11" * 32,
            at_ms=NOW_MS,
            mean_burn_block_ms=600_000,
        )
    )
    board.post_market(
        Market(
            spot=UsdE8(6_500_000_000_000),
            observed_at_ms=NOW_MS,
            stale=False,
            suspended=False,
            reason=None,
            change_24h_bps=0,
            high_24h=None,
            low_24h=None,
            sources=(
                SourceReading(
                    name="fixed",
                    price_usd_e8=UsdE8(6_500_000_000_000),
                    observed_at_ms=NOW_MS,
                    weight_bps=Bps(10_000),
                    used=True,
                ),
            ),
            variances=Variances(fast=0.36, slow=0.36),
        )
    )
    return board


def a_quote(message: Any) -> Quote:
    request = message.request
    return Quote(
        quote_id=message.quote_id,
        kind=request.kind,
        owner=request.owner,
        amount=request.amount,
        strike=request.strike,
        max_payout=request.max_payout or Sats(1),
        floor=None if request.kind is Kind.CALL else UsdE8(1),
        ceiling=None,
        expiry=Height(5_320),
        valid_until=Height(1_002),
        valid_until_s=NOW_MS // 1_000 + 600,
        tier=request.tier or Tier.BALANCED,
        spot=UsdE8(6_500_000_000_000),
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
        break_even=None,
        greeks=Greeks(delta_sats_per_usd=0.0, gamma=0.0, vega_sats_per_point=0.0, theta_sats_per_day=0.0),
        utilisation_after=Bps(10),
        alternatives=(),
    )


@asynccontextmanager
async def a_scene(folder: Path, *, config: Config | None = None, devnet: Any = None) -> AsyncIterator[Scene]:
    path, clock = folder / "journal.db", StillClock()
    journal = await SqliteJournal.open(
        LocalConnection(open_writer(path)), epoch="e", now_ms=clock.now_ms, spawn=keep_task
    )
    reader = Reader(LocalConnection(open_reader(path)))
    figures = dict.fromkeys(ContractParameters.__struct_fields__, 1)
    pool = PlayedActor()
    pool.plays["PriceQuote"] = a_quote
    system = System(
        config=config or Config(),
        version="0.1.0",
        stream_url="ws://127.0.0.1:8481/v1/stream",
        deployment=DEPLOYMENT,
        parameters=ContractParameters(**figures | {"treasury": Address(DEPLOYER)}),
        pricing=Pricing(
            volatility=VolatilityRule(),
            premium=PremiumRule(),
            tiers=DEFAULT_TIERS,
            amounts=AmountLimits(),
            valid_blocks=2,
            valid_s=600,
        ),
        quote_public_key=Hex("0x02"),
        attestors=(Hex("0x03"),),
        board=a_board(),
        reader=reader,
        journal=journal,
        policies=PlayedActor(),  # type: ignore[arg-type]
        pool=pool,  # type: ignore[arg-type]
        oracle=PlayedActor(),  # type: ignore[arg-type]
        chain=PlayedActor(),  # type: ignore[arg-type]
        relay=PlayedActor(),  # type: ignore[arg-type]
        gateway=PlayedActor(),  # type: ignore[arg-type]
        supervisor=None,  # type: ignore[arg-type]
        node=LedNode(),  # type: ignore[arg-type]
        node_url="http://127.0.0.1:3999",
        clock=clock,
        ids=CountedIds(),
        health=Unmissing(),
        devnet=devnet,
        operator_token=TOKEN,
    )
    async with TestClient(TestServer(make_app(system))) as client:
        yield Scene(client, system, clock)
    await journal.close()
    await reader.close()

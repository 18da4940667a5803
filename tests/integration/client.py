"""A client of the public interface for the tests, and of the chain beside it."""

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import msgspec

from bithedge.stacks.clarity import ClarityValue, Principal, StringAscii, UInt, serialise_hex
from bithedge.stacks.clarity_python import to_python
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.signing import SignedTransaction
from tests.integration.serving import Ready
from tests.integration.wallet import Wallet

Json = dict[str, Any]
BTC = 100_000_000
STX = 1_000_000
SPOT = 6_500_000_000_000
POLL_S = 0.025
BLOCK_S = 0.5
WITHIN_S = 30.0

_keys = itertools.count(1)


def usd(dollars: float) -> int:
    return round(dollars * 100_000_000)


class Answer(msgspec.Struct, frozen=True):
    """One answer, read in full."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class RefusedError(AssertionError):
    """An answer of 400 and above where none was expected."""

    def __init__(self, method: str, path: str, answer: Answer) -> None:
        super().__init__(f"{method} {path}: {answer.status}: {answer.body.decode(errors='replace')}")
        self.answer = answer


class Client:
    """One daemon's HTTP interface, its chain, and what a test does on them."""

    def __init__(self, session: aiohttp.ClientSession, ready: Ready, *, name: str) -> None:
        self.session = session
        self.ready = ready
        self._name = name
        self._wallets = itertools.count(1)
        self._config: Json = {}

    # ------------------------------------------------------------ HTTP

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request as it is and return the answer, whatever it is."""
        given = dict(headers or {})
        if body is not None:
            data = msgspec.json.encode(body)
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, self.ready.http + path, data=data, headers=given, allow_redirects=False
        ) as response:
            content = await response.read()
            return Answer(response.status, response.headers.copy(), content)

    async def get(self, path: str) -> Any:
        answer = await self.ask("GET", path)
        if answer.status >= 400:
            raise RefusedError("GET", path, answer)
        return answer.json

    async def post(self, path: str, body: object, *, key: str | None = None) -> Any:
        answer = await self.try_post(path, body, key=key)
        if answer.status >= 400:
            raise RefusedError("POST", path, answer)
        return answer.json

    async def try_post(self, path: str, body: object, *, key: str | None = None) -> Answer:
        return await self.ask("POST", path, body=body, headers={"Idempotency-Key": key or new_key()})

    async def refusal(self, path: str, body: object) -> Json:
        """Post what is to be refused; return the problem, its shape checked."""
        return problem_of(await self.try_post(path, body))

    async def refusal_to_get(self, path: str) -> Json:
        return problem_of(await self.ask("GET", path))

    async def config(self) -> Json:
        if not self._config:
            self._config = await self.get("/v1/config")
        return self._config

    # ------------------------------------------------------------ the chain

    async def node(self, method: str, path: str, body: object = None) -> Any:
        """Ask the node itself; its control paths too."""
        async with self.session.request(method, self.ready.node + path, json=body) as response:
            answer = await response.json(content_type=None)
            assert response.status == 200, f"{method} {path}: {response.status}: {answer}"
            return answer

    async def read(self, contract: str, function: str, *arguments: ClarityValue) -> Any:
        """Call a read-only function; `contract` as `/v1/config` names it."""
        where = (await self.config())["contracts"][contract]
        address, name = where.split(".")
        body = {"sender": address, "arguments": [serialise_hex(argument) for argument in arguments]}
        answer = await self.node("POST", f"/v2/contracts/call-read/{address}/{name}/{function}", body)
        assert answer["okay"], answer
        return to_python(deserialise_hex(answer["result"]))

    async def totals(self) -> dict[str, int]:
        return await self.read("liquidity_pool", "get-pool-totals")

    async def sbtc(self, who: str) -> int:
        outcome = await self.read("sbtc_token", "get-balance", Principal.parse(who))
        return outcome.value

    async def vault(self) -> int:
        return await self.sbtc((await self.config())["contracts"]["liquidity_pool"])

    async def provider_on_chain(self, who: str) -> dict[str, int]:
        return await self.read("liquidity_pool", "get-provider-totals", Principal.parse(who))

    async def policy_on_chain(self, policy_id: int) -> Json:
        return await self.read("policy_registry", "get-policy-data", UInt(policy_id))

    async def collateral(self, policy_id: int) -> int:
        return await self.read("liquidity_pool", "get-collateral", UInt(policy_id))

    async def parameter(self, name: str) -> int:
        return await self.read("policy_registry", "get-parameter", StringAscii(name))

    async def block(self, count: int = 1) -> None:
        """Mine Stacks blocks, the mempool in the first; the burn height stays."""
        await self.node("POST", "/devnet/mine", {"count": count})

    async def waiting(self) -> int:
        """Return how many transactions wait in the mempool."""
        return (await self.node("GET", "/devnet/stats"))["mempool"]

    async def height(self) -> int:
        return (await self.node("GET", "/v2/info"))["burn_block_height"]

    async def mine(self, blocks: int = 1) -> Json:
        return await self.post("/v1/devnet/mine", {"blocks": blocks})

    async def mine_to(self, height: int) -> Json:
        """Mine until the burn height is `height`."""
        left = height - await self.height()
        assert left > 0, f"height {height} has passed"
        while left > 2_000:
            await self.mine(2_000)
            left -= 2_000
        return await self.mine(left)

    async def price(self, usd_e8: int | None) -> Json:
        return await self.post("/v1/devnet/price", {"usd_e8": usd_e8})

    async def priced(self, height: int) -> Json:
        """Wait until a height has its public price."""
        return await self.until(f"/v1/oracle/attestation?height={height}", bool, mining=False)

    async def fork(self, depth: int, *, requeue: bool = True, include: tuple[str, ...] = ()) -> Json:
        body = {"depth": depth, "requeue": requeue, "include": list(include)}
        return await self.post("/v1/devnet/fork", body)

    async def depth_of(self, block_height: int) -> int:
        """Return how many blocks a fork has to undo to undo that one."""
        return (await self.node("GET", "/devnet/stats"))["block_height"] - block_height + 1

    async def wallet(self, *, sbtc: int = 10 * BTC, stx: int = 1_000 * STX) -> Wallet:
        """Return a new account that holds so much, nobody else's."""
        made = Wallet.named(f"{self._name} {next(self._wallets)}")
        await self.node("POST", "/devnet/mint", {"address": made.address, "stx_ustx": stx, "sbtc_sats": sbtc})
        return made

    # ------------------------------------------------------------ waiting

    async def until(
        self,
        path: str,
        wanted: Callable[[Any], bool],
        *,
        within: float = WITHIN_S,
        mining: bool = True,
    ) -> Any:
        """Read a path until it is as wanted.

        Args:
            path: what is read.
            wanted: judges the answer.
            within: seconds.
            mining: whether blocks come meanwhile: one for what waits in the mempool, and one now and then.
        """
        began = time.monotonic()
        deadline, next_block = began + within, began + BLOCK_S
        while True:
            answer = await self.ask("GET", path)
            if answer.status < 400 and wanted(answer.json):
                return answer.json
            now = time.monotonic()
            if now > deadline:
                raise AssertionError(
                    f"{path} is not as wanted after {within} s: {answer.body.decode(errors='replace')}"
                )
            if mining and (now > next_block or await self.waiting()):
                await self.block()
                next_block = now + BLOCK_S
            await asyncio.sleep(POLL_S)

    async def wait_policy(self, name: str | int, *status: str, mining: bool = True) -> Json:
        """Wait until a policy has one of these statuses."""
        return await self.until(
            f"/v1/policies/{name}", lambda policy: policy["status"] in status, mining=mining
        )

    async def wait_transaction(self, txid: str, *status: str) -> Json:
        return await self.until(
            f"/v1/transactions/{txid}", lambda transaction: transaction["status"] in status
        )

    async def caught_up(self) -> None:
        """Wait until the daemon has followed the chain to its tip."""
        tip = await self.node("GET", "/extended/v2/blocks/latest")
        await self.until(
            "/v1/blocks?limit=1",
            lambda blocks: bool(blocks["items"]) and blocks["items"][0]["hash"] == tip["index_block_hash"],
            mining=False,
        )

    # ------------------------------------------------------------ steps

    async def send(self, wallet: Wallet, prepared: Json) -> str:
        """Sign a prepared transaction and have it relayed; return its id."""
        return await self.relay(wallet.sign(prepared))

    async def relay(self, signed: SignedTransaction) -> str:
        answer = await self.post("/v1/transactions", {"tx": "0x" + signed.raw.hex()})
        assert answer["txid"] == signed.txid
        return signed.txid

    async def mined(self, wallet: Wallet, prepared: Json) -> Json:
        """Send a prepared transaction and mine it."""
        txid = await self.send(wallet, prepared)
        return await self.wait_transaction(txid, "confirmed", "final")

    async def authorise(self, wallet: Wallet, action: str, **fields: object) -> dict[str, str]:
        message = await self.post("/v1/messages", {"action": action, "address": wallet.address, **fields})
        return wallet.authorise(message)

    async def deposit(self, wallet: Wallet, amount: int, tier: str = "balanced") -> Json:
        body = {"address": wallet.address, "amount_sats": amount, "tier": tier}
        prepared = await self.post("/v1/deposits", body)
        mined = await self.mined(wallet, prepared["transaction"])
        await self.caught_up()
        return mined

    async def quote(self, **wish: object) -> Json:
        return await self.post("/v1/quotes", a_wish(**wish))

    async def reserve(self, wallet: Wallet, quote: Json) -> Json:
        authorisation = await self.authorise(wallet, "reserve-policy", quote_id=quote["quote_id"])
        return await self.post(
            "/v1/policies", {"quote_id": quote["quote_id"], "authorisation": authorisation}
        )

    async def buy(self, wallet: Wallet, **wish: object) -> Json:
        """Quote, reserve, sign and mine; return the active policy."""
        quote = await self.quote(owner=wallet.address, **wish)
        reserved = await self.reserve(wallet, quote)
        await self.send(wallet, reserved["transaction"])
        return await self.wait_policy(quote["quote_id"], "active")

    async def activate(self, wallet: Wallet, policy: Json, *, min_payout_sats: int | None = None) -> Json:
        """Have an exercise accepted; return the 202's body."""
        extra = {} if min_payout_sats is None else {"min_payout_sats": min_payout_sats}
        authorisation = await self.authorise(wallet, "activate-policy", policy_id=policy["quote_id"], **extra)
        return await self.post(
            f"/v1/policies/{policy['quote_id']}/activation", {"authorisation": authorisation, **extra}
        )

    async def voucher(self, wallet: Wallet, amount: int, tier: str = "balanced") -> Json:
        """Ask for leave to withdraw; return the 201's body."""
        authorisation = await self.authorise(wallet, "request-withdrawal", amount_sats=amount, tier=tier)
        return await self.post("/v1/withdrawals", a_withdrawal(wallet, amount, tier, authorisation))

    async def withdraw(self, wallet: Wallet, amount: int, tier: str = "balanced") -> Json:
        """Withdraw, and wait until the money is there; return the withdrawal."""
        issued = await self.voucher(wallet, amount, tier)
        await self.send(wallet, issued["transaction"])
        done = await self.until(
            f"/v1/withdrawals/{issued['withdrawal']['withdrawal_id']}",
            lambda answer: answer["withdrawal"]["status"] == "withdrawn",
        )
        return done["withdrawal"]

    async def account(self, wallet: Wallet, tier: str = "balanced") -> Json:
        """Return a provider's money in a tier."""
        portfolio = await self.get(f"/v1/providers/{wallet.address}")
        return next(account for account in portfolio["tiers"] if account["tier"] == tier)

    async def events(self, name: str | int) -> list[str]:
        """Return the names of a policy's standing events, oldest first."""
        found = await self.get(f"/v1/policies/{name}/events")
        return [event["name"] for event in found["items"] if not event["undone"]]

    async def books(self) -> Json:
        """Return all that a refusal must leave as it is, but for what the daemon does by itself."""
        pool = await self.get("/v1/pool")
        transactions = (await self.get("/v1/transactions?limit=200"))["items"]
        policies = (await self.get("/v1/policies?limit=200"))["items"]
        return {
            "pool": {name: value for name, value in pool.items() if name != "reconciled_height"},
            "tiers": await self.get("/v1/tiers"),
            "policies": [(one["quote_id"], one["status"], one["auto_exercise"]) for one in policies],
            "transactions": [
                (one["txid"], one["status"]) for one in transactions if one["operation_id"] is None
            ],
        }


def new_key() -> str:
    """Return an `Idempotency-Key` that was never used before in this run."""
    return f"integration-test-{time.monotonic_ns()}-{next(_keys)}"


def a_wish(**changes: object) -> Json:
    """Return a request for a quote: a put at the money for a week, in the balanced tier."""
    wish: Json = {
        "kind": "put",
        "amount_sats": 10_000_000,
        "strike_usd_e8": SPOT,
        "max_payout_sats": 10_000_000,
        "tenor_blocks": 1_008,
        "tier": "balanced",
    }
    return {name: value for name, value in (wish | changes).items() if value is not None}


def a_withdrawal(wallet: Wallet, amount: int, tier: str, authorisation: Mapping[str, str]) -> Json:
    return {
        "address": wallet.address,
        "amount_sats": amount,
        "tier": tier,
        "authorisation": dict(authorisation),
    }


def problem_of(answer: Answer) -> Json:
    """Return the problem that an answer carries, after checking that it is one."""
    assert answer.status >= 400, answer.body.decode(errors="replace")
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    problem = answer.json
    assert {"type", "title", "status", "detail", "code", "errors", "request_id"} <= problem.keys()
    assert problem["status"] == answer.status
    assert problem["type"] == f"/docs/errors#{problem['code']}"
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    for fault in problem["errors"]:
        assert {"field", "code", "message"} <= fault.keys()
    if answer.status in (429, 503):
        assert int(answer.headers["Retry-After"]) >= 1
    return problem


def fault_at(problem: Json, field: str) -> Json:
    """Return what a problem says about one field."""
    found = [fault for fault in problem["errors"] if fault["field"] == field]
    assert len(found) == 1, f"{field} is not among {problem['errors']}"
    return found[0]


def payout_of(policy: Json, price: int) -> int:
    """Return what a policy pays at a price: the contract's rule, written out again."""
    amount, strike, most = policy["amount_sats"], policy["strike_usd_e8"], policy["max_payout_sats"]
    moved = strike - price if policy["kind"] == "put" else price - strike
    return min(most, amount * moved // price) if moved > 0 else 0

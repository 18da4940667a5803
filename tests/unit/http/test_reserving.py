"""The purchase prepared: the order of its checks, and an answer that is kept with its commit."""

import hashlib
from typing import Any

import pytest
from http_scene import DEPLOYMENT, KEY, NOW_MS, Scene

from actors.messages.pool import Reserved
from bithedge.domain.errors import QuoteExpiredError, UnknownQuoteError
from bithedge.domain.events.policy import QuoteIssued
from bithedge.domain.events.transactions import TransactionPrepared
from bithedge.domain.ids import Address, Hex, QuoteId, Txid, to_bytes
from bithedge.domain.money import Height, Sats, UsdE8, Ustx
from bithedge.domain.payout import Kind
from bithedge.domain.terms import Terms
from bithedge.domain.tiers import Tier
from bithedge.http.node_reads import account_view, nonces_of
from bithedge.protocol.calls import SignedPrice
from bithedge.protocol.signing import command_of
from bithedge.stacks.errors import NodeError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.messages import ReservePolicy, command_id
from bithedge.stacks.networks import Network
from bithedge.stacks.node_types import Account, MempoolNonces, NodeTransaction, PrincipalNonces, Sender
from bithedge.stacks.transactions import deserialise_transaction
from bithedge.storage.ports import Change, policy_stream

ALICE_KEY = PrivateKey.from_hex(hashlib.sha256(b"alice").hexdigest() + "01")
ALICE = Address(ALICE_KEY.address(Network.DEVNET))
QUOTE = QuoteId("q_" + "ab" * 16)
SIGNATURE = Hex("0x" + "11" * 65)
OUR_TXID, THEIR_TXID = Txid("0x" + "aa" * 32), Txid("0x" + "bb" * 32)


class PlayedNode:
    """A node with one account whose next nonce is 5."""

    def __init__(self, *pending: int, silent: bool = False) -> None:
        self._pending = pending
        self._silent = silent

    async def account(self, principal: str) -> Account:
        if self._silent:
            raise NodeError(f"no answer about {principal}", retryable=True)
        return Account(balance_ustx=9_000, locked_ustx=0, nonce=5)

    async def principal_nonces(self, _: str) -> PrincipalNonces:
        return PrincipalNonces(next_nonce=5, mempool=MempoolNonces(pending_nonces=self._pending))

    async def ft_balance(self, _: str, asset: str) -> int:
        assert asset == DEPLOYMENT.sbtc_asset
        return 1_000_000

    async def mempool_transactions(self) -> tuple[NodeTransaction, ...]:
        return tuple(
            NodeTransaction(
                tx_id=THEIR_TXID,
                type="contract_call",
                status="pending",
                sender=Sender(address=ALICE, nonce=nonce),
                fee_rate=3_000,
            )
            for nonce in self._pending
        )


def terms() -> Terms:
    return Terms(
        quote_id=QUOTE,
        owner=ALICE,
        kind=Kind.PUT,
        strike=UsdE8(6_000_000_000_000),
        amount=Sats(10_000_000),
        max_payout=Sats(10_000_000),
        premium=Sats(400_000),
        fee=Sats(20_000),
        tier=Tier.BALANCED,
        expiry=Height(5_320),
        valid_until=Height(1_002),
        valid_until_s=NOW_MS // 1_000 + 600,
    )


def a_body(*, signed_by: PrivateKey = ALICE_KEY, quote: QuoteId = QUOTE) -> dict[str, Any]:
    message_id = command_id(NOW_MS // 1_000 + 300, b"x" * 11)
    command = command_of(DEPLOYMENT, ALICE, message_id, ReservePolicy(to_bytes(quote)))
    return {
        "quote_id": QUOTE,
        "authorisation": {
            "message_id": f"m_{message_id.hex()}",
            "signature": signed_by.sign(command.digest(Network.DEVNET)).hex(),
            "public_key": ALICE_KEY.public_key.hex(),
        },
    }


class PlayedSale:
    """Commits the terms as the pool does, the answer in the same commit."""

    def __init__(self, scene: Scene) -> None:
        self._journal = scene.system.journal
        self.heard: list[Any] = []

    async def __call__(self, message: Any) -> Reserved:
        self.heard.append(message)
        issued = QuoteIssued(
            terms=terms(),
            spot=UsdE8(6_500_000_000_000),
            volatility=0.7,
            price=UsdE8(6_500_000_000_000),
            price_height=Height(1_000),
            quote_signatures=(SIGNATURE,),
            reading_signatures=(SIGNATURE,),
        )
        reading = SignedPrice(price=issued.price, height=issued.price_height, signatures=(SIGNATURE,))

        def reserved(committed: Any) -> Reserved:
            return Reserved(policy=committed[-1].policy, quote_signatures=(SIGNATURE,), reading=reading)

        committed = await self._journal.append(
            [Change(stream=policy_stream(QUOTE), events=(issued,), expected=0)],
            keep=lambda done: message.keep(reserved(done), done),
            used_message=message.command_id,
        )
        return reserved(committed)


@pytest.fixture
def sale(scene: Scene) -> PlayedSale:
    sale = PlayedSale(scene)
    scene.pool.plays["FindQuote"] = lambda _: type("Found", (), {"owner": None})
    scene.pool.plays["Reserve"] = sale
    scene.node.lead(PlayedNode())
    return sale


async def test_the_purchase_is_prepared_for_its_owner(scene: Scene, sale: PlayedSale) -> None:
    told = await scene.post("/v1/policies", a_body(), KEY)

    assert told.status == 201
    assert told.headers["Location"] == f"/v1/policies/{QUOTE}"
    assert list(told.json) == ["policy", "quote_signature", "transaction"]
    assert told.json["policy"]["status"] == "pending_signature"
    assert told.json["quote_signature"] == SIGNATURE
    prepared = told.json["transaction"]
    assert (prepared["function"], prepared["nonce"]) == ("buy-policy", 5)
    assert prepared["post_condition_mode"] == "deny"
    assert (prepared["valid_until_height"], prepared["valid_until_at"]) == (1_002, "2026-09-21T14:23:20.000Z")
    unsigned = deserialise_transaction(bytes.fromhex(prepared["unsigned"][2:]))
    assert (unsigned.sender, unsigned.nonce, unsigned.fee) == (ALICE, 5, prepared["fee_ustx"])
    assert unsigned.fee >= len(prepared["unsigned"]) // 2 - 1
    assert (sale.heard[0].address, sale.heard[0].balance) == (ALICE, 1_000_000)


async def test_the_answer_is_kept_in_the_very_commit(scene: Scene, sale: PlayedSale) -> None:
    first = await scene.post("/v1/policies", a_body(), KEY)
    again = await scene.post("/v1/policies", a_body(), KEY)

    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(sale.heard) == 1


async def test_the_same_message_under_another_key_is_used_up(scene: Scene, sale: PlayedSale) -> None:
    await scene.post("/v1/policies", a_body(), KEY)
    told = await scene.post("/v1/policies", a_body(), {"Idempotency-Key": "another-key-of-16"})

    assert (told.status, told.code) == (409, "message_used")
    assert len(sale.heard) == 1


async def test_an_unknown_quote_is_said_before_a_bad_signature(scene: Scene, sale: PlayedSale) -> None:
    def unknown(_: object) -> object:
        raise UnknownQuoteError("no such quote")

    scene.pool.plays["FindQuote"] = unknown
    told = await scene.post("/v1/policies", a_body(quote=QuoteId("q_" + "cd" * 16)), KEY)

    assert (told.status, told.code) == (404, "unknown_quote")
    assert sale.heard == []


async def test_a_bad_signature_is_said_before_a_lapsed_quote(scene: Scene, sale: PlayedSale) -> None:
    def lapsed(_: object) -> object:
        raise QuoteExpiredError("lapsed")

    scene.pool.plays["FindQuote"] = lapsed
    told = await scene.post("/v1/policies", a_body(quote=QuoteId("q_" + "cd" * 16)), KEY)

    assert (told.status, told.code) == (401, "invalid_signature")
    assert sale.heard == []


async def test_anothers_quote_is_not_for_sale(scene: Scene, sale: PlayedSale) -> None:
    scene.pool.plays["FindQuote"] = lambda _: type("Found", (), {"owner": Address(DEPLOYMENT.deployer)})
    told = await scene.post("/v1/policies", a_body(), KEY)

    assert (told.status, told.code) == (403, "not_owner")
    assert sale.heard == []


async def test_without_a_node_nothing_is_reserved(scene: Scene, sale: PlayedSale) -> None:
    scene.node.lead(PlayedNode(silent=True))
    told = await scene.post("/v1/policies", a_body(), KEY)

    assert (told.status, told.code) == (503, "node_unreachable")
    assert told.headers["Retry-After"] == "1"
    assert sale.heard == []


async def test_the_next_nonce_is_the_lowest_that_nothing_waits_on(scene: Scene) -> None:
    scene.node.lead(PlayedNode(4, 5, 7))

    nonces = await nonces_of(scene.system, ALICE)

    assert nonces.next == 6
    assert nonces.waiting == (5, 7)


async def test_what_was_relayed_here_counts_before_the_node_shows_it(scene: Scene) -> None:
    scene.node.lead(PlayedNode(6))
    prepared = TransactionPrepared(
        txid=OUR_TXID, address=ALICE, nonce=5, fee=Ustx(3_000), contract_id=None, function=None
    )
    await scene.system.journal.append([Change(stream=f"tx:{OUR_TXID}", events=(prepared,))])

    view = await account_view(scene.system, ALICE)

    assert view.nonce == 7
    assert [(one.txid, one.nonce) for one in view.pending] == [(OUR_TXID, 5), (THEIR_TXID, 6)]
    assert (view.stx_ustx, view.sbtc_sats) == (9_000, 1_000_000)

"""Users' transactions as they reach the relay, and what is asked about them afterwards."""

from typing import Any

from lane_world import DEPLOYMENT, LaneWorld, some_terms

from actors.messages.transactions import RelayTransaction, WatchTransaction
from actors.runtime import ask
from bithedge.domain.events.pool import WithdrawalRequested, WithdrawalVoucherIssued
from bithedge.domain.events.transactions import (
    Call,
)
from bithedge.domain.ids import withdrawal_id
from bithedge.domain.policy.state import Status
from bithedge.domain.tiers import Tier
from bithedge.protocol.calls import SignedPrice, buy_policy
from bithedge.protocol.prepared import unsigned_call
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.signing import SignedTransaction, sign_transaction
from bithedge.storage.ports import Answer, Committed
from bithedge.storage.queries.policies import policy_of_quote
from bithedge.storage.queries.transactions import transaction

HOLDER_KEY, OTHER_KEY = PrivateKey(bytes(31) + b"\x05"), PrivateKey(bytes(31) + b"\x06")
HOLDER, OTHER = (key.address(DEPLOYMENT.network) for key in (HOLDER_KEY, OTHER_KEY))
TERMS = some_terms(7, HOLDER)
POLICY = f"policy:{TERMS.quote_id}"
READING = SignedPrice(price=6_500_000_000_000, height=1_000, signatures=("0x" + "bb" * 65,))
PURCHASE = buy_policy(DEPLOYMENT, TERMS, ("0x" + "aa" * 65,), READING)
VOUCHER = withdrawal_id(bytes(15) + b"\x01")


def signed(
    call: Call, *, key: PrivateKey = HOLDER_KEY, nonce: int = 0, fee: int = 3_000
) -> SignedTransaction:
    sender = key.address(DEPLOYMENT.network)
    return sign_transaction(unsigned_call(DEPLOYMENT, call, sender=sender, nonce=nonce, fee=fee), key)


def nothing(_committed: tuple[Committed, ...]) -> None:
    return None


def kept(scope: str) -> Any:
    def keep(_committed: tuple[Committed, ...]) -> Answer:
        return Answer(scope=scope, body_hash=b"", status=202, headers=(), body=b"{}", at_ms=1_700_000_000_000)

    return keep


async def relayed(ref: Any, one: SignedTransaction, keep: Any = nothing) -> str:
    return await ask(ref, RelayTransaction(raw=one.raw, keep=keep), deadline=5)


async def watched(ref: Any, txid: str) -> str:
    return await ask(ref, WatchTransaction(txid=txid, keep=nothing), deadline=5)


async def policy_status(world: LaneWorld) -> tuple[Status, str | None]:
    head = await world.reader.read(policy_of_quote, TERMS.quote_id)
    assert head is not None
    return head.policy.status, head.policy.detail


async def status(world: LaneWorld, txid: str) -> str:
    found = await world.reader.read(transaction, txid)
    assert found is not None
    return found.status


def a_voucher(address: str) -> tuple[WithdrawalRequested, WithdrawalVoucherIssued]:
    facts: dict[str, Any] = {
        "withdrawal_id": VOUCHER,
        "address": address,
        "tier": Tier.BALANCED,
        "amount": 5_000,
    }
    return (
        WithdrawalRequested(**facts, command_id="0x01"),
        WithdrawalVoucherIssued(**facts, valid_until=1_006, voucher_signatures=("0x" + "cc" * 65,)),
    )

"""Sends one account's transactions, one nonce after the other, and waits for them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bithedge.protocol.deploy_plan import FEE_CAP_USTX, DeploymentError
from bithedge.stacks.errors import TransactionRejectedError
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.payloads import serialise_payload
from bithedge.stacks.ports import Node
from bithedge.stacks.signing import SignedTransaction, sign_transaction
from bithedge.stacks.transactions import Transaction, serialise_transaction

FEE_FLOOR: Final = 3_000
_SEARCHED: Final = 5_000

Wait = Callable[[Sequence[str]], Awaitable[None]]
"""Returns once these transactions are mined; raises `DeploymentError` if one was refused."""
Make = Callable[[int, int], Transaction]
"""Makes an unsigned transaction of a nonce and a fee in uSTX."""
Note = Callable[[SignedTransaction], None]
"""Hears of a signed transaction before the node does."""


class Queue:
    """What an account has in the mempool: `next` can be mined, what is `stuck` waits for a missing nonce."""

    def __init__(self, mined: int, waiting: dict[int, str]) -> None:
        self.nonce = mined
        self.next: list[str] = []
        while self.nonce in waiting:
            self.next.append(waiting[self.nonce])
            self.nonce += 1
        self.stuck = any(nonce > self.nonce for nonce in waiting)


async def queue_of(node: Node, address: str) -> Queue:
    """Return what waits of an account.

    Raises:
        DeploymentError: something waits that the node does not list, so nothing can be said about it.
    """
    mined = (await node.account(address)).nonce
    following = (await node.principal_nonces(address)).next_nonce
    waiting: dict[int, str] = {}
    if following > mined:
        listed = await node.mempool_transactions(_SEARCHED)
        waiting = {one.sender.nonce: one.tx_id for one in listed if one.sender.address == address}
        if following - 1 not in waiting:
            mined = (await node.account(address)).nonce
            if following > mined:
                raise DeploymentError(
                    f"{address} has transactions in the mempool (up to nonce {following - 1}) that the node "
                    "does not list: run it again once they are mined"
                )
    return Queue(mined, {nonce: txid for nonce, txid in waiting.items() if nonce >= mined})


async def fee_of(node: Node, make: Make, *, cap: int = FEE_CAP_USTX) -> int:
    """Return what a transaction should pay, in uSTX: the node's middle estimate between floor and cap.

    Raises:
        DeploymentError: the cap is below the least that a node takes, one uSTX a byte.
    """
    transaction = make(0, 0)
    size = len(serialise_transaction(transaction))
    least = max(FEE_FLOOR, size)
    if least > cap:
        raise DeploymentError(f"{size} bytes cost at least {least} uSTX, the cap is {cap}")
    estimate = await node.fee_estimate(serialise_payload(transaction.payload), size)
    return least if estimate is None else min(max(least, estimate.middle_ustx), cap)


async def send(
    node: Node, key: PrivateKey, make: Make, *, nonce: int, cap: int = FEE_CAP_USTX, note: Note | None = None
) -> SignedTransaction:
    """Sign and hand in one transaction.

    Raises:
        DeploymentError: the node refused it.
        NodeError: the node does not answer; it may have been accepted.
    """
    signed = sign_transaction(make(nonce, await fee_of(node, make, cap=cap)), key)
    if note is not None:
        note(signed)
    try:
        await node.broadcast(signed.raw)
    except TransactionRejectedError as error:
        if error.retryable:
            raise
        raise DeploymentError(
            f"the node refused nonce {nonce}: {error.reason} {error.reason_data}"
        ) from error
    return signed


async def check_mined(node: Node, txids: Sequence[str]) -> bool:
    """Return whether all are mined.

    Raises:
        DeploymentError: one was mined and refused.
        NodeError: the node does not answer.
    """
    for txid in txids:
        found = await node.transaction(txid)
        if found is not None and found.aborted:
            result = "" if found.result is None else found.result.repr
            raise DeploymentError(
                f"{txid} was refused: {found.status} {result} {found.vm_error or ''}".strip()
            )
        if found is None or not found.succeeded:
            return False
    return True


def polling(node: Node, *, every_s: float, tries: int, nudge: Callable[[], Awaitable[object]] | None) -> Wait:
    """Return a wait that asks the node again and again; `nudge` makes a devnet mine."""

    async def wait(txids: Sequence[str]) -> None:
        for _ in range(tries):
            if nudge is not None:
                await nudge()
            if await check_mined(node, txids):
                return
            await asyncio.sleep(every_s)
        raise DeploymentError(
            f"not mined after {tries * every_s:.0f} s: {', '.join(txids)}. Nothing is lost: run it again"
        )

    return wait

"""What every user has: a key, an address, a will of its own, and a wallet."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from bithedge.domain.ids import Address, hexed
from bithedge.domain.money import UsdE8
from bithedge.http.handlers.transactions import post_transaction
from bithedge.http.requests import AuthorisationBody, TransactionBody
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.signing import command_of
from bithedge.sim.chain.blocks import SimChain
from bithedge.sim.door import Door, RefusalError
from bithedge.sim.pace import Pace
from bithedge.sim.trace import Trace
from bithedge.stacks.clarity import ClarityValue
from bithedge.stacks.errors import TransactionRejectedError
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.keys import PrivateKey
from bithedge.stacks.messages import COMMAND_RANDOM_BYTES, Action, command_id
from bithedge.stacks.post_conditions import PostConditionMode
from bithedge.stacks.signing import SignedTransaction, sign_transaction
from bithedge.stacks.transactions import contract_call, deserialise_transaction, token_transfer
from bithedge.storage.ports import Attested

VALID_S: Final = 240
FEE: Final = 4_000


class Overheard(msgspec.Struct, frozen=True):
    """A command that somebody signed and that was carried out."""

    handler: Any
    body: msgspec.Struct
    path: dict[str, str]


class Scene:
    """What users share: the chain, the record, the time, and how fast all of it goes."""

    def __init__(
        self,
        chain: SimChain,
        trace: Trace,
        pace: Pace,
        *,
        spot: Callable[[], UsdE8],
        prices: Callable[[], Sequence[Attested]],
    ) -> None:
        self.chain = chain
        self.trace = trace
        self.pace = pace
        self.spot = spot
        self.prices = prices
        """Every public price that was ever signed, as anybody may read it."""
        self.must_fail: dict[str, str] = {}
        """Transactions that no contract may let through, and why."""
        self.overheard: list[Overheard] = []
        """Signed commands that were carried out, for whoever wants to say them again."""
        self.resting = False
        """Whether nothing new is begun any more."""
        self.leaving = False
        """Whether it is time to take one's money and go."""

    @property
    def deployment(self) -> Deployment:
        """Where the contracts stand."""
        return self.chain.deployment


class User:
    """Acts now and then, for as long as the daemon is there."""

    role = "user"

    def __init__(self, scene: Scene, name: str, key: PrivateKey, chance: random.Random) -> None:
        self.scene = scene
        self.name = name
        self.key = key
        self.chance = chance
        self.address = Address(key.address(scene.deployment.network))
        self._keys = 0
        self._signed: dict[int, bytes] = {}
        """What one has signed last for each nonce."""

    async def live(self, door: Door) -> None:
        """Act again and again."""
        while True:
            await asyncio.sleep(self.chance.expovariate(1 / self.scene.pace.user_s))
            if self.scene.resting:
                self._send_again()
            try:
                await self.act(door)
            except RefusalError:
                continue  # said in the record already
            except TransactionRejectedError as error:
                self.scene.trace.note("rejected", f"{self.name}: {error.reason}")

    async def act(self, door: Door) -> None:
        """Do one thing."""
        raise NotImplementedError

    # ------------------------------------------------------------ commands

    def fresh_key(self) -> str:
        """Return an idempotency key."""
        self._keys += 1
        return f"{self.name}-{self._keys:06}-{'k' * 8}"

    def authorise(self, door: Door, action: Action) -> AuthorisationBody:
        """Return one's signature under a command, valid by the daemon's clock, as its messages are."""
        until_s = door.system.clock.now_ms() // 1_000 + VALID_S
        message_id = command_id(until_s, self.chance.randbytes(COMMAND_RANDOM_BYTES))
        command = command_of(self.scene.deployment, self.address, message_id, action)
        return AuthorisationBody(
            message_id=f"m_{message_id.hex()}",
            signature=hexed(self.key.sign(command.digest(self.scene.deployment.network))),
            public_key=hexed(self.key.public_key),
        )

    # ------------------------------------------------------------ the wallet

    def sign_prepared(self, prepared: dict[str, Any]) -> SignedTransaction:
        """Sign a prepared transaction as it was given."""
        signed = sign_transaction(deserialise_transaction(from_hex(prepared["unsigned"])), self.key)
        self._signed[signed.transaction.nonce] = signed.raw
        return signed

    def _send_again(self) -> None:
        """Hand in once more what the node has forgotten and something waits behind."""
        nonce = self.scene.chain.state.nonces.get(self.address, 0)
        raw = self._signed.get(nonce)
        if raw is not None and self.scene.chain.mempool.at(self.address, nonce) is None:
            with suppress(TransactionRejectedError):
                self.scene.chain.submit(raw)

    async def send(self, door: Door, signed: SignedTransaction) -> None:
        """Hand a signed transaction to the daemon, or to the node and tell the daemon or not."""
        way = self.chance.random()
        if way < 0.7:  # noqa: PLR2004 - most let the daemon relay it
            body = TransactionBody(tx="0x" + signed.raw.hex())
            await door.post(self.name, post_transaction, body, key=self.fresh_key(), effect=signed.txid)
            return
        self.submit(signed)
        if way < 0.85:  # noqa: PLR2004 - some wallets send themselves and say so
            await asyncio.sleep(self.chance.uniform(0, 5))
            body = TransactionBody(txid=signed.txid)
            await door.post(self.name, post_transaction, body, key=self.fresh_key(), effect=signed.txid)

    def submit(self, signed: SignedTransaction) -> str:
        """Hand a signed transaction to the chain itself.

        Raises:
            TransactionRejectedError: it is refused.
        """
        txid = self.scene.chain.submit(signed.raw)
        self.scene.trace.note("sent", f"{self.name}: {txid[:10]}")
        return txid

    def own_nonce(self) -> int:
        """Return the lowest nonce that nothing of one's own waits with."""
        nonce = self.scene.chain.state.nonces.get(self.address, 0)
        while self.scene.chain.mempool.at(self.address, nonce) is not None:
            nonce += 1
        return nonce

    def call(self, contract: str, function: str, arguments: list[ClarityValue]) -> SignedTransaction:
        """Sign a call of one's own making, without post-conditions."""
        unsigned = contract_call(
            self.scene.deployment.network,
            sender=self.address,
            nonce=self.own_nonce(),
            fee=FEE + self.chance.randrange(4_000),
            contract=contract,
            function=function,
            arguments=arguments,
            mode=PostConditionMode.ALLOW,
        )
        return sign_transaction(unsigned, self.key)

    def overtake(self, nonce: int, fee: int) -> SignedTransaction:
        """Sign a transfer that takes the place of another transaction of one's own."""
        unsigned = token_transfer(
            self.scene.deployment.network,
            sender=self.address,
            nonce=nonce,
            fee=fee,
            recipient=self.scene.deployment.deployer,
            amount=1,
        )
        return sign_transaction(unsigned, self.key)

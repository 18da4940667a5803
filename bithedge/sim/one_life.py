"""The smallest whole life: a deposit, a purchase, an exercise, its payout, and everybody leaves.

It is short enough to be cut off at each of its steps, one after the other.
"""

import asyncio
from typing import Any

from bithedge.domain.ids import QuoteId, to_bytes
from bithedge.domain.payout import Kind
from bithedge.domain.tiers import Tier
from bithedge.http.handlers.money import post_deposit
from bithedge.http.handlers.policies import get_policy, post_activation, post_policy
from bithedge.http.handlers.quotes import post_quote
from bithedge.http.handlers.transactions import post_transaction
from bithedge.http.requests import ActivationBody, DepositBody, QuoteBody, ReserveBody, TransactionBody
from bithedge.sim.door import Door, RefusalError
from bithedge.sim.options import Options
from bithedge.sim.trace import Trace
from bithedge.sim.users.base import User
from bithedge.sim.users.providers import Provider
from bithedge.sim.world import Outcome, World
from bithedge.stacks.messages import ActivatePolicy, ReservePolicy

RETRY_S = 4.0
DEPOSIT = 50_000_000
AMOUNT = 1_000_000


class OneProvider(Provider):
    """Deposits once, and leaves in the end."""

    async def act(self, door: Door) -> None:
        """Deposit, or leave."""
        if self.scene.leaving:
            await super().act(door)
        elif self.address not in self.scene.chain.state.providers and self.own_nonce() == 0:
            body = DepositBody(address=self.address, amount_sats=DEPOSIT, tier=Tier.AGGRESSIVE)
            answer = await door.post(self.name, post_deposit, body, key=self.fresh_key())
            await self._relay(door, answer["transaction"])

    async def _relay(self, door: Door, prepared: dict[str, Any]) -> None:
        await _relay(self, door, prepared)


class OneHolder(User):
    """Buys one put in the money, exercises it, and repeats whatever was not answered."""

    role = "holder"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.quote_id: str | None = None
        self.reserve: tuple[str, ReserveBody] | None = None
        self.activate: tuple[str, ActivationBody] | None = None
        self.paid = False

    async def live(self, door: Door) -> None:
        """Take the next step again and again, until it is done."""
        while not self.paid:
            await asyncio.sleep(RETRY_S)
            try:
                await self.act(door)
            except RefusalError:
                continue

    async def act(self, door: Door) -> None:
        """Take the next step."""
        if self.address not in {one.owner for one in self.scene.chain.state.policies.values()}:
            await self._buy(door)
        elif self.quote_id is not None:
            await self._exercise(door, self.quote_id)

    async def _buy(self, door: Door) -> None:
        if self.reserve is None:
            wish = QuoteBody(
                kind=Kind.PUT,
                amount_sats=AMOUNT,
                strike_usd_e8=self.scene.spot() * 105 // 100,
                max_payout_sats=AMOUNT // 2,
                tenor_blocks=144,
                tier=Tier.AGGRESSIVE,
            )
            quote = await door.post(self.name, post_quote, wish, key=self.fresh_key())
            self.quote_id = quote["quote_id"]
            action = ReservePolicy(to_bytes(QuoteId(quote["quote_id"])))
            body = ReserveBody(quote_id=quote["quote_id"], authorisation=self.authorise(door, action))
            self.reserve = (self.fresh_key(), body)
        key, body = self.reserve
        try:
            answer = await door.post(self.name, post_policy, body, key=key, effect=body.quote_id)
        except RefusalError as refusal:
            if refusal.status != 503:  # noqa: PLR2004 - what passes by itself
                self.reserve = None  # quotes do not outlive a life
            raise
        await _relay(self, door, answer["transaction"])

    async def _exercise(self, door: Door, quote_id: str) -> None:
        policy = await door.get(self.name, get_policy, {"id": quote_id})
        self.paid = policy["status"] == "settled"
        if policy["status"] != "active":
            return
        if self.activate is None:
            action = ActivatePolicy(policy["policy_id"], to_bytes(QuoteId(quote_id)), 1)
            self.activate = (
                self.fresh_key(),
                ActivationBody(authorisation=self.authorise(door, action)),
            )
        key, body = self.activate
        effect = "0x" + body.authorisation.message_id[2:]
        try:
            await door.post(self.name, post_activation, body, key=key, path={"id": quote_id}, effect=effect)
        except RefusalError as refusal:
            if refusal.status != 503:  # noqa: PLR2004 - what passes by itself
                self.activate = None
            raise


class OneLife(World):
    """One provider and one holder; nothing goes wrong but the crash."""

    def __init__(self, seed: int, *, crash_at: int | None, trace: Trace | None = None) -> None:
        options = Options(seed=seed, path="calm", holders=1, providers=1, thieves=0, keepers=0, busy_burns=0)
        super().__init__(options, trace)
        self._crash_at = crash_at

    def _busy(self) -> None:
        holder = next(user for user in self.users if isinstance(user, OneHolder))
        crash_at = self._crash_at
        while not holder.paid:
            self._live(crash_at, lambda: holder.paid)
            crash_at = None

    def _names(self) -> list[tuple[str, type[User]]]:
        return [("holder-0", OneHolder), ("provider-0", OneProvider)]


def one_life(seed: int, *, crash_at: int | None = None, trace: Trace | None = None) -> Outcome:
    """Live it, cut off at a step, and say how it went."""
    return OneLife(seed, crash_at=crash_at, trace=trace).run()


async def _relay(user: User, door: Door, prepared: dict[str, Any]) -> None:
    signed = user.sign_prepared(prepared)
    body = TransactionBody(tx="0x" + signed.raw.hex())
    await door.post(user.name, post_transaction, body, key=user.fresh_key(), effect=signed.txid)

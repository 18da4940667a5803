"""Holders: ask, buy, exercise, switch; forget, repeat, and change their minds."""

from typing import Any, Final

import msgspec

from bithedge.domain.ids import QuoteId, to_bytes
from bithedge.domain.payout import Kind
from bithedge.domain.tiers import DEFAULT_TIERS, Tier
from bithedge.http.handlers.policies import get_policy, post_activation, post_auto_exercise, post_policy
from bithedge.http.handlers.quotes import post_quote
from bithedge.http.handlers.settlement import post_settlement
from bithedge.http.requests import (
    ActivationBody,
    AutoExerciseBody,
    QuoteBody,
    ReserveBody,
    SettlementBody,
)
from bithedge.sim.door import Door, RefusalError
from bithedge.sim.users.base import Overheard, User
from bithedge.stacks.messages import ActivatePolicy, ReservePolicy, SetAutoExercise

LIVE: Final = ("active", "expiring")
ENDED: Final = ("settled", "expired", "lapsed")
TENORS: Final = (144, 145, 150, 160)


class Remembered(msgspec.Struct, kw_only=True):
    """A command whose answer may have been lost."""

    handler: Any
    body: msgspec.Struct
    key: str
    path: dict[str, str]
    effect: str | None


class Holder(User):
    """Buys cover and claims it."""

    role = "holder"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.bought: dict[str, dict[str, Any]] = {}
        """Quote id to the purchase that was prepared for it; signed or not."""
        self.last: Remembered | None = None

    async def act(self, door: Door) -> None:
        """Do one thing."""
        drawn = self.chance.random()
        if self.scene.resting:
            return
        if drawn < 0.4 or not self.bought:  # noqa: PLR2004 - shares of what they do
            await self._buy(door)
        elif drawn < 0.5 and self.last is not None:  # noqa: PLR2004 - likewise
            await self._repeat(door, self.last)
        elif drawn < 0.55:  # noqa: PLR2004 - likewise
            self._change_mind()
        else:
            await self._use(door, self.chance.choice(sorted(self.bought)))

    async def _buy(self, door: Door) -> None:
        quote = await door.post(self.name, post_quote, self._wish(), key=self.fresh_key())
        quote_id: str = quote["quote_id"]
        if self.chance.random() < 0.15:  # noqa: PLR2004 - some only look
            return
        body = ReserveBody(
            quote_id=quote_id, authorisation=self.authorise(door, ReservePolicy(to_bytes(QuoteId(quote_id))))
        )
        reserved = await self._command(door, post_policy, body, {}, effect=quote_id)
        self.bought[quote_id] = reserved["transaction"]
        if self.chance.random() < 0.85:  # noqa: PLR2004 - some let it lapse, or come too late
            await self.send(door, self.sign_prepared(reserved["transaction"]))

    def _wish(self) -> QuoteBody:
        tier = self.chance.choice(tuple(Tier))
        kind = Kind.PUT if self.chance.random() < 0.7 else Kind.CALL  # noqa: PLR2004 - more fear than hope
        limits = DEFAULT_TIERS[tier].limits(kind)
        spot = self.scene.spot()
        near = max(limits.min_moneyness_bps, 8_500), min(limits.max_moneyness_bps, 11_500)
        strike = spot * self.chance.randint(*sorted(near)) // 10_000
        amount = self.chance.choice((200_000, 1_000_000, 5_000_000, 7_654_321))
        return QuoteBody(
            kind=kind,
            amount_sats=amount,
            strike_usd_e8=strike,
            owner=self.address if self.chance.random() < 0.5 else None,  # noqa: PLR2004 - either way
            max_payout_sats=max(20_000, amount * self.chance.choice((5, 10, 25, 50, 100)) // 100),
            tenor_blocks=self.chance.choice(TENORS),
            tier=tier,
        )

    async def _use(self, door: Door, quote_id: str) -> None:
        try:
            policy = await door.get(self.name, get_policy, {"id": quote_id})
        except RefusalError as refusal:
            if refusal.code == "unknown_policy":
                del self.bought[quote_id]
            raise
        if policy["status"] in ENDED:
            if policy["final"]:
                del self.bought[quote_id]
            return
        if policy["status"] == "pending_signature":
            if self.chance.random() < 0.5:  # noqa: PLR2004 - either now or never
                await self.send(door, self.sign_prepared(self.bought[quote_id]))
            return
        if policy["status"] in LIVE:
            await self._claim(door, policy)

    async def _claim(self, door: Door, policy: dict[str, Any]) -> None:
        number, quote_id = policy["policy_id"], policy["quote_id"]
        drawn = self.chance.random()
        if drawn < 0.15:  # noqa: PLR2004 - shares of what they do
            enabled = self.chance.random() < 0.5  # noqa: PLR2004 - either way
            action = SetAutoExercise(number, to_bytes(quote_id), enabled)
            switch = AutoExerciseBody(enabled=enabled, authorisation=self.authorise(door, action))
            await self._command(door, post_auto_exercise, switch, {"id": quote_id})
        elif drawn < 0.35:  # noqa: PLR2004 - likewise
            body = SettlementBody(min_payout_sats=self.chance.choice((None, 1, 50_000)))
            step = await door.post(
                self.name, post_settlement, body, key=self.fresh_key(), path={"id": quote_id}
            )
            await self.send(door, self.sign_prepared(step["transaction"]))
        else:
            least = self.chance.choice((None, 1, 10_000))
            action = ActivatePolicy(number, to_bytes(quote_id), least or 1)
            authorisation = self.authorise(door, action)
            body = ActivationBody(authorisation=authorisation, min_payout_sats=least)
            effect = "0x" + authorisation.message_id[2:]
            await self._command(door, post_activation, body, {"id": quote_id}, effect=effect)

    async def _command(
        self,
        door: Door,
        handler: Any,
        body: msgspec.Struct,
        path: dict[str, str],
        *,
        effect: str | None = None,
    ) -> dict[str, Any]:
        self.last = Remembered(handler=handler, body=body, key=self.fresh_key(), path=path, effect=effect)
        answer = await door.post(self.name, handler, body, key=self.last.key, path=path, effect=effect)
        self.scene.overheard.append(Overheard(handler, body, path))
        return answer

    async def _repeat(self, door: Door, last: Remembered) -> None:
        answer = await door.post(
            self.name, last.handler, last.body, key=last.key, path=last.path, effect=last.effect
        )
        if last.handler is post_policy and "transaction" in answer:
            self.bought.setdefault(answer["policy"]["quote_id"], answer["transaction"])

    def _change_mind(self) -> None:
        """Take back what waits in the mempool, if the node still lets one."""
        nonce = self.scene.chain.state.nonces.get(self.address, 0)
        waiting = self.scene.chain.mempool.at(self.address, nonce)
        if waiting is not None:
            self.submit(self.overtake(nonce, waiting.fee + 1))

"""Strangers: thieves, whose every call must fail, keepers, who do the daemon's work, and the guardian."""

import asyncio
from collections.abc import Sequence
from typing import Final

from bithedge.domain.tiers import Tier
from bithedge.http.handlers.money import post_withdrawal
from bithedge.http.requests import WithdrawalBody
from bithedge.sim.chain.registry import PAUSABLE, payout_of
from bithedge.sim.door import Door, RefusalError
from bithedge.sim.trace import Violation
from bithedge.sim.users.base import User
from bithedge.stacks.clarity import (
    NONE,
    Buffer,
    ClarityValue,
    List,
    Principal,
    Some,
    StringAscii,
    Tuple,
    UInt,
)
from bithedge.stacks.hexes import from_hex
from bithedge.stacks.messages import RequestWithdrawal
from bithedge.stacks.payloads import ContractCall
from bithedge.storage.ports import Attested

RELEASED_AT_ONCE: Final = 50


class Thief(User):
    """Replays what it sees, alters it, and asks for what is others'."""

    role = "thief"

    async def act(self, door: Door) -> None:
        """Try one thing."""
        if self.scene.resting:
            return
        tricks = (self._replay, self._alter, self._pretend, self._release_early, self._double_claim)
        drawn = self.chance.randrange(len(tricks) + 2)
        if drawn < len(tricks):
            tricks[drawn]()
        elif drawn == len(tricks):
            await self._ask_for_others(door)
        else:
            await self._say_again(door)

    def _seen(self, function: str) -> Sequence[ContractCall]:
        payloads = (one.transaction.payload for one in self.scene.chain.seen.values())
        return [one for one in payloads if isinstance(one, ContractCall) and one.function == function]

    def _attack(self, function: str, arguments: Sequence[ClarityValue], why: str) -> None:
        signed = self.call(self.scene.deployment.pool, function, list(arguments))
        self.scene.must_fail[signed.txid] = why
        self.submit(signed)

    def _replay(self) -> None:
        function = self.chance.choice(("buy-policy", "withdraw-funds"))
        seen = self._seen(function)
        if seen:
            self._attack(function, self.chance.choice(seen).arguments, "the call of another")

    def _alter(self) -> None:
        seen = self._seen("buy-policy")
        if not seen:
            return
        terms, *rest = self.chance.choice(seen).arguments
        if not isinstance(terms, Tuple):
            return
        mine = dict(terms.entries) | {"owner": Principal.parse(self.address), "premium": UInt(20_000)}
        self._attack("buy-policy", [Tuple.of(mine), *rest], "terms nobody signed")

    def _pretend(self) -> None:
        amount = [UInt(self.chance.randrange(1, 1_000_000))]
        function = self.chance.choice(("lock-collateral-aggregate", "unlock-collateral-aggregate"))
        self._attack(function, amount, "not the backend")

    def _release_early(self) -> None:
        state, burn = self.scene.chain.state, self.scene.chain.tip.burn
        early = [number for number, one in state.policies.items() if one.expiry > burn + 20]
        if early:
            numbers = List.of(UInt(number) for number in early[:RELEASED_AT_ONCE])
            self._attack("release-collateral-aggregate", [numbers, NONE], "long before the deadline")

    def _double_claim(self) -> None:
        """Settle once more what was settled deep in the chain."""
        blocks = self.scene.chain.blocks[:-15]
        if not blocks:
            return
        settled = {n for n, one in blocks[-1].state.policies.items() if one.status == "settled"}
        seen = [call for call in self._seen("settle-policy") if _first_uint(call) in settled]
        if seen:
            self._attack("settle-policy", self.chance.choice(seen).arguments, "a second claim")

    async def _ask_for_others(self, door: Door) -> None:
        state = self.scene.chain.state
        others = [address for address in sorted(state.providers) if address != self.address]
        if not others:
            return
        amount = self.chance.randrange(1, 1_000_000)
        body = WithdrawalBody(
            address=self.chance.choice(others),
            amount_sats=amount,
            tier=Tier.BALANCED,
            authorisation=self.authorise(door, RequestWithdrawal(amount, "balanced")),
        )
        try:
            await door.post(self.name, post_withdrawal, body, key=self.fresh_key())
        except RefusalError:
            return
        raise Violation("a voucher was given to a stranger")

    async def _say_again(self, door: Door) -> None:
        """Repeat under a key of one's own what another has signed and had carried out."""
        if not self.scene.overheard:
            return
        heard = self.chance.choice(self.scene.overheard[-20:])
        try:
            await door.post(self.name, heard.handler, heard.body, key=self.fresh_key(), path=heard.path)
        except RefusalError:
            return
        raise Violation(f"a signed command was carried out twice: {heard.path}")


class Keeper(User):
    """Settles and releases by the public prices, as anybody may."""

    role = "keeper"

    async def act(self, door: Door) -> None:
        """Settle or release one policy that is due."""
        del door
        await asyncio.sleep(self.chance.uniform(0, 20))  # the daemon is usually first
        prices: dict[int, Attested] = {price.height: price for price in self.scene.prices()}
        state, burn = self.scene.chain.state, self.scene.chain.tip.burn
        for number in sorted(state.collaterals):
            policy = state.policies[number]
            price = self._settling(number, prices)
            if price is not None:
                self._settle(number, price)
                return
            last = prices.get(policy.expiry)
            if last is not None and burn > policy.expiry + 12 and payout_of(policy, last.price) == 0:
                self._release(number, last)
                return

    def _settling(self, number: int, prices: dict[int, Attested]) -> Attested | None:
        state, burn = self.scene.chain.state, self.scene.chain.tip.burn
        policy = state.policies[number]
        if policy.status != "active":
            return None
        for height in range(policy.start + 1, min(policy.expiry, burn) + 1):
            price = prices.get(height)
            if price is not None and payout_of(policy, price.price) == policy.collateral:
                return price
        last = prices.get(policy.expiry)
        due = burn > policy.expiry and last is not None and payout_of(policy, last.price) > 0
        return last if due else None

    def _settle(self, number: int, price: Attested) -> None:
        arguments: list[ClarityValue] = [
            UInt(number),
            UInt(price.price),
            UInt(price.height),
            _signatures(price),
            NONE,
        ]
        self.submit(self.call(self.scene.deployment.pool, "settle-policy", arguments))

    def _release(self, number: int, price: Attested) -> None:
        shown = Tuple.of(
            {
                "price": UInt(price.price),
                "height": UInt(price.height),
                "attestations": _signatures(price),
            }
        )
        arguments: list[ClarityValue] = [List.of([UInt(number)]), Some(shown)]
        self.submit(self.call(self.scene.deployment.pool, "release-collateral-aggregate", arguments))


class Guardian(User):
    """Stops things for a few blocks, and lets them go on."""

    role = "guardian"

    async def act(self, door: Door) -> None:
        """Pause or resume something, rarely."""
        del door
        if self.scene.resting or self.chance.random() < 0.8:  # noqa: PLR2004 - rarely
            return
        what = self.chance.choice(PAUSABLE)
        registry = self.scene.deployment.registry
        if self.scene.chain.frame(self.address).is_paused(what):
            self.submit(self.call(registry, "resume", [StringAscii(what)]))
        else:
            blocks = UInt(self.chance.randrange(1, 8))
            self.submit(self.call(registry, "pause", [StringAscii(what), blocks]))


def _signatures(price: Attested) -> List:
    return List.of([Buffer(from_hex(price.signature))])


def _first_uint(call: ContractCall) -> int:
    first = call.arguments[0]
    return first.value if isinstance(first, UInt) else 0

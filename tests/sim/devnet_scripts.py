"""Scripts of calls that a real devnet and the simulated chain play alike, step by step."""

import random
from collections.abc import Callable, Iterator

import msgspec

from bithedge.protocol.deployment import Deployment
from bithedge.sim.chain.blocks import SimChain
from bithedge.sim.chain.state import PolicyRow
from bithedge.stacks import messages
from bithedge.stacks.clarity import NONE, Buffer, ClarityValue, List, Some, StringAscii, Tuple, UInt
from bithedge.stacks.keys import PrivateKey

PRICE = 6_500_000_000_000
QUOTE_LIFE_S = 2**40
ORDER_UNTIL_S = 2**35


class Step(msgspec.Struct, frozen=True):
    """A transaction, or so many burn blocks, or a fork."""

    what: str
    who: str = ""
    function: str = ""
    arguments: tuple[ClarityValue, ...] = ()
    count: int = 0


class Keys(msgspec.Struct, frozen=True):
    quote: PrivateKey
    voucher: PrivateKey
    attestor: PrivateKey


class Script:
    """Draws steps; it knows the clock, what was sold, and what a rule would refuse.

    Args:
        deployment: where the contracts stand.
        keys: the signing roles.
        users: names to their keys.
        chain: the simulated one, for the numbers of what was sold.
        seed: decides every draw.
    """

    def __init__(
        self, deployment: Deployment, keys: Keys, users: dict[str, PrivateKey], chain: SimChain, seed: int
    ) -> None:
        self.deployment = deployment
        self.chain = chain
        self.keys = keys
        self.signers = users
        self.users = {name: key.address(deployment.network) for name, key in users.items()}
        self.chance = random.Random(seed)
        self.made = 0

    @property
    def burn(self) -> int:
        return self.chain.tip.burn

    @property
    def sold(self) -> dict[int, PolicyRow]:
        return self.chain.state.policies

    def steps(self, count: int) -> Iterator[Step]:
        """Yield a few deposits and then whatever the seed says, each as the chain stands by then."""
        for _ in range(3):
            yield self.deposit(20_000_000)
        for _ in range(count):
            yield self.one()

    def one(self) -> Step:
        kinds: tuple[tuple[Callable[[], Step], int], ...] = (
            (self.buy, 6),
            (self.settle, 5),
            (self.exercise, 3),
            (self.blocks, 5),
            (self.release, 3),
            (self.withdraw, 3),
            (self.request, 2),
            (self.deposit, 2),
            (self.pause, 1),
            (self.buffer, 1),
            (self.mark, 1),
        )
        chosen = self.chance.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])
        return chosen[0]()

    def deposit(self, amount: int | None = None) -> Step:
        sats = amount or self.chance.choice((5_000, 10_000, 7_777_777, 10**12))
        tier = self.chance.choice(("conservative", "balanced", "aggressive", "reckless"))
        tier = "balanced" if amount else tier
        return self._call(self._user(), "deposit-funds", UInt(sats), StringAscii(tier))

    def buy(self) -> Step:
        who = self._user()
        price = self._price()
        plain = self.chance.random() < 0.8
        terms = messages.Terms(
            quote_id=self._id(),
            owner=self.users[self._user() if self._rarely() else who],
            option=self.chance.choice(("put", "call")),
            strike=PRICE * self.chance.randrange(95, 105) // 100,
            amount=1_000_000 if plain else self.chance.choice((50_000, 1_000_000, 5_000_000)),
            collateral=self.chance.choice((250_000, 1_000_000)) if plain else self._odd(20_000),
            premium=90_000 if plain else self._odd(90_000),
            fee=4_000 if plain else self._odd(80_000),
            tier="balanced",
            expiry=self.burn + (self.chance.choice((3, 6, 9)) if plain else self.chance.choice((0, 30_000))),
            valid_until=self.burn + (-1 if self._rarely() else 3),
            valid_until_time=QUOTE_LIFE_S,
        )
        network = self.deployment.network
        quote = messages.Quote(contract=self.deployment.registry, terms=terms)
        height = self.burn - self.chance.choice((0, 0, 0, 1, 30))
        reading = messages.Reading(
            contract=self.deployment.registry,
            quote_id=terms.quote_id,
            id=quote.sale_id(network),
            price=price,
            height=height,
        )
        return self._call(
            who,
            "buy-policy",
            terms.to_clarity(),
            self._signed(self.keys.quote, quote.digest(network)),
            UInt(price),
            UInt(height),
            self._signed(self.keys.attestor, reading.digest(network)),
        )

    def exercise(self) -> Step:
        """The owner's order, with a reading made for it."""
        if not self.sold:
            return self.blocks()
        number = self._number()
        terms = self.sold[min(number, len(self.sold))]
        owner = next(name for name, address in self.users.items() if address == terms.owner)
        price, height, order_id = self._price(wide=True), self.burn - self._rarely(), self._id()
        network, registry = self.deployment.network, self.deployment.registry
        least = self.chance.choice((1, 1, 10**9))
        command = messages.Command(
            contract=registry,
            address=terms.owner,
            id=order_id,
            valid_until=ORDER_UNTIL_S,
            action=messages.ActivatePolicy(number, terms.quote_id, least),
        )
        reading = messages.Reading(
            contract=registry, quote_id=terms.quote_id, id=order_id, price=price, height=height
        )
        signer = self.signers[self._user() if self._rarely() else owner]
        order = Tuple.of(
            {
                "id": Buffer(order_id),
                "valid-until": UInt(ORDER_UNTIL_S),
                "min-payout": UInt(least),
                "signature": Buffer(signer.sign(command.digest(network))),
            }
        )
        signatures = self._signed(self.keys.attestor, reading.digest(network))
        return self._call(
            self._user(), "settle-policy", UInt(number), UInt(price), UInt(height), signatures, Some(order)
        )

    def _odd(self, usual: int) -> int:
        return self.chance.choice((1, usual, 10 * usual))

    def settle(self) -> Step:
        number, price = self._number(), self._price(wide=True)
        height = max(1, self.burn - self.chance.choice((0, 1, 2, 5, 9)))
        if self.sold and self.chance.random() < 0.5:
            height = self.sold[min(number, len(self.sold))].expiry
        proof = messages.Attestation(contract=self.deployment.registry, price=price, height=height)
        signatures = self._signed(self.keys.attestor, proof.digest(self.deployment.network))
        return self._call(
            self._user(), "settle-policy", UInt(number), UInt(price), UInt(height), signatures, NONE
        )

    def release(self) -> Step:
        numbers = List.of(UInt(self._number()) for _ in range(self.chance.randrange(1, 4)))
        if self.chance.random() < 0.4 or not self.sold:
            return self._call(self._user(), "release-collateral-aggregate", numbers, NONE)
        price, height = self._price(wide=True), self.sold[self.chance.randrange(len(self.sold)) + 1].expiry
        proof = messages.Attestation(contract=self.deployment.registry, price=price, height=height)
        shown = Tuple.of(
            {
                "price": UInt(price),
                "height": UInt(height),
                "attestations": self._signed(self.keys.attestor, proof.digest(self.deployment.network)),
            }
        )
        return self._call(self._user(), "release-collateral-aggregate", numbers, Some(shown))

    def withdraw(self) -> Step:
        who, amount, serial = self._user(), self.chance.choice((1, 40_000, 9_000_000, 10**11)), self._id()
        until = self.burn + self.chance.choice((-1, 5))
        voucher = messages.Voucher(
            contract=self.deployment.pool,
            provider=self.users[self._user() if self._rarely() else who],
            amount=amount,
            tier="balanced",
            serial=serial,
            valid_until=until,
        )
        return self._call(
            who,
            "withdraw-funds",
            UInt(amount),
            StringAscii("balanced"),
            Buffer(serial),
            UInt(until),
            self._signed(self.keys.voucher, voucher.digest(self.deployment.network)),
        )

    def request(self) -> Step:
        least = UInt(self.chance.choice((0, 1, 10**9)))
        return Step("call", self._user(), "request-exercise", (UInt(self._number()), least))

    def pause(self) -> Step:
        what = StringAscii(self.chance.choice(("sales", "settlements", "withdrawals", "sleep")))
        who = self.chance.choice(("deployer", self._user()))
        if self.chance.random() < 0.5:
            return Step("call", who, "resume", (what,))
        return Step("call", who, "pause", (what, UInt(self.chance.choice((0, 2, 500)))))

    def buffer(self) -> Step:
        name = self.chance.choice(("lock-collateral-aggregate", "unlock-collateral-aggregate"))
        who = self.chance.choice(("deployer", self._user()))
        return self._call(who, name, UInt(self.chance.choice((0, 1_000, 10**9))))

    def mark(self) -> Step:
        who = self.chance.choice(("deployer", self._user()))
        return Step("call", who, "update-policy-status", (UInt(self._number()), StringAscii("expired")))

    def blocks(self) -> Step:
        return Step("burn", count=self.chance.choice((1, 1, 2, 6, 13)))

    def _call(self, who: str, function: str, *arguments: ClarityValue) -> Step:
        return Step("call", who, function, arguments)

    def _user(self) -> str:
        return self.chance.choice([name for name in self.users if name != "deployer"])

    def _rarely(self) -> bool:
        return self.chance.random() < 0.1

    def _number(self) -> int:
        newest = len(self.sold)
        return self.chance.randrange(max(1, newest - 4), newest + 2)

    def _price(self, *, wide: bool = False) -> int:
        low, high = (30, 180) if wide else (97, 104)
        return PRICE * self.chance.randrange(low, high) // 100

    def _id(self) -> bytes:
        self.made += 1
        reused = self.made > 2 and self._rarely()
        return (self.made - reused).to_bytes(16, "big")

    def _signed(self, key: PrivateKey, digest: bytes) -> List:
        signer = self.keys.voucher if self._rarely() else key
        return List.of([Buffer(signer.sign(digest))])

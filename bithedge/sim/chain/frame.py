"""One call at work: where it stands, what it changes, what it says."""

from typing import Final

import msgspec

from bithedge.protocol.deployment import Deployment
from bithedge.sim.chain.state import State, Totals
from bithedge.stacks.clarity import Buffer, ClarityValue, Principal, StringAscii, Tuple, UInt, serialise_hex
from bithedge.stacks.node_types import AssetMove, ContractLog, TransactionEvent, ValueText

TOTALS: Final = Totals.__struct_fields__
_TOKEN_SHORT, _TOKEN_ZERO = 1, 3


class CallError(Exception):
    """The contract answered with `(err code)`: nothing of the call remains."""

    def __init__(self, code: int) -> None:
        super().__init__(f"u{code}")
        self.code = code


class Frame:
    """A call in a block: its state is a draft until the call has gone well."""

    def __init__(
        self, state: State, deployment: Deployment, *, sender: str, burn: int, stacks: int, time: int
    ) -> None:
        self.state = state
        self.deployment = deployment
        self.sender = sender
        self.burn = burn
        self.stacks = stacks
        self.time = time
        self.events: list[TransactionEvent] = []

    def check(self, condition: object, code: int) -> None:
        """Go on, or answer with an error.

        Raises:
            CallError: the condition is false.
        """
        if not condition:
            raise CallError(code)

    def parameter(self, name: str) -> int:
        """Return a parameter of the registry."""
        return self.state.parameters.get(name, 0)

    def is_paused(self, what: str) -> bool:
        """Return whether the guardian's pause holds."""
        return self.burn < self.state.pauses.get(what, 0)

    def say(self, contract: str, topic: str, **fields: ClarityValue) -> None:
        """Print an event, `_` in a name standing for `-`."""
        head: dict[str, ClarityValue] = {
            "topic": StringAscii(topic),
            "version": UInt(1),
            "height": UInt(self.burn),
        }
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        value = ValueText(serialise_hex(Tuple.of(head | named)))
        log = ContractLog(contract_id=contract, topic="print", value=value)
        self.events.append(TransactionEvent(event_index=len(self.events), contract_log=log))

    def transfer(self, amount: int, sender: str, recipient: str) -> None:
        """Move sBTC.

        Raises:
            CallError: the token's own refusal.
        """
        held = self.state.sbtc.get(sender, 0)
        self.check(amount > 0, _TOKEN_ZERO)
        self.check(held >= amount, _TOKEN_SHORT)
        self.state.sbtc[sender] = held - amount
        self.state.sbtc[recipient] = self.state.sbtc.get(recipient, 0) + amount
        move = AssetMove(
            type="transfer",
            sender=sender,
            recipient=recipient,
            amount=amount,
            asset_identifier=self.deployment.sbtc_asset,
        )
        self.events.append(TransactionEvent(event_index=len(self.events), ft_asset=move))


def totals_value(totals: Totals) -> Tuple:
    """Return the vault's totals as the contract prints them."""
    return Tuple.of({name: UInt(getattr(totals, name)) for name in TOTALS})


def principal(text: str) -> Principal:
    """Return a principal's value."""
    return Principal.parse(text)


def buffer(data: bytes) -> Buffer:
    """Return bytes as a value."""
    return Buffer(data)


class WireTerms(msgspec.Struct, frozen=True):
    """The `terms` argument of a purchase, and the value it came as."""

    value: Tuple
    quote_id: bytes
    owner: str
    option: str
    strike: int
    amount: int
    collateral: int
    premium: int
    fee: int
    tier: str
    expiry: int
    valid_until: int
    valid_until_time: int


class WireOrder(msgspec.Struct, frozen=True):
    """The `order` argument of a settlement."""

    id: bytes
    valid_until: int
    min_payout: int
    signature: bytes


class WireProof(msgspec.Struct, frozen=True):
    """The `proof` argument of a release."""

    price: int
    height: int
    attestations: tuple[bytes, ...]

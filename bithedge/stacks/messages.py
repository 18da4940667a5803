"""Every message that BitHedge has signed; no two kinds have the same fields.

`contract` is the pool for a voucher, the registry for all else. Digests are the contracts' own.
"""

from typing import ClassVar, TypeAlias

import msgspec

from bithedge.stacks.clarity import Bool, Buffer, ClarityValue, Principal, StringAscii, Tuple, UInt
from bithedge.stacks.errors import ClarityError
from bithedge.stacks.networks import Network
from bithedge.stacks.sip018 import digest

ID_BYTES = 16
COMMAND_RANDOM_BYTES = 11
_UNTIL_BYTES = 5


def _id(value: bytes) -> Buffer:
    if len(value) != ID_BYTES:
        raise ClarityError(f"an id is {ID_BYTES} bytes, not {len(value)}")
    return Buffer(value)


class Terms(msgspec.Struct, frozen=True):
    """What a quote offers: amounts in sats, strike in USD x 1e8, heights of burn blocks.

    `premium` is all the buyer pays, `fee` included; `valid_until_time` is in Unix seconds.
    """

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

    def fields(self) -> dict[str, ClarityValue]:
        """Return the 12 fields as the contract names them."""
        return {
            "quote-id": _id(self.quote_id),
            "owner": Principal.parse(self.owner),
            "option": StringAscii(self.option),
            "strike": UInt(self.strike),
            "amount": UInt(self.amount),
            "collateral": UInt(self.collateral),
            "premium": UInt(self.premium),
            "fee": UInt(self.fee),
            "tier": StringAscii(self.tier),
            "expiry": UInt(self.expiry),
            "valid-until": UInt(self.valid_until),
            "valid-until-time": UInt(self.valid_until_time),
        }

    def to_clarity(self) -> Tuple:
        """Return the `terms` argument of `buy-policy`."""
        return Tuple.of(self.fields())


class _Message(msgspec.Struct, frozen=True):
    kind: ClassVar[str]

    contract: str

    def _fields(self) -> dict[str, ClarityValue]:
        raise NotImplementedError

    def to_clarity(self) -> Tuple:
        """Return the message as it is signed."""
        head: dict[str, ClarityValue] = {
            "kind": StringAscii(self.kind),
            "contract": Principal.parse_contract(self.contract),
        }
        return Tuple.of(head | self._fields())

    def digest(self, network: Network) -> bytes:
        """Return the 32 bytes that are signed."""
        return digest(self.to_clarity(), network)


class Quote(_Message, frozen=True):
    """An offer to sell `terms`, signed by the quote keys."""

    kind: ClassVar[str] = "quote"

    terms: Terms

    def _fields(self) -> dict[str, ClarityValue]:
        return self.terms.fields()

    def sale_id(self, network: Network) -> bytes:
        """Return the id that a reading for this sale names: what `get-sale-id` gives."""
        return self.digest(network)[:ID_BYTES]


class Reading(_Message, frozen=True):
    """A price (USD x 1e8) of a burn height, for one sale or one command, signed by attestors."""

    kind: ClassVar[str] = "reading"

    quote_id: bytes
    id: bytes
    price: int
    height: int

    def _fields(self) -> dict[str, ClarityValue]:
        return {
            "quote-id": _id(self.quote_id),
            "id": _id(self.id),
            "price": UInt(self.price),
            "height": UInt(self.height),
        }


class Attestation(_Message, frozen=True):
    """The one public price (USD x 1e8) of a burn height, signed by attestors."""

    kind: ClassVar[str] = "attestation"

    price: int
    height: int

    def _fields(self) -> dict[str, ClarityValue]:
        return {"price": UInt(self.price), "height": UInt(self.height)}


class Voucher(_Message, frozen=True):
    """Leave for a provider to withdraw `amount` sats, signed by the voucher keys."""

    kind: ClassVar[str] = "voucher"

    provider: str
    amount: int
    tier: str
    serial: bytes
    valid_until: int

    def _fields(self) -> dict[str, ClarityValue]:
        return {
            "provider": Principal.parse(self.provider),
            "amount": UInt(self.amount),
            "tier": StringAscii(self.tier),
            "serial": _id(self.serial),
            "valid-until": UInt(self.valid_until),
        }


class ReservePolicy(msgspec.Struct, frozen=True):
    """Ask for a quote's signed terms."""

    name: ClassVar[str] = "reserve-policy"

    quote_id: bytes

    def fields(self) -> dict[str, ClarityValue]:
        """Return the action's own fields."""
        return {"quote-id": _id(self.quote_id)}


class ActivatePolicy(msgspec.Struct, frozen=True):
    """Exercise; the chain verifies this one too. `min_payout_sats` is 1 if the holder gave none."""

    name: ClassVar[str] = "activate-policy"

    policy_id: int
    quote_id: bytes
    min_payout_sats: int = 1

    def fields(self) -> dict[str, ClarityValue]:
        """Return the action's own fields."""
        return {
            "policy-id": UInt(self.policy_id),
            "quote-id": _id(self.quote_id),
            "min-payout-sats": UInt(self.min_payout_sats),
        }


class RequestWithdrawal(msgspec.Struct, frozen=True):
    """Ask for a voucher."""

    name: ClassVar[str] = "request-withdrawal"

    amount_sats: int
    tier: str

    def fields(self) -> dict[str, ClarityValue]:
        """Return the action's own fields."""
        return {"amount-sats": UInt(self.amount_sats), "tier": StringAscii(self.tier)}


class SetAutoExercise(msgspec.Struct, frozen=True):
    """Let the daemon exercise a policy at its best, or no more."""

    name: ClassVar[str] = "set-auto-exercise"

    policy_id: int
    quote_id: bytes
    enabled: bool

    def fields(self) -> dict[str, ClarityValue]:
        """Return the action's own fields."""
        return {
            "policy-id": UInt(self.policy_id),
            "quote-id": _id(self.quote_id),
            "enabled": Bool(self.enabled),
        }


class SetExit(msgspec.Struct, frozen=True):
    """Back nothing new in a tier, or back again."""

    name: ClassVar[str] = "set-exit"

    tier: str
    enabled: bool

    def fields(self) -> dict[str, ClarityValue]:
        """Return the action's own fields."""
        return {"tier": StringAscii(self.tier), "enabled": Bool(self.enabled)}


Action: TypeAlias = ReservePolicy | ActivatePolicy | RequestWithdrawal | SetAutoExercise | SetExit


class Command(_Message, frozen=True):
    """What an owner asks of the daemon; `id` begins with `valid_until` (Unix seconds)."""

    kind: ClassVar[str] = "command"

    address: str
    id: bytes
    valid_until: int
    action: Action

    def _fields(self) -> dict[str, ClarityValue]:
        head: dict[str, ClarityValue] = {
            "action": StringAscii(self.action.name),
            "address": Principal.parse(self.address),
            "id": _id(self.id),
            "valid-until": UInt(self.valid_until),
        }
        return head | self.action.fields()


def command_id(valid_until: int, random: bytes) -> bytes:
    """Return a command's id: 5 bytes of `valid_until` (Unix seconds, big-endian), then 11 random ones.

    Raises:
        ClarityError: the random bytes are not 11.
    """
    if len(random) != COMMAND_RANDOM_BYTES:
        raise ClarityError(f"a command's id takes {COMMAND_RANDOM_BYTES} random bytes, not {len(random)}")
    return valid_until.to_bytes(_UNTIL_BYTES, "big") + random


def valid_until_of(command_id: bytes) -> int:
    """Return the `valid_until` (Unix seconds) that a command's id begins with."""
    return int.from_bytes(_id(command_id).value[:_UNTIL_BYTES], "big")

"""What the registry says of its keys, seats, pauses and proposals."""

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from bithedge.protocol.deploy_sources import published_parameters
from bithedge.protocol.deployment import Deployment
from bithedge.stacks.clarity import Buffer, ClarityValue, StringAscii, UInt
from bithedge.stacks.clarity_python import as_bool, as_optional, as_principal, as_tuple, as_uint, to_python
from bithedge.stacks.clarity_reader import deserialise_hex
from bithedge.stacks.ports import Node

SIGNING_ROLES: Final = ("quote", "voucher", "attestor")
SEATS: Final = ("owner", "guardian", "treasury", "backend")
PAUSABLE: Final = ("sales", "withdrawals", "settlements")
CHANGE_LIFE: Final = 1_008
"""Blocks in which a change may be executed, once ready."""
PAUSE_EXTRA: Final = 36
PAUSE_REST: Final = 1_008

Printed = Mapping[str, object]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that the registry still holds."""

    id: int
    action: str
    name: str
    value: int
    key: bytes
    who: str
    ready: int
    """The first burn height at which it may be executed."""
    voided: bool

    @property
    def lapses(self) -> int:
        """The last burn height at which it may be executed."""
        return self.ready + CHANGE_LIFE

    def moves(self, seat: str) -> bool:
        """Return whether it names another holder of a seat."""
        return self.action == "principal" and self.name == seat


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The governance of one registry at one height. Heights are of burn blocks."""

    height: int
    sealed: bool
    seats: Mapping[str, str]
    parameters: Mapping[str, int]
    keys: Mapping[str, int]
    """How many keys each signing role has."""
    pauses: Mapping[str, int]
    """The first height at which each thing is no longer paused; 0 if it never was."""
    changes: tuple[Change, ...]
    """What was proposed and neither executed nor too old to be."""

    @property
    def timelock(self) -> int:
        """Blocks between a proposal and its execution; none before the set-up is sealed."""
        return self.parameters["timelock"] if self.sealed else 0

    def waiting(self) -> tuple[Change, ...]:
        """Return what may still be executed, now or later."""
        return tuple(one for one in self.changes if not one.voided and self.height <= one.lapses)

    def change(self, number: int) -> Change | None:
        """Return a proposal by its number."""
        return next((one for one in self.changes if one.id == number), None)


class Registry:
    """Reads one registry by its read-only functions."""

    def __init__(self, node: Node, deployment: Deployment) -> None:
        self._node = node
        self.deployment = deployment

    async def read(self, function: str, *arguments: ClarityValue) -> ClarityValue:
        """Return what a read-only function gives."""
        deployment = self.deployment
        return await self._node.call_read(
            deployment.registry, function, arguments, sender=deployment.deployer
        )

    async def height(self) -> int:
        """Return the burn height as the contract sees it."""
        return as_uint(as_tuple(await self.read("get-clock"))["burn"])

    async def principal(self, role: str) -> str | None:
        """Return who holds a seat, or is the pool."""
        found = as_optional(await self.read("get-principal", StringAscii(role)))
        return None if found is None else as_principal(found)

    async def parameter(self, name: str) -> int:
        """Return a parameter's value."""
        return as_uint(await self.read("get-parameter", StringAscii(name)))

    async def is_signer(self, role: str, key: bytes) -> bool:
        """Return whether a key is registered."""
        return as_bool(await self.read("is-signer", StringAscii(role), Buffer(key)))

    async def key_count(self, role: str) -> int:
        """Return how many keys a role has."""
        return as_uint(await self.read("get-signer-count", StringAscii(role)))

    async def paused_until(self, what: str) -> int:
        """Return the first height at which a thing is no longer paused."""
        return as_uint(await self.read("get-paused-until", StringAscii(what)))

    async def standing(self) -> Standing:
        """Return the whole of its governance.

        Raises:
            NodeError: the node does not answer.
        """
        height = await self.height()
        seats = {role: await self.principal(role) or "" for role in SEATS}
        return Standing(
            height=height,
            sealed=await self.principal("pool") is not None,
            seats=seats,
            parameters={name: await self.parameter(name) for name in published_parameters()},
            keys={role: await self.key_count(role) for role in SIGNING_ROLES},
            pauses={what: await self.paused_until(what) for what in PAUSABLE},
            changes=await self.changes(height),
        )

    async def changes(self, height: int) -> tuple[Change, ...]:
        """Return the proposals that the registry holds and that could be alive at `height`."""
        since = max(0, height - published_parameters()["timelock"].high - CHANGE_LIFE)
        proposed, voided = await self._proposed_since(since)
        found: list[Change] = []
        for number in sorted(proposed):
            held = as_optional(await self.read("get-change", UInt(number)))
            if held is not None:
                found.append(_change(number, cast("Printed", to_python(held)), voided))
        return tuple(found)

    async def _proposed_since(self, since: int) -> tuple[set[int], Mapping[str, int]]:
        # The registry does not list its changes, so its prints do; what is older has lapsed.
        proposed: set[int] = set()
        voided: Mapping[str, int] | None = None
        cursor: str | None = None
        while True:
            page = await self._node.contract_logs(self.deployment.registry, cursor)
            printed = [_printed(entry.contract_log.value.hex) for entry in page.results]
            for one in printed:
                if one.get("topic") == "change-proposed":
                    proposed.add(cast("int", one["id"]))
                elif one.get("topic") == "changes-cancelled" and voided is None:
                    voided = cast("Mapping[str, int]", one["voided"])
            cursor = page.prev_cursor
            if cursor is None or any(cast("int", one.get("height", 0)) < since for one in printed):
                return proposed, voided or {"changes": 0, "seat": 0}


def _printed(value: str) -> Printed:
    found = to_python(deserialise_hex(value))
    return found if isinstance(found, dict) else {}


def _change(number: int, held: Printed, voided: Mapping[str, int]) -> Change:
    made = msgspec.convert({**held, "id": number, "voided": False}, Change)
    mark = voided["seat"] if made.moves("guardian") else voided["changes"]
    return msgspec.structs.replace(made, voided=number <= mark)

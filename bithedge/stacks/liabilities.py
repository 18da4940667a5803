"""The tree of what the pool owes its providers, as `publish-liabilities` and `escape-funds` hash it.

Leaves stand in the order of the provider's consensus bytes; an odd node rises unchanged.
"""

from collections.abc import Sequence

import msgspec

from bithedge.stacks.clarity import Bool, Buffer, List, Principal, Tuple, UInt, serialise
from bithedge.stacks.hashes import sha256

MAX_STEPS = 24
EMPTY_ROOT = bytes(32)
"""What is published when nobody is owed anything."""


class Leaf(msgspec.Struct, frozen=True):
    """What one provider is owed and has moved, in sats."""

    provider: str
    equity: int
    deposited: int
    withdrawn: int

    def order(self) -> bytes:
        """Return what leaves are sorted by."""
        return serialise(Principal.parse(self.provider))

    def hash(self) -> bytes:
        """Return what `get-leaf-hash` gives."""
        fields = Tuple.of(
            {
                "provider": Principal.parse(self.provider),
                "equity": UInt(self.equity),
                "deposited": UInt(self.deposited),
                "withdrawn": UInt(self.withdrawn),
            }
        )
        return sha256(b"\x00" + serialise(fields))

    def to_clarity(self) -> Tuple:
        """Return the `leaf` argument of `escape-funds`, which names the provider apart."""
        return Tuple.of(
            {
                "equity": UInt(self.equity),
                "deposited": UInt(self.deposited),
                "withdrawn": UInt(self.withdrawn),
            }
        )


class Step(msgspec.Struct, frozen=True):
    """One level of a proof: the sibling, and whether it stands on the left."""

    sibling: bytes
    left: bool


class LiabilityTree:
    """All levels of the tree over `leaves`, given in any order."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.leaves = sorted(leaves, key=Leaf.order)
        self._places = {leaf.provider: place for place, leaf in enumerate(self.leaves)}
        self._levels = [[leaf.hash() for leaf in self.leaves]]
        while len(self._levels[-1]) > 1:
            self._levels.append(_above(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """The 32 bytes to publish."""
        return self._levels[-1][0] if self.leaves else EMPTY_ROOT

    def proof(self, provider: str) -> tuple[Step, ...]:
        """Return the steps from a provider's leaf up to the root.

        Raises:
            KeyError: this provider has no leaf.
        """
        place = self._places[provider]
        steps: list[Step] = []
        for level in self._levels[:-1]:
            sibling = place ^ 1
            if sibling < len(level):
                steps.append(Step(level[sibling], sibling < place))
            place >>= 1
        return tuple(steps)


def _above(level: list[bytes]) -> list[bytes]:
    paired = [sha256(b"\x01" + left + right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return paired + level[-1:] if len(level) % 2 else paired


def root_of(leaf: Leaf, proof: Sequence[Step]) -> bytes:
    """Return the root that `proof` leads to from `leaf`."""
    node = leaf.hash()
    for step in proof:
        node = sha256(b"\x01" + (step.sibling + node if step.left else node + step.sibling))
    return node


def proof_to_clarity(proof: Sequence[Step]) -> List:
    """Return the `proof` argument of `escape-funds`."""
    return List.of(Tuple.of({"sibling": Buffer(step.sibling), "left": Bool(step.left)}) for step in proof)

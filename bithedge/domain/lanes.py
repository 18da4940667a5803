"""A lane: one backend key and its nonces. What its records and the chain's count say to do next."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping

import msgspec

from bithedge.domain.events.transactions import Call, Intent, OperationKind
from bithedge.domain.ids import Address, OperationId, PolicyNumber, QuoteId, Txid, operation_id
from bithedge.domain.money import WHOLE, Bps, Height, Ustx, ceil_div
from bithedge.domain.policy.state import ENDED, Policy

MOST_AHEAD = 25
"""The node takes no more chained transactions of one account into its mempool."""
_OPEN = ("pending", "dropped")
_ID_BYTES = 16


class LaneAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One signed transaction of a lane, as the records have it."""

    txid: Txid
    nonce: int
    fee: Ustx
    operation_id: OperationId
    kind: OperationKind
    quote_ids: tuple[QuoteId, ...]
    status: str
    sent: bool
    """Whether a node ever took it."""
    signed_at: Height | None
    """The burn height that was followed when it was signed."""
    mined_at: Height | None
    """The burn height of its block, whether it did its work there or failed."""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be mined."""
        return self.status in _OPEN


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation signs; without a call it is a filler."""

    operation_id: OperationId
    kind: OperationKind
    call: Call | None
    quote_ids: tuple[QuoteId, ...] = ()
    policy_ids: tuple[PolicyNumber, ...] = ()

    @staticmethod
    def of(intent: Intent) -> "Job":
        """Return the job of an intent."""
        return Job(
            operation_id=intent.operation_id,
            kind=intent.kind,
            call=intent.call,
            quote_ids=intent.quote_ids,
            policy_ids=intent.policy_ids,
        )

    @staticmethod
    def filler(address: Address, nonce: int) -> "Job":
        """Return the no-op that closes a gap: the same nonce is the same operation, also after a restart."""
        digest = hashlib.sha256(f"filler:{address}:{nonce}".encode()).digest()
        return Job(operation_id=operation_id(digest[:_ID_BYTES]), kind="filler", call=None)


class Nonces(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's nonces: the chain's count, and every attempt from there on or still open below."""

    mined: int
    """How many the chain has mined: the next one to be mined, and the floor."""
    attempts: tuple[LaneAttempt, ...]
    """In the order of nonces, then of signing."""

    @property
    def lost(self) -> tuple[LaneAttempt, ...]:
        """Return the open attempts whose nonce the chain gave to another transaction."""
        return tuple(one for one in self.attempts if one.is_open and one.nonce < self.mined)

    @property
    def in_flight(self) -> tuple[LaneAttempt, ...]:
        """Return the newest open attempt of each nonce that is not mined, in the order of nonces."""
        newest = {one.nonce: one for one in self.attempts if one.is_open and one.nonce >= self.mined}
        return tuple(newest.values())

    @property
    def next(self) -> int:
        """Return the nonce after the highest that is taken."""
        return max((nonce + 1 for nonce in self._taken()), default=self.mined)

    def winner(self, nonce: int) -> LaneAttempt | None:
        """Return our attempt that was mined with this nonce; None if it was a stranger's, or none was."""
        return next((one for one in self.attempts if one.nonce == nonce and one.mined_at is not None), None)

    def is_gap(self, nonce: int) -> bool:
        """Return whether higher nonces wait for this missing one."""
        return self.mined <= nonce < self.next and nonce not in self._taken()

    def free(self, limit: int) -> int | None:
        """Return the lowest nonce that may be signed now; with `limit` in flight only a gap may."""
        taken = self._taken()
        lowest = next(nonce for nonce in range(self.mined, self.mined + len(taken) + 1) if nonce not in taken)
        if self.is_gap(lowest):
            return lowest
        within = len(taken) < limit and lowest < self.mined + MOST_AHEAD
        return lowest if within else None

    def _taken(self) -> frozenset[int]:
        """Return the nonces from the floor on that an attempt holds, or held when the chain was another."""
        return frozenset(
            one.nonce
            for one in self.attempts
            if one.nonce >= self.mined and (one.is_open or one.mined_at is not None)
        )


def lane_of(intent: Intent, lanes: int) -> int:
    """Return which lane an operation belongs to: one policy's operations never overtake each other.

    Python's own hash differs from run to run; this one does not.
    """
    name = intent.quote_ids[0] if intent.quote_ids else intent.operation_id
    return zlib.crc32(name.encode()) % lanes


def uselessness(intent: Intent, policies: Mapping[QuoteId, Policy], height: Height) -> str | None:
    """Return why the chain would refuse an operation that was not sent yet; None if it is worth its fee."""
    if intent.useless_after is not None and height > intent.useless_after:
        return f"its last height {intent.useless_after} has passed unsent"
    named = [policies[quote_id] for quote_id in intent.quote_ids if quote_id in policies]
    if named and all(policy.status in ENDED for policy in named):
        return f"the policy has ended: {named[0].status.value}"
    if intent.kind == "settle" and any(policy.operation_id != intent.operation_id for policy in named):
        return "the settlement was taken back"
    return None


def first_fee(estimate: Ustx | None, *, size: int, floor: Ustx, cap: Ustx) -> Ustx:
    """Return the fee of a first attempt: the node's idea within our limits, at least 1 uSTX a byte.

    The cap stands above all, also where the node would ask for more.
    """
    return Ustx(min(max(estimate or 0, floor, size), cap))


def raised_fee(fee: Ustx, *, bump: Bps, cap: Ustx, least: int = 0) -> Ustx | None:
    """Return the strictly higher total fee of a replacement, rounded up; None if the cap leaves no room.

    Args:
        fee: what the present attempt pays.
        bump: by how much to raise it.
        cap: what no attempt pays more than.
        least: what the node said it wants.
    """
    raised = min(max(fee + 1, ceil_div(fee * (WHOLE + bump), WHOLE), least), cap)
    return Ustx(raised) if raised > fee and raised >= least else None


def is_stuck(nonces: Nonces, height: Height, blocks: int) -> bool:
    """Return whether the lowest unmined nonce has had its turn for `blocks` burn blocks and was not mined.

    It had none before the nonce below it was mined.
    """
    lowest = next(iter(nonces.in_flight), None)
    if lowest is None or lowest.nonce != nonces.mined or lowest.signed_at is None:
        return False
    before = nonces.winner(nonces.mined - 1)
    turn = lowest.signed_at if before is None else max(lowest.signed_at, before.mined_at or 0)
    return height - turn >= blocks


def spent(attempts: Iterable[tuple[int, Ustx]]) -> Ustx:
    """Return what attempts (nonce, fee) can cost together: of those with one nonce only one is mined."""
    dearest: dict[int, Ustx] = {}
    for nonce, fee in attempts:
        dearest[nonce] = max(fee, dearest.get(nonce, Ustx(0)))
    return Ustx(sum(dearest.values()))

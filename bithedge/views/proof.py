"""The solvency proof: the chain's figures beside our books, and the reads that anyone can repeat."""

from collections.abc import Sequence

from bithedge.domain.ids import Hex
from bithedge.domain.money import Height
from bithedge.domain.pool.invariants import Equation, EquationName
from bithedge.protocol.solvency import Solvency
from bithedge.views.base import View
from bithedge.views.times import rfc3339


class EquationView(View, frozen=True, kw_only=True):
    """The chain's figure on the left; a vault may hold more than it has to."""

    name: EquationName
    left_sats: int
    right_sats: int
    holds: bool


class ReadView(View, frozen=True, kw_only=True):
    """A read-only call and what a node answers, as serialised Clarity values."""

    contract_id: str
    function: str
    arguments: tuple[Hex, ...]
    result: Hex


class ProofView(View, frozen=True, kw_only=True):
    """All of it, of one block."""

    burn_height: Height
    block_hash: str
    equations: tuple[EquationView, ...]
    last_break_at: str | None
    reads: tuple[ReadView, ...]


def proof_view(on_chain: Solvency, equations: Sequence[Equation], *, last_break_ms: int | None) -> ProofView:
    """Return the proof as the interface shows it."""
    return ProofView(
        burn_height=on_chain.burn_height,
        block_hash=on_chain.block_hash,
        equations=tuple(
            EquationView(
                name=equation.name,
                left_sats=equation.left,
                right_sats=equation.right,
                holds=equation.holds,
            )
            for equation in equations
        ),
        last_break_at=rfc3339(last_break_ms),
        reads=tuple(
            ReadView(
                contract_id=read.contract_id,
                function=read.function,
                arguments=read.arguments,
                result=read.result,
            )
            for read in on_chain.reads
        ),
    )

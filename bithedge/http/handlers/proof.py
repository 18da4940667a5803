"""The solvency proof."""

from typing import Final

from actors.following import RECONCILIATION
from actors.messages.chain import CatchUp
from actors.messages.pool import GetEquations
from actors.system import System
from bithedge.domain.errors import NotReadyError
from bithedge.domain.pool.invariants import Equation
from bithedge.http.calls import Call, Nothing, Reply, json_reply
from bithedge.http.handlers.common import ASK_S
from bithedge.protocol.following import BranchLeftError
from bithedge.protocol.solvency import Solvency, read_solvency
from bithedge.storage.queries.events import alert_raised_ms
from bithedge.views.proof import proof_view

ATTEMPTS: Final = 4
"""So often chain and books may be found at different blocks."""


async def get_proof(call: Call[Nothing, Nothing]) -> Reply:
    """Return the chain's own figures beside the books, all of one block."""
    seq, last_break_ms = await call.system.reader.read_at(alert_raised_ms, RECONCILIATION)
    on_chain, equations = await _at_one_block(call.system)
    return json_reply(proof_view(on_chain, equations, last_break_ms=last_break_ms), seq=seq)


async def _at_one_block(system: System) -> tuple[Solvency, tuple[Equation, ...]]:
    for _ in range(ATTEMPTS):
        try:
            on_chain = await read_solvency(system.node, system.deployment)
            question = GetEquations(
                block_hash=on_chain.block_hash, totals=on_chain.totals, vault=on_chain.vault
            )
            return on_chain, await system.pool.ask(question, deadline=ASK_S)
        except (BranchLeftError, NotReadyError):
            await system.chain.ask(CatchUp(), deadline=ASK_S)
    raise NotReadyError("the chain moves faster than it is followed", retry_after_s=1)

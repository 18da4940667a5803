"""Blocks, and what an account holds by the chain's word."""

from bithedge.domain.ids import Address, Txid
from bithedge.domain.money import Height, Sats, Ustx
from bithedge.storage.queries.chain import Block
from bithedge.views.base import View
from bithedge.views.context import ViewContext
from bithedge.views.times import rfc3339


class BlockView(View, frozen=True, kw_only=True):
    """A Stacks block that was followed; an orphan if the chain has left it."""

    block_height: int
    burn_height: Height
    hash: str
    parent_hash: str
    at: str
    mean_burn_block_s: int | None
    """Between burn blocks, over the last 144; the tip's figure, the same for all blocks of an answer."""
    orphaned: bool
    reverted_events: int


class PendingView(View, frozen=True, kw_only=True):
    """A transaction that waits to be mined."""

    txid: Txid
    nonce: int


class AccountView(View, frozen=True, kw_only=True):
    """What an address holds; `nonce` is its lowest unused one, what waits counted."""

    address: Address
    stx_ustx: Ustx
    sbtc_sats: Sats
    nonce: int
    pending: tuple[PendingView, ...]


def block_view(block: Block, context: ViewContext) -> BlockView:
    """Return a block as the interface shows it."""
    return BlockView(
        block_height=block.block_height,
        burn_height=block.burn_height,
        hash=block.hash,
        parent_hash=block.parent_hash,
        at=rfc3339(block.at_ms),
        mean_burn_block_s=None if context.tip is None else context.tip.mean_burn_block_ms // 1_000,
        orphaned=block.orphaned,
        reverted_events=block.reverted_events,
    )

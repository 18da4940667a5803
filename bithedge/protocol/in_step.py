"""Whether our records are as new as the node: only then does a mined nonce without a record mean anything."""

from bithedge.domain.market import Tip
from bithedge.stacks.ports import Node


async def in_step(node: Node, tip: Tip) -> bool:
    """Return whether node and API both stand at the block that was applied last.

    Ask for an account before this: its nonce is then that of the applied chain, and every transaction of
    ours in that chain has been journalled.

    Raises:
        NodeError: the node does not answer.
    """
    info = await node.info()
    latest = await node.block("latest")
    return (
        latest is not None
        and latest.index_block_hash == tip.hash
        and latest.height == info.stacks_tip_height == tip.block_height
    )

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bithedge.protocol.deployment import Deployment
from bithedge.protocol.following import BranchLeftError, read_block
from bithedge.stacks.networks import Network
from bithedge.stacks.node_types import NodeTransaction, TransactionEvent
from tests.fakes.node import FakeNode

DEPLOYMENT = Deployment(
    network=Network.DEVNET,
    deployer="ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
    sbtc_token="ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",  # noqa: S106 - an asset's id
)


class Forked(FakeNode):
    """At every height it now has another block, which is empty."""

    async def block_transactions(self, which: int | str) -> Sequence[NodeTransaction]:
        del which
        return ()


async def test_a_block_whose_transactions_are_gone_is_not_taken_for_an_empty_one() -> None:
    node = Forked()
    orphaned = replace(node.latest, tx_count=2)

    with pytest.raises(BranchLeftError):
        await read_block(node, DEPLOYMENT, orphaned, frozenset())


class ForksMeanwhile(FakeNode):
    """It leaves the branch while a transaction's events are asked for."""

    async def transaction_events(self, txid: str) -> tuple[TransactionEvent, ...]:
        del txid
        self.fork(1)
        self.mine()
        return ()


async def test_events_that_may_be_of_another_branch_are_not_taken_for_the_blocks() -> None:
    node = ForksMeanwhile()
    block = node.mine_foreign("ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5")
    found = await node.block_transactions(block.height)
    assert found is not None

    with pytest.raises(BranchLeftError):
        await read_block(node, DEPLOYMENT, block, frozenset({found[0].tx_id}))

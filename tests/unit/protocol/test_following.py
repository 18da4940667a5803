from typing import Any

import pytest
from msgspec.structs import replace

from bithedge.domain.facts import DepositFact, MinedTransaction
from bithedge.domain.tiers import Tier
from bithedge.protocol.deployment import Deployment
from bithedge.protocol.following import BranchLeftError, named_transactions, read_block
from bithedge.stacks.clarity import Principal, StringAscii, Tuple, UInt, serialise_hex
from bithedge.stacks.errors import ClarityError, CursorGoneError, NodeError
from bithedge.stacks.networks import Network
from bithedge.stacks.node_types import (
    BlockPlace,
    ContractLog,
    LogEntry,
    LogPage,
    NodeTransaction,
    Sender,
    TransactionEvent,
    ValueText,
)
from tests.fakes.node import FakeNode

PROVIDER = "ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5"
DEPLOYMENT = Deployment(
    network=Network.DEVNET,
    deployer="ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
    sbtc_token="ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token",  # noqa: S106 - an asset's id
)
GONE = "50:0:0:0"
TOTALS = ("available", "locked", "buffer", "deposited", "withdrawn", "premiums", "payouts", "escaped")


def a_txid(number: int) -> str:
    return f"0x{number:064x}"


def a_deposit(amount: int, *, contract: str = DEPLOYMENT.pool, version: int = 1) -> ContractLog:
    fields = {
        "topic": StringAscii("funds-deposited"),
        "version": UInt(version),
        "height": UInt(100),
        "provider": Principal.parse(PROVIDER),
        "amount": UInt(amount),
        "tier": StringAscii("balanced"),
        "deposited": UInt(amount),
        "totals": Tuple.of({name: UInt(0) for name in TOTALS}),
    }
    return ContractLog(contract, "print", ValueText(serialise_hex(Tuple.of(fields)), ""))


class Node(FakeNode):
    """A block of scripted transactions, and the pages of both contracts' logs."""

    def __init__(self) -> None:
        super().__init__()
        self.events: dict[str, tuple[ContractLog, ...]] = {}
        self.logs: dict[str | None, LogPage] = {}
        self.asked: list[tuple[str, str | None]] = []

    def script(self, *transactions: NodeTransaction) -> None:
        """Mine a block of these."""
        block = replace(self.mine(), tx_count=len(transactions))
        self.chain[-1] = (block, transactions)

    def transaction_of(
        self, number: int, status: str = "success", *, block_hash: str | None = None, **given: Any
    ) -> NodeTransaction:
        """A transaction of the block that is mined next."""
        height = len(self.chain) + 1
        index_hash = self._block(0).index_block_hash if block_hash is None else block_hash
        place = BlockPlace(height, "0x" + "00" * 32, index_hash, 0, number)
        return NodeTransaction(
            tx_id=a_txid(number),
            type="contract_call",
            status=status,
            sender=Sender(PROVIDER, number),
            fee_rate=1,
            block=place,
            **given,
        )

    async def transaction_events(self, txid: str) -> tuple[TransactionEvent, ...]:
        logs = self.events.get(txid, ())
        return tuple(TransactionEvent(place, contract_log=log) for place, log in enumerate(logs))

    async def contract_logs(self, contract_id: str, cursor: str | None = None) -> LogPage:
        self.asked.append((contract_id, cursor))
        if cursor == GONE:
            raise CursorGoneError(GONE)
        return self.logs.get(cursor, LogPage(0, ()))


async def read(node: Node, named: frozenset[str]) -> tuple[MinedTransaction, ...]:
    return (await read_block(node, DEPLOYMENT, node.latest, named)).transactions


async def test_a_transaction_in_which_our_contracts_printed_brings_its_facts() -> None:
    node = Node()
    node.script(node.transaction_of(1), node.transaction_of(2))
    node.events[a_txid(1)] = (a_deposit(7),)

    with_facts, without = await read(node, frozenset({a_txid(1)}))

    (fact,) = with_facts.facts
    assert isinstance(fact, DepositFact)
    assert (fact.address, fact.amount, fact.tier) == (PROVIDER, 7, Tier.BALANCED)
    assert (without.succeeded, without.facts) == (True, ())


async def test_what_other_contracts_print_is_passed_over() -> None:
    node = Node()
    node.script(node.transaction_of(1))
    node.events[a_txid(1)] = (a_deposit(7, contract=f"{PROVIDER}.liquidity-pool"), a_deposit(8))

    (transaction,) = await read(node, frozenset({a_txid(1)}))

    assert [fact.amount for fact in transaction.facts if isinstance(fact, DepositFact)] == [8]


async def test_a_refused_transaction_brings_no_fact_and_the_reason_in_the_chains_words() -> None:
    node = Node()
    refused = node.transaction_of(1, "abort_by_response", result=ValueText("0x08", "(err u105)"))
    faulty = node.transaction_of(2, "abort_by_post_condition", vm_error="Post-condition check failure")
    node.script(refused, faulty)

    first, second = await read(node, frozenset({a_txid(1)}))

    assert (first.succeeded, first.reason, first.facts) == (False, "abort_by_response: (err u105)", ())
    assert second.reason == "abort_by_post_condition: Post-condition check failure"


async def test_transactions_of_another_branch_are_not_taken_for_the_blocks_own() -> None:
    node = Node()
    node.script(node.transaction_of(1, block_hash="0x" + "ff" * 32))

    with pytest.raises(BranchLeftError):
        await read(node, frozenset())


async def test_a_block_that_went_away_while_it_was_read_is_left() -> None:
    node = Node()
    node.script(node.transaction_of(1))
    block = node.latest
    node.fork(1)

    with pytest.raises(BranchLeftError):
        await read_block(node, DEPLOYMENT, block, frozenset())


async def test_events_that_are_gone_are_not_taken_for_none() -> None:
    node = Node()
    node.script(node.transaction_of(1))

    with pytest.raises(BranchLeftError):
        await read(node, frozenset({a_txid(1)}))


async def test_an_event_of_a_later_version_is_not_guessed_at() -> None:
    node = Node()
    node.script(node.transaction_of(1))
    node.events[a_txid(1)] = (a_deposit(7, version=2),)

    with pytest.raises(ClarityError, match="version 2"):
        await read(node, frozenset({a_txid(1)}))


async def test_an_empty_block_asks_for_nothing_more() -> None:
    node = Node()
    node.mine(burn=3)

    block = await read_block(node, DEPLOYMENT, node.latest, frozenset())

    assert block.transactions == ()
    assert (block.block_height, block.burn_height) == (2, node.latest.burn_block_height)
    assert block.hash == node.latest.index_block_hash
    assert block.at_ms == node.latest.block_time * 1_000


def a_page(*numbers: int, older: str | None = None) -> LogPage:
    entries = tuple(LogEntry(a_txid(number), 0, a_deposit(number)) for number in numbers)
    return LogPage(len(entries), entries, prev_cursor=older)


async def test_logs_are_read_back_until_they_are_older_than_what_is_asked_for() -> None:
    node = Node()
    node.logs = {
        None: a_page(9, 8, older="50:0:1:0"),
        "50:0:1:0": a_page(7, older="40:0:0:0"),
        "40:0:0:0": a_page(6),
    }

    named = await named_transactions(node, DEPLOYMENT, 41)

    assert named == {a_txid(9), a_txid(8), a_txid(7)}
    assert node.asked == [
        (contract, cursor)
        for contract in (DEPLOYMENT.registry, DEPLOYMENT.pool)
        for cursor in (None, "50:0:1:0")
    ]


async def test_a_cursor_that_a_fork_removed_means_another_branch() -> None:
    node = Node()
    node.logs = {None: a_page(9, older=GONE)}

    with pytest.raises(BranchLeftError):
        await named_transactions(node, DEPLOYMENT, 1)


async def test_a_cursor_without_a_height_is_garbage_and_not_the_end() -> None:
    node = Node()
    node.logs = {None: a_page(9, older="x:1")}

    with pytest.raises(NodeError, match="without a height"):
        await named_transactions(node, DEPLOYMENT, 1)

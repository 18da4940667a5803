"""Post-conditions: what a transaction's events may have moved."""

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bithedge.stacks.node_types import TransactionEvent
from bithedge.stacks.post_conditions import FungibleCode, FungibleCondition, PostConditionMode
from bithedge.stacks.transactions import Transaction

_COMPARE: Final = {
    FungibleCode.EQUAL: operator.eq,
    FungibleCode.GREATER: operator.gt,
    FungibleCode.GREATER_EQUAL: operator.ge,
    FungibleCode.LESS: operator.lt,
    FungibleCode.LESS_EQUAL: operator.le,
}


def is_covered(transaction: Transaction, events: Sequence[TransactionEvent]) -> bool:
    """Return whether every condition holds, and whether what moved is covered as the mode demands."""
    sent: Counter[tuple[str, str]] = Counter()
    for event in events:
        move = event.ft_asset
        if move is not None and move.sender is not None and move.asset_identifier is not None:
            sent[move.sender, move.asset_identifier] += move.amount or 0
    covered: set[tuple[str, str]] = set()
    for condition in transaction.post_conditions:
        if not isinstance(condition, FungibleCondition):
            continue
        who = transaction.sender if condition.principal is None else str(condition.principal)
        key = (who, str(condition.asset))
        covered.add(key)
        if not _COMPARE[condition.code](sent[key], condition.amount):
            return False
    mode = transaction.post_condition_mode
    if mode is PostConditionMode.ALLOW:
        return True
    concerned = (
        key for key in sent if sent[key] and (mode is PostConditionMode.DENY or key[0] == transaction.sender)
    )
    return all(key in covered for key in concerned)

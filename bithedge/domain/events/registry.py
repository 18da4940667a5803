"""All events by name, for the journal and the stream."""

from typing import Final, get_args

from bithedge.domain.events.base import Event
from bithedge.domain.events.chain import AlertEvent, ChainEvent, OracleEvent
from bithedge.domain.events.policy import PolicyEvent
from bithedge.domain.events.pool import PoolEvent
from bithedge.domain.events.transactions import TransactionEvent

EVENT_TYPES: Final[dict[str, type[Event]]] = {
    kind.__name__: kind
    for union in (PolicyEvent, PoolEvent, ChainEvent, OracleEvent, AlertEvent, TransactionEvent)
    for kind in get_args(union)
}

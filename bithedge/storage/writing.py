"""One transaction of the journal at work: what several appends bring, and what the read models make of it."""

import sqlite3
from typing import Final

from bithedge.domain.events.base import ChainRef, Event, Recorded
from bithedge.domain.events.chain import ChainReorganised
from bithedge.domain.events.transactions import Intent
from bithedge.storage import keeping, revert
from bithedge.storage.appending import Append
from bithedge.storage.channels import channels_of, withdrawal_channel
from bithedge.storage.codec import INSERT_EVENT, NewRow, encode_row
from bithedge.storage.errors import UnsoundAppendError, VersionConflictError
from bithedge.storage.ports import Committed
from bithedge.storage.position import Position
from bithedge.storage.projections import alerts, transactions
from bithedge.storage.projections.hearing import HEARING
from bithedge.storage.projections.policies import Heads
from bithedge.storage.subjects import subjects_of

INSERT_CHANNEL: Final = "INSERT INTO event_channels (channel, seq, previous) VALUES (?, ?, ?)"
LAST_OF_CHANNEL: Final = "SELECT seq FROM event_channels WHERE channel = ? ORDER BY seq DESC LIMIT 1"


class Writing:
    """The rows of one transaction, collected and written a table at a time.

    Args:
        db: inside `BEGIN IMMEDIATE`.
        position: the journal's end before it; read, not moved.
    """

    def __init__(self, db: sqlite3.Connection, position: Position) -> None:
        self._db = db
        self._position = position
        self._heads = Heads(db)
        self._events: list[NewRow] = []
        self._channels: list[tuple[str, int, int]] = []
        self._last: dict[str, int] = {}
        self.seq = position.seq
        self.checksum = position.checksum
        self.versions: dict[str, int] = {}

    def check(self, item: Append) -> None:
        """Refuse an append that must not be written; nothing has been.

        Raises:
            VersionConflictError: a stream went on since the decision.
            MessageUsedError: its signed message has done its work.
            UnsoundAppendError: a reorg and its revert do not come together, first.
        """
        ahead: dict[str, int] = {}
        for change in item.changes:
            stream = change.stream
            actual = ahead[stream] if stream in ahead else self._version(stream)
            if change.expected is not None and change.expected != actual:
                raise VersionConflictError(stream, expected=change.expected, actual=actual)
            ahead[stream] = actual + len(change.events)
        _check_revert(item)
        keeping.check(self._db, item)

    def append(self, item: Append, at_ms: int) -> tuple[Committed, ...]:
        """Write an append that `check` let pass, and the answer that it makes of its events.

        Raises:
            AlreadyAnsweredError: the answer's scope has one; what was written must be rolled back.
        """
        at_ms = at_ms if item.at_ms is None else item.at_ms
        for intent in item.intents:
            self.queue(intent, self.seq + 1, at_ms)
        keeping.keep(self._db, item, at_ms)
        committed: list[Committed] = []
        for change in item.changes:
            for event in change.events:
                recorded = self._recorded(change.stream, event, change.chain, item.correlation_id, at_ms)
                committed.append(self.record(recorded))
        answer = None if item.keep is None else item.keep(tuple(committed))
        if answer is not None:
            keeping.keep_answer(self._db, answer)
        return tuple(committed)

    def queue(self, intent: Intent, seq: int, at_ms: int) -> None:
        """Store an intent before the event `seq`; one whose key is known is that same operation."""
        if keeping.keep_intent(self._db, intent, seq, at_ms):
            transactions.queue(self._db, intent, seq, at_ms)

    def record(self, recorded: Recorded) -> Committed:
        """Write an event, the next of its stream and of the journal, and project it."""
        row = encode_row(recorded, self.checksum)
        self._events.append(row)
        self.seq, self.checksum = recorded.seq, row[-1]
        self.versions[recorded.stream] = recorded.version
        event = recorded.event
        if isinstance(event, ChainReorganised):
            self.flush()
            revert.undo(self._db, self._heads, recorded, event.fork_height)
        return self._project(recorded)

    def flush(self) -> None:
        """Write what is collected."""
        self._db.executemany(INSERT_EVENT, self._events)
        self._db.executemany(INSERT_CHANNEL, self._channels)
        self._heads.flush()
        self._events.clear()
        self._channels.clear()

    def finish(self, at_ms: int) -> None:
        """Write what is collected, and forget what is kept for a day only."""
        self.flush()
        keeping.forget(self._db, at_ms)

    def _project(self, recorded: Recorded) -> Committed:
        event = recorded.event
        subjects = subjects_of(recorded.stream, event)
        policies = [(name, self._heads.project(name, recorded)) for name in subjects.quote_ids]
        channels = channels_of(
            event,
            subjects,
            listed=self._heads.listed(policies[0][0]) if policies else None,
            public=alerts.is_public(self._db, event),
        )
        for project in HEARING[type(event)]:
            project(self._db, recorded)
        if subjects.withdrawal_id is not None:
            self._place(withdrawal_channel(subjects.withdrawal_id), recorded.seq)
        return Committed(
            recorded=recorded,
            policy=policies[0][1] if len(policies) == 1 else None,
            channels=tuple([(channel, self._place(channel, recorded.seq)) for channel in channels]),
        )

    def _recorded(
        self, stream: str, event: Event, chain: ChainRef | None, correlation_id: str, at_ms: int
    ) -> Recorded:
        return Recorded(
            seq=self.seq + 1,
            stream=stream,
            version=self._version(stream) + 1,
            event=event,
            at_ms=at_ms,
            correlation_id=correlation_id,
            chain=chain,
        )

    def _version(self, stream: str) -> int:
        written = self.versions.get(stream)
        return self._position.version(self._db, stream) if written is None else written

    def _place(self, channel: str, seq: int) -> int:
        previous = self._last.get(channel)
        if previous is None:
            row: tuple[int] | None = self._db.execute(LAST_OF_CHANNEL, (channel,)).fetchone()
            previous = 0 if row is None else row[0]
        self._last[channel] = seq
        self._channels.append((channel, seq, previous))
        return previous


def _check_revert(item: Append) -> None:
    asked = [] if item.revert is None else [(0, item.revert.fork_height)]
    number = 0
    found: list[tuple[int, int]] = []
    for change in item.changes:
        for event in change.events:
            if isinstance(event, ChainReorganised):
                found.append((number, event.fork_height))
            number += 1
    if found != asked:
        raise UnsoundAppendError("a revert comes with its ChainReorganised, the first event of the append")

"""`policy_backing`: who backs how much of which policy, what it earned and what it cost."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from bithedge.domain.events.base import Event, Recorded
from bithedge.domain.events.pool import CollateralAllocated, CollateralReleased, PremiumEarned
from bithedge.domain.ids import QuoteId

HEARS: Final[tuple[type[Event], ...]] = (CollateralAllocated, CollateralReleased, PremiumEarned)
INSERT: Final = """
INSERT INTO policy_backing (
    quote_id, address, policy_id, tier, share, premium, earned, loss, released, seq
)
VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?)
ON CONFLICT (quote_id, address) DO UPDATE SET
    policy_id = excluded.policy_id, tier = excluded.tier, share = excluded.share, premium = excluded.premium,
    earned = 0, loss = 0, released = 0, seq = excluded.seq
"""
RELEASE: Final = "UPDATE policy_backing SET released = 1, loss = ? WHERE quote_id = ? AND address = ?"
EARN: Final = "UPDATE policy_backing SET earned = earned + ? WHERE quote_id = ? AND address = ?"
DELETE: Final = "DELETE FROM policy_backing WHERE quote_id = ?"


def project(db: sqlite3.Connection, recorded: Recorded) -> None:
    """Follow a policy's backers from its sale to its end."""
    match recorded.event:
        case CollateralAllocated() as event:
            db.executemany(
                INSERT,
                [
                    (
                        event.quote_id,
                        backer.address,
                        event.policy_id,
                        event.tier,
                        backer.share,
                        backer.premium,
                        recorded.seq,
                    )
                    for backer in event.backers
                ],
            )
        case CollateralReleased() as event:
            db.executemany(RELEASE, [(part.loss, event.quote_id, part.address) for part in event.backers])
        case PremiumEarned() as event:
            db.executemany(EARN, [(part.premium, event.quote_id, part.address) for part in event.earnings])
        case _:
            pass


def refold(db: sqlite3.Connection, quote_id: QuoteId, history: Sequence[Recorded]) -> None:
    """Make a policy's rows again from what stands of its history."""
    db.execute(DELETE, (quote_id,))
    for recorded in history:
        if not recorded.undone:
            project(db, recorded)

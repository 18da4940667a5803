"""What several families of paths do alike."""

import sqlite3
from typing import Final

from actors.board import Board
from bithedge.domain.errors import NotReadyError, SettlementPausedError, UnknownPolicyError
from bithedge.domain.ids import PolicyNumber, QuoteId
from bithedge.domain.market import Tip
from bithedge.domain.money import Height
from bithedge.http.problems import invalid
from bithedge.http.requests import TimedListing
from bithedge.storage.projections.policies import Head
from bithedge.storage.queries.policies import policy_of_number, policy_of_quote
from bithedge.storage.reader import Reader
from bithedge.views.context import ViewContext
from bithedge.views.times import read_time

ASK_S: Final = 30.0
"""How long an actor may take over a command; a client hears `request_in_progress` after it."""
_MAX_DIGITS: Final = 16


async def find_policy(reader: Reader, name: str) -> tuple[int, Head]:
    """Return up to which seq it is true, and the policy of a number or a quote id.

    Raises:
        UnknownPolicyError: there is none.
    """
    seq, head = await reader.read_at(policy_named, name)
    if head is None:
        raise UnknownPolicyError("no policy has this id", field="policy_id", actual=name[:40])
    return seq, head


def policy_named(db: sqlite3.Connection, name: str) -> Head | None:
    """Return the policy of a number on chain or a quote id."""
    if name.isascii() and name.isdigit() and len(name) <= _MAX_DIGITS:
        return policy_of_number(db, PolicyNumber(int(name)))
    return policy_of_quote(db, QuoteId(name))


def tip_of(context: ViewContext) -> Tip:
    """Return the tip.

    Raises:
        NotReadyError: no block was followed yet.
    """
    if context.tip is None:
        raise NotReadyError("no block was followed yet", retry_after_s=2)
    return context.tip


def height_or_none(height: int | None) -> Height | None:
    """Return a burn height of a request."""
    return None if height is None else Height(height)


def time_of(text: str | None, field: str) -> int | None:
    """Return the Unix milliseconds of a time in a request; None where it was left out.

    Raises:
        HttpError: it is no time.
    """
    if text is None:
        return None
    try:
        return read_time(text)
    except ValueError as error:
        raise invalid(field, str(error)) from None


def span_of(query: TimedListing) -> tuple[int | None, int | None]:
    """Return the two times of a list, Unix milliseconds."""
    return time_of(query.from_, "from"), time_of(query.to, "to")


def check_settlements(board: Board, height: Height) -> None:
    """Check that the contract settles at a burn height.

    Raises:
        SettlementPausedError: the guardian has paused it.
    """
    for what, until, _since in board.pauses:
        if what == "settlements" and height < until:
            raise SettlementPausedError(
                f"settlements are paused on chain until burn block {until}", limit=until, actual=height
            )

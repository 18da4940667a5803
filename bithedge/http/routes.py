"""One path and method: what it takes, what it gives, and who may ask."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from bithedge.http.calls import B, Handler, Nothing, Q


class Access(StrEnum):
    """Who may ask, and which buckets count it."""

    PUBLIC = "public"
    PROBE = "probe"
    OPERATOR = "operator"
    DEVNET = "devnet"


SIGNED_REFUSALS: Final = ("invalid_signature", "message_expired", "not_owner", "message_used")
"""What every signed command may be refused for."""
QUOTE_REFUSALS: Final = (
    "pool_closed",
    "insufficient_capacity",
    "strike_out_of_range",
    "tenor_out_of_range",
    "amount_out_of_range",
    "uneconomic",
    "too_many_reservations",
    "oracle_stale",
    "selling_paused",
)
"""What a quote and a sale may be refused for."""

KeyRule = Literal["none", "welcome", "required"]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the table that the dispatch and the OpenAPI document are both made from."""

    method: Literal["GET", "POST"]
    path: str
    handle: Handler[Any, Any]
    summary: str
    tag: str
    query: type[msgspec.Struct] = Nothing
    body: Any = None
    """A struct or a tagged union of structs; None for a GET."""
    answer: Any
    """What the 2xx answer holds."""
    item: type[msgspec.Struct] | None = None
    """Of a list that is also given as CSV."""
    status: int = 200
    refusals: tuple[str, ...] = ()
    """The codes that are this path's own, beside those of every path."""
    access: Access = Access.PUBLIC
    commits: bool = False
    key: KeyRule = "none"


def get(
    path: str,
    handle: Handler[Q, Nothing],
    *,
    summary: str,
    tag: str,
    answer: Any,
    query: type[Q] | type[Nothing] = Nothing,
    item: type[msgspec.Struct] | None = None,
    refusals: Sequence[str] = (),
    access: Access = Access.PUBLIC,
) -> Route:
    """Return a reading path."""
    return Route(
        method="GET",
        path=path,
        handle=handle,
        summary=summary,
        tag=tag,
        query=query,
        answer=answer,
        item=item,
        refusals=tuple(refusals),
        access=access,
    )


def post(
    path: str,
    handle: Handler[Nothing, B],
    *,
    summary: str,
    tag: str,
    body: Any,
    answer: Any,
    status: int = 200,
    refusals: Sequence[str] = (),
    access: Access = Access.PUBLIC,
    commits: bool = False,
    key: KeyRule = "welcome",
) -> Route:
    """Return a path that asks for something to be done or prepared."""
    return Route(
        method="POST",
        path=path,
        handle=handle,
        summary=summary,
        tag=tag,
        body=body,
        answer=answer,
        status=status,
        refusals=tuple(refusals),
        access=access,
        commits=commits,
        key=key,
    )

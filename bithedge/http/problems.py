"""Errors on the wire: the one place that knows HTTP statuses.

`application/problem+json` (RFC 9457) with the interface's `code`, `errors` and `request_id`; every refusal of
the layers below, and every fault of a request, becomes one here.
"""

import math
from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web
from pykka import ActorDeadError

from actors.runtime import DeadlineExceededError
from bithedge.domain.errors import DomainError
from bithedge.stacks.errors import (
    AddressError,
    NodeError,
    StacksError,
    TransactionError,
    TransactionRejectedError,
)
from bithedge.storage.errors import StorageError

CODES: Final[Mapping[str, tuple[int, str]]] = {
    "malformed_json": (400, "The body is not the JSON that is taken"),
    "validation_failed": (400, "A field is missing, unknown, or of the wrong shape"),
    "idempotency_key_missing": (400, "This command wants an Idempotency-Key"),
    "malformed_transaction": (400, "The bytes are no transaction of this network"),
    "invalid_signature": (401, "The signature is not one over this command by this address"),
    "message_expired": (401, "The signed message is older than it may be"),
    "unauthorised": (401, "The operator's token is missing or wrong"),
    "not_owner": (403, "The signature is sound, but not the owner's"),
    "forbidden_origin": (403, "Pages of this origin may not ask here"),
    "unknown_policy": (404, "No such policy"),
    "unknown_quote": (404, "No such quote"),
    "unknown_provider": (404, "This address has never provided"),
    "not_found": (404, "Nothing is here"),
    "method_not_allowed": (405, "This path does not take this method"),
    "quote_expired": (409, "The quote has lapsed"),
    "quote_used": (409, "The quote has been bought"),
    "price_moved": (409, "Spot moved by more than a quote tolerates"),
    "message_used": (409, "The signed message has done its work"),
    "policy_not_active": (409, "The policy is not active"),
    "policy_expired": (409, "The last height for exercise has passed"),
    "not_in_the_money": (409, "Exercise would pay too little"),
    "pool_closed": (409, "The pool is closed"),
    "idempotency_conflict": (409, "The key was used for another request"),
    "request_in_progress": (409, "The request is still being worked on"),
    "body_too_large": (413, "The body is too large"),
    "uri_too_long": (414, "The address is too long"),
    "unsupported_media_type": (415, "Only application/json is taken"),
    "unknown_host": (421, "This host is not served here"),
    "insufficient_capacity": (422, "The tier cannot back this much now"),
    "insufficient_free_balance": (422, "Less than that is free"),
    "insufficient_funds": (422, "The address does not hold the premium"),
    "health_check_failed": (422, "The withdrawal would take too much"),
    "tier_capacity_exceeded": (422, "The tier does not take in this much"),
    "strike_out_of_range": (422, "The strike is out of range"),
    "tenor_out_of_range": (422, "The tenor is out of range"),
    "amount_out_of_range": (422, "The amount is out of range"),
    "uneconomic": (422, "It would cost as much as it can pay"),
    "foreign_transaction": (422, "Only calls of the two contracts are relayed"),
    "transaction_rejected": (422, "The node refused the transaction"),
    "rate_limited": (429, "Too many requests"),
    "busy": (429, "Too much is waiting"),
    "too_many_reservations": (429, "Too many reservations"),
    "headers_too_large": (431, "The headers are too large"),
    "internal_error": (500, "The fault is ours"),
    "oracle_stale": (503, "There is no fresh price"),
    "node_unreachable": (503, "No Stacks node answers"),
    "selling_paused": (503, "Sales are paused"),
    "withdrawals_paused": (503, "Withdrawals are paused"),
    "settlement_paused": (503, "Settlements are paused"),
    "not_ready": (503, "The daemon has not caught up yet"),
    "shutting_down": (503, "The daemon is stopping"),
}
"""Status and title of each code, in the order of their statuses."""

TRY_AGAIN: Final = frozenset(
    {
        "not_in_the_money",
        "request_in_progress",
        "insufficient_capacity",
        "health_check_failed",
        "tier_capacity_exceeded",
        "rate_limited",
        "busy",
        "too_many_reservations",
        "internal_error",
        "oracle_stale",
        "node_unreachable",
        "selling_paused",
        "withdrawals_paused",
        "settlement_paused",
        "not_ready",
        "shutting_down",
    }
)
"""The same request may pass later."""

MEDIA_TYPE: Final = "application/problem+json"
_WAIT_STATUSES: Final = (429, 503)
_OWN_MEMBERS: Final = frozenset(
    {"type", "title", "status", "detail", "code", "errors", "request_id", "retry_after_s"}
)


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field; `limit` is the nearest value that would pass."""

    field: str
    code: str
    message: str
    limit: int | str | None = None
    actual: int | str | None = None


class HttpError(Exception):
    """A refusal that only HTTP can give.

    Args:
        code: one of `CODES`.
        detail: what was wrong, in words that can be shown.
        faults: field by field.
        headers: of the answer, such as `Allow`.
        retry_after_s: when the same request may pass.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        faults: tuple[Fault, ...] = (),
        headers: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.faults = faults
        self.headers = dict(headers or {})
        self.retry_after_s = retry_after_s


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it is sent."""

    status: int
    code: str
    headers: Mapping[str, str]
    body: bytes


def invalid(field: str, message: str) -> HttpError:
    """Return the refusal of one field."""
    fault = Fault(field=field, code="validation_failed", message=message)
    return HttpError("validation_failed", f"{field}: {message}", faults=(fault,))


def not_found(detail: str) -> HttpError:
    """Return the refusal of what is not there."""
    return HttpError("not_found", detail)


def problem_of(error: Exception, *, request_id: str, commits: bool = False) -> Problem:
    """Return what `error` is on the wire.

    Args:
        error: anything; what nobody foresaw is `internal_error` and shows nothing of itself.
        request_id: stands in the answer and in the log.
        commits: whether the request may still be carried out after a deadline.
    """
    known, extra = _known(error, commits=commits), _extra(error)
    status, title = CODES[known.code]
    headers = dict(known.headers)
    if known.retry_after_s is not None or status in _WAIT_STATUSES:
        headers.setdefault("Retry-After", str(max(1, math.ceil(known.retry_after_s or 1))))
    if status == 401:  # noqa: PLR2004 - RFC 9110 wants a challenge beside it
        headers.setdefault("WWW-Authenticate", "Bearer" if known.code == "unauthorised" else "SIP-018")
    body = {
        "type": f"/docs/errors#{known.code}",
        "title": title,
        "status": status,
        "detail": known.detail,
        "code": known.code,
        "errors": known.faults,
        "request_id": request_id,
    }
    return Problem(status=status, code=known.code, headers=headers, body=msgspec.json.encode(extra | body))


def problem_response(problem: Problem) -> web.Response:
    """Return a problem as aiohttp sends it."""
    return web.Response(
        status=problem.status,
        body=problem.body,
        headers={**problem.headers, "Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"},
    )


def _known(error: Exception, *, commits: bool) -> HttpError:
    match error:
        case HttpError():
            return error
        case DomainError():
            return _of_domain(error)
        case DeadlineExceededError():
            code = "request_in_progress" if commits else "busy"
            return HttpError(code, "no answer in time; what was begun goes on", retry_after_s=1)
        case ActorDeadError() | StorageError():
            return HttpError("not_ready", "a part of the daemon is being restarted", retry_after_s=1)
        case StacksError():
            return _of_stacks(error)
        case _:
            return HttpError("internal_error", "an error of ours; the request's id names it in our log")


def _of_domain(error: DomainError) -> HttpError:
    faults = ()
    if error.field is not None or error.limit is not None:
        fault = Fault(
            field=error.field or "",
            code=error.code,
            message=error.message,
            limit=error.limit,
            actual=error.actual,
        )
        faults = (fault,)
    wait = error.context.get("retry_after_s")
    return HttpError(
        error.code,
        error.message,
        faults=faults,
        retry_after_s=wait if isinstance(wait, (int, float)) else None,
    )


def _of_stacks(error: StacksError) -> HttpError:
    match error:
        case TransactionRejectedError():
            return HttpError("transaction_rejected", error.message)
        case NodeError():
            return HttpError("node_unreachable", error.message, retry_after_s=error.retry_after_s)
        case AddressError():
            return HttpError("validation_failed", error.message)
        case TransactionError():
            return HttpError("malformed_transaction", error.message)
        case _:
            return HttpError("internal_error", "an error of ours; the request's id names it in our log")


def _extra(error: Exception) -> dict[str, object]:
    """Return the members that a code brings beside those that all have."""
    match error:
        case TransactionRejectedError():
            return {"reason": error.reason, "reason_data": error.reason_data}
        case DomainError():
            return {name: value for name, value in error.context.items() if name not in _OWN_MEMBERS}
        case _:
            return {}

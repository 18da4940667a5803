import msgspec
import pytest
from pykka import ActorDeadError

from actors.runtime import DeadlineExceededError, MailboxFullError
from bithedge.domain import errors as domain_errors
from bithedge.domain.errors import (
    DomainError,
    HealthCheckFailedError,
    InsufficientCapacityError,
    TooManyReservationsError,
    UnknownPolicyError,
)
from bithedge.http.problems import CODES, TRY_AGAIN, HttpError, Problem, invalid, problem_of
from bithedge.stacks.errors import AddressError, NodeError, TransactionError, TransactionRejectedError
from bithedge.storage.errors import ReadOnlyError, VersionConflictError


def body(problem: Problem) -> dict[str, object]:
    return msgspec.json.decode(problem.body, type=dict[str, object])


def test_every_refusal_of_the_domain_has_a_status() -> None:
    kinds = [
        kind
        for kind in vars(domain_errors).values()
        if isinstance(kind, type) and issubclass(kind, DomainError) and kind is not DomainError
    ]

    assert len(kinds) > 30
    assert {kind.code for kind in kinds} <= set(CODES)
    assert set(CODES) >= TRY_AGAIN


def test_a_refusal_names_field_limit_and_actual() -> None:
    error = InsufficientCapacityError(
        "7 sats more", field="max_payout_sats", limit=7, actual=9, reason="window"
    )

    problem = problem_of(error, request_id="r1")

    assert problem.status == 422
    assert body(problem) == {
        "type": "/docs/errors#insufficient_capacity",
        "title": "The tier cannot back this much now",
        "status": 422,
        "detail": "7 sats more",
        "code": "insufficient_capacity",
        "errors": [
            {
                "field": "max_payout_sats",
                "code": "insufficient_capacity",
                "message": "7 sats more",
                "limit": 7,
                "actual": 9,
            }
        ],
        "request_id": "r1",
        "reason": "window",
    }


def test_a_refused_withdrawal_carries_its_health() -> None:
    error = HealthCheckFailedError("too much", health={"ok": False})

    assert body(problem_of(error, request_id=""))["health"] == {"ok": False}


def test_what_a_refusal_brings_never_hides_the_problems_own_members() -> None:
    error = UnknownPolicyError("no", status="active", code="x")

    shown = body(problem_of(error, request_id="r"))

    assert (shown["status"], shown["code"]) == (404, "unknown_policy")


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (invalid("a", "wrong"), 400, "validation_failed"),
        (AddressError("no address"), 400, "validation_failed"),
        (TransactionError("cut short"), 400, "malformed_transaction"),
        (NodeError("silent", retryable=True), 503, "node_unreachable"),
        (ReadOnlyError("disk full"), 503, "not_ready"),
        (VersionConflictError("s", expected=1, actual=2), 503, "not_ready"),
        (ActorDeadError("gone"), 503, "not_ready"),
        (MailboxFullError("pool", limit=1), 429, "busy"),
        (DeadlineExceededError("late"), 429, "busy"),
        (KeyError("oops"), 500, "internal_error"),
    ],
)
def test_each_kind_of_failure_has_its_code(error: Exception, status: int, code: str) -> None:
    problem = problem_of(error, request_id="r")

    assert (problem.status, problem.code) == (status, code)


def test_a_command_that_ran_out_of_time_is_still_in_progress() -> None:
    problem = problem_of(DeadlineExceededError("late"), request_id="r", commits=True)

    assert (problem.status, problem.code) == (409, "request_in_progress")
    assert problem.headers["Retry-After"] == "1"


def test_the_nodes_refusal_is_handed_on_by_its_own_name() -> None:
    error = TransactionRejectedError("BadNonce", reason_data={"expected": 4}, txid=None)

    shown = body(problem_of(error, request_id="r"))

    assert (shown["status"], shown["code"]) == (422, "transaction_rejected")
    assert (shown["reason"], shown["reason_data"]) == ("BadNonce", {"expected": 4})


def test_what_nobody_foresaw_shows_nothing_of_itself() -> None:
    problem = problem_of(RuntimeError("the secret is 42"), request_id="r")

    assert b"42" not in problem.body


@pytest.mark.parametrize(("wait_s", "header"), [(None, "1"), (0.2, "1"), (7, "7"), (7.1, "8")])
def test_whoever_is_turned_away_for_now_hears_for_how_long(wait_s: float | None, header: str) -> None:
    context = {} if wait_s is None else {"retry_after_s": wait_s}
    problem = problem_of(TooManyReservationsError("wait", **context), request_id="r")

    assert problem.headers["Retry-After"] == header
    assert "retry_after_s" not in body(problem)


def test_a_401_says_what_it_wants() -> None:
    operator = problem_of(HttpError("unauthorised", "no"), request_id="r")
    owner = problem_of(HttpError("invalid_signature", "no"), request_id="r")

    assert (operator.headers["WWW-Authenticate"], owner.headers["WWW-Authenticate"]) == ("Bearer", "SIP-018")

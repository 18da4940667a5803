"""Each keyed request is carried out once."""

import asyncio

import pytest

from bithedge.http.calls import Reply, Scope, body_hash
from bithedge.http.idempotency import REPLAYED, Twins
from bithedge.http.problems import HttpError
from bithedge.storage.errors import AlreadyAnsweredError
from bithedge.storage.ports import Answer

SCOPE = Scope(name="POST /v1/policies k", body_hash=b"1")
OTHER_BODY = Scope(name=SCOPE.name, body_hash=b"2")


class FakeAnswers:
    """The journal's port, as far as answers go."""

    def __init__(self) -> None:
        self.kept: dict[str, Answer] = {}

    async def __call__(self, scope: str) -> Answer | None:
        await asyncio.sleep(0)
        return self.kept.get(scope)

    def keep(self, scope: Scope, body: bytes) -> None:
        self.kept[scope.name] = Answer(
            scope=scope.name,
            body_hash=scope.body_hash,
            status=201,
            headers=(("Content-Type", "application/json"), ("Location", "/v1/policies/q")),
            body=body,
            at_ms=0,
        )


class Work:
    """A command that takes its time and keeps its answer."""

    def __init__(self, answers: FakeAnswers, *, fails: int = 0) -> None:
        self.begun = 0
        self.goes_on = asyncio.Event()
        self._answers = answers
        self._fails = fails

    async def __call__(self) -> Reply:
        self.begun += 1
        await self.goes_on.wait()
        if self.begun <= self._fails:
            raise HttpError("quote_expired", "too late")
        body = b"done %d" % self.begun
        self._answers.keep(SCOPE, body)
        return Reply(status=201, body=body)


async def test_a_kept_answer_is_given_again_byte_for_byte() -> None:
    answers = FakeAnswers()
    answers.keep(SCOPE, b'{"a": 1 }')

    reply = await Twins(answers).once(SCOPE, Work(answers))

    assert (reply.status, reply.body, reply.content_type) == (201, b'{"a": 1 }', "application/json")
    assert reply.headers == (("Location", "/v1/policies/q"), REPLAYED)


async def test_another_body_under_the_same_key_is_a_conflict() -> None:
    answers = FakeAnswers()
    answers.keep(SCOPE, b"x")

    with pytest.raises(HttpError) as caught:
        await Twins(answers).once(OTHER_BODY, Work(answers))

    assert caught.value.code == "idempotency_conflict"


async def test_twins_wait_for_the_first_and_hear_its_answer() -> None:
    answers = FakeAnswers()
    work, twins = Work(answers), Twins(answers)
    asked = asyncio.gather(*(twins.once(SCOPE, work) for _ in range(5)))
    await asyncio.sleep(0)

    work.goes_on.set()
    replies = await asked

    assert work.begun == 1
    assert {reply.body for reply in replies} == {b"done 1"}
    assert sum(REPLAYED in reply.headers for reply in replies) == 4


async def test_after_a_refusal_the_next_one_tries() -> None:
    answers = FakeAnswers()
    work, twins = Work(answers, fails=1), Twins(answers)
    asked = asyncio.gather(*(twins.once(SCOPE, work) for _ in range(2)), return_exceptions=True)
    await asyncio.sleep(0)

    work.goes_on.set()
    first, second = await asked

    assert isinstance(first, HttpError)
    assert isinstance(second, Reply)
    assert second.body == b"done 2"


async def test_a_twin_with_another_body_is_refused_while_the_first_runs() -> None:
    answers = FakeAnswers()
    work, twins = Work(answers), Twins(answers)
    first = asyncio.gather(twins.once(SCOPE, work))
    await asyncio.sleep(0)

    with pytest.raises(HttpError) as caught:
        await twins.once(OTHER_BODY, work)

    assert caught.value.code == "idempotency_conflict"
    work.goes_on.set()
    await first


async def test_a_twin_does_not_wait_for_ever() -> None:
    answers = FakeAnswers()
    work, twins = Work(answers), Twins(answers, wait_s=0.01)
    first = asyncio.gather(twins.once(SCOPE, work))
    await asyncio.sleep(0)

    with pytest.raises(HttpError) as caught:
        await twins.once(SCOPE, work)

    assert caught.value.code == "request_in_progress"
    work.goes_on.set()
    await first


async def test_what_was_committed_after_its_deadline_is_found_again() -> None:
    answers = FakeAnswers()

    async def too_late() -> Reply:
        answers.keep(SCOPE, b"done before")
        raise AlreadyAnsweredError("has been answered")

    reply = await Twins(answers).once(SCOPE, too_late)

    assert reply.body == b"done before"


def test_bodies_are_compared_as_json_values() -> None:
    assert body_hash({"a": 1, "b": [1, {"c": 2, "d": 3}]}) == body_hash({"b": [1, {"d": 3, "c": 2}], "a": 1})
    assert body_hash({"a": 1}) != body_hash({"a": "1"})
    assert body_hash({"a": [1, 2]}) != body_hash({"a": [2, 1]})
